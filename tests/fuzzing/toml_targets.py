# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TOML of any kind, judged by tomlrt, a parser that the collection does not use."""

from __future__ import annotations

import typing as t

import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _toml, _toml_edit
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from ansible_collections.devfleet.codex.plugins.module_utils._toml_layout import (
    Kind,
    LayoutError,
    Statement,
    scan,
)
from support.toml_documents import BOM, PROVIDERS, ROOT_KEY, WANTED, KeyPath, Request, Scalar
from support.toml_invariants import changes_meaning

_TABLE: KeyPath = (PROVIDERS, "corp")
_VALUES: dict[KeyPath, Scalar] = {(*_TABLE, key): value for key, value in WANTED.items()}
_REQUESTS = (
    Request({ROOT_KEY: "corp", **_VALUES}, ()),
    Request({}, (ROOT_KEY, _TABLE)),
    Request({ROOT_KEY: "openai"}, (_TABLE,)),
    Request({(*_TABLE, "supports_websockets"): False}, ()),
)


def edit(data: bytes) -> None:
    """The edit keeps I1, I2, I3, I5, I6 and I7; what comments belong to, no parser can tell."""
    text = data.decode("utf-8", "replace")
    request = _REQUESTS[len(data) % len(_REQUESTS)]
    try:
        planned = _toml_edit.plan(text, request.set_values, request.remove)
    except _toml_edit.EditRefused as refusal:
        assert refusal.reason == clean(refusal.reason, 1000)
        assert refusal.line is None or 1 <= refusal.line <= text.count("\n") + 1
        assert refusal.fault == "file" or not _is_toml(text), refusal.reason
        return
    after = planned.after
    assert planned.before == text
    assert planned.changed == (after != text)
    assert _toml_edit.revert(after, planned.replacements) == text
    assert not _toml_edit.plan(after, request.set_values, request.remove).changed
    # tomllib takes a little that is no TOML, and then Codex does not load the file either way.
    assert not _is_toml(text) or not changes_meaning(text, request, after)
    assert after.startswith(BOM) == text.startswith(BOM)
    if "\n" in text.replace("\r\n", ""):
        assert "\r\n" in text or "\r\n" not in after
    elif "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    if not request.remove:
        assert all(_is_value(one.old) for one in planned.replacements)


def _is_value(old: str) -> bool:
    """Tell whether what an edit without removals puts another text for is a value, or nothing."""
    return not old.strip() or _is_toml(f"x = {old}")


def _is_toml(text: str) -> bool:
    try:
        tomlrt.loads(text.removeprefix(BOM))
    except (tomlrt.TOMLError, RecursionError):
        return False
    return True


def layout(data: bytes) -> None:
    """The statements cover the text, and those of valid TOML name the keys that it has."""
    text = data.decode("utf-8", "replace")
    try:
        meaning = tomlrt.loads(text.removeprefix(BOM)).to_dict()
    except (tomlrt.TOMLError, RecursionError):
        meaning = None
    try:
        statements = scan(text)
    except LayoutError as error:
        assert meaning is None, "valid TOML is not understood"
        assert 1 <= error.line <= text.count("\n") + 1
        return
    except RecursionError:
        assert text.count("[") + text.count("{") > 100
        return
    position = len(BOM) if text.startswith(BOM) else 0
    for statement in statements:
        assert statement.span.start == position < statement.span.end
        assert position <= statement.content.start <= statement.content.end <= statement.span.end
        assert statement.line == text.count("\n", 0, position) + 1
        position = statement.span.end
        if meaning is not None and statement.kind not in (Kind.BLANK, Kind.COMMENT):
            assert any(_at([meaning], _path(statement))), "a key that the text does not have"
    assert position == len(text)


def _path(statement: Statement) -> KeyPath:
    own = statement.path if statement.kind is Kind.KEY_VALUE else ()
    return (*statement.table, *own)


def _at(values: list[t.Any], path: KeyPath) -> list[bool]:
    """One entry for each way to the key through arrays of tables."""
    for segment in path:
        tables = [
            one for value in values for one in (value if isinstance(value, list) else [value])
        ]
        values = [one[segment] for one in tables if isinstance(one, dict) and segment in one]
    return [True for _value in values]


def literal(data: bytes) -> None:
    """A value and a key are read as they were given."""
    text = data.decode("utf-8", "replace")
    path = tuple(text.split("/", 9))
    written = f"{_toml.dotted_key(path)} = {_toml.literal(text)}\n"
    assert written.count("\n") == 1
    found: t.Any = tomlrt.loads(written).to_dict()
    for segment in path:
        found = found[segment]
    assert found == text
