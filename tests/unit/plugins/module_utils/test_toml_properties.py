# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The edit keeps its promises on any config file that Codex loads."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
import tomlkit
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _toml_edit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.toml_documents import (
    BOM,
    PROVIDERS,
    ROOT_KEY,
    WANTED,
    Document,
    Request,
    edits,
)
from support.toml_invariants import Broken, broken

# Derandomized: a run that fails can be repeated as it was.
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@settings(SETTINGS, max_examples=1000)
@given(edits())
def test_an_edit_breaks_no_invariant(edit: tuple[Document, Request]) -> None:
    document, request = edit
    planned = _toml_edit.plan(document.text, request.set_values, request.remove)
    assert not broken(document, request, planned.after)
    assert planned.changed == (planned.after != planned.before)
    assert _toml_edit.revert(planned.after, planned.replacements) == document.text
    again = _toml_edit.plan(planned.after, request.set_values, request.remove)
    assert not again.changed
    assert again.after == planned.after
    _check_that_removing_what_was_added_gives_the_old_text(document, request, planned.after)


def _check_that_removing_what_was_added_gives_the_old_text(
    document: Document, request: Request, after: str
) -> None:
    before = tomlrt.loads(document.text.removeprefix(BOM)).to_dict()
    added = sorted({path[:2] for path in request.set_values})
    known = [
        *((key,) for key in before),
        *((PROVIDERS, name) for name in before.get(PROVIDERS, {})),
    ]
    if request.remove or not set(known).isdisjoint(added):
        return
    # What a missing line ending or a blank line became cannot be told from the text after.
    if document.lines and (document.lines[-1].kind == "blank" or document.endings[-1] == ""):
        return
    assert _toml_edit.plan(after, {}, added).after == document.text


@settings(SETTINGS, max_examples=150)
@given(edits(), st.integers(0, 2000), st.text("\"'[]{}=#.,\\\n\r a1", max_size=3))
def test_a_damaged_file_is_refused_or_edited_right(
    edit: tuple[Document, Request], position: int, damage: str
) -> None:
    document, request = edit
    cut = position % (len(document.text) + 1)
    text = document.text[:cut] + damage + document.text[cut + 1 :]
    try:
        planned = _toml_edit.plan(text, request.set_values, request.remove)
    except _toml_edit.EditRefused as refusal:
        assert refusal.reason
        return
    result = tomlrt.loads(planned.after.removeprefix(BOM)).to_dict()
    for path, value in request.set_values.items():
        found: t.Any = result
        for segment in path:
            found = found[segment]
        assert found == value


def _plain_assignment(text: str, request: Request) -> str:
    """Edit as one would with tomlkit alone; only the byte order mark is taken care of."""
    config = tomlkit.parse(text.removeprefix(BOM))
    for path in request.remove:
        parent = config if len(path) == 1 else config.get(path[0], {})
        parent.pop(path[-1], None)
    keys = {path[-1]: value for path, value in request.set_values.items() if len(path) == 3}
    for path, value in request.set_values.items():
        if len(path) == 1:
            config[path[0]] = value
    if keys:
        provider_id = next(path[1] for path in request.set_values if len(path) == 3)
        providers = config.setdefault(PROVIDERS, tomlkit.table())
        if provider_id in providers:
            providers[provider_id].update(keys)
        else:
            table = tomlkit.table()
            table.update(keys)
            providers[provider_id] = table
    return (BOM if text.startswith(BOM) else "") + tomlkit.dumps(config)


def _known_defects(document: Document, request: Request) -> set[str]:
    """Return which known defects a plain assignment shows on this document.

    The numbers are those of the defects of tomlkit 0.15.2 that the edit is built to avoid.
    """
    try:
        faults = broken(document, request, _plain_assignment(document.text, request))
    except ValueError as error:
        inline = "inline in root" in document.traits and "Inline tables cannot" in str(error)
        return {"T5 no table into an inline table"} if inline else set()
    known = {line.path for line in document.lines}
    table = next((path[:2] for path in request.set_values if len(path) == 3), None)
    headers = {line.path for line in document.lines if line.kind == "header"}
    root_only = set(request.set_values) == {ROOT_KEY} and not request.remove
    table_only = table is not None and ROOT_KEY not in request.set_values
    dotted = document.traits & {"dotted in root", "inline behind dotted key"}
    shown = {
        "T1 root key between a comment and its table": root_only
        and ROOT_KEY not in known
        and Broken.COMMENT_PARTED in faults,
        "T2 LF in a file of CRLF": "crlf" in document.traits and Broken.LINE_ENDING in faults,
        "T3 key swallowed by a new table": dotted
        and table not in known
        and Broken.MEANING in faults,
        "T6 new key below a dangling comment": table in headers
        and (ROOT_KEY in known or ROOT_KEY not in request.set_values)
        and Broken.MISPLACED in faults,
        "T7 no blank line beside a new table": table_only
        and table not in headers
        and Broken.CROWDED in faults,
        "T8 comment goes with a removed table": not headers.isdisjoint(request.remove)
        and Broken.COMMENT_LOST in faults,
    }
    return {name for name, is_shown in shown.items() if is_shown}


@dataclasses.dataclass
class Survey:
    """What some generated documents hold, and what a plain assignment does to them."""

    defects: set[str] = dataclasses.field(default_factory=set)
    keys: set[str] = dataclasses.field(default_factory=set)
    traits: set[str] = dataclasses.field(default_factory=set)


@pytest.fixture(scope="module")
def survey() -> Survey:
    result = Survey()

    @settings(SETTINGS, max_examples=500)
    @given(edits())
    def look(edit: tuple[Document, Request]) -> None:
        document, request = edit
        result.defects.update(_known_defects(document, request))
        result.keys.update(line.path[-1] for line in document.lines if line.path)
        result.traits.update(document.traits, {"bom"} if document.bom else ())

    look()
    return result


def test_the_generator_finds_the_known_defects_of_a_plain_assignment(survey: Survey) -> None:
    assert {name[:2] for name in survey.defects} >= {"T1", "T2", "T3", "T5", "T6", "T7", "T8"}


def test_the_generator_writes_every_wanted_key_and_every_trait(survey: Survey) -> None:
    assert survey.keys >= {*WANTED, ROOT_KEY[0], PROVIDERS}
    assert survey.traits >= {
        "1.1",
        "array of tables",
        "bom",
        "crlf",
        "directive",
        "dotted in inline",
        "dotted in root",
        "dotted in table",
        "headers",
        "inline behind dotted key",
        "inline in root",
        "inline in table",
        "mixed",
        "multi-line inline",
        "no final newline",
        "none",
    }
