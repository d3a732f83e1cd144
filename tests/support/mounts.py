# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real file systems that are small, read-only or somebody else's. For root, who may mount them."""

from __future__ import annotations

import contextlib
import os
import pathlib
import struct
import subprocess
import typing as t

import pytest

ACL_ACCESS = "system.posix_acl_access"
ACL_DEFAULT = "system.posix_acl_default"

_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY_IN_PARTICULAR = 0xFFFFFFFF


@contextlib.contextmanager
def mounted(folder: pathlib.Path, *options: str) -> t.Iterator[None]:
    """Mount at `folder` (or file) what mount(8) makes of `options`. Skips where that is refused."""
    _run_or_skip(["mount", *options, str(folder)])
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def tiny(folder: pathlib.Path, kilobytes: int) -> contextlib.AbstractContextManager[None]:
    """A file system of that size at `folder`."""
    return mounted(folder, "-t", "tmpfs", "-o", f"size={kilobytes}k", "devfleet-test")


def bound(source: pathlib.Path, place: pathlib.Path) -> contextlib.AbstractContextManager[None]:
    """The file or folder `source` at `place` as well."""
    return mounted(place, "--bind", str(source))


@contextlib.contextmanager
def read_only(place: pathlib.Path) -> t.Iterator[None]:
    """Let nobody write to the file or folder `place` meanwhile, by a mount of itself."""
    with bound(place, place):
        _run_or_skip(["mount", "-o", "remount,bind,ro", str(place)])
        yield


@contextlib.contextmanager
def with_flag(place: pathlib.Path, flag: str) -> t.Iterator[None]:
    """Let the file or folder have a flag of chattr(1) meanwhile: i or a."""
    _run_or_skip(["chattr", f"+{flag}", str(place)])
    try:
        yield
    finally:
        subprocess.run(["chattr", f"-{flag}", str(place)], check=True)


def fill(folder: pathlib.Path, left: int) -> None:
    """Fill the file system of `folder` until at most `left` bytes are free."""
    free = os.statvfs(folder)
    with (folder / "filler").open("wb") as stream:
        stream.write(b"x" * max(0, free.f_bavail * free.f_frsize - left))


def acl(owner: int, user: tuple[int, int], group: int, mask: int, others: int) -> bytes:
    """An ACL as the attribute of a file; `user` is a number and its rights, rights are 0 to 7."""
    entries = (
        (_OWNER, owner, _NOBODY_IN_PARTICULAR),
        (_USER, user[1], user[0]),
        (_GROUP, group, _NOBODY_IN_PARTICULAR),
        (_MASK, mask, _NOBODY_IN_PARTICULAR),
        (_OTHERS, others, _NOBODY_IN_PARTICULAR),
    )
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _run_or_skip(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"there is no {command[0]} here")
    if done.returncode != 0:
        pytest.skip(f"{command[0]} is refused here: {done.stderr.strip()}")
