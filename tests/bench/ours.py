# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection is timed at: its playbooks on hosts of every kind."""

from __future__ import annotations

import functools
import pathlib
import typing as t

from . import fleet as fleets
from . import timed
from .ansible_runs import PLAYBOOKS, Controller, expect_recap
from .figures import FLOOR
from .fleet import Fleet
from .measure import Job

AUDIT = "audit, healthy hosts"
HEALTHY = "remediate, healthy hosts"
CURED = "remediate, cured hosts"
CHECK = "remediate --check, affected hosts"
CURE = "remediate, affected hosts"
NOTHING_TO_DO = (AUDIT, HEALTHY, CURED)

LINES = "lineinfile + blockinfile"
INI = "community.general.ini_file"

SKIPPED = "of these: ansible.builtin.ping, then a task that is skipped"
LOOK = "of these: codex_info and nothing else"


class Stubs(t.NamedTuple):
    """Clients that answer at once: one of a healthy host, one of a host without WebSockets."""

    healthy: pathlib.Path
    blocked: pathlib.Path


def make_stubs(folder: pathlib.Path) -> Stubs:
    return Stubs(
        fleets.stub_client(folder / "healthy/codex", fleets.HEALTHY),
        fleets.stub_client(folder / "blocked/codex", fleets.BLOCKED),
    )


class Playbooks(t.NamedTuple):
    """Makes jobs of playbooks on one fleet; `stubs` None leaves the client to the inventory."""

    controller: Controller
    fleet: Fleet
    stubs: Stubs | None
    timeout: float

    def job(
        self,
        name: str,
        playbook: str | pathlib.Path,
        *arguments: str,
        told: bool = False,
        changes: bool = False,
        config: str | None = None,
        client: pathlib.Path | None = None,
    ) -> Job:
        """Return the job of one playbook; `config` is what each host is given before.

        With `told` every host is to be called changed in the recap; with `changes` it is to be so.
        """
        # All hosts are affected at once here, which else holds a roll-out back; and the waits
        # between two probes are no work.
        variables: dict[str, t.Any] = {"reconnect_outage_share": 1, "reconnect_probe_interval": 0}
        if client is not None:
            variables["reconnect_executable"] = str(client)
        run = functools.partial(
            self.controller.run,
            playbook,
            self.fleet,
            *arguments,
            timeout=self.timeout,
            variables=variables,
        )
        prepare = functools.partial(self.fleet.set_up, config) if config is not None else _nothing

        def check(ran: timed.Ran) -> None:
            expect_recap(ran, len(self.fleet.hosts), told or changes)

        return Job(name, self.fleet, run, changes, prepare=prepare, check=check)

    def floor(self) -> Job:
        return self.job(FLOOR, PLAYBOOKS / "ping.yml", config=fleets.CONFIG)

    def parts_of_ours(self) -> list[Job]:
        """What the time above the floor goes to where nothing is to be done."""
        healthy = self.stubs.healthy if self.stubs else None
        return [
            self.job(SKIPPED, PLAYBOOKS / "skipped.yml", config=fleets.CONFIG),
            self.job(LOOK, PLAYBOOKS / "look.yml", client=healthy, config=fleets.CONFIG),
        ]

    def nothing_to_do(self) -> list[Job]:
        """The audit and the cure of hosts of which none needs it."""
        healthy = self.stubs.healthy if self.stubs else None
        return [
            self.job(AUDIT, "devfleet.codex.audit", client=healthy, config=fleets.CONFIG),
            self.job(HEALTHY, "devfleet.codex.remediate", client=healthy, config=fleets.CONFIG),
        ]

    def something_to_do(self) -> list[Job]:
        """The cure of hosts that all need it: foretold, made, and found made."""
        blocked = self.stubs.blocked if self.stubs else None
        cure = functools.partial(self.job, client=blocked)
        remediate = "devfleet.codex.remediate"
        return [
            cure(CHECK, remediate, "--check", told=True, config=fleets.CONFIG),
            cure(CURE, remediate, changes=True, config=fleets.CONFIG),
            cure(CURED, remediate),
        ]

    def lines(self) -> Job:
        """Nothing to do for lineinfile and blockinfile."""
        return self.job(second(LINES), PLAYBOOKS / "lines.yml", config=fleets.LINED_CONFIG)

    def other_modules(self) -> list[Job]:
        """The modules that people set the provider with, twice each."""
        jobs = []
        for name, playbook in ((LINES, "lines.yml"), (INI, "ini.yml")):
            path = PLAYBOOKS / playbook
            jobs.append(self.job(first(name), path, changes=True, config=fleets.CONFIG))
            jobs.append(self.job(second(name), path))
        return jobs


def first(tool: str) -> str:
    return f"{tool}, something to do"


def second(tool: str) -> str:
    return f"{tool}, nothing to do"


def _nothing() -> None:
    pass
