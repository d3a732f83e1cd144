# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection remembers of a file that it changed.

This module util is PRIVATE to the collection. One JSON document per changed
file, in ``.devfleet/`` beside it (0700, files 0600). It is written before the
file is replaced, so an interrupted run is seen by the next: whether the
change took place is told by the file's own digest, not by a flag.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import stat
import typing as t

from . import _files
from ._provider import Restore
from ._toml import KeyPath
from ._toml_splice import Replacement

FOLDER = ".devfleet"
_FORMAT = 1

Kept = t.TypeVar("Kept")


@dataclasses.dataclass(frozen=True)
class Step:
    """One replacement of the file; digests are SHA-256 in hex, None for no file."""

    before: str | None
    after: str
    replacements: tuple[Replacement, ...]


@dataclasses.dataclass(frozen=True)
class Variable:
    """What was done to one variable of ``.env``; None is no such variable. May be secrets."""

    name: str
    before: str | None
    """What stood there before us."""
    written: str | None
    found: str | None
    """What the last change found: ``before``, or what an earlier one of ours had written."""


@dataclasses.dataclass(frozen=True)
class Record:
    """What was done to one file, oldest step first."""

    provider_id: str
    """Empty for a file that holds no provider."""
    restores: tuple[Restore, ...]
    steps: tuple[Step, ...]
    taken_back: bool = False
    """Whether the last thing we did was to take the cure back."""
    variables: tuple[Variable, ...] = ()


def released(provider_id: str) -> Record:
    """The record of a file that holds nothing of ours any more, although it looks so."""
    return Record(provider_id, (), ())


def digest(data: bytes | None) -> str | None:
    """The SHA-256 of a file's bytes, None for no file."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def load(path: str) -> Record | None:
    """What is remembered of the file ``path``; None for nothing, or nothing usable."""
    return read(path, _decode)


def save(path: str, record: Record) -> None:
    """Remember ``record`` for the file ``path``. Raises as ``_files.replace`` does."""
    write(path, dataclasses.asdict(record), load)


def read(path: str, decode: t.Callable[[t.Any], Kept]) -> Kept | None:
    """What ``decode`` makes of the document in the record of ``path``.

    None for no record, and for one that ``decode`` refuses with ValueError, KeyError or TypeError.
    """
    if not _folder_is_ours(path):
        return None
    try:
        data = _files.snapshot(record_path(path)).data
        if data is None:
            return None
        document = json.loads(data.decode("utf-8"))
        if document["format"] != _FORMAT:
            return None
        return decode(document)
    except (_files.FileRefused, ValueError, KeyError, TypeError, RecursionError):
        return None


def write(path: str, values: t.Mapping[str, t.Any], load_: t.Callable[[str], object]) -> None:
    """Make ``values`` the record of ``path``. Raises as ``_files.replace`` does.

    A record of which ``load_`` makes nothing (None) is moved aside.
    """
    refuse_unwritable(path)
    kept = record_path(path)
    if load_(path) is None and os.path.lexists(kept):
        # Perhaps of a newer release: what cannot be read is not ours to write over.
        os.replace(kept, f"{kept}.unusable")
    data = json.dumps({"format": _FORMAT, **values}, indent=1).encode()
    _files.replace(_files.snapshot(kept), data)


def refuse_unwritable(path: str) -> None:
    """Raise ``_files.FileRefused`` where ``save`` is bound to fail, for check mode to say so."""
    if not _folder_is_ours(path):
        raise _files.FileRefused(
            f"{os.path.dirname(record_path(path))} is not a folder of this user; move it away. "
            "Nothing was changed."
        )
    folder = os.path.dirname(record_path(path))
    if os.path.isdir(folder) and not os.access(folder, os.W_OK | os.X_OK):
        raise _files.FileRefused(
            f"{folder} is not writable for this user; make it so. Nothing was changed."
        )


def forget(path: str) -> None:
    """Remove what is remembered of the file ``path``, and the folder with its last record.

    The file has been changed by now, so what cannot be removed stays and is no error.
    """
    if not _folder_is_ours(path):
        return
    with contextlib.suppress(OSError):
        os.unlink(record_path(path))
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(record_path(path)))


def record_path(path: str) -> str:
    """Where the record of the file ``path`` lies."""
    folder, name = os.path.split(path)
    return os.path.join(folder, FOLDER, f"{name}.json")


def _folder_is_ours(path: str) -> bool:
    try:
        status = os.lstat(os.path.dirname(record_path(path)))
    except OSError:
        return True
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _decode(document: t.Any) -> Record:
    return Record(
        _typed(document["provider_id"], str),
        tuple(
            Restore(
                _key_path(raw["path"]),
                None if raw["before"] is None else _typed(raw["before"], (str, bool)),
                _typed(raw["written"], (str, bool)),
            )
            for raw in document["restores"]
        ),
        tuple(
            Step(
                None if raw["before"] is None else _typed(raw["before"], str),
                _typed(raw["after"], str),
                tuple(
                    Replacement(
                        _typed(r["start"], int), _typed(r["old"], str), _typed(r["new"], str)
                    )
                    for r in raw["replacements"]
                ),
            )
            for raw in document["steps"]
        ),
        _typed(document.get("taken_back", False), bool),
        tuple(
            Variable(
                _typed(raw["name"], str),
                *(_typed(raw[key], (str, type(None))) for key in ("before", "written", "found")),
            )
            for raw in document.get("variables", [])
        ),
    )


def _key_path(parts: t.Any) -> KeyPath:
    if not parts:
        raise ValueError("an empty key path")
    return tuple(_typed(part, str) for part in _typed(parts, list))


def _typed(value: t.Any, kind: t.Any) -> t.Any:
    if not isinstance(value, kind):
        raise TypeError("a value of the wrong type")
    return value
