# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one program and measure it: its wall time, its memory, and that of all below it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import typing as t

_LOOK_EVERY = 0.01
_MEMORY_EVERY = 10
"""Looks at the process until its memory is read again."""


class NotFinished(Exception):
    """A program that needed longer than it was given; the text is a sentence."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """One finished program.

    `seconds` is wall time, `main_peak` the most memory (bytes, resident) of the program itself, and
    `machine_peak` what all of the machine had in use at most beyond what it had before.
    """

    seconds: float
    returncode: int
    output: str
    main_peak: int
    machine_peak: int


def run(
    command: t.Sequence[str | pathlib.Path],
    environment: t.Mapping[str, str],
    folder: pathlib.Path,
    timeout: float,
) -> Ran:
    """Run `command` in `folder`, stdout and stderr together, and leave nothing of it behind.

    Raises NotFinished after `timeout` seconds, OSError where there is no such program.
    """
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status, main_peak, machine_peak = _wait(process.pid, started + timeout)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - started
        except TimeoutError:
            name = pathlib.Path(command[0]).name
            raise NotFinished(f"{name} did not end in {timeout:.0f} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Ran(seconds, process.returncode, text, main_peak, machine_peak)


def _wait(pid: int, until: float) -> tuple[int, int, int]:
    """Return the exit status, and in bytes the peak of the process and of the machine."""
    before = least = _available()
    peak = 0
    looks = 0
    while True:
        if looks % _MEMORY_EVERY == 0:
            peak = max(peak, _peak(pid))
            least = min(least, _available())
        looks += 1
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status, peak, before - least
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(_LOOK_EVERY)


def _peak(pid: int) -> int:
    """Return the most memory the process has had so far; 0 where that is not to be seen."""
    return _kibibytes(f"/proc/{pid}/status", "VmHWM:") * 1024


def _available() -> int:
    return _kibibytes("/proc/meminfo", "MemAvailable:") * 1024


def _kibibytes(path: str, name: str) -> int:
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
