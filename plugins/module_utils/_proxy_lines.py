# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of ``.env`` that are meant to set a variable and do not, or not as written. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
import typing as t

from . import _dotenv
from ._proxy_url import refusal
from ._text import clean


class LostLine(t.NamedTuple):
    """A line that Codex does not read as it is written."""

    name: str
    meant: str
    """The value as somebody meant it, raw: it may hold a password."""
    detail: str
    """What is wrong and what to do, as a phrase without any value."""


def lost(
    data: bytes, environment: t.Mapping[str, str], names: t.Collection[str]
) -> tuple[LostLine, ...]:
    """Return the lost lines for ``names``, in the order of the file."""
    text = _dotenv.text_of(data)
    reading = _dotenv.read(data, environment)
    found = [
        (one.line, LostLine(one.name, _meant(text, one.start, one.end), _why(one)))
        for one in reading.dropped
        if one.name in names and one.name is not None
    ]
    known = dict(environment)
    for assignment in reading.assignments:
        if assignment.name in names and _is_mangled(text, assignment, known):
            written = _unquoted(text[assignment.value_start : assignment.value_end])
            found.append((assignment.line, LostLine(assignment.name, written, _DOLLAR)))
        known[assignment.name] = assignment.value
    return tuple(line for _number, line in sorted(found, key=lambda one: one[0]))


_DOLLAR = (
    "Codex takes a $ in the value for the name of a variable, and so reads another value than the "
    "one written; put it between single quotes, or write %24 for $"
)
_REASONS = {
    "codex_name": "Codex ignores it",
    "byte_order_mark": "the file begins with a byte order mark; save it without one",
    "unterminated_quote": "the quote in line {opened} is not closed; close it",
    "inside_quotes": "it stands between the quotes opened in line {opened}; close them before it",
    "unbalanced_quotes": "its quotes do not match; put the value between single quotes",
    "dollar_before_quote": "a $ takes the closing quote with it; use single quotes",
    "blank_at_end_of_file": "a blank ends the file; remove it, or end the line with a newline",
    "backslash_at_end_of_file": "a backslash ends the file; remove it",
    "unquoted_blank": "text follows a blank; put the value between single quotes",
    "unknown_escape": "it has a backslash; put the value between single quotes",
    "unterminated_reference": "it has a ${ without a }; put the value between single quotes",
    "not_utf8": "it is not UTF-8; write it anew",
    "no_equals_sign": "no = follows the name; write NAME=value",
    "invalid_name": "it does not begin with a name; write NAME=value",
    "nul_byte": "it holds a NUL byte; write it anew",
    "too_long": "it is too long; shorten it",
}


def _why(dropped: _dotenv.Dropped) -> str:
    reason = _REASONS[dropped.reason].format(opened=dropped.opened)
    return f"line {dropped.line} sets nothing: {reason}"


def _is_mangled(text: str, assignment: _dotenv.Assignment, known: t.Mapping[str, str]) -> bool:
    """Whether a ``$`` lost a part of the value: ``${PROXY_HOST}`` may well be meant as it is."""
    if not assignment.references:
        return False
    if any(not known.get(name) for name in assignment.references):
        return True
    written = _unquoted(text[assignment.value_start : assignment.value_end])
    return bool(refusal(assignment.value)) and not refusal(written)


_SIGN = re.compile(r"[^=:]*?[\"']?\s*[=:]\s*")


def _meant(text: str, start: int, end: int) -> str:
    line = text[start:end]
    sign = _SIGN.match(line)
    value = line[sign.end() :] if sign else ""
    return clean(_unquoted(value), 4096)


def _unquoted(value: str) -> str:
    value = value.strip()
    quote = value[:1]
    if quote in ("'", '"'):
        return value[1:].partition(quote)[0].strip()
    return re.split(r"\s+#", value)[0].strip()
