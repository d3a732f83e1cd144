# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user may plant in a home of his own to make root work in another place. For root."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pathlib
import typing as t

from .other_user import USER, other_user

SECRET = "Planted-in-a-file-of-root"
Trace = dict[str, tuple[int, int, int, int, t.Optional[bytes]]]

_FORK = multiprocessing.get_context("fork")


class Grounds(t.NamedTuple):
    """Two folders: `home` is all the user's, `victim` is a CODEX_HOME of root's."""

    home: pathlib.Path
    victim: pathlib.Path

    @property
    def codex_home(self) -> pathlib.Path:
        return self.home / ".codex"


def grounds(folder: pathlib.Path) -> Grounds:
    """Make both in `folder`; whatever may be read and mended in the victim is there."""
    made = Grounds(folder / "dev", folder / "root/.codex")
    made.home.mkdir()
    os.chown(made.home, USER, USER)
    records = made.victim / ".devfleet"
    records.mkdir(parents=True, mode=0o700)
    (made.victim / "config.toml").write_text(f'model = "{SECRET}"\n')
    (made.victim / ".env").write_text(f"HTTPS_PROXY=http://me:{SECRET}@127.0.0.1:1\n")
    for name in ("config.toml.json", ".env.json", "recovery.json", "observed.json"):
        (records / name).write_text('{"format": 1, "secret": "' + SECRET + '"}')
    (made.victim / "shadow").write_text(f"root:{SECRET}:1::::::\n")
    (made.victim / "shadow").chmod(0o600)
    return made


def trace(folder: pathlib.Path) -> Trace:
    """Return mode, owner, group, time in ns and bytes of all there is, links not followed."""
    found: Trace = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        is_file = path.is_file() and not path.is_symlink()
        content = path.read_bytes() if is_file else None
        found[str(path)] = (
            *(status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns),
            content,
        )
    return found


@contextlib.contextmanager
def flipping(place: pathlib.Path, elsewhere: pathlib.Path) -> t.Iterator[t.Callable[[], int]]:
    """Let that user change `place` from a folder to a link to `elsewhere` and back, all the time.

    Gives how often it has been changed. `place` is a folder of that user's.
    """
    count = _FORK.Value(ctypes.c_long, 0, lock=False)
    arguments = (str(place), str(elsewhere), count, os.getpid())
    racer = _FORK.Process(target=_flip, args=arguments, daemon=True)
    racer.start()
    try:
        while not count.value and racer.is_alive():
            pass
        yield lambda: int(count.value)
    finally:
        racer.kill()
        racer.join()


def _flip(place: str, elsewhere: str, count: t.Any, parent: int) -> None:
    aside, link = f"{place}.aside", f"{place}.link"
    with other_user():
        os.symlink(elsewhere, link)
        # Where the tests are killed, nobody else ends it.
        while os.getppid() == parent:
            os.rename(place, aside)
            os.rename(link, place)
            count.value += 1
            os.rename(place, link)
            os.rename(aside, place)
            count.value += 1
