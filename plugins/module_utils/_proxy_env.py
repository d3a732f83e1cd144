# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set the proxy variables of a user's ``.env``, or take that back.

This module util is PRIVATE to the collection. What is to be there is worked
out by ``_proxy_wanted``, which bytes that is by ``_dotenv_edit``; ``_change``
makes it. Both directions are judged by what Codex reads, not by how it is
written.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import _change, _dotenv, _files, _history, _state
from ._change import Refused
from ._dotenv_edit import Edit, EditRefused, plan
from ._proxy_wanted import Unwanted, Wanted, assignments, precedence_notes, refuse_without_effect

_READABLE_BY_OTHERS = 0o077


@dataclasses.dataclass(frozen=True)
class Planned:
    """One change of ``.env``, worked out and not yet made."""

    before: _files.Snapshot
    data: bytes | None
    """The bytes to be there afterwards; None: no file."""
    record: _state.Record | None
    """What to remember; None: forget."""
    values: t.Mapping[str, str]
    """What Codex reads afterwards, secrets among it."""
    names: tuple[str, ...]
    """The variables whose value changes."""
    notes: tuple[str, ...]


Environment = t.Mapping[str, str]


def dotenv_path(codex_home: str | None, environment: Environment) -> str:
    """The path of the user's ``.env``. Raises ``Refused``."""
    return os.path.join(_change.home_to_change(codex_home, environment), ".env")


def plan_present(wanted: Wanted, environment: Environment, before: _files.Snapshot) -> Planned:
    """Work out how ``.env`` comes to set what is wanted. Raises ``Refused``.

    ``environment`` is what ``$NAME`` in the file may refer to.
    """
    _refuse_large(before)
    reading = _dotenv.read(before.data or b"", environment)
    now = _dotenv.effective(reading)
    try:
        values, gone = assignments(wanted, reading)
        edit = _edited(before, values, gone, environment)
        after = _values(edit.after, environment) if edit.changed else now
        refuse_without_effect(after)
    except Unwanted as error:
        place = before.path if error.line is None else f"{before.path} line {error.line}"
        raise Refused(f"{place}: {error}. Nothing was changed.") from error
    known = _state.load(before.path)
    record = known
    if edit.changed:
        variables = _remembered(known, now, {**values, **dict.fromkeys(gone)})
        steps = _history.extended(known, before.data, edit.after, edit.replacements)
        record = _state.Record("", (), steps, variables=variables)
    notes = [*precedence_notes(wanted, after), *_edit_notes(edit)]
    if before.data is not None and before.mode & _READABLE_BY_OTHERS and wanted.has_credentials:
        notes.append(
            f"{before.path} holds a password and other users may read it (mode "
            f"{before.mode:04o}); make it 0600"
        )
    data = edit.after if edit.changed else before.data
    return Planned(before, data, record, after, _differing(now, after), tuple(notes))


def plan_absent(environment: Environment, before: _files.Snapshot) -> Planned:
    """Work out how everything of ours goes: the very bytes of before, if nobody has written since.

    Raises ``Refused``.
    """
    _refuse_large(before)
    record = _state.load(before.path)
    if record is None:
        note = f"no change of ours to {before.path} is known, so nothing is taken back"
        return Planned(before, before.data, None, _values(before.data, environment), (), (note,))
    found = _history.found(record, before.data)
    if found:
        return _found_again(before, found, None, environment)
    earlier = [(one, one.before) for one in record.variables]
    return _taken_back(before, earlier, None, environment)


def plan_undo(environment: Environment, before: _files.Snapshot) -> Planned:
    """Work out how the last change goes as if it had not been made. Raises ``Refused``.

    Where others have written since, its variables are taken back one by one.
    """
    _refuse_large(before)
    record = _state.load(before.path)
    last = [one for one in record.variables if one.written != one.found] if record else []
    if record is None or not last:
        return plan_absent(environment, before)
    # Kept as it is, for a run that is stopped before the file is replaced to be seen by the next.
    left = record if any(one.found != one.before for one in record.variables) else None
    found = _history.before_last(record, before.data)
    if found:
        return _found_again(before, found, left, environment)
    return _taken_back(before, [(one, one.found) for one in last], left, environment)


def _refuse_large(before: _files.Snapshot) -> None:
    if before.data is not None and len(before.data) > _dotenv.SIZE_LIMIT:
        raise Refused(
            f"{before.path} is larger than {_dotenv.SIZE_LIMIT // 2**10} KB; look at it by hand. "
            "Nothing was changed."
        )


def _edited(
    before: _files.Snapshot,
    values: t.Mapping[str, str],
    gone: t.Collection[str],
    environment: Environment,
) -> Edit:
    try:
        return plan(before.data, values, gone, environment)
    except EditRefused as error:
        place = before.path if error.line is None else f"{before.path} line {error.line}"
        raise Refused(
            f"{place}: {error.reason}; correct that by hand. Nothing was changed."
        ) from error
    except ValueError as error:
        raise Refused(f"{before.path}: {error}. Nothing was changed.") from error


def _remembered(
    known: _state.Record | None, now: t.Mapping[str, str], wanted: t.Mapping[str, str | None]
) -> tuple[_state.Variable, ...]:
    kept = {
        one.name: dataclasses.replace(one, found=one.written)
        for one in (known.variables if known else ())
    }
    ours = {one.name: (one.written, one.found) for one in (known.variables if known else ())}
    for name, value in wanted.items():
        current = now.get(name)
        if name in kept:
            # Dropped by somebody, or a change that was meant and never made: what stood there
            # before us is still what to go back to.
            still = current is None or current in ours[name]
            first = kept[name].before if still else current
            kept[name] = _state.Variable(name, first, value, current)
        elif current != value:
            kept[name] = _state.Variable(name, current, value, current)
    return tuple(kept.values())


def _taken_back(
    before: _files.Snapshot,
    earlier: t.Iterable[tuple[_state.Variable, str | None]],
    record: _state.Record | None,
    environment: Environment,
) -> Planned:
    """Give every variable that still holds our value the one that it had earlier."""
    now = _values(before.data, environment)
    values: dict[str, str] = {}
    gone: list[str] = []
    notes: list[str] = []
    for one, value in earlier:
        current = now.get(one.name)
        if current == value:
            continue
        if before.data is None or current not in (one.written, one.found):
            notes.append(f"{one.name} was changed by somebody else and is left alone")
        elif value is None:
            gone.append(one.name)
        else:
            values[one.name] = value
    edit = _edited(before, values, gone, environment)
    data = edit.after if edit.changed else before.data
    after = _values(data, environment) if edit.changed else now
    notes += _edit_notes(edit)
    return Planned(before, data, record, after, _differing(now, after), tuple(notes))


def _found_again(
    before: _files.Snapshot,
    found: _history.Found,
    record: _state.Record | None,
    environment: Environment,
) -> Planned:
    now, after = _values(before.data, environment), _values(found.data, environment)
    return Planned(before, found.data, record, after, _differing(now, after), ())


def _values(data: bytes | None, environment: Environment) -> dict[str, str]:
    return _dotenv.effective(_dotenv.read(data or b"", environment))


def _differing(one: t.Mapping[str, str], other: t.Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in {**one, **other} if one.get(name) != other.get(name))


def _edit_notes(edit: Edit) -> t.Iterator[str]:
    for dropped in edit.mended:
        yield f"line {dropped.line} was there and Codex did not read it ({dropped.reason})"
    if edit.byte_order_mark_removed:
        yield "the byte order mark is gone, for which Codex skips the first line"
    if edit.followers:
        yield f"{', '.join(edit.followers)} refer to them and change too"
