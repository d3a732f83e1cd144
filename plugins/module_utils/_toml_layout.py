# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layout of a TOML text: its statements and where each part of them stands.

This module util is private to the collection.
It reads where keys, values and comments begin and end, not what values mean, in one pass over
the text. It is right on valid TOML 1.0 and 1.1; on anything else it raises LayoutError or
returns a layout of no use, so a parser has to accept the text first.
All offsets count characters from the start of the text, a byte order mark included.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t

from ._toml import BOM, KeyPath

_BLANKS = re.compile(r"[ \t]*")
_BLANKS_AND_LINE_ENDS = re.compile(r"(?:[ \t]|\r?\n)*")
_COMMENT = re.compile(r"#[^\r\n]*")
_LINE_END = re.compile(r"\r?\n|\Z")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL_STRING = re.compile(r"'[^'\n]*'")
# Up to two quotes may stand right before the three that close a multi-line string.
_MULTILINE_BASIC_STRING = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL)
_MULTILINE_LITERAL_STRING = re.compile(r"'''.*?'{3,5}", re.DOTALL)
_OTHER_SCALAR = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:[0-9:.]+(?:[Zz]|[+-]\d\d:\d\d)?|[0-9A-Za-z+._:-]+"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))")
_ESCAPED = {
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    '"': '"',
    "\\": "\\",
}


class LayoutError(Exception):
    """The text is laid out in a way that is not understood; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class Span(t.NamedTuple):
    """The characters from `start` up to, not including, `end`."""

    start: int
    end: int


class Value(t.NamedTuple):
    """A value; `table` is set when it is an inline table, `comments` stand inside of it."""

    span: Span
    table: InlineTable | None
    comments: tuple[Span, ...]


class Entry(t.NamedTuple):
    """One `key = value` of an inline table; `comma` is the offset of the comma after it."""

    path: KeyPath
    key: Span
    value: Value
    comma: int | None


class InlineTable(t.NamedTuple):
    """An inline table; the span includes both braces."""

    span: Span
    entries: tuple[Entry, ...]


class Kind(enum.Enum):
    """What a statement is."""

    BLANK = "blank"
    COMMENT = "comment"
    TABLE = "table"
    ARRAY_OF_TABLES = "array of tables"
    KEY_VALUE = "key-value"


@dataclasses.dataclass(frozen=True)
class Statement:
    """One statement with the whole lines it stands on.

    `span` reaches from the start of its first line over its last line ending; `content` from its
    first character to its last, without the comment behind it. `path` is the decoded key of a
    key-value, relative to `table`, and the path of a header, where it equals `table`.
    `line` counts from 1.
    """

    kind: Kind
    line: int
    span: Span
    content: Span
    table: KeyPath = ()
    path: KeyPath = ()
    value: Value | None = None
    comment: Span | None = None


def scan(text: str) -> tuple[Statement, ...]:
    """Return the statements of `text` in order; their spans cover it without gaps.

    A byte order mark belongs to no statement. Raises LayoutError.
    """
    statements: list[Statement] = []
    start = len(BOM) if text.startswith(BOM) else 0
    line = 1
    table: KeyPath = ()
    while start < len(text):
        statement = _statement(text, start, line, table)
        statements.append(statement)
        table = statement.table
        line += text.count("\n", start, statement.span.end)
        start = statement.span.end
    return tuple(statements)


def _statement(text: str, start: int, line: int, table: KeyPath) -> Statement:
    first = _skip(_BLANKS, text, start)
    path: KeyPath = ()
    value: Value | None = None
    character = text[first : first + 1]
    if character in ("", "\r", "\n", "#"):
        kind = Kind.BLANK
        last = first
    elif character == "[":
        kind, path, last = _header(text, first)
        table = path
    else:
        kind = Kind.KEY_VALUE
        path, key_end = _key(text, first)
        value_start = _skip(_BLANKS, text, _expect("=", text, _skip(_BLANKS, text, key_end)))
        value = _value(text, value_start)
        last = value.span.end
    rest = _skip(_BLANKS, text, last)
    found = _COMMENT.match(text, rest)
    comment = None if found is None else Span(*found.span())
    line_end = _LINE_END.match(text, rest if comment is None else comment.end)
    if line_end is None:
        raise _error(text, rest)
    if kind is Kind.BLANK and comment is not None:
        kind, last, comment = Kind.COMMENT, comment.end, None
    return Statement(
        kind=kind,
        line=line,
        span=Span(start, line_end.end()),
        content=Span(first, last),
        table=table,
        path=path,
        value=value,
        comment=comment,
    )


def _header(text: str, start: int) -> tuple[Kind, KeyPath, int]:
    brackets = "[[" if text.startswith("[[", start) else "["
    kind = Kind.TABLE if brackets == "[" else Kind.ARRAY_OF_TABLES
    path, end = _key(text, _skip(_BLANKS, text, start + len(brackets)))
    return kind, path, _expect("]" * len(brackets), text, _skip(_BLANKS, text, end))


def _key(text: str, start: int) -> tuple[KeyPath, int]:
    segments: list[str] = []
    while True:
        segment, end = _key_segment(text, start)
        segments.append(segment)
        dot = _skip(_BLANKS, text, end)
        if not text.startswith(".", dot):
            return tuple(segments), end
        start = _skip(_BLANKS, text, dot + 1)


def _key_segment(text: str, start: int) -> tuple[str, int]:
    if text.startswith('"', start):
        found = _BASIC_STRING.match(text, start)
        if found is not None:
            try:
                return _ESCAPE.sub(_decoded, found.group()[1:-1]), found.end()
            except (KeyError, ValueError, OverflowError):
                raise _error(text, start) from None
    elif text.startswith("'", start):
        found = _LITERAL_STRING.match(text, start)
        if found is not None:
            return found.group()[1:-1], found.end()
    else:
        found = _BARE_KEY.match(text, start)
        if found is not None:
            return found.group(), found.end()
    raise _error(text, start)


def _decoded(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2) or found.group(3)
    if code is not None:
        return chr(int(code, 16))
    return _ESCAPED[found.group(4)]


def _value(text: str, start: int) -> Value:
    character = text[start : start + 1]
    if character == "[":
        return _array(text, start)
    if character == "{":
        return _inline_table(text, start)
    if character == '"':
        pattern = _MULTILINE_BASIC_STRING if text.startswith('"""', start) else _BASIC_STRING
    elif character == "'":
        pattern = _MULTILINE_LITERAL_STRING if text.startswith("'''", start) else _LITERAL_STRING
    else:
        pattern = _OTHER_SCALAR
    found = pattern.match(text, start)
    if found is None:
        raise _error(text, start)
    return Value(Span(*found.span()), None, ())


def _array(text: str, start: int) -> Value:
    comments: list[Span] = []
    position = _padding(text, start + 1, comments)
    while not text.startswith("]", position):
        value = _value(text, position)
        comments.extend(value.comments)
        position = _padding(text, value.span.end, comments)
        if text.startswith(",", position):
            position = _padding(text, position + 1, comments)
        elif not text.startswith("]", position):
            raise _error(text, position)
    return Value(Span(start, position + 1), None, tuple(comments))


def _inline_table(text: str, start: int) -> Value:
    comments: list[Span] = []
    entries: list[Entry] = []
    position = _padding(text, start + 1, comments)
    while not text.startswith("}", position):
        path, key_end = _key(text, position)
        equals = _padding(text, key_end, comments)
        value = _value(text, _padding(text, _expect("=", text, equals), comments))
        comments.extend(value.comments)
        key = Span(position, key_end)
        position = _padding(text, value.span.end, comments)
        comma = position if text.startswith(",", position) else None
        entries.append(Entry(path, key, value, comma))
        if comma is not None:
            position = _padding(text, comma + 1, comments)
        elif not text.startswith("}", position):
            raise _error(text, position)
    span = Span(start, position + 1)
    return Value(span, InlineTable(span, tuple(entries)), tuple(comments))


def _padding(text: str, position: int, comments: list[Span]) -> int:
    """Return where the next token starts; add the comments before it to `comments`."""
    while True:
        position = _skip(_BLANKS_AND_LINE_ENDS, text, position)
        found = _COMMENT.match(text, position)
        if found is None:
            return position
        comments.append(Span(*found.span()))
        position = found.end()


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return position if found is None else found.end()


def _expect(token: str, text: str, position: int) -> int:
    if not text.startswith(token, position):
        raise _error(text, position)
    return position + len(token)


def _error(text: str, position: int) -> LayoutError:
    return LayoutError("no statement goes on like this", text.count("\n", 0, position) + 1)
