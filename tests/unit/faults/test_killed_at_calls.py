# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 after every system call of a run on its machine, and a clean next run.

The calls are those of one recorded run. A usual test run kills after those that change something,
of some of the cases; a full one after all calls of all cases.
"""

from __future__ import annotations

import functools
import pathlib
import shutil
import signal

import pytest
from support.fault_bars import AT_CALLS, refuse_half_a_file, refuse_open_leftovers
from support.fault_cases import CASES, copied, laid_out, tree, undisturbed
from support.figures import Effort, Figures
from support.traced import CHANGING, Call, refuse_elsewhere, traced

FEWEST = 2
"""Changing calls of the shortest run: a record is removed, and its folder."""


@pytest.mark.parametrize("name", CASES)
def test_whoever_is_killed_leaves_whole_files_and_a_next_run_that_is_clean(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort, name: str
) -> None:
    refuse_elsewhere()
    is_full = effort(0, 1) == 1
    if name not in AT_CALLS and not is_full:
        pytest.skip("of the full run")
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed")
    start = laid_out(case, tmp_path / "start")
    machine = tmp_path / "machine"
    act = functools.partial(case.act, machine)
    recorded = traced(act, copied(start, machine)).calls
    chosen = [at for at, call in enumerate(recorded) if is_full or call.name in CHANGING]
    for at in chosen:
        shutil.rmtree(machine)

        def kill(number: int, _call: Call, at: int = at) -> bool:
            return number == at

        killed = traced(act, copied(start, machine), look=kill)
        where = f"{name}, after call {at}, {recorded[at].name} of {recorded[at].path}"
        assert killed.status == -signal.SIGKILL, f"{where}: not killed"
        assert [one.name for one in killed.calls] == [one.name for one in recorded[: at + 1]], where
        left = tree(machine)
        refuse_half_a_file(case, expected.before, expected.after, left, where)
        refuse_open_leftovers(expected.before, expected.after, left, where)
        again = case.act(machine)
        assert tree(machine) == expected.after, f"{where}, then run again"
        told = again.get("drift", False), again.get("user_choice")
        assert told == (False, None), f"{where}, then run again"
        case.back(machine)
        assert tree(machine) == expected.taken_back, f"{where}, then taken back"
    assert len(chosen) >= FEWEST
    figures.add("processes killed after a system call", len(chosen))


def test_the_calls_that_replace_a_file_are_among_those_that_are_recorded(
    tmp_path: pathlib.Path,
) -> None:
    refuse_elsewhere()
    case = CASES["http_provider-present-plain"]
    start = laid_out(case, tmp_path / "start")
    calls = traced(functools.partial(case.act, start), start).calls
    codex_home = "home/.codex"
    of_the_file = [
        call.name
        for call in calls
        if call.name in CHANGING and call.path.startswith(f"{codex_home}/.config.toml.")
    ]
    replaced = ["openat-new", "write", "fchmod", "fsync", "renameat2", "unlink"]
    assert of_the_file == replaced
    assert Call("fsync", codex_home) in calls
