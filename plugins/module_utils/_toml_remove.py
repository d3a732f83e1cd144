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
            first = statement.content.start if kept else statement.span.start
            spans.extend(_around(kept, text, first, statement.span.end))
            if not kept:
                whole.add(index)
        elif statement.value is not None and statement.value.table is not None:
            below = _below((*statement.table, *statement.path), paths)
            if below:
                spans.extend(_entries(text, statement.value.table, below))
    blank = _blank_lines(text, statements, whole)
    spans.extend(statements[index].span for index in blank)
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


def _around(comments: t.Iterable[Span], text: str, start: int, end: int) -> t.Iterator[Span]:
    """Yield what is between `start` and `end` beside the comments and a line ending for each."""
    for comment in comments:
        yield Span(start, comment.start)
        start = text.find("\n", comment.end) + 1 or len(text)
    yield Span(start, end)


def _blank_lines(
    text: str, statements: t.Sequence[Statement], removed: t.Collection[int]
) -> list[int]:
    """Return the blank statements that go together with the `removed` ones."""
    taken: list[int] = []
    kept: list[int] = []
    below_removed = False
    for index, statement in enumerate(statements):
        if index in removed:
            below_removed = True
            continue
        kept.append(index)
        if below_removed and statement.kind is Kind.BLANK:
            taken.extend(_superfluous(text, statements, kept))
            kept = [other for other in kept if other not in taken]
        below_removed = False
    if below_removed and kept and statements[kept[-1]].kind is Kind.BLANK:
        taken.append(kept[-1])
    return taken


def _superfluous(text: str, statements: t.Sequence[Statement], kept: list[int]) -> list[int]:
    """Return which blank statement goes, the last of the `kept` ones or one above, if any."""
    *above, below = kept
    if above and statements[above[-1]].kind is Kind.BLANK:
        # What this editor adds is an empty line, so of the two the emptier one goes.
        return [min(above[-1], below, key=lambda index: _length(statements[index].span))]
    if all(_is_directive(text, statements[index]) for index in above):
        return [below]
    return []


def _length(span: Span) -> int:
    return span.end - span.start


def _is_directive(text: str, statement: Statement) -> bool:
    return statement.kind is Kind.COMMENT and text.startswith("#:", statement.content.start)


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
    before = len(text[:start].rstrip(" \t"))
    if entry.comma is None:
        after = end
    else:
        after = entry.comma + 1
        if text[end : entry.comma].strip(" \t"):
            yield Span(entry.comma, after)
            after = end
    while text.startswith((" ", "\t"), after):
        after += 1
    own_line = text[before - 1] == "\n" and text.startswith(("\r\n", "\n"), after)
    if own_line and not entry.value.comments:
        yield Span(before, text.index("\n", after) + 1)
    elif entry.comma is None:
        yield from _around(entry.value.comments, text, before, end)
    else:
        yield from _around(entry.value.comments, text, start, after)


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
