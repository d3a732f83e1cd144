# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value of one line of a ``.env`` file, as dotenvy 0.15.7 reads it. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
import typing as t

BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space, which is what Rust calls blank; ``str.isspace`` knows four more."""


class LineError(Exception):
    """The line sets nothing; ``reason`` is one of ``_dotenv.REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Value(t.NamedTuple):
    """A value that was read."""

    text: str
    end: int
    """The offset in the line behind the value as it is written."""
    references: tuple[str, ...]


_PLAIN_RUN = re.compile("[^ \t\\\\'\"$]+")
_DOUBLE_RUN = re.compile('[^\\\\"$]+')
_TAIL = re.compile(r"[ \t]*(?:#|\Z)")
# Letters and digits of every script; an underscore ends the name, unlike in a shell.
_BARE_NAME = re.compile(r"[^\W_]*")
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "$": "$", " ": " ", "n": "\n"}


def read_value(line: str, start: int, lookup: t.Callable[[str], str], limit: int) -> Value:
    """Read the value that begins at ``start`` of ``line``, which has no blanks at its end.

    ``lookup`` gives the value of a variable, '' for one that is not set. Raises LineError, also
    for more than about ``limit`` characters.
    """
    parts: list[str] = []
    references: list[str] = []
    position = start
    length = 0
    quoted = quote_taken = False
    while position < len(line):
        run = (_DOUBLE_RUN if quoted else _PLAIN_RUN).match(line, position)
        char = line[position]
        if run is not None:
            part, position = run[0], run.end()
        elif char == "$":
            name, following, position = _reference(line, position + 1)
            references.append(name)
            part = lookup(name) + following
            quote_taken = quote_taken or (quoted and following == '"')
        elif char == "\\":
            part, position = _escaped(line, position + 1), position + 2
        elif char == '"':
            quoted = not quoted
            part, position = "", position + 1
        elif char == "'":
            part, position = _up_to("'", line, position + 1, "unbalanced_quotes")
        elif _TAIL.match(line, position):
            break
        else:
            raise LineError("unquoted_blank")
        parts.append(part)
        length += len(part)
        if length > limit:
            raise LineError("too_long")
    if quoted:
        raise LineError("dollar_before_quote" if quote_taken else "unbalanced_quotes")
    return Value("".join(parts), min(position, len(line)), tuple(references))


def _reference(line: str, start: int) -> tuple[str, str, int]:
    """Return the name behind a ``$``, the character that ended it, and the offset behind both.

    That character is plain text, whatever it means elsewhere; a brace and another ``$`` are not
    part of the text.
    """
    if line.startswith("{", start):
        name, position = _up_to("}", line, start + 1, "unterminated_reference")
        return name, "", position
    end = t.cast("re.Match[str]", _BARE_NAME.match(line, start)).end()
    following = line[end : end + 1]
    if following == "$":
        following = ""
    return line[start:end], following, end + len(following)


def _up_to(closing: str, line: str, start: int, reason: str) -> tuple[str, int]:
    """Return the text before ``closing`` and the offset behind it; without it LineError."""
    end = line.find(closing, start)
    if end < 0:
        raise LineError(reason)
    return line[start:end], end + 1


def _escaped(line: str, position: int) -> str:
    if position == len(line):
        return ""
    if line[position] not in _ESCAPES:
        raise LineError("unknown_escape")
    return _ESCAPES[line[position]]
