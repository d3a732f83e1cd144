# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bound what a machine's answer may hold of the controller's memory while it is read.

This plugin util is PRIVATE to the collection. Ansible's connections read whatever a machine sends,
and where it sends without end, until the controller has no memory left for anybody.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import sys
import threading
import typing as t

_UNIT = 1 if sys.platform == "darwin" else 1024
_INTERVAL = 0.02
"""Seconds of this process's own work between two looks, in which it reads a few MB at most."""


class TooLarge(Exception):
    """What was read holds more memory than was allowed."""


@contextlib.contextmanager
def bounded_memory(most: int) -> t.Iterator[None]:
    """Raise TooLarge in the middle of what is done here once it holds `most` bytes more.

    Looks are paid for by work alone: who waits is not woken. In a thread nothing is bounded, for
    signals come to the main one; Ansible runs every task in a process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _held()

    def look(_number: int, _frame: object) -> None:
        if _held() - before > most:
            signal.setitimer(signal.ITIMER_PROF, 0)
            raise TooLarge

    earlier = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, earlier)


def _held() -> int:
    """The most bytes that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
