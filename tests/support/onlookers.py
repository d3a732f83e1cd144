# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others on a machine can see while something runs: its log, command lines, temporaries."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import stat
import threading
import typing as t

SYSTEM_LOG = pathlib.Path("/dev/log")

_PAUSE = 0.05


class Seen(t.NamedTuple):
    """A file that was there for a moment, as it was then."""

    content: bytes
    is_private: bool
    """Whether its mode, or that of its folder, keeps others out."""


class Onlooker:
    """All that was seen; `looks` counts how often."""

    def __init__(self, folders: t.Sequence[pathlib.Path]) -> None:
        self.looks = 0
        self.command_lines: set[bytes] = set()
        self.files: dict[tuple[pathlib.Path, int, int], Seen] = {}
        self.logged: list[bytes] = []
        self._folders = folders

    def look(self) -> None:
        """See what is there now."""
        self.looks += 1
        for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                self.command_lines.add(process.read_bytes())
        for folder in self._folders:
            for place, _folders, names in os.walk(folder):
                for name in names:
                    with contextlib.suppress(OSError):
                        self._look_at(pathlib.Path(place, name))

    def _look_at(self, path: pathlib.Path) -> None:
        status = path.lstat()
        key = path, status.st_mtime_ns, stat.S_IMODE(status.st_mode)
        if key in self.files or not stat.S_ISREG(status.st_mode):
            return
        is_private = not (status.st_mode & path.parent.stat().st_mode & 0o077)
        self.files[key] = Seen(path.read_bytes(), is_private)


@contextlib.contextmanager
def onlooker(folders: t.Sequence[pathlib.Path]) -> t.Iterator[Onlooker]:
    """Look all the time of the block, at what is new below `folders` too; and hear the log.

    Where the system has a log of its own, nothing is heard.
    """
    made = Onlooker(folders)
    made.look()
    for path, time, mode in [*made.files]:
        made.files[path, time, mode] = Seen(b"", True)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_PAUSE):
            made.look()

    with system_log(made.logged):
        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield made
        finally:
            over.set()
            watching.join()


@contextlib.contextmanager
def system_log(heard: list[bytes]) -> t.Iterator[None]:
    """Be the system's log, if there is none and this is root."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, contextlib.ExitStack() as after:
        try:
            log.bind(str(SYSTEM_LOG))
        except OSError:
            yield
            return
        after.callback(SYSTEM_LOG.unlink)
        log.settimeout(_PAUSE)
        over = threading.Event()

        def hear() -> None:
            while True:
                try:
                    heard.append(log.recv(1 << 20))
                except TimeoutError:
                    if over.is_set():
                        return

        hearing = threading.Thread(target=hear)
        hearing.start()
        try:
            yield
        finally:
            over.set()
            hearing.join()
