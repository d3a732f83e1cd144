# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a new file the extended attributes of the one whose place it takes.

This module util is PRIVATE to the collection. ACLs and SELinux contexts are
such attributes on Linux; elsewhere Python knows of none.
"""

from __future__ import annotations

import errno
import os

_ACL = "system.posix_acl_access"
_UNKNOWN = (errno.ENOTSUP, errno.ENOSYS)
_NOT_CARRIED = (*_UNKNOWN, errno.EPERM, errno.ENODATA, errno.EACCES)


def carry(path: str, handle: int) -> None:
    """Give the attributes of ``path`` to the open file ``handle``, as far as this user may.

    An ACL is carried or the file has none, whatever its folder gives to new files. Raises OSError.
    """
    if not hasattr(os, "listxattr"):
        return
    names = _names(path)
    for name in names:
        try:
            os.setxattr(handle, name, os.getxattr(path, name))
        except OSError as error:
            # The mode of a file without its ACL would let others in whom the ACL keeps out.
            if name == _ACL or error.errno not in _NOT_CARRIED:
                raise
    if _ACL not in names and _ACL in _names(handle):
        os.removexattr(handle, _ACL)


def _names(file: str | int) -> list[str]:
    try:
        return os.listxattr(file)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        return []
