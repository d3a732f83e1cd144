# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run is narrowed and what its exit status says, on a fleet with an unreachable machine."""

from __future__ import annotations

import typing as t

import pytest
from support.laptop import Laptop, api_key_login, snapshot
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory


@pytest.fixture(scope="module")
def fleet(make_laptop: LaptopFactory) -> list[Laptop]:
    login = api_key_login()
    return [
        make_laptop("blocked", login=login, websocket="http-403"),
        make_laptop("healthy", login=login),
    ]


def audit(
    ansible: Controller, fleet: list[Laptop], *arguments: str, **variables: t.Any
) -> PlaybookRun:
    options = {"reconnect_probe_interval": 0, **variables}
    return ansible.run(
        "audit", fleet, *arguments, others={"asleep": UNREACHABLE}, variables=options
    )


def test_a_limited_audit_in_check_mode_tells_of_that_host_alone(
    ansible: Controller, fleet: list[Laptop]
) -> None:
    before = [snapshot(laptop.home) for laptop in fleet]

    run = audit(ansible, fleet, "--check", "--limit", "blocked")

    assert run.returncode == 0, run.stdout
    assert list(run.hosts) == ["blocked"]
    assert run.hosts["blocked"]["verdict"] == "websocket_blocked"
    assert "1 host" in run.summary[0]
    assert run.changed == {"blocked": 0}
    assert [snapshot(laptop.home) for laptop in fleet] == before


@pytest.mark.parametrize(
    ("host", "group"), [("blocked", "affected"), ("asleep", "unreachable")], ids=str
)
def test_a_group_that_may_not_be_makes_the_run_fail(
    ansible: Controller, fleet: list[Laptop], host: str, group: str
) -> None:
    failing = audit(ansible, fleet, reconnect_fail_on=[group])

    assert failing.returncode != 0
    assert set(failing.hosts) == {"blocked", "healthy", "asleep"}
    said = f"reconnect_fail_on is {group}, and that is what {host} came out as"
    assert said in " ".join(failing.stdout.split() + failing.stderr.split())


def test_a_group_that_is_not_there_does_not(ansible: Controller, fleet: list[Laptop]) -> None:
    run = audit(ansible, fleet, "--limit", "healthy", reconnect_fail_on=["affected", "unreachable"])

    assert run.returncode == 0, run.stdout


def test_a_report_that_cannot_be_written_is_named_in_a_sentence(
    ansible: Controller, fleet: list[Laptop]
) -> None:
    run = audit(ansible, fleet, "--limit", "healthy", reconnect_report="/dev/null/report.json")

    assert run.returncode != 0
    said = "reconnect_report /dev/null/report.json cannot be written: /dev/null is no directory"
    assert said in " ".join(run.stdout.split() + run.stderr.split())
    assert "Traceback" not in run.stdout + run.stderr
    assert run.summary
