# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of a TOML text, and how and where each of them is written.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ._toml import KeyPath, dotted_key
from ._toml_layout import InlineTable, Kind, LayoutError, Statement, Value


class Form(enum.Enum):
    """How a table is written."""

    ROOT = "root"
    HEADER = "header"
    IMPLIED = "implied by the header of a table below it"
    DOTTED = "dotted keys"
    INLINE = "inline"


@dataclasses.dataclass
class Table:
    """A table.

    `header` is its header, `last` the last key-value statement that adds to it (not to tables
    with headers of their own), `inline` the braces that its keys stand in, `prefix` what dotted
    keys write before its keys there.
    """

    form: Form
    children: dict[str, Node] = dataclasses.field(default_factory=dict)
    header: Statement | None = None
    last: Statement | None = None
    inline: InlineTable | None = None
    prefix: KeyPath = ()


@dataclasses.dataclass
class ArrayOfTables:
    """An array of tables made by headers."""

    elements: list[Table]


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A value that is not a table, in the statement that holds it."""

    statement: Statement
    value: Value


Node = t.Union[Table, ArrayOfTables, Leaf]


def build(statements: t.Iterable[Statement]) -> Table:
    """Return the root table of a scanned text.

    Raises LayoutError where something is defined twice, as TOML forbids.
    """
    root = Table(Form.ROOT)
    section = root
    for statement in statements:
        if statement.kind is Kind.TABLE:
            section = _open_table(root, statement)
        elif statement.kind is Kind.ARRAY_OF_TABLES:
            section = _open_element(root, statement)
        elif statement.kind is Kind.KEY_VALUE and statement.value is not None:
            section.last = statement
            _add(section, statement.path, statement.value, statement)
    return root


def _open_table(root: Table, statement: Statement) -> Table:
    parent = _parent(root, statement)
    name = statement.path[-1]
    known = parent.children.get(name)
    if known is None:
        known = parent.children[name] = Table(Form.IMPLIED)
    if not isinstance(known, Table) or known.form is not Form.IMPLIED:
        raise _twice(f"table [{dotted_key(statement.path)}]", statement)
    known.form = Form.HEADER
    known.header = statement
    return known


def _open_element(root: Table, statement: Statement) -> Table:
    parent = _parent(root, statement)
    known = parent.children.setdefault(statement.path[-1], ArrayOfTables([]))
    if not isinstance(known, ArrayOfTables):
        raise _twice(f"table [{dotted_key(statement.path)}]", statement)
    known.elements.append(Table(Form.HEADER, header=statement))
    return known.elements[-1]


def _parent(root: Table, statement: Statement) -> Table:
    table = root
    for segment in statement.path[:-1]:
        child = table.children.setdefault(segment, Table(Form.IMPLIED))
        if isinstance(child, ArrayOfTables):
            child = child.elements[-1]
        if not isinstance(child, Table) or child.form is Form.INLINE:
            raise _twice(f"table [{dotted_key(statement.path)}]", statement)
        table = child
    return table


def _add(section: Table, path: KeyPath, value: Value, statement: Statement) -> None:
    """Add `path = value`, written in `statement`, to the table `section`."""
    table = section
    for segment in path[:-1]:
        made = Table(Form.DOTTED, inline=section.inline, prefix=(*table.prefix, segment))
        child = table.children.setdefault(segment, made)
        if not isinstance(child, Table) or child.form not in (Form.DOTTED, Form.IMPLIED):
            raise _twice(f'key "{dotted_key(path)}"', statement)
        if child.form is Form.IMPLIED:
            child.form, child.prefix = Form.DOTTED, made.prefix
        child.last = statement
        table = child
    if path[-1] in table.children:
        raise _twice(f'key "{dotted_key(path)}"', statement)
    if value.table is None:
        table.children[path[-1]] = Leaf(statement, value)
        return
    inner = Table(Form.INLINE, inline=value.table)
    table.children[path[-1]] = inner
    for entry in value.table.entries:
        _add(inner, entry.path, entry.value, statement)


def _twice(what: str, statement: Statement) -> LayoutError:
    return LayoutError(f"{what} is defined twice", statement.line)
