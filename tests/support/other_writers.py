# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that write the file which a run is about to change, each in its own manner.

A write has two halves, between which the run may go on: the file is read and opened, then written
and closed. Only a rename, which is what the client does itself (seen with 0.169.0), is one step.
"""

from __future__ import annotations

import functools
import os
import pathlib
import typing as t

Finish = t.Callable[[], None]
"""The second half."""
Edit = t.Callable[[bytes], bytes]
"""What a writer makes of the bytes that it has read."""
Writer = t.Callable[[pathlib.Path, Edit], Finish]
"""Does the first half."""


def read(path: pathlib.Path) -> bytes:
    """Return what is in the file; nothing where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def renames(path: pathlib.Path, edit: Edit) -> Finish:
    """Write a new file beside it and rename that over it, all at once."""
    beside = path.with_name("beside")
    beside.write_bytes(edit(read(path)))
    if path.exists():
        beside.chmod(path.stat().st_mode & 0o777)
    beside.rename(path)
    return lambda: None


def truncates(path: pathlib.Path, edit: Edit) -> Finish:
    """Empty it and write it anew, as a shell or an editor does."""
    data = edit(read(path))
    return functools.partial(_finished, _opened(path, os.O_TRUNC), data)


def overwrites(path: pathlib.Path, edit: Edit) -> Finish:
    """Write over what is there."""
    data = edit(read(path))
    return functools.partial(_finished, _opened(path, 0), data)


def appends(path: pathlib.Path, edit: Edit) -> Finish:
    """Write what the edit has added behind what is there."""
    known = read(path)
    return functools.partial(_finished, _opened(path, os.O_APPEND), edit(known)[len(known) :])


def _opened(path: pathlib.Path, flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o640)


def _finished(handle: int, data: bytes) -> None:
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


WRITERS: t.Mapping[str, Writer] = {
    "renames": renames,
    "truncates": truncates,
    "overwrites": overwrites,
    "appends": appends,
}
