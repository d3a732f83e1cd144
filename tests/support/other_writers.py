# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that write the file which a run is about to change, each in its own manner.

A write has two halves, between which the run may go on: the file is read and opened, then written
and closed. Only a rename, which is what the client does itself (seen with 0.169.0), is one step.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import multiprocessing
import os
import pathlib
import random
import re
import time
import typing as t
from multiprocessing.connection import Connection

import tomllib

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
    """Write over what is there, and cut off what is left of it."""
    data = edit(read(path))
    return functools.partial(_finished, _opened(path, 0), data, len(data))


def appends(path: pathlib.Path, edit: Edit) -> Finish:
    """Write what the edit has added behind what is there."""
    known = read(path)
    return functools.partial(_finished, _opened(path, os.O_APPEND), edit(known)[len(known) :])


def _opened(path: pathlib.Path, flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o640)


def _finished(handle: int, data: bytes, length: int | None = None) -> None:
    try:
        os.write(handle, data)
        if length is not None:
            os.ftruncate(handle, length)
    finally:
        os.close(handle)


WRITERS: t.Mapping[str, Writer] = {
    "renames": renames,
    "truncates": truncates,
    "overwrites": overwrites,
    "appends": appends,
}


FORK = multiprocessing.get_context("fork")
LONG = 60.0
"""Seconds after which a process is in error rather than slow."""
_TURN = re.compile(rb"(?m)^turn = \d+\n")
_APPENDED = re.compile(rb"\n\[appended\.\d+\]\n")


@dataclasses.dataclass
class Log:
    """What a writer has done and seen."""

    writes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """By manner."""
    lost: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """Those that were not there any more before the next, by manner."""
    unloadable: list[bytes] = dataclasses.field(default_factory=list)
    """What was found and is no TOML."""


@contextlib.contextmanager
def writing(path: pathlib.Path, pause: float, seed: int) -> t.Iterator[Log]:
    """Let another process write the TOML file all the time of the block, in every manner.

    Each write is one that the next looks for. `pause` is the longest between two, in seconds. The
    log is filled when the block ends.
    """
    log = Log()
    ours, theirs = FORK.Pipe()
    arguments = (path, pause, seed, theirs, ours, os.getpid())
    process = FORK.Process(target=_write_on, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(LONG)
        assert ours.recv() == "begun"
        yield log
        ours.send("end")
        assert ours.poll(LONG)
        done: Log = ours.recv()
        log.writes, log.lost, log.unloadable = done.writes, done.lost, done.unloadable
    finally:
        process.kill()
        process.join(LONG)


def _write_on(
    path: pathlib.Path,
    pause: float,
    seed: int,
    connection: Connection,
    other_end: Connection,
    parent: int,
) -> None:
    other_end.close()
    log, chance = Log(), random.Random(seed)
    manner, token = "", b""
    for number in range(1, 10**9):
        data = read(path)
        if token not in data:
            log.lost[manner] += 1
        try:
            tomllib.loads(data.decode())
        except ValueError:
            log.unloadable.append(data)
        if number == 1:
            connection.send("begun")
        elif os.getppid() != parent:
            # The tests were killed, and nobody is there to be told.
            return
        elif connection.poll():
            break
        manner = chance.choice(list(WRITERS))
        appended = manner == "appends"
        token = b"\n[appended.%d]\n" % number if appended else b"turn = %d\n" % number
        finish = WRITERS[manner](path, functools.partial(_edited, token, appended))
        time.sleep(chance.choice((0.0, pause * chance.random())))
        finish()
        log.writes[manner] += 1
        time.sleep(pause * chance.random())
    connection.send(log)


def _edited(token: bytes, appended: bool, data: bytes) -> bytes:
    return data + token if appended else token + _APPENDED.sub(b"", _TURN.sub(b"", data))
