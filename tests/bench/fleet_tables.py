# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each tool costs a fleet, connection by connection."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t

from . import fleet as fleets
from .ansible_runs import Controller
from .figures import Row
from .fleet import Fleet, python
from .measure import Job, measure, progress
from .ours import CHECK, INI, Playbooks, Stubs, first, make_stubs, second
from .peers import Peers
from .plan import Plan
from .sshd import Server, Unavailable, closed_masters, server

LONG = (CHECK, first(INI), second(INI))


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of one fleet, or why there are none."""

    connection: str
    hosts: int
    forks: int
    rows: tuple[Row, ...] = ()
    left_out: str | None = None


def local(folder: pathlib.Path, plan: Plan) -> list[Table]:
    """Measure on hosts that need no network."""
    most = max((plan.hosts, *plan.more_hosts))
    stubs = make_stubs(folder)
    fleet = fleets.local_fleet(folder, most, stubs.healthy, python())
    return _on_fleet("local", folder, fleet, stubs, plan, None)


def ssh(folder: pathlib.Path, plan: Plan) -> list[Table]:
    """Measure on hosts behind an SSH server; where there can be none, tell why."""
    most = max((plan.hosts, *plan.more_hosts))
    stubs = make_stubs(folder)
    try:
        with server(folder, most) as running:
            fleet = fleets.remote_fleet(
                folder, running.hosts, stubs.healthy, python(), running.variables
            )
            return _on_fleet("ssh", folder, fleet, stubs, plan, running)
    except Unavailable as error:
        progress(f"ssh: left out: {error}")
        return [Table("ssh", plan.hosts, plan.forks, left_out=str(error))]


def _on_fleet(
    connection: str,
    folder: pathlib.Path,
    fleet: Fleet,
    stubs: Stubs,
    plan: Plan,
    running: Server | None,
) -> list[Table]:
    most = max((plan.hosts, *plan.more_hosts))
    # A short path: the sockets of kept connections lie in it.
    home = folder / "c"
    home.mkdir()

    def table(
        hosts: int, forks: int, rounds: int, jobs: t.Callable[[Playbooks], list[Job]]
    ) -> Table:
        controller = Controller(home, forks)
        playbooks = Playbooks(controller, fleet.first(hosts), stubs, plan.timeout)
        what = f"{connection}, forks {forks}"
        rows = measure(jobs(playbooks), rounds, what, plan.until)
        return Table(connection, hosts, forks, tuple(rows))

    with closed_masters(home / "cp") if running else contextlib.nullcontext():
        peers = None
        if running:
            peers = Peers(folder, running, fleet.first(plan.hosts), plan.forks, plan.timeout)

        def all_jobs(playbooks: Playbooks) -> list[Job]:
            of_ours = _all_jobs(playbooks)
            if peers is None:
                return of_ours
            # What takes long, and differs little from what it takes where there is no network.
            once = [
                dataclasses.replace(job, runs=1) if job.name in LONG else job for job in of_ours
            ]
            return [*once, *peers.jobs()]

        tables = [table(plan.hosts, plan.forks, plan.rounds, all_jobs)]
        if peers:
            rows = (*tables[0].rows, *peers.missing())
            tables[0] = dataclasses.replace(tables[0], rows=rows)
        for number, hosts in enumerate(plan.more_hosts):
            is_largest = number > 0 and hosts == most
            # An audit of many costs what the cure does where there is nothing to cure.
            few = _growing_jobs
            if is_largest:
                few = _fewest_jobs if peers else _fewer_jobs
            tables.append(table(hosts, plan.forks, 1, few))
            if number == 0:
                tables.append(table(hosts, plan.more_forks, 1, _fewest_jobs))
    return tables


def _all_jobs(playbooks: Playbooks) -> list[Job]:
    return [
        playbooks.floor(),
        *playbooks.nothing_to_do(),
        *playbooks.something_to_do(),
        *playbooks.other_modules(),
    ]


def _growing_jobs(playbooks: Playbooks) -> list[Job]:
    return [
        playbooks.floor(),
        *playbooks.nothing_to_do(),
        *playbooks.parts_of_ours(),
        playbooks.lines(),
    ]


def _fewest_jobs(playbooks: Playbooks) -> list[Job]:
    return [playbooks.floor(), playbooks.nothing_to_do()[-1]]


def _fewer_jobs(playbooks: Playbooks) -> list[Job]:
    return [*_fewest_jobs(playbooks), playbooks.lines()]
