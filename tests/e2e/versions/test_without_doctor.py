# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients up to 0.130, where `codex doctor` would start a chat: it is never called there."""

from __future__ import annotations

import typing as t

import pytest
from support.client import run_client
from support.laptop import snapshot
from support.laptop_modules import run_module
from support.laptop_playbooks import Controller, PlaybookRun

if t.TYPE_CHECKING:
    from .conftest import Noted, NotedFactory


class Fleet(t.NamedTuple):
    version: str
    blocked: Noted
    healthy: Noted

    @property
    def calls(self) -> set[str]:
        """The first two words of every command line that any laptop's client was given."""
        calls = self.blocked.wrapper.calls + self.healthy.wrapper.calls
        return {" ".join(call.split()[:2]) for call in calls}


@pytest.fixture(scope="module")
def fleet(make_noted: NotedFactory, version_without_doctor: str) -> Fleet:
    return Fleet(
        version_without_doctor,
        make_noted(version_without_doctor, "blocked", websocket="http-403"),
        make_noted(version_without_doctor, "healthy"),
    )


def assert_never_asked(fleet: Fleet) -> None:
    assert "--version" in fleet.calls
    assert fleet.calls <= {"--version", "login status"}


def test_the_wrapper_notes_a_doctor_and_keeps_it_from_the_client(
    make_noted: NotedFactory, fleet: Fleet
) -> None:
    noted = make_noted(fleet.version, "asked")

    assert run_client(noted.laptop, "doctor", "--json").returncode == 97
    assert run_client(noted.laptop, "--version").stdout == f"codex-cli {fleet.version}\n"

    assert noted.wrapper.calls == ["doctor --json", "--version"]


def test_without_a_doctor_nothing_is_claimed(fleet: Fleet) -> None:
    for noted in (fleet.blocked, fleet.healthy):
        codex = run_module("codex_info", noted.laptop)["codex"]
        assert codex["version"] == fleet.version
        assert (codex["doctor"]["ran"], codex["doctor"]["flavour"]) == (False, "none")
        assert codex["diagnosis"]["verdict"] == "unsupported_version"
    assert_never_asked(fleet)


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [("audit", {}), ("remediate", {}), ("remediate", {"reconnect_apply": "always"})],
    ids=["audit", "remediate", "remediate-always"],
)
def test_no_playbook_calls_it(
    fleet: Fleet, ansible: Controller, playbook: str, variables: dict[str, t.Any]
) -> None:
    laptops = [fleet.blocked.laptop, fleet.healthy.laptop]
    before = [snapshot(laptop.home) for laptop in laptops]

    run: PlaybookRun = ansible.run(playbook, laptops, variables=variables)

    assert {told["verdict"] for told in run.hosts.values()} == {"unsupported_version"}, run.stdout
    assert set(run.changed.values()) == {0}
    assert [snapshot(laptop.home) for laptop in laptops] == before
    assert_never_asked(fleet)
