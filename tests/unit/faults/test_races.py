# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that writes the file all the time, and runs that change it: its writes are kept.

Every write of the program is one that it looks for before its next. A run that could not get in
between says so. A write that comes in the two system calls between the last look at the file and
its replacement is put back at once; until then, one who reads does not see it, and one who writes
in that moment writes to what is about to go. So a write can be lost only where two come that close
together, and no more are lost than were put back; how many is printed.
"""

from __future__ import annotations

import pathlib
import sys
from unittest import mock

import pytest
import tomllib
from ansible_collections.devfleet.codex.plugins.module_utils import _change, _files
from support import http_provider
from support.fault_cases import PURGE, tree
from support.figures import Effort, Figures
from support.http_provider import is_one_sentence
from support.other_writers import WRITERS, writing

PAUSE = 0.008
"""Seconds between two writes at most, about as long as a run takes."""
HELD_UP = (
    "was written by somebody else 3 times while it was being changed",
    "is open for writing in another program",
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs an exchange of two files")
def test_what_a_program_writes_meanwhile_is_kept(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort
) -> None:
    machine = http_provider.Machine(tmp_path)
    machine.config.write_bytes(b'turn = 0\nmodel = "x"\n\n[tui]\ntheme = "dark"\n')
    races = effort(300, 10_000)
    made = held_up = 0
    with (
        mock.patch.object(_change, "prepare", side_effect=_change.prepare) as planned,
        mock.patch.object(_files, "_put_back", side_effect=_files._put_back) as put_back,
        writing(machine.config, PAUSE, seed=6) as log,
    ):
        for number in range(races):
            result = machine.run(**(PURGE if number % 2 else {}))
            if result.get("failed"):
                assert is_one_sentence(result["msg"])
                assert any(reason in result["msg"] for reason in HELD_UP), result["msg"]
                held_up += 1
            made += result.get("changed", False)
    collisions = planned.call_count - races
    figures.add("runs that raced with a program that writes the file", races)
    figures.add("writes of that program", log.writes.total())
    figures.add("of these, collisions with a run, which planned anew", collisions)
    figures.add("of these, collisions after the last comparison, put back", put_back.call_count)
    figures.add("of these, writes that were lost", log.lost.total())
    figures.add("runs that gave way to that program and said so", held_up)
    assert log.lost.total() <= put_back.call_count
    assert not log.unloadable
    assert set(log.writes) == set(WRITERS)
    assert collisions > 0
    assert made
    machine.run(**PURGE)
    machine.run()
    assert tomllib.loads(machine.config.read_text())["model_provider"] == "openai_http"
    left = {path for path in tree(tmp_path) if path.endswith(".devfleet")}
    assert left == {"home/.codex/.devfleet"}
