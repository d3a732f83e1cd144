# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys undoing the cure writes and removes: what is ours, and nothing that others chose."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _provider
from ansible_collections.devfleet.codex.plugins.module_utils._layers import merge
from ansible_collections.devfleet.codex.plugins.module_utils._provider import Restore, Undo
from support.planned_cures import ROOT, document
from support.provider_tables import CORP, OURS, STRANGER


def undo(
    own: str,
    restores: tuple[Restore, ...] | None,
    below: str = "",
    root: tuple[str, ...] = ROOT,
) -> Undo:
    file = document(own)
    return _provider.plan_undo(file, merge(document(below), file), root, restores)


def restored(before: str | None) -> tuple[Restore, ...]:
    return (Restore(ROOT, before, "openai_http"),)


CURED = 'model_provider = "openai_http"' + OURS
WEBSOCKETS = ("model_providers", "corp", "supports_websockets")


@pytest.mark.parametrize(
    ("own", "restores", "set_values", "remove", "note"),
    [
        pytest.param(CURED, restored(None), {}, (ROOT,), None, id="there-was-nothing"),
        pytest.param(CURED, restored("openai"), {ROOT: "openai"}, (), None, id="openai-was"),
        pytest.param(CURED + CORP, restored("corp"), {ROOT: "corp"}, (), None, id="gateway-was"),
        pytest.param(CURED, restored("corp"), {}, (ROOT,), "no longer defined", id="gateway-gone"),
        pytest.param(
            'model_provider = "corp"' + CORP,
            restored(None),
            {},
            (),
            "changed by somebody else",
            id="user-chose-another",
        ),
        pytest.param(
            OURS, restored("openai"), {}, (), "changed by somebody else", id="user-removed-it"
        ),
        pytest.param(OURS, restored(None), {}, (), None, id="already-as-it-was"),
        pytest.param(
            'model_provider = "corp"' + CORP.replace("true", "false"),
            (Restore(WEBSOCKETS, True, False),),
            {WEBSOCKETS: True},
            (),
            None,
            id="in-place",
        ),
        pytest.param(
            'model_provider = "corp"' + CORP.replace("true", "0"),
            (Restore(WEBSOCKETS, True, False),),
            {},
            (),
            "changed by somebody else",
            id="in-place-changed-since",
        ),
        pytest.param(CURED, (), {}, (), None, id="nothing-to-restore"),
        pytest.param(CURED, None, {}, (ROOT,), None, id="no-record-ours"),
        pytest.param(
            'model_provider = "openai_http"' + STRANGER, None, {}, (), None, id="no-record-stranger"
        ),
        pytest.param('model_provider = "openai"' + OURS, None, {}, (), None, id="no-record-openai"),
        pytest.param(
            CURED + "notify = []\n", None, {}, (), None, id="no-record-and-keys-of-the-user-in-it"
        ),
        pytest.param("", None, {}, (), None, id="no-record-empty"),
        pytest.param("model_provider = []" + OURS, None, {}, (), None, id="no-record-odd"),
    ],
)
def test_undo(
    own: str,
    restores: tuple[Restore, ...] | None,
    set_values: dict[tuple[str, ...], t.Any],
    remove: tuple[tuple[str, ...], ...],
    note: str | None,
) -> None:
    planned = undo(own, restores)
    assert (planned.set_values, planned.remove) == (set_values, remove)
    assert [note in said for said in planned.notes if note] == ([True] if note else [])
    assert bool(planned.notes) is bool(note)


@pytest.mark.parametrize(
    ("own", "ours"),
    [
        pytest.param(OURS, True, id="ours"),
        pytest.param(STRANGER, False, id="stranger"),
        pytest.param(OURS + "notify = []\n", False, id="keys-of-the-user-in-it"),
        pytest.param("", False, id="not-there"),
        pytest.param("model_providers = 3", False, id="no-table"),
    ],
)
def test_purge_takes_only_a_table_of_ours_in_this_file(own: str, ours: bool) -> None:
    assert _provider.purgeable(document(own), "openai_http", None) is ours
