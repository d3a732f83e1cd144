# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop a module at any of its steps on the file system: by a kill, or by an error of the disk.

A step is whatever changes something there: a file made for writing, its bytes, their flush, a
rename, a folder. The bytes of a file are halfway written when the step that writes them fails.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import io
import os
import signal
import traceback
import typing as t
from unittest import mock

from ansible_collections.devfleet.codex.plugins.module_utils import _displace

CHANGES = ("rename", "replace", "link", "unlink", "rmdir", "mkdir")
STEPS = (*CHANGES, "chmod", "fchmod", "fchown", "fsync")
_MAKES = os.O_CREAT | os.O_WRONLY | os.O_RDWR
_PATIENCE = 60
"""Seconds after which a process of a test is in error rather than slow."""

Fault = t.Callable[[str], None]
"""Called with the name of a step before it is taken; raises, or does not come back."""


class _Stream(io.BufferedWriter):
    """A file opened for writing, whose bytes are written by halves."""

    def __init__(self, raw: io.FileIO, fault: Fault) -> None:
        super().__init__(raw)
        self._fault = fault

    def write(self, data: t.Any) -> int:
        half = len(data) // 2
        super().write(data[:half])
        super().flush()
        self._fault("write")
        return half + super().write(data[half:])

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._fault("close")


@contextlib.contextmanager
def faulty(fault: Fault) -> t.Iterator[None]:
    """Let `fault` be called before every step of this process."""
    real_open, real_stream = os.open, builtins.open

    def faulty_open(path: t.Any, flags: int, *others: t.Any, **options: t.Any) -> int:
        if flags & _MAKES:
            fault("open")
        return real_open(path, flags, *others, **options)

    def faulty_stream(file: t.Any, mode: str = "r", *others: t.Any, **options: t.Any) -> t.Any:
        if mode == "wb":
            return _Stream(io.FileIO(file, mode), fault)
        return real_stream(file, mode, *others, **options)

    def faulty_step(
        name: str, step: t.Callable[..., t.Any], *given: t.Any, **options: t.Any
    ) -> t.Any:
        fault(name)
        return step(*given, **options)

    with contextlib.ExitStack() as stack:
        for name in STEPS:
            step = functools.partial(faulty_step, name, getattr(os, name))
            stack.enter_context(mock.patch.object(os, name, step))
        exchanged = functools.partial(faulty_step, "exchange", _displace.exchanged)
        stack.enter_context(mock.patch.object(_displace, "exchanged", exchanged))
        stack.enter_context(mock.patch.object(os, "open", faulty_open))
        stack.enter_context(mock.patch.object(builtins, "open", faulty_stream))
        yield


def killed_at(number: int, act: t.Callable[[], t.Any]) -> bool:
    """Call `act` in a process of its own that is killed before step `number`, the first being 0.

    Return whether it was: False says that `act` has fewer steps, and has ended.
    """
    kill = _Nth(number, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def stopped() -> None:
        with faulty(kill):
            act()

    status = os.waitstatus_to_exitcode(os.waitpid(started(stopped), 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise AssertionError(f"the process ended with status {status}")
    return status != 0


def started(act: t.Callable[[], t.Any]) -> int:
    """Call `act` in a process of its own, which ends with 0 unless it raises; return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm(_PATIENCE)
        act()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def failing_at(number: int, error: int, *, for_good: bool = False) -> _Nth:
    """A fault that raises OSError `error` at step `number`, and at all later ones if `for_good`."""

    def fail() -> t.NoReturn:
        raise OSError(error, os.strerror(error))

    return _Nth(number, fail, for_good=for_good)


class _Nth:
    """A fault that happens at one step; `happened` tells the name of that step."""

    def __init__(
        self, number: int, happen: t.Callable[[], None], *, for_good: bool = False
    ) -> None:
        self._left = number
        self._happen = happen
        self._for_good = for_good
        self.happened: str | None = None

    def __call__(self, name: str) -> None:
        self._left -= 1
        if self._left == -1 or (self._for_good and self._left < 0):
            self.happened = self.happened or name
            self._happen()
