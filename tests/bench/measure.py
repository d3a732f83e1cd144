# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs to time, in rounds, so that a slow minute of the machine falls on all of them alike."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
import time
import typing as t

from . import timed
from .ansible_runs import Wrong
from .figures import Row
from .fleet import Fleet


@dataclasses.dataclass(frozen=True)
class Job:
    """`prepare` is not timed; `check` raises Wrong when the run did not do what it was timed for.

    With `changes` the config of every host is to be another one afterwards, else the same. It is
    run at most `runs` times, where it is given.
    """

    name: str
    fleet: Fleet
    run: t.Callable[[], timed.Ran]
    changes: bool = False
    runs: int | None = None
    prepare: t.Callable[[], None] = lambda: None
    check: t.Callable[[timed.Ran], None] = lambda ran: None


def measure(jobs: t.Sequence[Job], rounds: int, what: str, until: float = math.inf) -> list[Row]:
    """Run every job once a round, in order, and say how far it is on stderr.

    A job that fails is not run again, and its row says why. After `until`, a moment of
    time.monotonic, nothing more is begun.
    """
    runs: dict[str, list[timed.Ran]] = {job.name: [] for job in jobs}
    failures: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for job in jobs:
            over = job.runs is not None and number > job.runs
            if over or job.name in failures or time.monotonic() > until:
                continue
            told = f"{what}, {len(job.fleet.hosts)} hosts, round {number} of {rounds}: {job.name}"
            try:
                ran = _once(job)
            except (Wrong, timed.NotFinished, OSError, subprocess.SubprocessError) as error:
                failures[job.name] = str(error)
                progress(f"{told}: FAILED: {error}")
            else:
                runs[job.name].append(ran)
                progress(f"{told}: {ran.seconds:.2f} s")
    return [_row(job, runs[job.name], failures.get(job.name)) for job in jobs]


def progress(line: str) -> None:
    """Say what is going on, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _once(job: Job) -> timed.Ran:
    job.prepare()
    before = job.fleet.configs()
    ran = job.run()
    job.check(ran)
    after = job.fleet.configs()
    changed = sum(before[name] != after[name] for name in before)
    if changed != (len(before) if job.changes else 0):
        raise Wrong(f"{changed} of {len(before)} configs changed: {ran.output[-400:]!r}")
    return ran


def _row(job: Job, runs: t.Sequence[timed.Ran], failure: str | None) -> Row:
    return Row(
        job.name,
        len(job.fleet.hosts),
        tuple(ran.seconds for ran in runs),
        max((ran.main_peak for ran in runs), default=0),
        max((ran.machine_peak for ran in runs), default=0),
        failure,
        None if runs or failure else "not measured: the time for all of it was up",
    )
