# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a foreign program within a time and an amount of output.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
import typing as t

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes read from one program; a full doctor report of 0.169.0 has 15 KB."""

_TICK = 0.1


class Outcome(t.NamedTuple):
    """What one bounded run left behind. ``seconds`` is wall time."""

    ended: str
    """``exit``, ``timeout`` (still running at the deadline) or ``output`` (printed too much)."""
    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float


def run_bounded(
    argv: t.Sequence[str],
    environment: t.Mapping[str, str],
    directory: str,
    timeout: float,
) -> Outcome:
    """Run ``argv`` with standard input closed, in a process group of its own.

    After ``timeout`` seconds, after ``OUTPUT_LIMIT`` bytes, or when the program
    itself has ended, the whole group is killed: nothing that the program
    started stays behind. Raises ``OSError`` when it cannot be started.
    """
    started = time.monotonic()
    deadline = started + timeout
    # AnsibleModule.run_command has no limit of time: this is the one place that needs one.
    with subprocess.Popen(  # pylint: disable=ansible-bad-function
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd=directory,
        start_new_session=True,
    ) as process:
        try:
            ended, stdout, stderr = _collect(process, deadline)
        finally:
            _kill_group(process.pid)
    return Outcome(ended, process.returncode, stdout, stderr, time.monotonic() - started)


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, bytes, bytes]:
    chunks: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    room = OUTPUT_LIMIT
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, name)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return "timeout", b"".join(chunks["stdout"]), b"".join(chunks["stderr"])
            ready = selector.select(min(remaining, _TICK))
            for key, _mask in ready:
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                room -= len(data)
                if room < 0:
                    return "output", b"".join(chunks["stdout"]), b"".join(chunks["stderr"])
                chunks[key.data].append(data)
            # A descendant may hold the pipes open long after the program itself has ended.
            if not ready and process.poll() is not None:
                break
    try:
        process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return "timeout", b"".join(chunks["stdout"]), b"".join(chunks["stderr"])
    return "exit", b"".join(chunks["stdout"]), b"".join(chunks["stderr"])


def _kill_group(group: int) -> None:
    # Nothing may be left of the group; macOS says EPERM where only a zombie is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
