# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk that is full, broken or read-only at any step: everything is as it was, and it is said."""

from __future__ import annotations

import errno
import os
import pathlib

import pytest
from support.fault_cases import CASES, contents, copied, laid_out, tree, undisturbed
from support.faults import failing_at, faulty
from support.http_provider import is_one_sentence

ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
FEWEST_STEPS = 2
"""Of the shortest run: a record is removed, and its folder."""


@pytest.mark.parametrize("name", CASES)
def test_a_step_that_fails_changes_nothing_and_leaves_nothing(
    tmp_path: pathlib.Path, name: str
) -> None:
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed")
    start = laid_out(case, tmp_path / "start")
    step = 0
    while True:
        folder = copied(start, tmp_path / f"{step}")
        number = ERRORS[step % len(ERRORS)]
        fault = failing_at(step, number)
        with faulty(fault):
            result = case.act(folder)
        if fault.happened is None:
            break
        where = f"{os.strerror(number)} at step {step} ({fault.happened})"
        if result.get("failed"):
            assert is_one_sentence(result["msg"]), where
            assert os.strerror(number) in result["msg"], where
            assert result["msg"].endswith(" Nothing was changed."), where
            assert tree(folder) == expected.before, where
        else:
            assert contents(case, tree(folder)) == contents(case, expected.after), where
        case.act(folder)
        assert tree(folder) == expected.after, where
        case.back(folder)
        assert tree(folder) == expected.taken_back, where
        step += 1
    assert tree(folder) == expected.after
    assert step >= FEWEST_STEPS


@pytest.mark.parametrize("name", [name for name in CASES if "CRLF" not in name])
def test_a_disk_that_takes_nothing_from_a_step_on(tmp_path: pathlib.Path, name: str) -> None:
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed")
    start = laid_out(case, tmp_path / "start")
    step = 0
    while True:
        folder = copied(start, tmp_path / f"{step}")
        fault = failing_at(step, errno.EROFS, for_good=True)
        with faulty(fault):
            result = case.act(folder)
        if fault.happened is None:
            break
        where = f"from step {step} on ({fault.happened})"
        end = expected.before if result.get("failed") else expected.after
        assert contents(case, tree(folder)) == contents(case, end), where
        if result.get("failed"):
            assert is_one_sentence(result["msg"]), where
        case.act(folder)
        assert tree(folder) == expected.after, where
        step += 1
    assert step >= FEWEST_STEPS


def test_no_copy_is_kept_of_a_file_that_is_not_changed(tmp_path: pathlib.Path) -> None:
    case = CASES["http_provider-present-plain"]
    start = laid_out(case, tmp_path / "start")
    before = tree(start)
    step = 0
    while True:
        folder = copied(start, tmp_path / f"{step}")
        fault = failing_at(step, errno.ENOSPC)
        with faulty(fault):
            result = case.act(folder, backup=True)
        if fault.happened is None:
            break
        if result.get("failed"):
            assert result["msg"].endswith("No space left on device. Nothing was changed."), step
            assert tree(folder) == before, step
        step += 1
    name = os.path.basename(result["backup_file"])
    assert tree(folder)[f"home/.codex/{name}"] == before["home/.codex/config.toml"]
    assert step >= FEWEST_STEPS
