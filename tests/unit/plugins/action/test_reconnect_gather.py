# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the look at a machine is told of the recovery, and what it refuses before it looks."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.devfleet.codex.plugins.action.reconnect_gather import ActionModule
from support.cure_values import SEEN

DEFAULTS = {"timeout": 40.0, "probes": 2, "probe_interval": 5.0, "log_window": 72.0}


def asked(monkeypatch: pytest.MonkeyPatch, **options: t.Any) -> list[dict[str, t.Any]]:
    """Return the arguments of each module that is run with these options of the role."""
    found: list[dict[str, t.Any]] = []

    def answered(_self: ActionModule, **given: t.Any) -> dict[str, t.Any]:
        found.append(given["module_args"])
        return {"codex": SEEN}

    monkeypatch.setattr(ActionModule, "_execute_module", answered)
    task = types.SimpleNamespace(
        args={},
        action="devfleet.codex.reconnect_gather",
        async_val=0,
        check_mode=False,
        diff=False,
    )
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
    templar = types.SimpleNamespace(template=lambda value: value)
    variables = {f"reconnect_{name}": value for name, value in options.items()}
    ActionModule(task, connection, None, None, templar, None).run(task_vars=variables)
    return found


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        ({}, "user"),
        ({"scope": "user"}, "user"),
        ({"scope": "profile", "profile": "http"}, "user"),
        ({"scope": "system"}, "system"),
    ],
)
def test_the_recovery_that_is_looked_at_is_that_of_the_scope(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], scope: str
) -> None:
    (given,) = asked(monkeypatch, **options)
    assert given == {**DEFAULTS, "live_check": False, "recovery_scope": scope}


def test_a_path_is_one_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    (given,) = asked(monkeypatch, codex_home="~/.codex", executable="", minimum_version=None)
    assert given["codex_home"] == "~/.codex"
    assert not given.keys() & {"executable", "minimum_version"}


@pytest.mark.parametrize(
    "options",
    [
        {"recovery_cooldown": 0},
        {"recovery_cooldown": 87600},
        {"recovery_budget": 0},
        {"recovery_budget": "100"},
    ],
)
def test_a_recovery_has_room(monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any]) -> None:
    assert len(asked(monkeypatch, **options)) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"recovery_cooldown": -0.5}, "reconnect_recovery_cooldown is -0.5; it must be hours"),
        ({"recovery_cooldown": 87600.5}, "reconnect_recovery_cooldown is 87600.5; it must be"),
        ({"recovery_cooldown": "inf"}, "reconnect_recovery_cooldown is inf; it must be hours"),
        ({"recovery_budget": -1}, "reconnect_recovery_budget is -1; it must be a whole number"),
        ({"recovery_budget": 101}, "reconnect_recovery_budget is 101; it must be a whole number"),
    ],
)
def test_an_impossible_recovery_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], said: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=said) as refused:
        asked(monkeypatch, **options)
    assert str(refused.value).endswith("Nothing was changed.")
