# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let two files change places, and know whether they may and when nobody writes to one.

This module util is PRIVATE to the collection. Between a comparison and a
rename(2) somebody else may write, and that write would be gone. Where two
files change places instead, what was displaced can still be looked at, and
put back. Linux can do that on its local file systems (renameat2(2) since
3.15, leases of fcntl(2)); where it cannot be done, that is what is said.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import sys
import time

NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)
"""What a system says that knows a call, or lets it be used, not at all or not on this disk."""

_CURRENT_FOLDER = -100
_EXCHANGE = 2
_PAUSE = 0.01
_ESCAPED = re.compile(rb"\\([0-7]{3})")
"""A character of a path in the list of mounts."""


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


def rests(path: str, patience: float = 0) -> bool:
    """Wait until nobody has the file open for writing; False if that is not so in ``patience``
    seconds.

    Where it cannot be told, as on many network file systems, True. Raises OSError.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return True
    deadline = time.monotonic() + patience
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        while True:
            try:
                # The usual signal would end this process, if somebody came to write just now.
                fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
                fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    return True
            else:
                fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
    finally:
        os.close(handle)


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
