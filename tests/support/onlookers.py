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
_READ_AND_REACH = ((stat.S_IRGRP, stat.S_IXGRP), (stat.S_IROTH, stat.S_IXOTH))
"""What a class of others needs of a file, and of its folder, to read it."""


class Seen(t.NamedTuple):
    """A file that was there for a moment, as it was then."""

    content: bytes
    is_private: bool
    """Whether its mode and that of its folder together keep others out."""


class Onlooker:
    """All that was seen and was not there at first; `looks` counts how often."""

    def __init__(self, folders: t.Sequence[pathlib.Path]) -> None:
        self.looks = 0
        self.command_lines: set[bytes] = set()
        self.files: dict[tuple[pathlib.Path, int, int], Seen] = {}
        self.logged: list[bytes] = []
        self._folders = folders
        self._known: set[tuple[pathlib.Path, int, int]] = set()

    def pass_over(self) -> None:
        """Take what has been seen so far for what was there at first."""
        self._known.update(self.files)
        self.files.clear()

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
        if key in self.files or key in self._known or not stat.S_ISREG(status.st_mode):
            return
        self.files[key] = Seen(path.read_bytes(), keeps_others_out(status, path.parent.stat()))


def keeps_others_out(file: os.stat_result, folder: os.stat_result) -> bool:
    """Return whether neither the group nor the others can read a file in this folder."""
    return not any(
        file.st_mode & read and folder.st_mode & reach for read, reach in _READ_AND_REACH
    )


@contextlib.contextmanager
def onlooker(folders: t.Sequence[pathlib.Path]) -> t.Iterator[Onlooker]:
    """Look all the time of the block, at what is new below `folders` too; and hear the log.

    Where the system has a log of its own, nothing is heard.
    """
    made = Onlooker(folders)
    made.look()
    made.pass_over()
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


def is_left(path: pathlib.Path) -> bool:
    """Return whether `path` is a socket whose process has ended."""
    if not path.is_socket() or path.is_symlink():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


@contextlib.contextmanager
def system_log(heard: list[bytes]) -> t.Iterator[None]:
    """Be the system's log, if there is none and this is root.

    A socket that nobody listens at was left by a process that was killed, and is replaced.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, contextlib.ExitStack() as after:
        try:
            if is_left(SYSTEM_LOG):
                SYSTEM_LOG.unlink()
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
