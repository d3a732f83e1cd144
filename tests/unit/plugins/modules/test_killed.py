# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed between any two of its steps, and a clean next one."""

from __future__ import annotations

import functools
import pathlib

import pytest
from support.fault_cases import CASES, contents, copied, laid_out, tree, undisturbed
from support.faults import killed_at

FEWEST_STEPS = 2
"""Of the shortest run: a record is removed, and its folder."""


@pytest.mark.parametrize("name", CASES)
def test_whoever_is_killed_leaves_whole_files_and_a_next_run_that_is_clean(
    tmp_path: pathlib.Path, name: str
) -> None:
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed")
    start = laid_out(case, tmp_path / "start")
    whole = [contents(case, expected.before), contents(case, expected.after)]
    step = 0
    while killed_at(
        step, functools.partial(case.act, folder := copied(start, tmp_path / f"{step}"))
    ):
        left = tree(folder)
        assert contents(case, left) in whole, f"before step {step}"
        case.act(folder)
        assert tree(folder) == expected.after, f"killed before step {step}, then run again"
        case.back(folder)
        assert tree(folder) == expected.taken_back, f"killed before step {step}, then taken back"
        step += 1
    assert tree(folder) == expected.after
    assert step >= FEWEST_STEPS
