# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option that cannot work is told in one sentence, before any machine is looked at."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from support.doctor_samples import as_json, refused, report
from support.laptop import snapshot
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun
from support.stub_machines import Machine, machine

Variables = dict[str, t.Any]


class Fleet(t.NamedTuple):
    folder: pathlib.Path
    machines: dict[str, Machine]

    @property
    def calls(self) -> list[str]:
        return [call for one in self.machines.values() for call in one.calls]


@pytest.fixture
def fleet(tmp_path: pathlib.Path) -> Fleet:
    blocked = as_json(report(refused(403)))
    names = ("a-blocked", "z-blocked")
    return Fleet(
        tmp_path / "homes",
        {name: machine(tmp_path / "homes", name, blocked, tmp_path) for name in names},
    )


def play(ansible: Controller, playbook: str, fleet: Fleet, options: Variables) -> PlaybookRun:
    hosts = {name: one.variables for name, one in fleet.machines.items()}
    return ansible.run(
        playbook,
        [],
        others={**hosts, "asleep": UNREACHABLE},
        variables={"reconnect_probe_interval": 0, **options},
    )


PROVIDER_ID = "must be made of letters, digits, _ and -, and be none of Codex's own"
SUFFIX = "must end in .json, .yml or .yaml"
WRONG: dict[str, tuple[Variables, str]] = {
    "profile-missing": (
        {"reconnect_scope": "profile"},
        "reconnect_scope is profile, so reconnect_profile must name one.",
    ),
    "profile-empty": (
        {"reconnect_scope": "profile", "reconnect_profile": ""},
        "reconnect_scope is profile, so reconnect_profile must name one.",
    ),
    "report-suffix": ({"reconnect_report": "report.txt"}, f"report.txt {SUFFIX}"),
    "report-without-suffix": ({"reconnect_report": "report"}, f"report {SUFFIX}"),
    "report-folder": ({"reconnect_report": "nowhere/r.json"}, "nowhere is no directory"),
    "report-in-a-file": ({"reconnect_report": "/dev/null/r.json"}, "/dev/null is no directory"),
    "report-is-a-folder": ({"reconnect_report": "folder.json"}, "it is a directory"),
    "provider-reserved": ({"reconnect_provider_id": "openai"}, f"openai {PROVIDER_ID}"),
    "provider-odd": ({"reconnect_provider_id": "a b"}, f"a b {PROVIDER_ID}"),
    "provider-empty": ({"reconnect_provider_id": ""}, PROVIDER_ID),
    "provider-line-end": ({"reconnect_provider_id": "a\n"}, PROVIDER_ID),
    "minimum-version": (
        {"reconnect_minimum_version": "latest"},
        "reconnect_minimum_version latest is no version; write it like 0.166.0.",
    ),
    "minimum-version-short": (
        {"reconnect_minimum_version": 0.166},
        "reconnect_minimum_version 0.166 is no version; write it like 0.166.0.",
    ),
    "recovery-budget": (
        {"reconnect_recovery_budget": 101},
        "reconnect_recovery_budget is 101; it must be a whole number, 0 to 100.",
    ),
    "recovery-cooldown": (
        {"reconnect_recovery_cooldown": -1},
        "reconnect_recovery_cooldown is -1.0; it must be hours, 0 to 87600.",
    ),
    "recovery-cooldown-without-an-end": (
        {"reconnect_recovery_cooldown": "nan"},
        "reconnect_recovery_cooldown is nan; it must be hours, 0 to 87600.",
    ),
    "timeout-in-words": (
        {"reconnect_timeout": "soon"},
        "argument 'reconnect_timeout' is of type str and we were unable to convert to float",
    ),
    "backup-unused-by-the-look": (
        {"reconnect_backup": "perhaps"},
        "argument 'reconnect_backup' is of type str and we were unable to convert to bool",
    ),
    "scope-unknown": ({"reconnect_scope": "world"}, "one of: user, profile, system"),
}


@pytest.mark.parametrize("playbook", ["audit", "remediate"])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_option_fails_before_any_machine_is_looked_at(
    ansible: Controller, fleet: Fleet, playbook: str, case: str
) -> None:
    options, sentence = WRONG[case]
    (ansible.folder / "folder.json").mkdir(exist_ok=True)
    before = snapshot(fleet.folder)

    run = play(ansible, playbook, fleet, options)

    assert run.returncode != 0
    assert sentence in " ".join(run.stdout.split())
    assert "Traceback" not in run.stdout + run.stderr
    assert fleet.calls == []
    assert snapshot(fleet.folder) == before
    assert set(run.changed.values()) == {0}


RIGHT: dict[str, Variables] = {
    "default": {},
    "no-report": {"reconnect_report": None},
    "empty-report": {"reconnect_report": ""},
    "relative": {"reconnect_report": "right.json"},
    "relative-folder": {"reconnect_report": "there/right.yml"},
    "home": {"reconnect_report": "~/there/right.yaml"},
    "provider": {"reconnect_provider_id": "corp-http_2"},
    "profile": {"reconnect_scope": "profile", "reconnect_profile": "http"},
    "profile-without-need": {"reconnect_profile": "http"},
    "system": {"reconnect_scope": "system"},
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_option_lets_every_machine_be_looked_at(
    ansible: Controller, fleet: Fleet, case: str
) -> None:
    (ansible.folder / "there").mkdir(exist_ok=True)

    run = play(ansible, "audit", fleet, RIGHT[case])

    assert run.returncode == 0, run.stdout
    assert "Totals: 2 affected, 1 unreachable" in run.summary
    # Once for the look, and once for the trial of the cure.
    assert all(one.calls.count("--version") == 2 for one in fleet.machines.values())
    written = RIGHT[case].get("reconnect_report")
    if written:
        report_file = ansible.folder / written.removeprefix("~/")
        assert "a-blocked" in report_file.read_text()
        report_file.unlink()


def test_a_wrong_option_of_one_machine_stops_no_other(ansible: Controller, fleet: Fleet) -> None:
    first, second = fleet.machines.values()
    first.variables["reconnect_scope"] = "profile"

    run = play(ansible, "audit", fleet, {})

    assert run.returncode != 0
    assert "reconnect_profile must name one" in run.hosts["a-blocked"]["message"]
    assert run.hosts["z-blocked"]["verdict"] == "websocket_blocked"
    assert (first.calls, second.calls[-1]) == ([], "login status")
    assert json.loads((ansible.folder / "report.json").read_text())["totals"] == {
        "affected": 1,
        "failed": 1,
        "unreachable": 1,
    }
