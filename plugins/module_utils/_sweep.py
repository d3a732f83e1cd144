# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clear up after a run that was killed while it wrote.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import contextlib
import os
import stat

from . import _displace, _files, _leftover


def sweep(folder: str) -> None:
    """Remove what ``_files`` has left in ``folder`` where it was killed; what stays is no error.

    What another program had written and was displaced is put back, if our bytes are still in its
    place; else it stays where it lies. For one who keeps other runs from writing there (``_lock``):
    what they write would be gone too.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left = [
            (entry.path, found)
            for entry in entries
            if (found := _leftover.parsed(entry.name)) and entry.is_file(follow_symlinks=False)
        ]
        for path, found in left:
            with contextlib.suppress(OSError, _files.FileRefused):
                _end(path, found, os.path.join(folder, found.name))


def _end(path: str, left: _leftover.Leftover, place: str) -> None:
    if left.before is None or _is_one_file(path, place):
        os.unlink(path)
        return
    there = _files.snapshot(place)
    owner = _leftover.owner(left, _files.snapshot(path).data or b"", there.data)
    if owner == "ours":
        os.unlink(path)
    elif owner == "theirs" and there.data is None:
        _displace.put_where_nothing_is(path, place)
    elif owner == "theirs":
        ours = os.lstat(place)
        if stat.S_ISREG(ours.st_mode):
            _displace.put_back(path, place, ours)


def _is_one_file(path: str, place: str) -> bool:
    """Whether a run was killed that had put it back, and not yet removed its other name."""
    try:
        return os.path.samestat(os.lstat(path), os.lstat(place))
    except FileNotFoundError:
        return False
