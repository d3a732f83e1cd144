# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network that swallows packets: what a host costs on which doctor hangs, and what the others."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
import typing as t

from . import fleet as fleets
from .ansible_runs import Controller, Wrong, expect_recap
from .figures import Bar, Row
from .fleet import Fleet, Host, python
from .measure import Job, measure
from .ours import make_stubs
from .plan import Hanging
from .report import Section, table

_HEADS = ("audit of", "seconds", "runs")
_TITLE = "A network that swallows packets"
_FRAME = """\
The client of some hosts hangs until it is ended: {probes} probes of {doctor:.0f} s at most, with
{interval:.0f} s between them, forks {forks}, connection local. (As shipped: 2 probes of 40 s, 5 s
between them.) A probe that takes all of its time is not repeated. The bars allow a second more.
"""


def measure_hanging(folder: pathlib.Path, plan: Hanging, timeout: float, until: float) -> list[Row]:
    """Measure the audit of one host, and of all, with and without the hanging ones."""
    stubs = make_stubs(folder)
    hangs = fleets.hanging_client(folder / "hanging/codex", 600)
    fleet = fleets.local_fleet(folder, plan.hosts, stubs.healthy, python())
    fleet.set_up(fleets.CONFIG)
    # Every so many, as in a fleet, and the first one too.
    step = plan.hosts / plan.hanging
    ill = {fleet.hosts[int(number * step)] for number in range(plan.hanging)}
    well = tuple(host for host in fleet.hosts if host not in ill)
    first_ill, first_well = fleet.hosts[:1], well[:1]
    controller = Controller(folder / "c", plan.forks)
    controller.folder.mkdir()

    def job(name: str, hosts: tuple[Host, ...]) -> Job:
        chosen = dataclasses.replace(fleet, hosts=hosts)
        return _job(name, controller, chosen, frozenset(ill), hangs, plan, timeout)

    jobs = [
        job("one host that answers", first_well),
        job("one host that hangs", first_ill),
        job(f"the {len(well)} hosts that answer", well),
        job(f"all {plan.hosts} hosts, {plan.hanging} of them hanging", fleet.hosts),
    ]
    # The first run of all reads from the disk what the others find in memory.
    measure(jobs[:1], 1, "to warm up", until)
    return measure(jobs, 1, f"hanging, forks {plan.forks}", until)


def _job(
    name: str,
    controller: Controller,
    fleet: Fleet,
    ill: frozenset[Host],
    hangs: pathlib.Path,
    plan: Hanging,
    timeout: float,
) -> Job:
    usual = fleet.variables_of

    def variables_of(host: Host) -> dict[str, t.Any]:
        own = {"reconnect_executable": str(hangs)} if host in ill else {}
        return {**usual(host), **own}

    fleet = dataclasses.replace(fleet, variables_of=variables_of)
    report = fleet.folder / "report.json"
    variables = {
        "reconnect_timeout": plan.doctor,
        "reconnect_probes": plan.probes,
        "reconnect_probe_interval": plan.interval,
        "reconnect_report": str(report),
    }

    def run() -> t.Any:
        return controller.run("devfleet.codex.audit", fleet, timeout=timeout, variables=variables)

    def check(ran: t.Any) -> None:
        expect_recap(ran, len(fleet.hosts), changed=False)
        seen = json.loads(report.read_text())["hosts"]
        for host in fleet.hosts:
            verdict = seen[host.name]["verdict"]
            if verdict != ("inconclusive" if host in ill else "healthy"):
                raise Wrong(f"{host.name} is {verdict}")

    return Job(name, fleet, run, check=check)


def section(rows: t.Sequence[Row], plan: Hanging) -> Section:
    """Return the chapter; `rows` are those of measure_hanging, in order."""
    one_well, one_ill, others, everybody = (row.median for row in rows)
    turns = math.ceil(plan.hanging / plan.forks)
    single = one_ill - one_well if one_ill is not None and one_well is not None else None
    beyond = everybody - others if everybody is not None and others is not None else None
    share = (others or 0.0) * plan.hanging / (plan.hosts - plan.hanging)
    bars = (
        Bar(
            "a hanging host, beyond one that answers: probes x timeout + interval",
            single,
            plan.price + 1,
            " s",
        ),
        Bar(
            f"{plan.hanging} hanging hosts of {plan.hosts}, beyond the others: {turns} turns of the"
            " forks, and what as many hosts that answer cost",
            beyond,
            turns * plan.price + share + 1,
            " s",
        ),
    )
    cells = []
    for row in rows:
        seconds = "failed" if row.median is None else f"{row.median:.2f}"
        cells.append((row.name, seconds, str(len(row.seconds))))
    frame = _FRAME.format(**dataclasses.asdict(plan))
    failures = [f"{_TITLE}: {row.name}: {row.failure}" for row in rows if row.failure]
    return Section(_TITLE, frame + "\n" + table(_HEADS, cells), bars, tuple(failures))
