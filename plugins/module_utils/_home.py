# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a user's Codex keeps its files, and whether we may touch them.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
import pwd
import stat
import typing as t


class CodexHome(t.NamedTuple):
    """The directory that Codex calls CODEX_HOME."""

    path: str
    exists: bool
    owner: str
    """Name (or number) of who owns it, or who owns the nearest directory above it."""
    owner_uid: int
    origin: str
    """``option``, ``environment`` or ``default`` (``~/.codex``)."""


_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40
"""Links on one way that the system follows."""


class HomeRefused(Exception):
    """CODEX_HOME must not be used; the text says why and what to do."""


def locate(option: str | None, environment: t.Mapping[str, str]) -> CodexHome:
    """Resolve CODEX_HOME as the client does: the option, the environment, ``~/.codex``.

    Raises ``HomeRefused`` for what is no path, or cannot be looked at.
    """
    if option:
        origin, path = "option", option
    elif environment.get("CODEX_HOME"):
        origin, path = "environment", environment["CODEX_HOME"]
    else:
        origin, path = "default", os.path.join(os.path.expanduser("~"), ".codex")
    if not path.isprintable():
        raise HomeRefused("CODEX_HOME holds characters that no path should; correct it.")
    path = os.path.abspath(os.path.expanduser(path))
    try:
        uid = os.stat(_nearest_existing(path)).st_uid
    except OSError as error:
        raise HomeRefused(
            f"{path} cannot be looked at: {error.strerror or error}; see to it that this user may "
            "and can. Nothing was executed or changed."
        ) from error
    return CodexHome(path, os.path.isdir(path), _user_name(uid), uid, origin)


def refuse_foreign(home: CodexHome) -> None:
    """Raise ``HomeRefused`` when root is about to work in somebody else's home.

    Codex under root leaves root-owned files behind (seen with 0.169.0), and
    what lies in a home, its ``codex`` and its symlinks included, is under its
    owner's control. So is where a path leads that passes through it, at any
    time: the whole way must be root's, and no folder of it one in which others
    can put something else in the place of the next.
    """
    if os.geteuid() != 0:
        return
    if home.owner_uid:
        raise HomeRefused(_not_ours(home, "belongs to", home.owner))
    is_open = False
    for step, status in _way(home.path):
        if status.st_uid:
            raise HomeRefused(_not_ours(home, "is reached by a path of", _user_name(status.st_uid)))
        is_open = stat.S_ISDIR(status.st_mode) and bool(status.st_mode & _OTHERS_MAY_WRITE)
        if is_open and not status.st_mode & stat.S_ISVTX:
            raise HomeRefused(_open_to_others(home.path, step))
    # Where the sticky bit is set, as in /tmp, nobody can take away what is root's.
    if is_open and home.exists:
        raise HomeRefused(_open_to_others(home.path, home.path))


def _not_ours(home: CodexHome, whose: str, owner: str) -> str:
    return (
        f"{home.path} {whose} {owner} and this task runs as root: "
        f"run it with become_user: {owner} instead. Nothing was executed or changed."
    )


def _open_to_others(path: str, folder: str) -> str:
    return (
        f"others than root may write to {folder}, by which {path} is reached, and this task runs "
        f"as root: close it first (chmod go-w {folder}). Nothing was executed or changed."
    )


def _way(path: str) -> t.Iterator[tuple[str, os.stat_result]]:
    """The folders and links on the way to ``path``, as far as it is there.

    From the top, so that nobody can change what has been looked at.
    """
    left = path.split(os.sep)[::-1]
    reached, links = os.sep, 0
    while left and links <= _MOST_LINKS:
        name = left.pop()
        if name in ("", os.curdir, os.pardir):
            reached = os.path.dirname(reached) if name == os.pardir else reached
            continue
        step = os.path.join(reached, name)
        try:
            status = os.lstat(step)
            target = os.readlink(step) if stat.S_ISLNK(status.st_mode) else None
        except OSError:
            return
        yield step, status
        if target is None:
            reached = step
            continue
        links += 1
        reached = os.sep if os.path.isabs(target) else reached
        left += target.split(os.sep)[::-1]


def _nearest_existing(path: str) -> str:
    while not os.path.exists(path):
        parent = os.path.dirname(path)
        if parent == path:
            break
        path = parent
    return path


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
