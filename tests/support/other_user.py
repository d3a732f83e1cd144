# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another user than the one of the tests: to be, and whose folders to find. Mostly for root."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

import pytest

USER = 12345
"""The user's number, and that of the group."""

NOT_OURS = ("linked-folder", "file", "foreign")
"""What may stand where a folder of this user is wanted."""

_ANYBODY_MAY_PASS = 0o005


@contextlib.contextmanager
def other_user() -> t.Iterator[None]:
    """Be that user meanwhile."""
    os.setresgid(USER, USER, 0)
    os.setresuid(USER, USER, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)


@contextlib.contextmanager
def reached_by_anybody(folder: pathlib.Path) -> t.Iterator[None]:
    """Let others come to `folder` meanwhile, which those of pytest do not."""
    closed = {
        path: path.stat().st_mode
        for path in folder.parents
        if path.stat().st_mode & _ANYBODY_MAY_PASS != _ANYBODY_MAY_PASS
    }
    try:
        for path in closed:
            path.chmod(0o755)
        yield
    finally:
        for path, mode in closed.items():
            path.chmod(mode)


def put_in_its_place(folder: pathlib.Path, kind: str, elsewhere: pathlib.Path) -> None:
    """Put one of `NOT_OURS` at `folder`; a link leads to `elsewhere`. Skips what wants root."""
    if kind == "linked-folder":
        folder.symlink_to(elsewhere)
    elif kind == "file":
        folder.write_text("mine")
    elif os.geteuid() == 0:
        folder.mkdir()
        os.chown(folder, 65534, 65534)
    else:
        pytest.skip("only root can give folders away")
