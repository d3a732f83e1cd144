# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Editing TOML without touching what need not change.

This module util is private to the collection.
The edit is planned on the layout of the text, spliced in as text, and then read back: the result
has to mean exactly the old meaning with the wanted values in it, or nothing is planned at all.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import _toml
from ._toml import Data, KeyPath, Scalar, TomlError
from ._toml_insert import Conflict, Wanted, insertions
from ._toml_layout import LayoutError, scan
from ._toml_remove import removals
from ._toml_splice import Replacement, Replacements, TextMismatch, apply, chain, revert
from ._toml_tree import build

__all__ = [
    "Edit",
    "EditRefused",
    "Fault",
    "KeyPath",
    "Replacement",
    "Scalar",
    "TextMismatch",
    "plan",
    "read",
    "revert",
]

Fault = t.Literal["file", "editor"]


@dataclasses.dataclass(frozen=True)
class Edit:
    """A planned edit: `replacements` on `before` (offsets in characters) make `after`."""

    before: str
    after: str
    replacements: Replacements

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.replacements)


class EditRefused(Exception):
    """The text is not edited.

    `fault` is "file" if Codex cannot load such a file either, "editor" if the file may well be
    valid and this editor cannot change it safely. `reason` is a phrase without a position, `line`
    counts from 1 and is None where no single line is to blame.
    """

    def __init__(self, reason: str, line: int | None, fault: Fault) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        self.fault = fault


def plan(
    text: str,
    set_values: t.Mapping[KeyPath, Scalar],
    remove: t.Collection[KeyPath] = (),
) -> Edit:
    """Return the edit that removes the keys and tables in `remove`, then sets `set_values`.

    New keys come in the order of `set_values`. What is already right is not touched, and what is
    not there is not removed. No path may be empty, or lie above, at or below another (ValueError).
    Raises EditRefused, and TomlkitMissing where only tomlkit could read the text.
    """
    _check_paths([*set_values, *remove])
    try:
        return _plan(text, set_values, remove)
    except TomlError as error:
        raise _refusal(text, error) from None
    except Conflict as error:
        # After a removal the lines are no longer those of the file.
        raise EditRefused(error.reason, None if remove else error.line, "file") from None
    except LayoutError as error:
        reason = f"the layout is not understood ({error.reason})"
        raise EditRefused(reason, error.line, "editor") from None
    except RecursionError:
        raise EditRefused("values are nested too deeply", None, "editor") from None


def read(text: str) -> Data:
    """Return what `text` means, as plain Python values.

    Raises EditRefused, whose fault is "editor" where the text is TOML that no parser at hand
    reads, and TomlkitMissing where only tomlkit could read it.
    """
    try:
        return _toml.parse(text)
    except TomlError as error:
        raise _refusal(text, error) from None


def _plan(text: str, set_values: t.Mapping[KeyPath, Scalar], remove: t.Collection[KeyPath]) -> Edit:
    data, loads = _toml.read(text)
    gone = [path for path in remove if _lookup(data, path) is not _ABSENT]
    different = _differences(data, set_values)
    taken_out: Replacements = ()
    if gone:
        taken_out = removals(text, scan(text), gone)
    middle = apply(text, taken_out)
    put_in: Replacements = ()
    if different:
        statements = scan(middle)
        put_in = insertions(middle, statements, build(statements), _nested(different))
    replacements = chain(text, taken_out, put_in)
    after = apply(text, replacements)
    if replacements:
        _verify(data, loads, after, set_values, gone)
    return Edit(text, after, replacements)


def _verify(
    data: Data,
    loads: _toml.Loads,
    after: str,
    set_values: t.Mapping[KeyPath, Scalar],
    gone: t.Collection[KeyPath],
) -> None:
    try:
        result = loads(after)
    except TomlError as error:
        raise EditRefused(
            f"the result would not be TOML ({error.reason})", None, "editor"
        ) from None
    expected = data
    for path in gone:
        expected = _without(expected, path, result)
    for path, value in set_values.items():
        expected = _with(expected, path, value)
    if not _toml.equal(expected, result):
        raise EditRefused("the result would say more than what was asked for", None, "editor")


def _check_paths(paths: t.Sequence[KeyPath]) -> None:
    for index, path in enumerate(paths):
        if not path:
            raise ValueError("a path needs at least one key")
        for other in paths[index + 1 :]:
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                raise ValueError(f"{path} and {other} cannot be edited together")


def _refusal(text: str, error: TomlError) -> EditRefused:
    if error.redefinition:
        # tomlkit 0.15.2 calls some valid orders of tables a redefinition (its issue 571).
        try:
            build(scan(text))
        except (LayoutError, RecursionError):
            pass
        else:
            reason = f"the parser takes the order of tables for a fault ({error.reason})"
            return EditRefused(reason, error.line, "editor")
    return EditRefused(error.reason, error.line, "file")


_ABSENT = object()


def _lookup(data: Data, path: KeyPath) -> t.Any:
    value: t.Any = data
    for segment in path:
        if not isinstance(value, dict) or segment not in value:
            return _ABSENT
        value = value[segment]
    return value


def _differences(data: Data, set_values: t.Mapping[KeyPath, Scalar]) -> dict[KeyPath, Scalar]:
    return {
        path: value
        for path, value in set_values.items()
        if not _toml.equal(_lookup(data, path), value)
    }


def _nested(values: t.Mapping[KeyPath, Scalar]) -> Wanted:
    root: Wanted = {}
    for path, value in values.items():
        table = root
        for segment in path[:-1]:
            table = t.cast(Wanted, table.setdefault(segment, {}))
        table[path[-1]] = value
    return root


def _with(data: Data, path: KeyPath, value: Scalar) -> Data:
    if len(path) == 1:
        return {**data, path[0]: value}
    return {**data, path[0]: _with(data.get(path[0], {}), path[1:], value)}


def _without(data: Data, path: KeyPath, result: t.Any) -> Data:
    """Return `data` without `path`; a table this empties goes if `result` has it no more."""
    rest = {key: value for key, value in data.items() if key != path[0]}
    if len(path) == 1:
        return rest
    below = result.get(path[0]) if isinstance(result, dict) else None
    child = _without(data[path[0]], path[1:], below)
    return rest if not child and below is None else {**data, path[0]: child}
