# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Editing ``.env`` without touching what need not change. Pure.

This module util is PRIVATE to the collection. The edit is planned on the
lines as Codex reads them, spliced in as text, and then read back: Codex has to
read the wanted values in the result, and of every other variable the value
that it read before, or nothing is planned at all.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import _toml_splice
from ._dotenv import (
    NAME_PATTERN,
    VALUE_LIMIT,
    Assignment,
    Dropped,
    Reading,
    bytes_of,
    effective,
    read,
    text_of,
)
from ._dotenv_value import BLANKS
from ._toml_splice import Replacement, Replacements, TextMismatch

__all__ = ["Edit", "EditRefused", "Replacement", "TextMismatch", "plan", "quoted", "revert"]


@dataclasses.dataclass(frozen=True)
class Edit:
    """A planned edit: ``replacements`` on ``text_of(before)`` make ``text_of(after)``."""

    before: bytes
    """Empty where there is no file."""
    after: bytes
    replacements: Replacements
    mended: tuple[Dropped, ...]
    """Lines that set nothing before, and now set the variable that they are meant for."""
    byte_order_mark_removed: bool
    """Whether the file began with U+FEFF, for which Codex skips the first line."""
    followers: tuple[str, ...]
    """Other variables whose value changes, for they are set to a reference to a changed one."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.replacements)


class EditRefused(Exception):
    """The file is not edited, for it would not be read as wanted.

    ``reason`` is a phrase without a position and without a value from the file; ``line`` counts
    from 1 and is None where no single line is to blame.
    """

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


def plan(
    data: bytes | None,
    set_values: t.Mapping[str, str],
    remove: t.Collection[str] = (),
    environment: t.Mapping[str, str] | None = None,
) -> Edit:
    """Return the edit that removes the variables in ``remove`` and sets ``set_values``.

    ``data`` is None where there is no file; ``environment`` is what references in the file may
    name. Of several assignments to a variable the last one is changed, for it is the one that
    takes effect; to remove it is to remove them all. A line that is meant for the variable and
    dropped by Codex is mended if no other line sets it. New variables come at the end of the file,
    in the order of ``set_values``. What is already right is not touched.

    Raises EditRefused, and ValueError for a name or a value that no such file can hold, or a
    variable that is to be set and removed.
    """
    _check(set_values, remove)
    before = data or b""
    text = text_of(before)
    reading = read(before, environment or {})
    if set_values or remove:
        _refuse_nul_bytes(reading)
    values = effective(reading)
    wanted = {name: value for name, value in set_values.items() if values.get(name) != value}
    removed = [
        _removal(text, assignment)
        for assignment in reading.assignments
        if assignment.name in remove
    ]
    changes = _changes(text, reading, wanted)
    of_lines = [*removed, *(one for one, _dropped in changes.values())]
    mended = tuple(dropped for _one, dropped in changes.values() if dropped is not None)
    added = {name: value for name, value in wanted.items() if name not in changes}
    of_more = [_addition(text, reading, added, mended, removed)] if added else []
    ordered = tuple(sorted([*of_lines, *of_more], key=lambda one: (one.start, one.end)))
    after = bytes_of(_toml_splice.apply(text, ordered))
    followers: tuple[str, ...] = ()
    if ordered:
        result = read(after, environment or {})
        try:
            followers = _verified(values, result, set_values, remove)
        except _Otherwise as otherwise:
            # Added lines alone disturb nothing, so one that stood there is to blame.
            places = [text.count("\n", 0, one.start) + 1 for one in of_lines]
            raise EditRefused(str(otherwise), min(places, default=None)) from None
    return Edit(before, after, ordered, mended, _loses_mark(text, ordered), followers)


def revert(data: bytes, replacements: t.Iterable[Replacement]) -> bytes:
    """Return the bytes before, given the bytes after; raise TextMismatch for other bytes."""
    return bytes_of(_toml_splice.revert(text_of(data), replacements))


def quoted(value: str) -> str:
    """Return ``value`` as it is written so that Codex reads it as it is."""
    if _BARE.fullmatch(value):
        return value
    if not _NOT_IN_SINGLE_QUOTES.search(value):
        return f"'{value}'"
    escaped = re.sub(r'([\\"$])', r"\\\1", value).replace("\n", "\\n")
    return f'"{escaped}"'


_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=~-]*")
_NOT_IN_SINGLE_QUOTES = re.compile(r"['\\\n]")
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_NAME = re.compile(NAME_PATTERN)


def _check(set_values: t.Mapping[str, str], remove: t.Collection[str]) -> None:
    for name in [*set_values, *remove]:
        if not _NAME.fullmatch(name) or name.upper().startswith("CODEX_"):
            raise ValueError(f"{name!r} is no name of a variable that Codex reads")
        if name in set_values and name in remove:
            raise ValueError(f"{name} cannot be both set and removed")
    for name, value in set_values.items():
        if _UNUSABLE.search(value) or len(value) > VALUE_LIMIT:
            raise ValueError(f"the value for {name} cannot be written to the file")


def _refuse_nul_bytes(reading: Reading) -> None:
    for dropped in reading.dropped:
        if dropped.reason == "nul_byte":
            raise EditRefused("the value holds a NUL byte, at which Codex ends", dropped.line)


def _removal(text: str, assignment: Assignment) -> Replacement:
    if "\n" in text[assignment.value_end : assignment.end].rstrip("\r\n"):
        raise EditRefused("a quote in its comment takes in the lines below", assignment.line)
    return Replacement(assignment.start, text[assignment.start : assignment.end], "")


Change = tuple[Replacement, t.Optional[Dropped]]


def _changes(text: str, reading: Reading, wanted: t.Mapping[str, str]) -> dict[str, Change]:
    """Return, by name, what is changed where it stands, and the dropped line that this mends."""
    found: dict[str, Change] = {}
    for dropped in reading.dropped:
        if dropped.name in wanted and dropped.name is not None:
            mending = _mending(text, dropped, wanted[dropped.name])
            if mending is not None:
                found[dropped.name] = (mending, dropped)
    for assignment in reading.assignments:
        if assignment.name in wanted:
            found[assignment.name] = (_revaluing(text, assignment, wanted[assignment.name]), None)
    return found


def _revaluing(text: str, assignment: Assignment, value: str) -> Replacement:
    start, end = assignment.value_start, assignment.value_end
    tail = t.cast("re.Match[str]", _TAIL_BLANKS.match(text, end))
    separator = ""
    # Behind a value a # is a comment only after a blank, and of blanks only these two may stand.
    if tail[0].strip(" \t") or text.startswith("#", end):
        end = tail.end()
        separator = " " if end < len(text) else ""
    # Nothing between two blanks would hide the comment behind them from Codex.
    written = quoted(value) or ("''" if text[start - 1] in BLANKS else "")
    return Replacement(start, text[start:end], written + separator)


_TAIL_BLANKS = re.compile(f"(?!\r?\n)[{BLANKS}]*?(?=\r?\n|[^{BLANKS}]|\\Z)|")


_MENDABLE = re.compile(
    f"\ufeff?(?P<head>[{BLANKS}]*(?:export[{BLANKS}]+)?){NAME_PATTERN}[{BLANKS}]*[=:]"
    "(?P<rest>(?:[^\r\n]|\r(?!\n))*)"
)
# Where quotes stand before a blank and a #, only a comment without quotes is surely a comment.
_COMMENT = re.compile(
    "(?:^[^'\"\\\\$#]*[ \t](?P<plain>#[^\ud800-\udfff]*)"
    "|[ \t](?P<last>#[^'\"\\\\$\ud800-\udfff]*))$"
)


def _mending(text: str, dropped: Dropped, value: str) -> Replacement | None:
    """Return what makes the line an assignment, None for a line that is only text of another."""
    written = _MENDABLE.match(text, dropped.start, dropped.end)
    # What stands below a quote that is not closed is lost unless this line is mended.
    own_quote = dropped.reason == "unterminated_quote" and dropped.opened == dropped.line
    stands_alone = dropped.opened is None and not dropped.joined
    if written is None or not (own_quote or stands_alone):
        return None
    comment = _COMMENT.search(written["rest"])
    kept = f" {(comment['plain'] or comment['last']).rstrip(BLANKS)}" if comment else ""
    return Replacement(
        dropped.start, written[0], f"{written['head']}{dropped.name}={quoted(value)}{kept}"
    )


def _addition(
    text: str,
    reading: Reading,
    added: t.Mapping[str, str],
    mended: t.Collection[Dropped],
    removed: t.Collection[Replacement],
) -> Replacement:
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    lines = "".join(f"{name}={quoted(value)}{newline}" for name, value in added.items())
    position = len(text)
    for dropped in reading.dropped:
        if dropped in mended:
            continue
        if dropped.reason == "unterminated_quote":
            raise EditRefused(
                "the quote is not closed, so Codex reads nothing below", dropped.opened
            )
        if dropped.reason in ("blank_at_end_of_file", "backslash_at_end_of_file"):
            # A newline behind it would make this line, somebody else's, take effect.
            position = dropped.start
    last_line_stays = position == len(text) and all(one.end < position for one in removed)
    if text and not text.endswith("\n") and last_line_stays:
        lines = newline + lines
    return Replacement(position, "", lines)


class _Otherwise(Exception):
    """Codex would read the result otherwise than it is meant."""


def _verified(
    values: t.Mapping[str, str],
    result: Reading,
    set_values: t.Mapping[str, str],
    remove: t.Collection[str],
) -> tuple[str, ...]:
    """Return the followers; raise _Otherwise if Codex would not read the result as wanted."""
    after = effective(result)
    if any(after.get(name) != value for name, value in set_values.items()) or any(
        name in after for name in remove
    ):
        raise _Otherwise("Codex would not read the changed file as it is meant")
    following = _following(result, {*set_values, *remove})
    others = [name for name in {**values, **after} if name not in set_values and name not in remove]
    changed = [name for name in others if values.get(name) != after.get(name)]
    if not following.issuperset(changed):
        raise _Otherwise("to change it would change other variables too")
    return tuple(changed)


def _following(reading: Reading, targets: t.Collection[str]) -> set[str]:
    """Return the variables that refer, in one or more steps, to ``targets``."""
    following = set(targets)
    for assignment in reading.assignments:
        if not following.isdisjoint(assignment.references):
            following.add(assignment.name)
    return following


def _loses_mark(text: str, replacements: Replacements) -> bool:
    first = replacements[0] if replacements else Replacement(0, "", "")
    return text.startswith("\ufeff") and first.start == 0 and first.old.startswith("\ufeff")
