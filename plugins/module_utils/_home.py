# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a user's Codex keeps its files, and whether we may touch them.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import typing as t


@dataclasses.dataclass(frozen=True)
class CodexHome:
    """The directory that Codex calls CODEX_HOME."""

    path: str
    exists: bool
    owner: str
    """Name (or number) of who owns it, or who owns the nearest directory above it."""
    owner_uid: int
    origin: str
    """``option``, ``environment`` or ``default`` (``~/.codex``)."""


class HomeRefused(Exception):
    """CODEX_HOME must not be used; the text says why and what to do."""


def locate(option: str | None, environment: t.Mapping[str, str]) -> CodexHome:
    """Resolve CODEX_HOME as the client does: the option, the environment, ``~/.codex``.

    Raises ``HomeRefused`` for what is no path.
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
    uid = os.stat(_nearest_existing(path)).st_uid
    return CodexHome(path, os.path.isdir(path), _user_name(uid), uid, origin)


def refuse_foreign(home: CodexHome) -> None:
    """Raise ``HomeRefused`` when root is about to work in somebody else's home.

    Codex under root leaves root-owned files behind (seen with 0.169.0), and
    what lies in a home, its ``codex`` and its symlinks included, is under its
    owner's control.
    """
    if os.geteuid() == 0 and home.owner_uid != 0:
        raise HomeRefused(
            f"{home.path} belongs to {home.owner} and this task runs as root: "
            f"run it with become_user: {home.owner} instead. Nothing was executed or changed."
        )


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
