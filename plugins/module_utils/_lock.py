# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time in one folder of configuration.

This module util is PRIVATE to the collection. The lock is on the folder
itself, so that nothing is left behind, and it ends with the process that
holds it, however that ends. Codex takes no such lock: what it writes meanwhile
is found by the comparison right before a file is replaced (``_files``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t

from ._files import FileRefused

PATIENCE = 20.0
"""Seconds of waiting for another run, which needs well below one."""

_PAUSE = 0.1
_held: set[tuple[int, int]] = set()
"""Device and inode of the folders that this process has locked."""


@contextlib.contextmanager
def held(folder: str, patience: float = PATIENCE) -> t.Iterator[None]:
    """Keep every other run out of ``folder`` for the time of the block.

    Within such a block of the same process it is nothing new. Where the folder
    does not exist yet, its nearest parent is locked. Where folders cannot be
    locked (some network file systems) or this user may not read them, the block
    runs all the same. Raises ``FileRefused`` after ``patience`` seconds.
    """
    handle = _locked(folder, time.monotonic() + patience)
    if handle is None:
        yield
        return
    key = _key(os.fstat(handle))
    _held.add(key)
    try:
        yield
    finally:
        _held.discard(key)
        os.close(handle)


def _locked(folder: str, deadline: float) -> int | None:
    """The descriptor that holds the lock; None where there is none to be had."""
    while True:
        place = _nearest(folder)
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        if _key(os.fstat(handle)) in _held:
            os.close(handle)
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(handle, place) and place == _nearest(folder):
                return handle
            # The run that was waited for has made the folder, or somebody has replaced it.
            os.close(handle)
        except BlockingIOError:
            os.close(handle)
        except OSError:
            os.close(handle)
            return None
        if time.monotonic() >= deadline:
            raise FileRefused(
                f"another run of this collection is changing {folder}; run this again when it has "
                "ended. Nothing was changed."
            )
        time.sleep(_PAUSE)


def _nearest(folder: str) -> str:
    place = os.path.abspath(folder)
    while not os.path.isdir(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    return place


def _is_still(handle: int, place: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(place))
    except OSError:
        return False


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
