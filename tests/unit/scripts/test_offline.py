# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""offline.py runs a command on loopback alone, or says that it cannot."""

from __future__ import annotations

import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).parents[3] / "scripts" / "offline.py"
PROBE = """
import os, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
try:
    # The block of addresses for documentation: nobody is there, and no packet is sent.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.connect(("192.0.2.1", 9))
    print(os.getuid(), "has a way out")
except OSError:
    print(os.getuid(), "has loopback alone")
"""


def test_the_command_has_loopback_alone_or_the_user_is_told() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    here = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True
    )
    user = here.stdout.split()[0]
    closed = done.stdout == f"{user} has loopback alone\n" and done.stderr == ""
    told = done.stdout == here.stdout and "the network stays open" in done.stderr
    assert closed or told


def test_a_command_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0
    assert done.stderr.startswith("usage:")
