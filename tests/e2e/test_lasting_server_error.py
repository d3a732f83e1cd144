# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server error on the upgrade: nothing at first, a failure once it has lasted for an hour.

One fleet lives through all of it once; the hour is taken off the record.
"""

from __future__ import annotations

import json
import typing as t

import pytest
from support.laptop import CONFIG, Laptop, api_key_login, snapshot
from support.laptop_config import cured, meaning
from support.laptop_playbooks import Controller, PlaybookRun

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

Snapshots = dict[str, dict[str, tuple[int, int, bytes]]]

RECORD = ".codex/.devfleet/observations.json"
CONFIG_FILE = ".codex/config.toml"
NAMES = ("lasts", "recovers", "taken-back", "healthy")
HOUR = 3600.0


class Story(t.NamedTuple):
    """What happened, in this order; `after_*` are snapshots of all homes after that step."""

    before: Snapshots
    prediction: PlaybookRun
    after_prediction: Snapshots
    first: PlaybookRun
    after_first: Snapshots
    second: PlaybookRun
    after_second: Snapshots
    audit: PlaybookRun
    after_audit: Snapshots
    third: PlaybookRun
    after_third: Snapshots
    after_rollback: Snapshots


def record(homes: Snapshots, name: str) -> dict[str, float]:
    times: dict[str, float] = json.loads(homes[name][RECORD][2])["observations"]["service_error"]
    return times


def without_record(homes: Snapshots, name: str) -> dict[str, tuple[int, int, bytes]]:
    return {path: kept for path, kept in homes[name].items() if path != RECORD}


def two_hours_earlier(laptop: Laptop) -> None:
    path = laptop.home / RECORD
    document = json.loads(path.read_text())
    times = document["observations"]["service_error"]
    document["observations"]["service_error"] = {k: v - 2 * HOUR for k, v in times.items()}
    path.write_text(json.dumps(document))


@pytest.fixture(scope="module")
def laptops(make_laptop: LaptopFactory) -> dict[str, Laptop]:
    return {
        name: make_laptop(
            name, login=api_key_login(), websocket="ok" if name == "healthy" else "http-503"
        )
        for name in NAMES
    }


@pytest.fixture(scope="module")
def story(laptops: dict[str, Laptop], ansible: Controller) -> Story:
    def homes() -> Snapshots:
        return {name: snapshot(laptop.home) for name, laptop in laptops.items()}

    def play(playbook: str, *arguments: str, leave_out: str = "") -> tuple[PlaybookRun, Snapshots]:
        fleet = [laptop for name, laptop in laptops.items() if name != leave_out]
        run = ansible.run(playbook, fleet, *arguments, variables={"reconnect_probe_interval": 0})
        assert run.returncode == 0, run.stdout
        return run, homes()

    before = homes()
    prediction, after_prediction = play("remediate", "--check")
    first, after_first = play("remediate")
    second, after_second = play("remediate")
    for name in ("lasts", "recovers"):
        two_hours_earlier(laptops[name])
    audit, after_audit = play("audit")
    laptops["recovers"].service.websocket = "ok"
    third, after_third = play("remediate", leave_out="taken-back")
    _rollback, after_rollback = play("rollback")
    return Story(
        before,
        prediction,
        after_prediction,
        first,
        after_first,
        second,
        after_second,
        audit,
        after_audit,
        third,
        after_third,
        after_rollback,
    )


def judged(run: PlaybookRun, name: str) -> tuple[str, str]:
    return run.hosts[name]["verdict"], run.hosts[name]["cause"]


def test_check_mode_remembers_nothing(story: Story) -> None:
    assert story.after_prediction == story.before
    assert judged(story.prediction, "lasts") == ("inconclusive", "service_error")


@pytest.mark.parametrize("name", ["lasts", "recovers", "taken-back"])
def test_the_first_run_remembers_and_changes_nothing(
    story: Story, laptops: dict[str, Laptop], name: str
) -> None:
    assert judged(story.first, name) == ("inconclusive", "service_error")
    assert story.first.changed[name] == 0
    assert without_record(story.after_first, name) == story.before[name]
    times = record(story.after_first, name)
    assert times["first"] == times["last"]


def test_a_healthy_machine_has_no_record(story: Story) -> None:
    assert story.after_third["healthy"] == story.before["healthy"]
    assert judged(story.third, "healthy") == ("healthy", "handshake_ok")


def test_minutes_later_it_is_still_in_doubt(story: Story) -> None:
    assert judged(story.second, "lasts") == ("inconclusive", "service_error")
    assert story.second.changed["lasts"] == 0
    earlier, now = (record(homes, "lasts") for homes in (story.after_first, story.after_second))
    assert now["first"] == earlier["first"]
    assert now["last"] > earlier["last"]


def test_an_audit_tells_of_it_and_leaves_the_record_as_it_is(story: Story) -> None:
    for name in ("lasts", "recovers"):
        assert judged(story.audit, name) == ("websocket_blocked", "server_error_lasting")
        last = record(story.after_audit, name)["last"]
        assert last == record(story.after_second, name)["last"] - 2 * HOUR
    assert judged(story.audit, "taken-back") == ("inconclusive", "service_error")
    assert story.after_audit["taken-back"] == story.after_second["taken-back"]
    assert set(story.audit.changed.values()) == {0}


def test_after_an_hour_it_is_cured_and_forgotten(story: Story) -> None:
    assert judged(story.third, "lasts") == ("websocket_blocked", "server_error_lasting")
    assert story.third.hosts["lasts"]["action"] == "applied"
    assert story.third.hosts["lasts"]["proof"]["proven"] is True
    assert story.third.changed["lasts"] == 1
    assert RECORD not in story.after_third["lasts"]
    assert meaning(story.after_third["lasts"][CONFIG_FILE][2]) == cured(CONFIG)


def test_one_that_has_passed_is_forgotten_without_a_trace(
    story: Story, laptops: dict[str, Laptop]
) -> None:
    assert judged(story.third, "recovers") == ("healthy", "handshake_ok")
    assert story.third.changed["recovers"] == 0
    assert story.after_third["recovers"] == story.before["recovers"]
    assert not (laptops["recovers"].codex_home / ".devfleet").exists()


def test_a_rollback_forgets_it_too(story: Story, laptops: dict[str, Laptop]) -> None:
    assert RECORD in story.after_third["taken-back"]
    assert story.after_rollback["taken-back"] == story.before["taken-back"]
    assert not (laptops["taken-back"].codex_home / ".devfleet").exists()
    assert story.after_rollback["healthy"] == story.before["healthy"]
