# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any system call of a run on its machine fails, as on a disk that is full, broken or read-only.

A usual test run lets those fail that change something, of some of the cases, and all of one case;
a full one lets all fail, and those of some of the cases in each way.
"""

from __future__ import annotations

import errno
import functools
import os
import pathlib
import shutil
import typing as t

import pytest
from support.fault_bars import AT_CALLS, refuse_half_a_file, refuse_open_leftovers
from support.fault_cases import CASES, contents, copied, laid_out, tree, undisturbed
from support.figures import Effort, Figures
from support.http_provider import is_one_sentence
from support.traced import CHANGING, Call, refuse_elsewhere, traced

OF_A_DISK = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
OF_A_READ = (errno.EIO, errno.ESTALE, errno.ENOMEM)
OF_A_PLACE = (errno.EXDEV, errno.EBUSY, errno.EPERM)
"""What a change of names may meet beside that."""
TO_PLACES = ("rename", "renameat2", "link")
ALL_CALLS = "http_provider-present-plain"
FEWEST = 2


def ways(call: Call) -> tuple[int, ...]:
    """The numbers of the errors that `call` may fail with."""
    if call.name not in CHANGING:
        return OF_A_READ
    return (*OF_A_DISK, *OF_A_PLACE) if call.name in TO_PLACES else OF_A_DISK


def chosen(name: str, calls: t.Sequence[Call], is_full: bool) -> t.Iterator[tuple[int, int]]:
    """The calls to spoil, by number, and the errors they are to fail with.

    In the end ansible-core looks at the path that is returned, where an error is its own.
    """
    last = max(at for at, call in enumerate(calls) if call.name not in ("newfstatat", "lstat"))
    for at, call in enumerate(calls[: last + 1]):
        errors = ways(call)
        if call.name in TO_PLACES or (is_full and name in AT_CALLS):
            yield from ((at, error) for error in errors)
        elif is_full or call.name in CHANGING or name == ALL_CALLS or reads_what_matters(call):
            yield at, errors[at % len(errors)]


def reads_what_matters(call: Call) -> bool:
    """Whether what is remembered is read by it, or where a link leads."""
    return call.name == "readlink" or (call.name == "read" and call.path.endswith(".json"))


@pytest.mark.parametrize("name", CASES)
def test_a_call_that_fails_leaves_whole_files_and_a_next_run_that_is_clean(
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
    spoiled = list(chosen(name, recorded, is_full))
    for at, error in spoiled:
        shutil.rmtree(machine)

        def spoil(number: int, _call: Call, at: int = at, error: int = error) -> int:
            return error if number == at else 0

        run = traced(act, copied(start, machine), spoil=spoil)
        call = recorded[at]
        where = f"{name}: {os.strerror(error)} of call {at}, {call.name} of {call.path}"
        assert [one.name for one in run.calls[: at + 1]] == [one.name for one in recorded[: at + 1]]
        assert run.status == 0, where
        assert run.result is not None, where
        left = tree(machine)
        refuse_half_a_file(case, expected.before, expected.after, left, where)
        refuse_open_leftovers(expected.before, expected.after, left, where)
        if run.result.get("failed"):
            assert is_one_sentence(run.result["msg"]), where
            assert contents(case, left) == contents(case, expected.before), where
            assert run.result["msg"].endswith(("Nothing was changed.", "or changed.")), where
        elif run.result["changed"]:
            assert contents(case, left) == contents(case, expected.after), where
        case.act(machine)
        assert contents(case, tree(machine)) == contents(case, expected.after), where
        case.back(machine)
        assert contents(case, tree(machine)) == contents(case, expected.taken_back), where
    assert len(spoiled) >= FEWEST
    figures.add("system calls that were made to fail", len(spoiled))
