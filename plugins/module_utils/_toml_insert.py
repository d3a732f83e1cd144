# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where new keys, changed values and new tables go in a TOML text.

This module util is private to the collection.
Nothing but the spans of changed values is taken away, and whole lines are put in only where they
part no comment from what it describes: below the last key of their table, above the comments that
belong to the first header, or at the end of the text.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ._toml import BOM, KeyPath, Scalar, dotted_key, literal
from ._toml_layout import InlineTable, Kind, Span, Statement
from ._toml_splice import Replacement, Replacements
from ._toml_tree import ArrayOfTables, Form, Leaf, Node, Table

Wanted = dict[str, t.Union[Scalar, "Wanted"]]

_INLINE_INDENT = "  "


class Conflict(Exception):
    """A wanted key cannot be there because of what is written in its place; `line` from 1."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def dominant_line_ending(text: str) -> str:
    """Return the line ending that most lines of `text` have, LF where there is none."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf > text.count("\n") - crlf else "\n"


def insertions(
    text: str, statements: t.Sequence[Statement], root: Table, wanted: Wanted
) -> Replacements:
    """Return the replacements that give `text` the `wanted` values.

    Every value in `wanted` has to differ from what `text` says. Raises Conflict.
    """
    draft = _Draft(text, statements)
    _visit(draft, root, (), wanted)
    return draft.replacements()


class _NewEntries(t.NamedTuple):
    table: InlineTable
    entries: list[str]


@dataclasses.dataclass
class _Draft:
    """What is to be put where, while the tables are visited."""

    text: str
    statements: t.Sequence[Statement]
    values: list[Replacement] = dataclasses.field(default_factory=list)
    lines: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    entries: dict[int, _NewEntries] = dataclasses.field(default_factory=dict)
    tables: list[list[str]] = dataclasses.field(default_factory=list)

    def replacements(self) -> Replacements:
        end = len(self.text)
        if self.tables:
            at_end = self.lines.setdefault(end, [])
            for block in self.tables:
                if at_end or (self.statements and self.statements[-1].kind is not Kind.BLANK):
                    at_end.append("")
                at_end.extend(block)
        eol = dominant_line_ending(self.text)
        made = list(self.values)
        made.extend(_whole_lines(self.text, offset, new, eol) for offset, new in self.lines.items())
        for table, entries in self.entries.values():
            made.extend(_into_inline_table(self.text, table, entries, eol))
        return tuple(sorted(made, key=lambda replacement: replacement.start))


def _visit(draft: _Draft, table: Table, path: KeyPath, wanted: Wanted) -> None:
    missing: Wanted = {}
    for key, want in wanted.items():
        child = table.children.get(key)
        if child is None:
            missing[key] = want
        elif isinstance(want, dict):
            if not isinstance(child, Table):
                raise _conflict((*path, key), child, "a table")
            _visit(draft, child, (*path, key), want)
        else:
            draft.values.append(_new_value(draft.text, (*path, key), child, want))
    if missing:
        _add_missing(draft, table, path, missing)


def _new_value(text: str, path: KeyPath, node: Node, want: Scalar) -> Replacement:
    if not isinstance(node, Leaf) or node.value.comments:
        raise _conflict(path, node, "a single value")
    start, end = node.value.span
    return Replacement(start, text[start:end], literal(want))


def _add_missing(draft: _Draft, table: Table, path: KeyPath, missing: Wanted) -> None:
    if table.inline is not None:
        known = draft.entries.setdefault(table.inline.span.start, _NewEntries(table.inline, []))
        known.entries.extend(_entries(missing, table.prefix))
        return
    keys = {key: want for key, want in missing.items() if not isinstance(want, dict)}
    if keys and table.form is Form.IMPLIED:
        draft.tables.append(_table_lines(path, keys))
    elif keys:
        offset, indent = _place_for_keys(draft, table)
        new = draft.lines.setdefault(offset, [])
        new.extend(
            f"{indent}{dotted_key((*table.prefix, key))} = {literal(want)}"
            for key, want in keys.items()
        )
        if table.form is Form.ROOT and table.last is None and offset < len(draft.text):
            new.append("")
    for key, want in missing.items():
        if isinstance(want, dict):
            draft.tables.extend(_new_tables((*path, key), want))


def _new_tables(path: KeyPath, wanted: Wanted) -> t.Iterator[list[str]]:
    keys = {key: want for key, want in wanted.items() if not isinstance(want, dict)}
    if keys:
        yield _table_lines(path, keys)
    for key, want in wanted.items():
        if isinstance(want, dict):
            yield from _new_tables((*path, key), want)


def _table_lines(path: KeyPath, keys: t.Mapping[str, Scalar]) -> list[str]:
    lines = [f"[{dotted_key(path)}]"]
    lines.extend(f"{dotted_key((key,))} = {literal(want)}" for key, want in keys.items())
    return lines


def _entries(wanted: Wanted, prefix: KeyPath) -> t.Iterator[str]:
    for key, want in wanted.items():
        if isinstance(want, dict):
            value = "{ " + ", ".join(_entries(want, ())) + " }"
        else:
            value = literal(want)
        yield f"{dotted_key((*prefix, key))} = {value}"


def _place_for_keys(draft: _Draft, table: Table) -> tuple[int, str]:
    """Return the offset and the indentation of new keys of `table`."""
    neighbour = table.last or table.header
    if neighbour is not None:
        return neighbour.span.end, draft.text[neighbour.span.start : neighbour.content.start]
    headers = (Kind.TABLE, Kind.ARRAY_OF_TABLES)
    above: list[Statement] = []
    for statement in draft.statements:
        if statement.kind in headers:
            return _start_of_block(draft.text, above, statement), ""
        above.append(statement)
    return len(draft.text), ""


def _start_of_block(text: str, above: list[Statement], header: Statement) -> int:
    """Return where the comments glued to the first header start, or the header itself."""
    start = header.span.start
    for statement in reversed(above):
        # A directive such as "#:schema URL" speaks of the whole file and has to stay above.
        if statement.kind is not Kind.COMMENT or text.startswith("#:", statement.content.start):
            break
        start = statement.span.start
    return start


def _whole_lines(text: str, offset: int, lines: list[str], eol: str) -> Replacement:
    at_line_start = offset == 0 or text[offset - 1] == "\n" or text[:offset] == BOM
    lead = "" if at_line_start else eol
    return Replacement(offset, "", lead + "".join(line + eol for line in lines))


def _into_inline_table(
    text: str, table: InlineTable, entries: list[str], eol: str
) -> t.Iterator[Replacement]:
    if not table.entries:
        yield _into_empty_braces(text, table.span, entries, eol)
        return
    last = table.entries[-1]
    after = last.value.span.end if last.comma is None else last.comma + 1
    line_end = text.find("\n", after, table.span.end)
    if line_end < 0:
        new = ", ".join(entries)
        yield Replacement(after, "", f", {new}" if last.comma is None else f" {new},")
        return
    if last.comma is None:
        yield Replacement(after, "", ",")
    ends = [","] * len(entries)
    if last.comma is None:
        ends[-1] = ""
    indent = _indentation_of_entry(text, last.key.start)
    new = "".join(f"{indent}{entry}{end}{eol}" for entry, end in zip(entries, ends))
    yield Replacement(line_end + 1, "", new)


def _into_empty_braces(text: str, span: Span, entries: list[str], eol: str) -> Replacement:
    inside = text[span.start + 1 : span.end - 1]
    new = ", ".join(entries)
    if "\n" not in inside:
        return Replacement(span.start + 1, "", f" {new}" if inside else f" {new} ")
    indent = _leading_blanks(text, span.start) + _INLINE_INDENT
    line_end = text.index("\n", span.start)
    lines = ("," + eol).join(indent + entry for entry in entries) + eol
    return Replacement(line_end + 1, "", lines)


def _indentation_of_entry(text: str, key_start: int) -> str:
    leading = _leading_blanks(text, key_start)
    alone = key_start - len(leading) == 0 or text[key_start - len(leading) - 1] == "\n"
    return leading if alone else leading + _INLINE_INDENT


def _leading_blanks(text: str, offset: int) -> str:
    """Return the blanks that the line around `offset` starts with."""
    line_start = text.rfind("\n", 0, offset) + 1
    line = text[line_start:offset]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _conflict(path: KeyPath, node: Node, needed: str) -> Conflict:
    if isinstance(node, Leaf):
        found = "an array" if node.value.comments else "a value"
        return Conflict(_phrase(path, found, needed), node.statement.line)
    if isinstance(node, ArrayOfTables):
        header = node.elements[0].header
        return Conflict(
            _phrase(path, "an array of tables", needed), None if header is None else header.line
        )
    statement = node.header or node.last
    return Conflict(_phrase(path, "a table", needed), None if statement is None else statement.line)


def _phrase(path: KeyPath, found: str, needed: str) -> str:
    return f'"{dotted_key(path)}" is {found} where {needed} belongs'
