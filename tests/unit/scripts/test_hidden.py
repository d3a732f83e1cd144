# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hidden.py runs a command among no processes but its own, or says that it cannot."""

from __future__ import annotations

import os
import pathlib
import select
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).parents[3] / "scripts" / "hidden.py"
UNABLE = 125


def hidden(*command: str) -> subprocess.CompletedProcess[str]:
    """Run `command` hidden; skips the test where processes cannot be hidden."""
    done = subprocess.run(
        [sys.executable, SCRIPT, *command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode == UNABLE and "Errno 2" not in done.stderr:
        assert done.stderr.startswith("hidden.py: the command cannot be hidden: ")
        pytest.skip(done.stderr)
    return done


def test_the_command_sees_itself_and_what_started_it_alone() -> None:
    listing = (
        "import os; print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))"
    )
    assert hidden(sys.executable, "-c", listing).stdout == "[1, 2]\n"


@pytest.mark.parametrize(
    "script, status", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_its_exit_status_is_passed_on(script: str, status: int) -> None:
    assert hidden("sh", "-c", script).returncode == status


def test_a_command_that_is_not_there_is_told() -> None:
    done = hidden("/nonexistent/command")
    assert (done.returncode, done.stdout) == (UNABLE, "")
    assert "No such file or directory" in done.stderr


def test_what_is_orphaned_is_buried() -> None:
    dead = "for file in /proc/[0-9]*/status; do grep -l '^State:.Z' $file; done"
    assert hidden("sh", "-c", f"(sleep 0.1 &); sleep 0.5; {dead}").stdout == ""


def test_what_is_left_running_ends_with_the_command(tmp_path: pathlib.Path) -> None:
    left = tmp_path / "left"
    os.mkfifo(left)
    reader = os.open(left, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert hidden("sh", "-c", f"sleep 300 > {left} 2>&1 & true").returncode == 0
        # Readable at its end: nobody holds it open for writing any more.
        assert select.select([reader], [], [], 20)[0] == [reader]
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)
