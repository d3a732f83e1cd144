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
    time: the whole way must be root's.
    """
    if os.geteuid() != 0:
        return
    stranger = home.owner_uid or _stranger_on_the_way(home.path)
    if stranger:
        owner = home.owner if stranger == home.owner_uid else _user_name(stranger)
        whose = "belongs to" if stranger == home.owner_uid else "is reached by a path of"
        raise HomeRefused(
            f"{home.path} {whose} {owner} and this task runs as root: "
            f"run it with become_user: {owner} instead. Nothing was executed or changed."
        )


def _stranger_on_the_way(path: str) -> int:
    """The first user other than root who owns a folder or a link on the way to ``path``; else 0.

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
            return 0
        if status.st_uid:
            return status.st_uid
        if target is None:
            reached = step
            continue
        links += 1
        reached = os.sep if os.path.isabs(target) else reached
        left += target.split(os.sep)[::-1]
    return 0


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
