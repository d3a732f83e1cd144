# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let two files change places, and know that nobody has written to the one that goes.

This module util is PRIVATE to the collection. Between a comparison and a
rename(2) somebody else may write, and that write would be gone. Where two
files change places instead, what was displaced can still be looked at, and
put back. Linux can do that on its local file systems (renameat2(2) since
3.15), and can make whoever opens a file for writing wait meanwhile (leases of
fcntl(2)); where it cannot, that is what is said.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import sys
import time
import typing as t

NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)
"""What a system says that knows a call, or lets it be used, not at all or not on this disk."""

_CURRENT_FOLDER = -100
_EXCHANGE = 2
_PAUSE = 0.01
_ESCAPED = re.compile(rb"\\([0-7]{3})")
"""A character of a path in the list of mounts."""


class Busy(Exception):
    """Somebody keeps a file open for writing."""


def exchanged(first: str, second: str) -> bool:
    """Let the two files change places in one step; False where this cannot be done here.

    Raises OSError for what stands against any replacement, such as one file that is not there.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (ImportError, OSError, AttributeError):
        return False
    names = os.fsencode(first), os.fsencode(second)
    if call(_CURRENT_FOLDER, names[0], _CURRENT_FOLDER, names[1], _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), second)


def put_where_nothing_is(temporary: str, place: str) -> None:
    """Give the file the name ``place``. Raises FileExistsError, and OSError as a rename does."""
    try:
        os.link(temporary, place)
    except OSError as error:
        if error.errno not in (*NOT_HERE, errno.EMLINK):
            raise
        os.rename(temporary, place)
    else:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def put_back(displaced: str, place: str, ours: os.stat_result) -> None:
    """Let what was ``displaced`` by ``ours`` be the file again, and remove ours. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        if not exchanged(displaced, place):
            os.rename(displaced, place)
            return
        if not os.path.samestat(os.lstat(displaced), ours):
            # Somebody has replaced ours meanwhile, which is the newest there is.
            exchanged(displaced, place)
    with contextlib.suppress(OSError):
        os.unlink(displaced)


class Guard:
    """A file that nobody writes to for the time of ``guarded``, or that tells of it."""

    def __init__(self, handle: int, is_leased: bool) -> None:
        self._handle = handle
        self._is_leased = is_leased
        self._before = os.fstat(handle)

    def is_untouched(self, path: str) -> bool | None:
        """Whether ``path`` names this file now, and nobody has written to it or wants to.

        None where only its bytes can tell. Raises OSError.
        """
        now = os.lstat(path)
        if not os.path.samestat(now, self._before) or _rights(now) != _rights(self._before):
            return False
        if not self._is_leased:
            return None
        return fcntl.fcntl(self._handle, fcntl.F_GETLEASE) == fcntl.F_RDLCK


@contextlib.contextmanager
def guarded(path: str, patience: float) -> t.Iterator[Guard]:
    """Let nobody open the file for writing without being seen, for the time of the block.

    Whoever does waits until the block ends, and then writes to the file by whatever name it has.
    Raises ``Busy`` where somebody keeps it open for writing for ``patience`` seconds, and OSError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield Guard(handle, _is_leased(handle, time.monotonic() + patience))
    finally:
        # The lease ends with it. It was only read from, and the file may have been replaced by now,
        # so that this must not look as if it had not.
        with contextlib.suppress(OSError):
            os.close(handle)


def _is_leased(handle: int, deadline: float) -> bool:
    """Take a lease; False where there are none, as on many network file systems."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    while True:
        try:
            # The usual signal would end this process, if somebody came to write just now.
            fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return False
        else:
            return True
        if time.monotonic() >= deadline:
            raise Busy
        time.sleep(_PAUSE)


def _rights(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mode, status.st_uid, status.st_gid


def is_mounted(path: str) -> bool:
    """Whether the file is a mount by itself, as in containers, so that nothing takes its place.

    Linux only; elsewhere, or where it cannot be told, False.
    """
    try:
        with open("/proc/self/mountinfo", "rb") as stream:
            points = [line.split(b" ")[4] for line in stream]
    except (OSError, IndexError):
        return False
    wanted = os.fsencode(path)
    return any(_ESCAPED.sub(_character, point) == wanted for point in points)


def _character(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 8) & 0xFF])
