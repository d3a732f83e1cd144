# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command on a network of loopback alone, and where it sees no process but its own.

    hidden.py COMMAND [ARGUMENT ...]

The collection looks for clients that run, and the tests look for what a client is connected to:
two runs of tests side by side would find one another's. Linux only, for root or where users may
make namespaces. What the command has left running is ended with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from offline import leave_network, mount, unshare

CLONE_NEWPID = 0x20000000
MS_NOSUID_NODEV_NOEXEC = 0x2 | 0x4 | 0x8
PR_SET_PDEATHSIG = 1
UNABLE = 125
"""The exit status where the command could not be hidden."""


def main(command: list[str]) -> int:
    """Run `command`; return its exit status, 128 + N after signal N, or UNABLE."""
    try:
        leave_network()
        unshare(CLONE_NEWPID)
    except OSError as error:
        return unable(error)
    first = os.fork()
    if first == 0:
        os._exit(run_as_first(command))
    # A terminal sends its signals to the command as well; the rest is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(first, number))
    _pid, status = os.waitpid(first, 0)
    return exit_status(status)


def run_as_first(command: list[str]) -> int:
    """Run `command` and, as the first process of a namespace has to, bury whoever is orphaned."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        mount("proc", "/proc", MS_NOSUID_NODEV_NOEXEC, kind="proc")
    except OSError as error:
        return unable(error)
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os._exit(unable(error))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    while True:
        pid, status = os.wait()
        if pid == child:
            return exit_status(status)


def exit_status(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def unable(error: OSError) -> int:
    print(f"hidden.py: the command cannot be hidden: {error}", file=sys.stderr, flush=True)
    return UNABLE


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: hidden.py COMMAND [ARGUMENT ...]")
    sys.exit(main(sys.argv[1:]))
