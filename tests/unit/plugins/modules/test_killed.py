# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed between any two of its steps, and a clean next one."""

from __future__ import annotations

import functools
import os
import pathlib
import sys

import pytest
from support import bounded, http_provider
from support.client import REPOSITORY
from support.fault_cases import CASES, contents, copied, laid_out, tree, undisturbed
from support.faults import killed_at
from support.killed_runs import KILLS_ITSELF

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
        again = case.act(folder)
        assert tree(folder) == expected.after, f"killed before step {step}, then run again"
        # What the killed run has meant to write is nobody's choice.
        told = again.get("drift", False), again.get("user_choice")
        assert told == (False, None), f"killed before step {step}, then run again"
        case.back(folder)
        assert tree(folder) == expected.taken_back, f"killed before step {step}, then taken back"
        step += 1
    assert tree(folder) == expected.after
    assert step >= FEWEST_STEPS


def test_it_is_the_same_where_ansible_runs_the_module(tmp_path: pathlib.Path) -> None:
    machine = http_provider.Machine(tmp_path)
    machine.config.write_bytes(b'model = "x"\n')
    before = machine.trace()
    (tmp_path / "sitecustomize.py").write_text(KILLS_ITSELF)
    status, output = ansible(tmp_path, machine, KILLED_AT=str(machine.config))
    assert status != 0
    assert '"rc": 137' in output
    assert machine.config.read_bytes() == before[str(machine.config)][2]
    assert len(list(machine.codex_home.rglob("*.devfleet"))) == 2
    status, output = ansible(tmp_path, machine)
    assert (status, '"changed": true' in output) == (0, True)
    assert list(machine.codex_home.rglob("*.devfleet")) == [machine.codex_home / ".devfleet"]
    machine.run(state="absent", purge=True)
    after = machine.trace()
    assert [(path, data) for path, (_mode, _time, data) in after.items()] == [
        (path, data) for path, (_mode, _time, data) in before.items()
    ]


def ansible(
    folder: pathlib.Path, machine: http_provider.Machine, **environment: str
) -> tuple[int, str]:
    """Run http_provider as an ad hoc command does."""
    options = f"codex_home={machine.codex_home}"
    module = ["localhost", "-m", "devfleet.codex.http_provider", "-a", options]
    status, output, _errors = bounded.finish(
        [sys.executable, "-m", "ansible", "adhoc", *module],
        folder,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(folder),
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            **environment,
        },
        120,
        "ansible",
    )
    return status, output
