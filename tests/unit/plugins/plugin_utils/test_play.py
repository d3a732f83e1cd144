# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible's variables are taken to say of every machine of the play."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._play import results

FACT = {
    "verdict": "websocket_blocked",
    "cause": "upgrade_refused",
    "evidence": [],
    "advice": "",
    "action": "would_apply",
}
CURED = {**FACT, "action": "applied", "proof": {"proven": True}}


def seen(facts: dict[str, t.Any], *, gone: t.Collection[str] = ()) -> dict[str, dict[str, t.Any]]:
    variables = {
        "ansible_play_hosts_all": list(facts),
        "ansible_play_hosts": [host for host in facts if host not in gone],
        "hostvars": {
            host: {} if fact is None else {"reconnect_result": fact} for host, fact in facts.items()
        },
    }
    return results(variables)


@pytest.mark.parametrize(
    ("fact", "action"),
    [
        pytest.param(FACT, "lost", id="begun"),
        pytest.param({**FACT, "action": "applied"}, "lost", id="unproven"),
        pytest.param(CURED, "applied", id="cured"),
        pytest.param({**FACT, "action": "failed"}, "failed", id="failed"),
    ],
)
def test_a_machine_that_went_away_in_the_middle_of_its_cure_is_lost(
    fact: dict[str, t.Any], action: str
) -> None:
    assert seen({"a": fact}, gone=["a"])["a"]["action"] == action
    assert seen({"a": fact})["a"]["action"] == fact["action"]


def test_machines_come_in_the_order_of_the_play() -> None:
    assert list(seen({"b": FACT, "a": CURED, "c": FACT})) == ["b", "a", "c"]


def test_what_is_missing_or_nonsense_counts_as_not_examined() -> None:
    found = seen({"missing": None, "nonsense": ["x"], "failed": {"failed": True, "msg": "x"}})
    assert {fact["cause"] for fact in found.values()} == {"not_examined"}
    assert found["missing"]["action"] == "failed"
