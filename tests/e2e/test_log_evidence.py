# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Laptops whose handshake is in order and whose log tells another story, from audit to rollback."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import sqlite3
import time
import typing as t

import pytest
from support import log_database
from support.laptop import Laptop, api_key_login, snapshot
from support.laptop_modules import run_module
from support.laptop_playbooks import Controller, PlaybookRun, host_variables

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

MINUTE, DAY = 60, 86400
BLOCKED = ("websocket_blocked", "logged_closed")
HEALTHY = ("healthy", "handshake_ok")
NOT_READ = ("inconclusive", "logs_not_read")
VERDICTS = {
    "closed": BLOCKED,
    "taken-back": BLOCKED,
    "upgrade-required": HEALTHY,
    "once": HEALTHY,
    "long-ago": HEALTHY,
    "passed": HEALTHY,
    "not-asked": HEALTHY,
    "held": NOT_READ,
    "spoiled": NOT_READ,
}
CURED = ("closed", "taken-back")


def sessions(name: str, number: int, ended: float) -> list[log_database.Row]:
    """The rows of `number` sessions as `tests/fixtures/logs` has one, the last at `ended`.

    A session whose WebSockets are closed leaves two fallbacks, in a thread each.
    """
    rows = log_database.recorded(name, ended)
    return [row for one in range(number) for row in log_database.copied(rows, one + 1)]


def write_logs(laptops: t.Mapping[str, Laptop]) -> dict[str, pathlib.Path]:
    ago = time.time() - MINUTE
    closed = sessions("close-after", 3, ago)
    rows: dict[str, list[log_database.Row]] = {
        **dict.fromkeys(("closed", "taken-back", "not-asked", "held"), closed),
        "upgrade-required": sessions("http-426", 4, ago),
        "once": sessions("close-after", 1, ago),
        "long-ago": sessions("close-after", 3, ago - 4 * DAY),
        "passed": [
            *sessions("close-after", 3, ago - MINUTE),
            *log_database.copied(log_database.recorded("ok", ago + MINUTE / 2), 9),
        ],
    }
    found = {name: laptop.codex_home / "logs_2.sqlite" for name, laptop in laptops.items()}
    for name, path in found.items():
        if name in rows:
            journal = "DELETE" if name == "held" else "WAL"
            log_database.write(path, rows[name], journal=journal)
    found["spoiled"].write_bytes(b"SQLite format 3\0" + b"spoiled" * 1000)
    return found


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; snapshots are of all homes."""

    audit: PlaybookRun
    before: dict[str, dict[str, tuple[int, int, bytes]]]
    remediate: PlaybookRun
    after: dict[str, dict[str, tuple[int, int, bytes]]]
    later: PlaybookRun
    rollback: PlaybookRun
    taken_back: dict[str, t.Any]


@pytest.fixture(scope="module")
def story(make_laptop: LaptopFactory, ansible: Controller) -> Story:
    laptops = {
        name: make_laptop(
            f"log-{name}",
            login=api_key_login(),
            websocket="close-after" if verdict == BLOCKED else "ok",
        )
        for name, verdict in VERDICTS.items()
    }
    databases = write_logs(laptops)
    hosts = {name: host_variables(laptop) for name, laptop in laptops.items()}
    hosts["not-asked"] = {**hosts["not-asked"], "reconnect_log_window": 0}

    def play(playbook: str, names: t.Iterable[str]) -> PlaybookRun:
        return ansible.run(playbook, [], others={name: hosts[name] for name in names})

    def photographed() -> dict[str, dict[str, tuple[int, int, bytes]]]:
        return {name: snapshot(laptop.home) for name, laptop in laptops.items()}

    with contextlib.closing(sqlite3.connect(databases["held"], isolation_level=None)) as held:
        before = photographed()
        held.execute("BEGIN EXCLUSIVE")
        audit = play("audit", VERDICTS)
        remediate = play("remediate", VERDICTS)
        held.execute("ROLLBACK")
    after = photographed()
    later = play("audit", CURED)
    rollback = play("rollback", ["taken-back"])
    taken_back = run_module("codex_info", laptops["taken-back"])["codex"]
    return Story(audit, before, remediate, after, later, rollback, taken_back)


@pytest.mark.parametrize("host", VERDICTS)
def test_the_log_decides_where_the_handshake_cannot(story: Story, host: str) -> None:
    found = story.audit.hosts[host]
    assert (found["verdict"], found["cause"]) == VERDICTS[host], found["evidence"]


def test_the_evidence_says_how_much_was_logged(story: Story) -> None:
    assert "logged: 6 fallbacks in 6 threads" in story.audit.hosts["closed"]["evidence"]
    assert "the client's log database: locked" in story.audit.hosts["held"]["evidence"]
    assert "the client's log database: unreadable" in story.audit.hosts["spoiled"]["evidence"]
    assert not any("logged" in line for line in story.audit.hosts["not-asked"]["evidence"])


@pytest.mark.parametrize("host", CURED)
def test_what_the_log_proves_is_cured(story: Story, host: str) -> None:
    found = story.remediate.hosts[host]
    assert (found["action"], found["remedy"]) == ("applied", "http_provider"), found
    assert found["proof"]["proven"] is True


@pytest.mark.parametrize("host", [name for name in VERDICTS if name not in CURED])
def test_all_others_are_left_alone(story: Story, host: str) -> None:
    assert story.after[host] == story.before[host]
    assert story.remediate.changed[host] == 0


def test_the_database_is_only_read(story: Story) -> None:
    for host in CURED:
        database = ".codex/logs_2.sqlite"
        assert story.after[host][database] == story.before[host][database]


def test_rows_from_before_the_last_change_do_not_count(story: Story) -> None:
    assert {host: one["verdict"] for host, one in story.later.hosts.items()} == dict.fromkeys(
        CURED, "http_only"
    )
    assert story.rollback.changed == {"taken-back": 1}
    assert story.taken_back["provider"]["websockets"] is True
    diagnosis = story.taken_back["diagnosis"]
    assert (diagnosis["verdict"], diagnosis["cause"]) == HEALTHY
    assert story.taken_back["logs"]["fallbacks"] == 0
