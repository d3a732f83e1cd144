# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snippet that was followed in vain, cured: nothing is told any more, and no more is changed."""

from __future__ import annotations

import typing as t

import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _provider
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Layers
from ansible_collections.devfleet.codex.plugins.module_utils._provider import ProviderRefused
from ansible_collections.devfleet.codex.plugins.module_utils._provider_table import ROOT_KEYS
from ansible_collections.devfleet.codex.plugins.module_utils._snippets import (
    broken_snippet,
    misplaced_root_keys,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml import equal
from ansible_collections.devfleet.codex.plugins.module_utils._toml_edit import plan, revert
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.provider_tables import CHOICE, CORP, OURS, STRANGER, WITH_API_HOST, WITHOUT_LOGIN

NEW = parse_version("0.169.0")

CHOICES = ("", "", CHOICE, 'model_provider = "corp"\n', 'model_provider = "openai"\n')
SELECTIONS = ("", "", "", 'profile = "http"\n')
LEFT_BEHIND = ("", CHOICE, "notify = ['x']  # mine\n", CHOICE + 'sandbox_mode = "read-only"\n')
PUBLISHED = ("", OURS, WITHOUT_LOGIN, WITH_API_HOST, STRANGER)
OTHERS = (
    "[tui]\nanimations = false\n",
    '[projects."/x"]\ntrust_level = "trusted"\n',
    "[features]\nx = true\n",
    f"[profiles.http]\n{CHOICE}",
    "[profiles.work]\nmodel = 'x'\n",
    CORP,
)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Draw a file in which a snippet may have ended up anywhere; every piece at most once."""
    text = draw(st.sampled_from(CHOICES)) + draw(st.sampled_from(SELECTIONS)) + "model = 'x'\n"
    table = draw(st.sampled_from(PUBLISHED))
    tables = draw(st.lists(st.sampled_from(OTHERS), unique=True))
    if table:
        tables.insert(draw(st.integers(0, len(tables))), table)
    for piece in tables:
        below = draw(st.sampled_from(LEFT_BEHIND))
        text += "\n" + piece.strip("\n") + "\n"
        for line in below.splitlines(keepends=True):
            if line.split(" ")[0] not in piece:
                text += line
    return text


def document(text: str) -> dict[str, t.Any] | None:
    try:
        return tomlrt.loads(text).to_dict()
    except tomlrt.TOMLParseError:
        return None


def cured(text: str) -> str | None:
    """The file after the cure, None where it is refused."""
    own = document(text)
    if own is None:
        return None
    try:
        cure = _provider.plan_cure(
            own, own, ("model_provider",), "openai_http", "OpenAI HTTP only", None, None, NEW
        )
    except ProviderRefused:
        return None
    edit = plan(text, cure.set_values, cure.remove)
    assert revert(edit.after, edit.replacements) == text
    return edit.after


def left_alone(before: dict[str, t.Any]) -> dict[str, t.Any]:
    """What no cure may touch: all but the choice of a provider, provider tables and profiles."""
    touched = ("model_provider", "model_providers", "profile", "profiles", "features")
    features = before.get("features", {})
    return {
        **{key: value for key, value in before.items() if key not in touched},
        "gateway": without(
            before.get("model_providers", {}).get("corp", {}), "supports_websockets"
        ),
        "work": before.get("profiles", {}).get("work"),
        "features": without(features, "model_provider"),
    }


def without(table: dict[str, t.Any], dropped: str) -> dict[str, t.Any]:
    return {key: value for key, value in table.items() if key != dropped}


@given(configurations())
@settings(max_examples=300, deadline=None)
def test_the_cure_is_complete_final_and_leaves_the_rest_alone(text: str) -> None:
    after = cured(text)
    event("refused" if after is None else "changed" if after != text else "as it was")
    if after is None:
        return
    before, now = document(text), document(after)
    assert before is not None
    assert now is not None
    assert broken_snippet(Layers({"user": now}, ()), NEW) is None
    assert cured(after) == after
    assert equal(left_alone(before), left_alone(now))
    table = before.get("model_providers", {}).get("openai_http", {})
    mended = now["model_providers"].get("openai_http", {})
    for key in ROOT_KEYS & set(table) - {"model_provider"}:
        assert mended[key] == table[key]
        assert f"model_providers.openai_http.{key}" in misplaced_root_keys(now)
