# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a round makes of Ansible's variables and the role's options."""

from __future__ import annotations

import datetime
import json
import pathlib
import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.devfleet.codex.plugins.action.reconnect_rollout import ActionModule
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT

WAITS = {
    "verdict": "websocket_blocked",
    "cause": "upgrade_refused",
    "evidence": [],
    "advice": "",
    "action": "would_apply",
}
HELD = {**WAITS, "action": "applied", "proof": {"proven": True}}
TEN = {f"m{number}": WAITS for number in range(10)}


def decided(
    results: dict[str, t.Any],
    *,
    check_mode: bool = False,
    strategy: str = "ansible.builtin.linear",
    gone: t.Collection[str] = (),
    **options: t.Any,
) -> dict[str, t.Any]:
    """What the action returns in a play of `results`, without the machines of `gone`."""
    task = types.SimpleNamespace(
        args=options,
        action="devfleet.codex.reconnect_rollout",
        async_val=0,
        check_mode=check_mode,
        diff=False,
        get_play=lambda: types.SimpleNamespace(strategy=strategy),
    )
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir=None))
    variables = {
        "ansible_play_hosts_all": list(results),
        "ansible_play_hosts": [host for host in results if host not in gone],
        "hostvars": {host: {"reconnect_result": fact} for host, fact in results.items()},
    }
    found: dict[str, t.Any] = ActionModule(task, connection, None, None, None, None).run(
        task_vars=variables
    )
    return found


def test_a_round_hands_on_what_the_next_has_to_know() -> None:
    first = decided({"a": WAITS, "b": WAITS, "c": WAITS}, serial="1")
    assert (first["hosts"], first["waiting"], first["tried"]) == (["a"], ["b", "c"], ["a"])
    assert (first["held_back"], first["stopped"], first["rounds"]) == ([], None, 1)
    second = decided(
        {"a": HELD, "b": WAITS, "c": WAITS},
        serial="1",
        tried=first["tried"],
        rounds=first["rounds"],
    )
    assert (second["hosts"], second["waiting"], second["tried"]) == (["b"], ["c"], ["a", "b"])
    assert second["rounds"] == 2


def test_a_machine_that_went_away_in_its_cure_has_failed() -> None:
    results = {"a": WAITS, "b": WAITS, "c": WAITS}
    replaced = decided(results, tried=["a"], gone=["a"])
    assert replaced["hosts"] == ["b"]
    ended = decided(results, tried=["a"], gone=["a"], canary_replacements=0)
    assert (ended["hosts"], ended["waiting"], ended["held_back"]) == ([], [], ["b", "c"])
    assert ended["stopped"].endswith(": a")


def test_in_check_mode_nobody_waits() -> None:
    found = decided({"a": WAITS, "b": WAITS, "c": WAITS}, check_mode=True, serial="1")
    assert (found["hosts"], found["waiting"], found["held_back"]) == (["a", "b", "c"], [], [])


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_outage_holds_everybody_back(check_mode: bool) -> None:
    found = decided(TEN, check_mode=check_mode)
    assert (found["hosts"], found["waiting"], found["held_back"]) == ([], [], list(TEN))
    assert found["stopped"].startswith("suspected_outage: 10 of 10")
    assert decided(TEN, outage_share=1)["hosts"] == ["m0"]


def test_an_outage_is_looked_for_before_the_first_change_alone() -> None:
    assert decided({**TEN, "m0": HELD}, tried=["m0"], outage_share=0)["stopped"] is None


def report(folder: pathlib.Path, age: datetime.timedelta) -> str:
    path = folder / "earlier.json"
    finished = datetime.datetime.now(datetime.timezone.utc) - age
    path.write_text(json.dumps({"finished": finished.isoformat(), "hosts": TEN}))
    return str(path)


def test_an_earlier_report_says_that_it_is_none(tmp_path: pathlib.Path) -> None:
    earlier = report(tmp_path, datetime.timedelta(hours=2))
    assert decided(TEN, baseline=earlier)["hosts"] == ["m0"]


def test_a_report_of_the_last_hour_does_not_and_that_is_told(tmp_path: pathlib.Path) -> None:
    young = report(tmp_path, datetime.timedelta(minutes=1))
    why = decided(TEN, baseline=young)["stopped"]
    assert why.startswith("suspected_outage: 10 of 10")
    assert why.endswith(
        "reconnect_baseline does not count, for it was finished less than an hour ago"
    )
    assert len(why) < SHORT
    assert decided({"a": WAITS}, baseline=young)["stopped"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"canaries": -1}, "reconnect_canaries is -1"),
        ({"serial": "0"}, "reconnect_serial is 0"),
        ({"baseline": "/no/such/report.json"}, "reconnect_baseline /no/such/report.json"),
        ({"strategy": "free"}, "The strategy free knows no rounds"),
        ({"strategy": "ansible.builtin.host_pinned"}, "The strategy host_pinned knows no rounds"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(AnsibleActionFail, match=said):
        decided({"a": WAITS}, **options)
