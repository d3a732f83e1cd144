# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another process that holds a folder as a run of a module does."""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import pathlib
import typing as t
from multiprocessing.connection import Connection

from ansible_collections.devfleet.codex.plugins.module_utils import _lock

FORK = multiprocessing.get_context("fork")
LONG = 60.0
"""Seconds after which a test is in error rather than slow."""


class Other(t.NamedTuple):
    """The other process."""

    connection: Connection
    kill: t.Callable[[], None]

    def let_go(self) -> None:
        """Let it end its run."""
        self.connection.send("let go")


def _hold(folder: str, connection: Connection) -> None:
    with _lock.held(folder):
        connection.send("held")
        connection.poll(LONG)


@contextlib.contextmanager
def other_run(folder: pathlib.Path) -> t.Iterator[Other]:
    """Let another process hold `folder` for the time of the block, unless it is told to end."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_hold, args=(str(folder), theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(LONG)
        assert ours.recv() == "held"
        yield Other(ours, process.kill)
    finally:
        process.kill()
        process.join(LONG)


@contextlib.contextmanager
def locked_by_somebody(folder: pathlib.Path) -> t.Iterator[None]:
    """Lock `folder` for the time of the block, as anybody can who may read it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
