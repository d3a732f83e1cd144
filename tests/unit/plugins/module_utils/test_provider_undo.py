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


GATEWAY = 'model_provider = "corp"\n' + CORP
GATEWAY_CURED = GATEWAY.replace("true", "false")
IN_PROFILE = ("profiles", "x", "model_provider")


@pytest.mark.parametrize(
    ("own", "left", "below", "overrides", "provider"),
    [
        pytest.param(CURED, OURS, "", ['model_provider="openai"'], "openai", id="key-goes"),
        pytest.param(CURED, "", "", ['model_provider="openai"'], "openai", id="table-goes-too"),
        pytest.param(CURED, CURED, "", [], "openai_http", id="nothing-goes"),
        pytest.param("", "", "", [], "openai", id="nothing-there"),
        pytest.param(
            CURED,
            'model_provider = "openai"' + OURS,
            GATEWAY,
            ['model_provider="openai"'],
            "openai",
            id="earlier-value",
        ),
        pytest.param(
            CURED, OURS, GATEWAY, ['model_provider="corp"'], "corp", id="lower-layer-is-active-then"
        ),
        pytest.param(
            CURED + CORP,
            GATEWAY,
            "",
            ['model_provider="corp"'],
            "corp",
            id="earlier-gateway",
        ),
        pytest.param(
            GATEWAY_CURED,
            GATEWAY,
            "",
            ["model_providers.corp.supports_websockets=true"],
            "corp",
            id="in-place",
        ),
        pytest.param(
            GATEWAY_CURED,
            GATEWAY.replace("supports_websockets = true", ""),
            CORP,
            ["model_providers.corp.supports_websockets=true"],
            "corp",
            id="in-place-from-the-layer-below",
        ),
        pytest.param(
            GATEWAY_CURED,
            GATEWAY.replace("supports_websockets = true", ""),
            "",
            [],
            "corp",
            id="off-is-what-a-provider-is-without-the-key",
        ),
        pytest.param(
            CURED + CORP.replace("true", "false"),
            GATEWAY,
            "",
            ['model_provider="corp"', "model_providers.corp.supports_websockets=true"],
            "corp",
            id="both",
        ),
        pytest.param(
            CURED,
            'model_provider = "my gateway"' + OURS,
            "",
            ['model_provider="my gateway"'],
            "my gateway",
            id="id-in-quotes",
        ),
        pytest.param(
            GATEWAY_CURED.replace("corp", '"my gateway"').replace('""', '"'),
            GATEWAY.replace("corp", '"my gateway"').replace('""', '"'),
            "",
            [],
            "my gateway",
            id="in-place-of-an-id-that-no-key-can-name",
        ),
        pytest.param("model_provider = []", "", "", [], "openai", id="odd"),
        pytest.param("model_providers = 3", "model_provider = 1", "", [], "openai", id="odder"),
        pytest.param(
            CURED, f'model_provider = "{"x" * 81}"', "", [], "x" * 77 + "...", id="too-long"
        ),
        pytest.param(CURED, 'model_provider = "a\\u001bb"', "", [], "a b", id="escape"),
    ],
)
def test_the_way_back_as_overrides(
    own: str, left: str, below: str, overrides: list[str], provider: str
) -> None:
    found = _provider.way_back(document(own), document(left), document(below), ROOT)
    assert found == (tuple(overrides), provider)


def test_the_way_back_of_a_profile_is_asked_for_without_it() -> None:
    own = document('[profiles.x]\nmodel_provider = "openai_http"' + OURS)
    left = document("[profiles.x]" + OURS)
    found = _provider.way_back(own, left, {}, IN_PROFILE)
    assert found == (('model_provider="openai"',), "openai")
