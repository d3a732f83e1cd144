# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One file's change: planned, remembered, then made, and planned anew when others write meanwhile.

This module util is PRIVATE to the collection. What is to be changed is worked
out by a planner; this is the shell around it, over ``_files`` (the writer)
and ``_state`` (what was there before).
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from . import _files, _lock, _state
from ._home import HomeRefused, locate, refuse_foreign
from ._text import clean

_TRIES = 3
_SENTENCE = 1000
"""Characters of the longest refusal; a path alone may have some hundreds."""


class Refused(Exception):
    """The file cannot or must not be changed; the text is the sentence for the user.

    What it quotes from the machine is made printable and bounded.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(clean(sentence, _SENTENCE))


class Place(t.NamedTuple):
    """The file to change, and the modes of what has to be made for it."""

    path: str
    new_file_mode: int = _files.PRIVATE_FILE
    new_folder_mode: int = _files.PRIVATE_FOLDER


class Change(t.Protocol):
    """One change of one file, worked out and not yet made."""

    @property
    def before(self) -> _files.Snapshot:
        """The file as it was read."""

    @property
    def data(self) -> bytes | None:
        """The bytes to be there afterwards; None: no file."""

    @property
    def record(self) -> _state.Record | None:
        """What to remember; None: forget."""


Planned = t.TypeVar("Planned", bound=Change)
Backup = t.Callable[[_files.Snapshot], contextlib.AbstractContextManager[None]]
"""Keeps a copy of a file for a change that is made within the context."""


def no_backup(_before: _files.Snapshot) -> contextlib.AbstractContextManager[None]:
    """Keep none."""
    return contextlib.nullcontext()


def home_to_change(codex_home: str | None, environment: t.Mapping[str, str]) -> str:
    """The path of the CODEX_HOME in which something is to be changed. Raises ``Refused``.

    ``~/.codex`` need not exist: Codex makes it at its first start.
    """
    try:
        home = locate(codex_home, environment)
        refuse_foreign(home)
    except HomeRefused as error:
        raise Refused(str(error)) from error
    if not home.exists and home.origin != "default":
        raise Refused(
            f"CODEX_HOME {home.path} does not exist, and Codex does not start without it; "
            "make it, or correct codex_home. Nothing was changed."
        )
    return home.path


def is_change(planned: Change) -> bool:
    """Whether the file's bytes change."""
    return planned.data != planned.before.data


def prepare(plan: t.Callable[[_files.Snapshot], Planned], path: str) -> Planned:
    """Read the file and plan its change; what ``make`` would refuse is refused here already."""
    try:
        planned = plan(_files.snapshot(path))
        if is_change(planned):
            _files.refuse_unwritable(planned.before)
            _state.refuse_unwritable(planned.before.path)
    except _files.FileRefused as error:
        raise Refused(str(error)) from error
    return planned


def make(
    plan: t.Callable[[_files.Snapshot], Planned],
    place: Place,
    backup: Backup = no_backup,
    forget: t.Callable[[str], None] = _state.forget,
) -> Planned:
    """Plan and make the change. Raises ``Refused``; the file is then as it was.

    Another run on the same folder is waited for. When somebody else writes the
    file meanwhile, the change is planned anew from what is there then, three
    times at most. A file that exists is written within the context that
    ``backup`` makes; ``forget`` ends what is remembered of the file.
    """
    try:
        with _lock.held(os.path.dirname(place.path), new_mode=place.new_folder_mode):
            _state.sweep(place.path)
            return _made(plan, place, backup, forget)
    except _files.FileRefused as error:
        raise Refused(str(error)) from error


def _made(
    plan: t.Callable[[_files.Snapshot], Planned],
    place: Place,
    backup: Backup,
    forget: t.Callable[[str], None],
) -> Planned:
    for _attempt in range(_TRIES):
        planned = prepare(plan, place.path)
        try:
            _write(planned, place, backup)
            if planned.record is None and _state.is_kept(place.path):
                forget(place.path)
        except _files.FileChanged:
            continue
        return planned
    raise Refused(
        f"{place.path} was written by somebody else {_TRIES} times while it was being changed; "
        "run this again when Codex is idle. Nothing was changed."
    )


def _write(planned: Change, place: Place, backup: Backup) -> None:
    before = planned.before
    if is_change(planned):
        _files.refuse_changed(before)
        with no_backup(before) if before.data is None else backup(before):
            _remember_and_put(planned, place)


def _remember_and_put(planned: Change, place: Place) -> None:
    before = planned.before
    if planned.record is None:
        _put(planned, place)
        return
    folder = _files.folder_made(os.path.dirname(before.path), place.new_folder_mode)
    with folder, _state.intended(before.path, planned.record):
        _put(planned, place)


def _put(planned: Change, place: Place) -> None:
    if planned.data is None:
        _files.remove(planned.before)
    else:
        _files.replace(planned.before, planned.data, place.new_file_mode, place.new_folder_mode)
