# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes when keys and tables are removed from a TOML text.

This module util is private to the collection.
Comments are never removed; a statement's own comment stays as a line of its own.
"""

from __future__ import annotations

import typing as t

from ._toml import KeyPath
from ._toml_layout import Entry, InlineTable, Kind, Span, Statement
from ._toml_splice import Replacement, Replacements


def removals(
    text: str, statements: t.Sequence[Statement], paths: t.Collection[KeyPath]
) -> Replacements:
    """Return the replacements that take the keys and tables at `paths` out of `text`.

    A table goes with everything below it. One blank line goes with what stood between blank lines
    or at an end of the text, so that what was added in either place leaves no trace.
    """
    spans: list[Span] = []
    whole: set[int] = set()
    for index, statement in enumerate(statements):
        if _matches(statement.table, statement, paths):
            kept = _comments(statement)
            spans.extend(_around(statement, kept, text))
            if not kept:
                whole.add(index)
        elif statement.value is not None and statement.value.table is not None:
            below = _below((*statement.table, *statement.path), paths)
            if below:
                spans.extend(_entries(text, statement.value.table, below))
    spans.extend(statements[index].span for index in _blank_lines(text, statements, whole))
    return tuple(Replacement(start, text[start:end], "") for start, end in _merged(spans))


def _matches(table: KeyPath, statement: Statement, paths: t.Collection[KeyPath]) -> bool:
    if statement.kind in (Kind.BLANK, Kind.COMMENT):
        return False
    full = table if statement.kind is not Kind.KEY_VALUE else (*table, *statement.path)
    return _is_below(full, paths)


def _is_below(path: KeyPath, tops: t.Collection[KeyPath]) -> bool:
    return any(path[: len(top)] == top for top in tops)


def _below(path: KeyPath, paths: t.Collection[KeyPath]) -> tuple[KeyPath, ...]:
    """Return the rests of those `paths` that lead through `path`."""
    return tuple(
        other[len(path) :]
        for other in paths
        if len(other) > len(path) and other[: len(path)] == path
    )


def _comments(statement: Statement) -> list[Span]:
    inside = [] if statement.value is None else list(statement.value.comments)
    return inside if statement.comment is None else [*inside, statement.comment]


def _around(statement: Statement, comments: list[Span], text: str) -> t.Iterator[Span]:
    """Yield what is left of a statement without its comments and one line ending for each."""
    start = statement.content.start if comments else statement.span.start
    for comment in comments:
        yield Span(start, comment.start)
        start = text.find("\n", comment.end) + 1 or len(text)
    yield Span(start, statement.span.end)


def _blank_lines(
    text: str, statements: t.Sequence[Statement], removed: t.Collection[int]
) -> t.Iterator[int]:
    """Yield the blank statements that go together with the `removed` ones."""
    last = len(statements) - 1
    for first in sorted(removed):
        if first - 1 in removed:
            continue
        end = first
        while end + 1 in removed:
            end += 1
        blank_above = first > 0 and statements[first - 1].kind is Kind.BLANK
        blank_below = end < last and statements[end + 1].kind is Kind.BLANK
        if blank_above and (blank_below or end == last):
            yield first - 1
        elif blank_below and _is_top(text, statements[:first]):
            yield end + 1


def _is_top(text: str, above: t.Sequence[Statement]) -> bool:
    return all(
        statement.kind is Kind.COMMENT and text.startswith("#:", statement.content.start)
        for statement in above
    )


def _entries(text: str, table: InlineTable, paths: t.Collection[KeyPath]) -> t.Iterator[Span]:
    """Yield what goes so that an inline table loses the entries at `paths`."""
    kept = [entry for entry in table.entries if not _is_below(entry.path, paths)]
    for entry in table.entries:
        if entry in kept:
            below = _below(entry.path, paths)
            if below and entry.value.table is not None:
                yield from _entries(text, entry.value.table, below)
        else:
            yield from _entry(text, entry)
    ends_with_comma = bool(table.entries) and table.entries[-1].comma is not None
    if kept and kept[-1] is not table.entries[-1] and not ends_with_comma:
        comma = kept[-1].comma
        if comma is not None:
            yield Span(comma, comma + 1)


def _entry(text: str, entry: Entry) -> t.Iterator[Span]:
    """Yield an entry and its comma, with its line if it has one of its own."""
    start, end = entry.key.start, entry.value.span.end
    pieces = [Span(start, end)]
    if entry.comma is not None:
        if text[end : entry.comma].strip(" \t"):
            pieces.append(Span(entry.comma, entry.comma + 1))
        else:
            pieces = [Span(start, entry.comma + 1)]
    before = len(text[:start].rstrip(" \t"))
    after = pieces[-1].end
    while text[after : after + 1] in (" ", "\t"):
        after += 1
    line_end = text[after : after + 2]
    if text[before - 1 : before] == "\n" and line_end[:1] in ("\r", "\n") and len(pieces) == 1:
        yield Span(before, after + (2 if line_end == "\r\n" else 1))
    elif entry.comma is None:
        yield Span(before, end)
    else:
        yield from pieces[:-1]
        yield Span(pieces[-1].start, after)


def _merged(spans: t.Iterable[Span]) -> t.Iterator[Span]:
    current: Span | None = None
    for span in sorted(spans):
        if current is not None and span.start <= current.end:
            current = Span(current.start, max(current.end, span.end))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None and current.start < current.end:
        yield current
