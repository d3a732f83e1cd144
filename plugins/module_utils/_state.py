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
import errno
import hashlib
import json
import os
import re
import stat
import typing as t

from . import _files, _sweep
from ._provider import Restore
from ._record_place import note, record_path
from ._toml import KeyPath
from ._toml_splice import Replacement

_FORMAT = 1
_KEYS_IN_TABLES = (("profiles", "model_provider"), ("model_providers", "supports_websockets"))
_PROXY_VARIABLE = re.compile(r"(?i)(https?|all|no)_proxy")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAY_PASS = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What a disk or a system says that fails, rather than of what lies there."""
_LONGEST_NUMBER = 20
_LONGEST_NAME = 1000
"""Characters of the name of a provider or a profile; those of people have some tens."""

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
    found: str | None = None
    """The digest of the file that the last change of a provider was to be made to, None for no
    file: where that is what is there, the change was never made, or has been undone."""


def released(provider_id: str) -> Record:
    """The record of a file that holds nothing of ours any more, although it looks so."""
    return Record(provider_id, (), ())


def digest(data: bytes | None) -> str | None:
    """The SHA-256 of a file's bytes, None for no file."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def load(path: str) -> Record | None:
    """What is remembered of the file ``path``; None for nothing, or nothing usable.

    Raises ``_files.FileRefused`` where the disk does not give what may well be usable: to take it
    for nothing would be to forget it.
    """
    try:
        return _decoded(path, _decode)
    except _files.FileRefused as refusal:
        if isinstance(refusal.__cause__, OSError) and refusal.__cause__.errno in _MAY_PASS:
            raise
        return None


def is_kept(path: str) -> bool:
    """Whether anything usable is remembered of the file ``path``. Never raises."""
    return read(path, _decode) is not None


def save(path: str, record: Record) -> None:
    """Remember ``record`` for the file ``path``. Raises as ``_files.replace`` does."""
    write(path, dataclasses.asdict(record), load)


@contextlib.contextmanager
def intended(path: str, record: Record) -> t.Iterator[None]:
    """Remember ``record``, of the change that the block makes; if it is not made, what was
    remembered before is remembered again. Raises as ``_files.replace`` does."""
    kept = _files.snapshot(record_path(path)) if load(path) else None
    times = _times(record_path(path))
    save(path, record)
    try:
        yield
    except (_files.FileRefused, _files.FileChanged):
        if kept is None or kept.data is None:
            forget(path)
        else:
            # Where that fails too, no harm is done: the file's digest tells that nothing was made.
            with contextlib.suppress(_files.FileRefused, _files.FileChanged, OSError):
                _files.replace(_files.snapshot(record_path(path)), kept.data)
                # When it was written is when our last change was made.
                if times is not None:
                    os.utime(record_path(path), ns=times)
        raise


def sweep(path: str) -> None:
    """Clear up what a killed run has left around the file ``path``; see ``_sweep.sweep``."""
    folders = {os.path.dirname(path)}
    with contextlib.suppress(OSError):
        folders.add(os.path.dirname(os.path.realpath(path)))
    for folder in sorted(folders):
        _sweep.sweep(folder)
    if _folder_is_ours(path):
        folder = os.path.dirname(record_path(path))
        if os.access(folder, os.W_OK | os.X_OK):
            # Empty, it goes at the end of the run, which may have locked it (``_lock``).
            _sweep.sweep(folder)


def read(path: str, decode: t.Callable[[t.Any], Kept]) -> Kept | None:
    """What ``decode`` makes of the document in the record of ``path``.

    None for no record, and for one that ``decode`` refuses with ValueError, KeyError or TypeError.
    A link is none: what it points to is somebody else's. Never raises.
    """
    try:
        return _decoded(path, decode)
    except _files.FileRefused:
        return None


def _decoded(path: str, decode: t.Callable[[t.Any], Kept]) -> Kept | None:
    if not _folder_is_ours(path) or os.path.islink(record_path(path)):
        return None
    try:
        data = _files.snapshot(record_path(path)).data
        if data is None:
            return None
        document = json.loads(data.decode("utf-8"), parse_int=_number)
        if document["format"] != _FORMAT:
            return None
        return decode(document)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def write(path: str, values: t.Mapping[str, t.Any], load_: t.Callable[[str], object]) -> None:
    """Make ``values`` the record of ``path``. Raises as ``_files.replace`` does.

    A record of which ``load_`` makes nothing (None) is moved aside.
    """
    refuse_unwritable(path)
    kept = record_path(path)
    if load_(path) is None and os.path.lexists(kept):
        # Perhaps of a newer release: what cannot be read is not ours to write over.
        try:
            os.replace(kept, f"{kept}.unusable")
        except OSError as error:
            raise _files.FileRefused(
                f"{kept} cannot be read and cannot be moved aside: {error.strerror or error}; move "
                "it away. Nothing was changed."
            ) from error
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


def forget_but_when(path: str) -> None:
    """As ``forget``, but keep a note in the folder, which tells by its time when that was.

    Where the note cannot be written, what is remembered stays, for the next run to try again.
    """
    try:
        write(note(path), {}, lambda _path: True)
    except (_files.FileRefused, _files.FileChanged):
        return
    forget(path)


def _times(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_atime_ns, status.st_mtime_ns


def _folder_is_ours(path: str) -> bool:
    try:
        status = os.lstat(os.path.dirname(record_path(path)))
    except OSError:
        return True
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _decode(document: t.Any) -> Record:
    steps = tuple(_step(raw) for raw in document["steps"])
    if any(later.before != earlier.after for earlier, later in zip(steps, steps[1:])):
        raise ValueError("steps with a gap between them")
    restores = tuple(_restore(raw) for raw in document["restores"])
    variables = tuple(_variable(raw) for raw in document.get("variables", []))
    names = [*(one.path for one in restores), *(one.name for one in variables)]
    if len(set(names)) < len(names):
        raise ValueError("a key that is taken back twice")
    return Record(
        _encodable(_typed(document["provider_id"], str)),
        restores,
        steps,
        _typed(document.get("taken_back", False), bool),
        variables,
        None if document.get("found") is None else _digest(document["found"]),
    )


def _restore(raw: t.Any) -> Restore:
    path = _key_path(raw["path"])
    value = _flag if path[-1] == "supports_websockets" else _text
    before = None if raw["before"] is None else value(raw["before"])
    return Restore(path, before, value(raw["written"]))


def _variable(raw: t.Any) -> Variable:
    name = _typed(raw["name"], str)
    if _PROXY_VARIABLE.fullmatch(name) is None:
        raise ValueError("a variable that is not ours")
    values = (_typed(raw[key], (str, type(None))) for key in ("before", "written", "found"))
    return Variable(name, *values)


def _step(raw: t.Any) -> Step:
    return Step(
        None if raw["before"] is None else _digest(raw["before"]),
        _digest(raw["after"]),
        tuple(
            Replacement(_offset(one["start"]), _typed(one["old"], str), _typed(one["new"], str))
            for one in raw["replacements"]
        ),
    )


def _key_path(parts: t.Any) -> KeyPath:
    """A key that the cure writes: taking back any other would be a change that nobody asked for."""
    path = tuple(_text(part) for part in _typed(parts, list))
    in_table = len(path) == 3 and (path[0], path[2]) in _KEYS_IN_TABLES
    if path != ("model_provider",) and not in_table:
        raise ValueError("a key that is not ours")
    return path


def _flag(value: t.Any) -> bool:
    return bool(_typed(value, bool))


def _text(value: t.Any) -> str:
    """The name of a provider or a profile, as it may be written to a file."""
    text = _encodable(_typed(value, str))
    if "\0" in text or len(text) > _LONGEST_NAME:
        raise ValueError("no name of a provider")
    return text


def _encodable(text: str) -> str:
    text.encode()
    return text


def _digest(text: t.Any) -> str:
    if _SHA256.fullmatch(_typed(text, str)) is None:
        raise ValueError("no digest")
    return str(text)


def _offset(number: t.Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError("no place in a text")
    return number


def _number(digits: str) -> int:
    # Python before 3.11 takes minutes for a number of a million digits.
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number that is too long")
    return int(digits)


def _typed(value: t.Any, kind: t.Any) -> t.Any:
    if not isinstance(value, kind):
        raise TypeError("a value of the wrong type")
    return value
