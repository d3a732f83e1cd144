# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines on which a server error is not to be remembered, cannot be, or is not to be forgotten.

Stand-ins are the clients.
"""

from __future__ import annotations

import json
import pathlib
import time
import typing as t

import pytest
from support.curable_machines import curable_machine
from support.doctor_samples import as_json, refused, report
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun
from support.stub_machines import machine

SERVICE_ERROR = as_json(report(refused(503)))
LIMITED = as_json(report(refused(429)))


class Fleet(t.NamedTuple):
    """The Codex homes, and the one run of remediate on all of them."""

    homes: dict[str, pathlib.Path]
    run: PlaybookRun

    def remembers(self, name: str) -> bool:
        return (self.homes[name] / ".devfleet/observations.json").is_file()


def remember(codex_home: pathlib.Path, since: float = 600) -> None:
    """Leave the record of a run `since` seconds ago."""
    record = codex_home / ".devfleet/observations.json"
    record.parent.mkdir(mode=0o700)
    series = {"first": time.time() - since, "last": time.time() - since}
    record.write_text(json.dumps({"format": 1, "observations": {"service_error": series}}))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, ansible: Controller) -> Fleet:
    folder, logs = tmp_path_factory.mktemp("homes"), tmp_path_factory.mktemp("logs")
    answers = {
        "error": SERVICE_ERROR,
        "other-verdict": LIMITED,
        "no-report": b"",
        "no-window": SERVICE_ERROR,
        "no-window-yet-a-record": SERVICE_ERROR,
        "not-our-folder": SERVICE_ERROR,
    }
    hosts = {
        name: machine(folder, name, answer, logs).variables for name, answer in answers.items()
    }
    homes = {name: folder / name / ".codex" for name in answers}
    for name in ("other-verdict", "no-report", "no-window-yet-a-record"):
        remember(homes[name])
    for name in ("no-window", "no-window-yet-a-record"):
        hosts[name]["reconnect_log_window"] = 0
    (homes["not-our-folder"] / ".devfleet").write_text("mine")
    for name in ("cured", "cured-in-a-profile"):
        made = curable_machine(folder / name)
        (made.folder / "blocked.json").write_bytes(SERVICE_ERROR)
        homes[name], hosts[name] = made.config.parent, made.variables
        remember(homes[name], since=7200)
    hosts["cured-in-a-profile"].update(reconnect_scope="profile", reconnect_profile="http")
    run = ansible.run(
        "remediate",
        [],
        others={**hosts, "asleep": UNREACHABLE},
        variables={"reconnect_probe_interval": 0},
    )
    assert "Traceback" not in run.stdout + run.stderr
    return Fleet(homes, run)


@pytest.mark.parametrize(
    ("name", "cause", "remembered"),
    [
        ("error", "service_error", True),
        ("other-verdict", "rate_limited", False),
        ("no-report", "doctor_not_json", True),
        ("no-window", "service_error", False),
        ("no-window-yet-a-record", "service_error", False),
    ],
)
def test_what_is_remembered(fleet: Fleet, name: str, cause: str, remembered: bool) -> None:
    assert fleet.run.hosts[name]["cause"] == cause
    assert fleet.run.recap[name]["failed"] == fleet.run.recap[name]["changed"] == 0
    assert fleet.remembers(name) is remembered
    assert (fleet.homes[name] / ".devfleet").exists() is remembered


def test_a_cure_ends_it_and_a_profile_does_not(fleet: Fleet) -> None:
    for name, remembered in {"cured": False, "cured-in-a-profile": True}.items():
        assert fleet.run.hosts[name]["cause"] == "server_error_lasting"
        assert fleet.run.hosts[name]["action"] == "applied"
        assert fleet.remembers(name) is remembered


def test_what_cannot_be_remembered_fails_its_machine_alone(fleet: Fleet) -> None:
    result = fleet.run.hosts["not-our-folder"]
    folder = fleet.homes["not-our-folder"] / ".devfleet"
    assert (result["verdict"], result["action"]) == ("inconclusive", "failed")
    assert f"{folder} is not a folder of this user; move it away." in result["message"]
    assert folder.read_text() == "mine"
    assert [name for name, one in fleet.run.recap.items() if one["failed"]] == ["not-our-folder"]


def test_a_machine_that_is_not_reached_is_told_of_as_ever(fleet: Fleet) -> None:
    assert fleet.run.hosts["asleep"]["verdict"] == "unreachable"
