# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job with each generation of the client that has a doctor."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from support.client import Turn, run_turn
from support.laptop import CONFIG, snapshot
from support.laptop_config import cured, meaning
from support.laptop_playbooks import Controller, PlaybookRun
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import Noted, NotedFactory

CONFIG_FILE = ".codex/config.toml"
Snapshot = dict[str, tuple[int, int, bytes]]


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; hosts are named without their version."""

    names: dict[str, str]
    turn_before: Turn
    remediate: PlaybookRun
    after_remediate: Snapshot
    turn_after: Turn
    second_remediate: PlaybookRun
    rollback: PlaybookRun
    after_rollback: Snapshot
    healthy_before: Snapshot
    healthy_after: Snapshot
    turn_at_last: Turn

    def told(self, step: str, host: str) -> dict[str, t.Any]:
        run: PlaybookRun = getattr(self, step)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.hosts[self.names[host]]

    def changed(self, step: str) -> set[str]:
        changed = getattr(self, step).changed
        return {host for host, name in self.names.items() if changed[name]}


@pytest.fixture(scope="module")
def story(make_noted: NotedFactory, ansible: Controller, version_with_doctor: str) -> Story:
    fleet = {
        "blocked": make_noted(version_with_doctor, "blocked", websocket="http-403"),
        "healthy": make_noted(version_with_doctor, "healthy"),
        "upgrade-required": make_noted(
            version_with_doctor, "upgrade-required", websocket="http-426"
        ),
    }
    blocked, healthy = fleet["blocked"], fleet["healthy"]

    def play(playbook: str) -> PlaybookRun:
        laptops = [noted.laptop for noted in fleet.values()]
        return ansible.run(playbook, laptops, variables={"reconnect_probes": 1})

    turn_before = run_turn(blocked.direct)
    healthy_before = config_of(healthy)
    remediate = play("remediate")
    after_remediate = config_of(blocked)
    turn_after = run_turn(blocked.direct)
    second_remediate = play("remediate")
    rollback = play("rollback")
    after_rollback = config_of(blocked)
    healthy_after = config_of(healthy)
    blocked.laptop.service.websocket = "ok"
    return Story(
        names={name: noted.laptop.name for name, noted in fleet.items()},
        turn_before=turn_before,
        remediate=remediate,
        after_remediate=after_remediate,
        turn_after=turn_after,
        second_remediate=second_remediate,
        rollback=rollback,
        after_rollback=after_rollback,
        healthy_before=healthy_before,
        healthy_after=healthy_after,
        turn_at_last=run_turn(blocked.direct),
    )


def config_of(noted: Noted) -> Snapshot:
    return {CONFIG_FILE: snapshot(noted.laptop.home)[CONFIG_FILE]}


def test_a_refused_websocket_is_retried_at_every_turn(story: Story) -> None:
    assert len(story.turn_before.reconnect_lines) == 4
    assert story.turn_before.answer == ANSWER


def test_the_blocked_laptop_alone_is_cured(story: Story) -> None:
    told = story.told("remediate", "blocked")
    assert (told["verdict"], told["action"]) == ("websocket_blocked", "applied")
    assert story.changed("remediate") == {"blocked"}
    assert story.told("remediate", "upgrade-required")["verdict"] == "healthy"
    assert story.healthy_after == story.healthy_before


def test_the_next_turn_has_no_reconnect_line(story: Story) -> None:
    assert (story.turn_after.reconnect_lines, story.turn_after.answer) == ((), ANSWER)
    _mode, _mtime, content = story.after_remediate[CONFIG_FILE]
    assert meaning(content) == cured(CONFIG)


def test_a_second_remediate_changes_nothing(story: Story) -> None:
    assert story.told("second_remediate", "blocked")["verdict"] == "http_only"
    assert story.changed("second_remediate") == set()


def test_what_was_cured_can_be_taken_back(story: Story) -> None:
    assert story.told("rollback", "blocked")["action"] == "rolled_back"
    assert story.changed("rollback") == {"blocked"}
    after = meaning(story.after_rollback[CONFIG_FILE][2])
    after.pop("model_providers", None)
    assert after == meaning(CONFIG)
    assert (story.turn_at_last.reconnect_lines, story.turn_at_last.answer) == ((), ANSWER)
