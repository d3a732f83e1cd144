# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time in one folder of configuration.

This module util is PRIVATE to the collection. The lock is on the folder
itself, so that nothing is left behind, and it ends with the process that
holds it, however that ends. Whoever may read a folder may lock it, and so
could hold up every run: where others may, the lock is on the private folder of
records in it. Codex takes no such lock: what it writes meanwhile is found by
the comparison right before a file is replaced (``_files``).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
import typing as t

from ._files import PRIVATE_FOLDER, FileRefused, folder_made
from ._record_place import FOLDER

PATIENCE = 20.0
"""Seconds of waiting for another run, which needs well below one."""

_PAUSE = 0.1
_OTHERS_MAY_READ = 0o044
_held: set[tuple[int, int]] = set()
"""Device and inode of the folders that this process has locked."""


@contextlib.contextmanager
def held(folder: str, patience: float = PATIENCE, new_mode: int | None = None) -> t.Iterator[None]:
    """Keep every other run out of ``folder`` for the time of the block.

    Within such a block of the same process it is nothing new. Where the folder
    does not exist yet, its nearest parent is locked; one that others may lock
    is not, if ``new_mode`` is given: the folder is made then, and goes again if
    nothing has come into it. Where folders cannot be
    locked (some network file systems) or this user may not read them, the block
    runs all the same. Raises ``FileRefused`` after ``patience`` seconds.
    """
    is_new = new_mode is not None and not os.path.isdir(folder)
    locked = _locked(folder, time.monotonic() + patience, new_mode)
    if locked is None:
        yield
        return
    handle, key = locked
    _held.add(key)
    try:
        yield
    finally:
        _held.discard(key)
        # Empty, it was made for the lock alone, here or by a run that was killed.
        for made in (os.path.join(folder, FOLDER), *([folder] if is_new else [])):
            if _is_ours(made):
                with contextlib.suppress(OSError):
                    os.rmdir(made)
        with contextlib.suppress(OSError):
            os.close(handle)


def _locked(
    folder: str, deadline: float, new_mode: int | None
) -> tuple[int, tuple[int, int]] | None:
    """The descriptor that holds the lock, and what it is on; None where no lock is to be had."""
    while True:
        try:
            place = _place(folder, new_mode)
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            key = _key(os.fstat(handle))
            if key in _held:
                os.close(handle)
                return None
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(handle, place) and place == _place(folder, new_mode):
                return handle, key
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


def _place(folder: str, new_mode: int | None) -> str:
    """What is to be locked: the folder of records where others may lock the folder itself."""
    place = _nearest(folder)
    if not os.stat(place).st_mode & _OTHERS_MAY_READ:
        return place
    if place != os.path.abspath(folder):
        if new_mode is None:
            return place
        with contextlib.suppress(FileRefused), folder_made(folder, new_mode):
            pass
        if not os.path.isdir(folder):
            return place
        place = os.path.abspath(folder)
    inner = os.path.join(place, FOLDER)
    with contextlib.suppress(OSError):
        os.mkdir(inner, PRIVATE_FOLDER)
    return inner if _is_ours(inner) else place


def _is_ours(folder: str) -> bool:
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


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
