# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Codex reads in ``$CODEX_HOME/.env``, and what it drops there without a word. Pure.

This module util is PRIVATE to the collection. Codex (``load_dotenv`` in
codex-rs/arg0) sets every variable that dotenvy 0.15.7 yields, one after the
other, over the environment it was started with; a line that dotenvy cannot
read is skipped. dotenvy works in two steps that disagree about quotes: the
first joins physical lines to logical ones, the second reads name and value.
Both are done here as client 0.169.0 does them, faults included.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ._dotenv_value import BLANKS, LineError, Value, read_value

SIZE_LIMIT = 1 << 18
"""Bytes of a file that is still read; whoever opens the file refuses more."""
VALUE_LIMIT = 1 << 17
"""Characters of one value: Linux starts no program with a longer variable (MAX_ARG_STRLEN)."""
TOTAL_LIMIT = 1 << 22
"""Characters of all values together, for references to references multiply."""

NAME_PATTERN = "[A-Za-z_][A-Za-z0-9_.]*"
"""What a name consists of, as a regular expression."""

REASONS = (
    "byte_order_mark",
    "unterminated_quote",
    "inside_quotes",
    "unbalanced_quotes",
    "dollar_before_quote",
    "blank_at_end_of_file",
    "backslash_at_end_of_file",
    "unquoted_blank",
    "unknown_escape",
    "unterminated_reference",
    "not_utf8",
    "no_equals_sign",
    "invalid_name",
    "codex_name",
    "nul_byte",
    "too_long",
)
"""Why a line sets nothing.

* byte_order_mark: it is the first line and begins with U+FEFF.
* unterminated_quote: a quote, opened in line ``opened``, is not closed before the end of the file.
* inside_quotes: it is taken for a part of the quotes opened in line ``opened``.
* unbalanced_quotes: they end elsewhere than it seems, as after a backslash within single quotes,
  where it escapes nothing.
* dollar_before_quote: ``$NAME`` right before the closing double quote, which it takes with it.
* blank_at_end_of_file, backslash_at_end_of_file: it ends so, and no newline follows.
* unquoted_blank: text follows a blank outside quotes.
* unknown_escape: a backslash before something else than ``\\``, a quote, ``$``, a blank or ``n``.
* unterminated_reference: ``${`` without ``}``.
* not_utf8: its bytes are not UTF-8.
* no_equals_sign: no ``=`` follows the name.
* invalid_name: it does not begin with a name.
* codex_name: names that begin with ``CODEX_`` in any case are ignored.
* nul_byte: the value holds U+0000.
* too_long: the value is longer than what is followed here; what Codex makes of it is not known.
"""


@dataclasses.dataclass(frozen=True)
class Assignment:
    """A variable that Codex sets. Offsets are in characters of ``text_of``."""

    name: str
    value: str
    line: int
    """Where it begins; the first line is 1."""
    references: tuple[str, ...]
    """The names after ``$`` in the value."""
    start: int
    """Where its first physical line begins."""
    value_start: int
    value_end: int
    """The value as it is written, quotes included, ends before this; comments follow."""
    end: int
    """Behind the newline of its last physical line."""

    @property
    def substituted(self) -> bool:
        """Whether a ``$`` in the value was expanded."""
        return bool(self.references)


@dataclasses.dataclass(frozen=True)
class Dropped:
    """A line that sets nothing, although it is neither blank nor a comment."""

    line: int
    name: str | None
    """The variable that the line seems to be meant for."""
    reason: str
    """One of ``REASONS``."""
    opened: int | None
    """The line with the quote that is to blame; None for other reasons."""
    start: int
    end: int
    """The physical line, its newline included."""
    joined: bool
    """Whether Codex takes lines below for a part of it."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a file says, in its order."""

    assignments: tuple[Assignment, ...]
    dropped: tuple[Dropped, ...]


def read(data: bytes, environment: t.Mapping[str, str]) -> Reading:
    """Read the bytes of the file as a client does that is started with ``environment``.

    No input is an error. The time is linear in the size of ``data``.
    """
    text = text_of(data)
    scope = _Scope(environment)
    assignments: list[Assignment] = []
    dropped: list[Dropped] = []
    for logical in _logical_lines(text):
        try:
            found = _assignment(text, logical, scope)
        except LineError as error:
            dropped += _lost(text, logical, error.reason)
            continue
        if found is not None:
            assignments.append(found)
        dropped += _swallowed(text, logical)
    return Reading(tuple(assignments), tuple(dropped))


def effective(reading: Reading) -> dict[str, str]:
    """Return what Codex sets in the end: of several assignments to one name the last one wins."""
    return {one.name: one.value for one in reading.assignments}


def text_of(data: bytes) -> str:
    """Return the text of a file; bytes that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Return the bytes of a ``text_of``."""
    return text.encode("utf-8", "surrogateescape")


class _Scope:
    """What ``$NAME`` means while the lines are set one after the other."""

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        self._environment = {
            name: value for name, value in environment.items() if not _SURROGATE.search(value)
        }
        self._read: dict[str, str] = {}
        self._left = TOTAL_LIMIT

    def __getitem__(self, name: str) -> str:
        return self._environment.get(name, self._read.get(name, ""))

    def accept(self, name: str, value: str) -> None:
        """Set a variable; raise LineError for one that Codex does not set."""
        self._left -= len(value)
        if len(value) > VALUE_LIMIT or self._left < 0:
            raise LineError("too_long")
        self._read[name] = value
        if name.upper().startswith("CODEX_"):
            raise LineError("codex_name")
        if "\0" in value:
            raise LineError("nul_byte")
        self._environment[name] = value


class _Physical(t.NamedTuple):
    line: int
    start: int
    end: int
    opened: int | None
    """The line with the quote that is open where this one begins."""


class _Logical(t.NamedTuple):
    lines: list[_Physical]
    stop: int
    """Where the text that is read ends: before a comment or a newline."""
    reason: str
    """Why the line cannot be read at all; empty if it can."""
    opened: int | None
    """The line with the quote that is open at its end."""


_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN, _ESCAPE, _BLANK, _COMMENT, _SINGLE, _SINGLE_ESCAPE, _DOUBLE, _DOUBLE_ESCAPE = range(8)
_QUOTED = (_SINGLE, _SINGLE_ESCAPE, _DOUBLE, _DOUBLE_ESCAPE)
_OUTSIDE = {"\\": _ESCAPE, "'": _SINGLE, '"': _DOUBLE}
_NEXT: dict[int, tuple[dict[str, int], int]] = {
    _PLAIN: (
        {**_OUTSIDE, **dict.fromkeys(BLANKS.replace("\n", "").replace("\r", ""), _BLANK)},
        _PLAIN,
    ),
    # Only one blank before a # makes a comment: a second one leads back to plain text.
    _BLANK: ({**_OUTSIDE, "#": _COMMENT}, _PLAIN),
    _ESCAPE: ({}, _PLAIN),
    _SINGLE: ({"\\": _SINGLE_ESCAPE, "'": _PLAIN}, _SINGLE),
    _SINGLE_ESCAPE: ({}, _SINGLE),
    _DOUBLE: ({"\\": _DOUBLE_ESCAPE, '"': _PLAIN}, _DOUBLE),
    _DOUBLE_ESCAPE: ({}, _DOUBLE),
}
_RUNS = {
    state: re.compile("[^" + re.escape("".join(_NEXT[state][0])) + "]*")
    for state in (_PLAIN, _SINGLE, _DOUBLE)
}
_AT_END = {_BLANK: "blank_at_end_of_file", _ESCAPE: "backslash_at_end_of_file"}


def _logical_lines(text: str) -> t.Iterator[_Logical]:
    lines: list[_Physical] = []
    state, opened, position = _PLAIN, None, 0
    number = 0
    while position < len(text):
        number += 1
        end = text.find("\n", position) + 1 or len(text)
        lines.append(_Physical(number, position, end, opened))
        if _SURROGATE.search(text, position, end):
            yield _Logical(lines, end, "not_utf8", None)
            lines, state, opened = [], _PLAIN, None
        elif len(lines) == 1 and _NOTHING.match(text, position, end):
            lines = []
        else:
            state, opened, stop = _follow(text, lines[-1], state)
            if state in (_PLAIN, _COMMENT):
                yield _Logical(lines, stop, "", None)
                lines, state, opened = [], _PLAIN, None
        position = end
    if lines:
        yield _Logical(lines, len(text), _AT_END.get(state, "unterminated_quote"), opened)


def _follow(text: str, line: _Physical, state: int) -> tuple[int, int | None, int]:
    """Return the state behind ``line``, the line of the quote open there, and a comment's start."""
    opened = line.opened
    position = line.start
    while position < line.end:
        run = _RUNS.get(state)
        if run is not None:
            position = t.cast("re.Match[str]", run.match(text, position, line.end)).end()
            if position == line.end:
                break
        table, otherwise = _NEXT[state]
        was, state = state, table.get(text[position], otherwise)
        if state == _COMMENT:
            return state, None, position
        if state in (_SINGLE, _DOUBLE) and was in (_PLAIN, _BLANK):
            opened = line.line
        position += 1
    return state, opened if state in _QUOTED else None, line.end


# A line of one newline, which files of the limit's size may hold a million of, or a comment.
_NOTHING = re.compile(f"\n|[{BLANKS}]*#")
_HEAD = re.compile(
    f"[{BLANKS}]*(?:export(?![A-Za-z0-9_.])[{BLANKS}]*(?![{BLANKS}=]))?"
    f"(?P<name>{NAME_PATTERN})[{BLANKS}]*=[{BLANKS}]*"
)
_NAME = re.compile(f"[{BLANKS}]*[A-Za-z_]")


def _assignment(text: str, logical: _Logical, scope: _Scope) -> Assignment | None:
    """Return what the line sets, None for a blank one; raise LineError for one that is dropped."""
    first = logical.lines[0]
    if logical.reason:
        raise LineError(logical.reason)
    line = text[first.start : logical.stop].rstrip(BLANKS)
    if not line:
        return None
    head = _HEAD.match(line)
    if head is None:
        if line.startswith("\ufeff"):
            raise LineError("byte_order_mark")
        raise LineError("no_equals_sign" if _NAME.match(line) else "invalid_name")
    if head.end() == len(line) or line[head.end()] == "#":
        start = line.index("=", head.end("name")) + 1
        value = Value("", start, ())
    else:
        start = head.end()
        value = read_value(line, start, scope.__getitem__, VALUE_LIMIT)
    scope.accept(head["name"], value.text)
    return Assignment(
        head["name"],
        value.text,
        first.line,
        value.references,
        first.start,
        first.start + start,
        first.start + value.end,
        logical.lines[-1].end,
    )


# What people write for an assignment, in other shells and formats too.
_MEANT = re.compile(
    f"[{BLANKS}\ufeff]*(?:(?:export|set|setx|setenv|env)[{BLANKS}]+|\\$env:|-[{BLANKS}]+)?[\"']?"
    f"(?P<name>{NAME_PATTERN})(?P<sign>[\"']?[{BLANKS}]*[=:])?",
    re.IGNORECASE,
)


def _lost(text: str, logical: _Logical, reason: str) -> t.Iterator[Dropped]:
    first = logical.lines[0]
    opened = logical.opened if reason == "unterminated_quote" else None
    meant = _MEANT.match(text, first.start, first.end)
    name = meant["name"] if meant else None
    joined = len(logical.lines) > 1
    yield Dropped(first.line, name, reason, opened, first.start, first.end, joined)
    yield from _swallowed(text, logical)


def _swallowed(text: str, logical: _Logical) -> t.Iterator[Dropped]:
    """Yield the lines within quotes that look like assignments of their own."""
    for line in logical.lines[1:]:
        meant = _MEANT.match(text, line.start, line.end)
        if meant and meant["sign"]:
            open_to_the_end = line.opened is not None and line.opened == logical.opened
            reason = "unterminated_quote" if open_to_the_end else "inside_quotes"
            yield Dropped(
                line.line, meant["name"], reason, line.opened, line.start, line.end, False
            )
