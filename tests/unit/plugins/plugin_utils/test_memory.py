# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read may hold so much memory and no more."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils import _memory

MB = 1024 * 1024

# In a process of its own: what the tests before have held is not counted again.
READER = """
import sys
from ansible_collections.devfleet.codex.plugins.plugin_utils._memory import TooLarge, bounded_memory
held = []
try:
    with bounded_memory(64 * 2**20):
        for _ in range(int(sys.argv[1])):
            held.append(b"x" * 2**20)
            sum(range(200_000))
    print("all")
except TooLarge:
    print("too large after", len(held))
"""


def read(megabytes: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READER, str(megabytes)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_what_is_within_the_bound_is_read() -> None:
    assert read(30) == "all"


def test_what_is_larger_is_stopped_before_all_of_it_is_held() -> None:
    said = read(2000)
    assert said.startswith("too large after ")
    assert int(said.split()[-1]) >= 60


def test_signals_are_as_before_afterwards() -> None:
    earlier = signal.getsignal(signal.SIGPROF)
    with pytest.raises(KeyError), _memory.bounded_memory(MB):
        raise KeyError
    assert signal.getsignal(signal.SIGPROF) == earlier
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
