# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layout of TOML: statements, their parts, and what holds which table."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._toml_layout import (
    Kind,
    LayoutError,
    Span,
    Statement,
    scan,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml_tree import Form, Table, build

TEXT = """\ufeff#:schema x\r
  model . "a\\u0062" = 'v' # c\r
\t\r
[ "t".'u.v' ] # d
  list = [ # e
    "]", '#', { x = 1 }
  ]
[[w]]
text = \"\"\"
[no]
# no\\\"""
\"\"\"\"\"
at = 1979-05-27 07:32:00"""


def part(text: str, span: Span | None) -> str | None:
    return None if span is None else text[span.start : span.end]


def test_statements_cover_the_text_and_know_their_parts() -> None:
    statements = scan(TEXT)
    seen = [
        (
            statement.kind.value,
            statement.line,
            ".".join(statement.table),
            statement.path,
            part(TEXT, statement.value.span if statement.value else None),
            part(TEXT, statement.comment),
        )
        for statement in statements
    ]
    multi = '"""\n[no]\n# no\\"""\n"""""'
    array = "[ # e\n    \"]\", '#', { x = 1 }\n  ]"
    assert seen == [
        ("comment", 1, "", (), None, None),
        ("key-value", 2, "", ("model", "ab"), "'v'", "# c"),
        ("blank", 3, "", (), None, None),
        ("table", 4, "t.u.v", ("t", "u.v"), None, "# d"),
        ("key-value", 5, "t.u.v", ("list",), array, None),
        ("array of tables", 8, "w", ("w",), None, None),
        ("key-value", 9, "w", ("text",), multi, None),
        ("key-value", 13, "w", ("at",), "1979-05-27 07:32:00", None),
    ]
    assert "".join(TEXT[slice(*statement.span)] for statement in statements) == TEXT[1:]
    assert part(TEXT, statements[1].content) == "model . \"a\\u0062\" = 'v'"
    assert [part(TEXT, c) for s in statements if s.value for c in s.value.comments] == ["# e"]


@pytest.mark.parametrize(
    "value",
    [
        "''",
        '""',
        "''''''",
        '""""""',
        "'''a''b'''''",
        '"""a""b\\""""""',
        '"\\\\"',
        '"a\\"b # c"',
        "+1_000",
        "-0.5e-3",
        "0xDEAD_beef",
        "nan",
        "true",
        "1979-05-27",
        "07:32",
        "07:32:00.999",
        "1979-05-27T07:32:00Z",
        "1979-05-27 00:32:00.5-07:00",
        "[]",
        "[[1],[2,],]",
        "[ # c\n1 # d\n, # e\n]",
        "{}",
        "{a=1}",
        "{ a.b = 1, 'c' = { d = [1] } }",
        "{ # c\n a = 1, # d\n}",
    ],
)
@pytest.mark.parametrize("rest", ["", " # rest", "\nb = 1"])
def test_a_value_ends_where_it_ends(value: str, rest: str) -> None:
    statement = scan(f"a = {value}{rest}")[0]
    assert statement.value is not None
    assert statement.value.span == Span(4, 4 + len(value))


def test_an_inline_table_knows_its_entries() -> None:
    text = "a = { b.c = 1 , 'd' = { e = [ 2 ] }, }"
    (statement,) = scan(text)
    assert statement.value is not None
    assert statement.value.table is not None
    first, second = statement.value.table.entries
    assert (first.path, part(text, first.value.span)) == (("b", "c"), "1")
    assert (first.comma, text[first.comma or 0]) == (14, ",")
    assert (second.path, part(text, second.key)) == (("d",), "'d'")
    assert second.value.table is not None
    assert [entry.path for entry in second.value.table.entries] == [("e",)]
    assert second.comma == 35


def test_comments_are_found_wherever_they_stand_in_an_inline_table() -> None:
    text = "a = { # b\n c # d\n = # e\n 1 # f\n , # g\n}"
    (statement,) = scan(text)
    assert statement.value is not None
    comments = [part(text, comment) for comment in statement.value.comments]
    assert comments == ["# b", "# d", "# e", "# f", "# g"]


@pytest.mark.parametrize(
    ("key", "decoded"),
    [
        (r'"\x41"', "A"),
        (r'"\u00e9"', "\xe9"),
        (r'"\U0001F600"', "\U0001f600"),
        (r'"\b\t\n\f\r\e"', "\b\t\n\f\r\x1b"),
        (r'"\"\\"', '"\\'),
        (r"'\x41'", r"\x41"),
    ],
)
def test_a_key_is_decoded(key: str, decoded: str) -> None:
    assert scan(f"{key} = 1")[0].path == (decoded,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", 1),
        ("b = 1\na =", 2),
        ("a = 1 2", 1),
        ("a = 'b", 1),
        ('a = """\nb\n', 1),
        ("a = [1", 1),
        ("a = [1 2]", 1),
        ("b = 1\na = [1\n2]", 3),
        ("a = {b=1", 1),
        ("a = {b=1 c=2}", 1),
        ("b = 1\na = {b=1\nc=2}", 3),
        ("b = 1\na 1", 2),
        ("\n[a", 2),
        ("[[a]", 1),
        ("[]", 1),
        ("= 1", 1),
        ("a = 1\rb = 2", 1),
        ("a = @", 1),
        ('"\\q" = 1', 1),
        ('"\\UFFFFFFFF" = 1', 1),
        ('b = 1\n"\\UFFFFFFFF" = 1', 2),
        ('b = 1\n"\\UFFFFFFFF" = 1\nc = 1\n', 2),
    ],
)
def test_what_is_not_understood_is_an_error(text: str, line: int) -> None:
    with pytest.raises(LayoutError) as caught:
        scan(text)
    assert caught.value.line == line
    assert caught.value.reason == "no statement goes on like this"
    assert str(caught.value) == f"line {line}: no statement goes on like this"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a=1\na=2\n", 2),
        ("[a]\n[a]\n", 2),
        ("[[a]]\n[a]\n", 2),
        ("[a]\n[[a]]\n", 2),
        ("a={}\n[a.b]\n", 2),
        ("a=1\n[a.b]\n", 2),
        ("a.b=1\n[a]\n", 2),
        ("a={b=1,b=2}\n", 1),
        ("a.b=1\na.b.c=1\n", 2),
        ("[a.b]\n[a]\nb.c=1\n", 3),
    ],
)
def test_a_second_definition_is_an_error(text: str, line: int) -> None:
    with pytest.raises(LayoutError, match="is defined twice") as caught:
        build(scan(text))
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["a.b=1\na.b.c=1\n", "a.b.c=1\na.b.c=1\n"])
def test_a_key_that_cannot_be_is_named(text: str) -> None:
    with pytest.raises(LayoutError, match=r'^line 2: key "a\.b\.c" is defined twice$'):
        build(scan(text))


@pytest.mark.parametrize(
    "text",
    [
        "[a.b.c]\n[a]\nd=1\n[a.b]\n",
        "a.b=1\na.c=2\n[a.d]\n",
        "[a]\nb.c=1\n[a.b.d]\n",
        "[[a]]\nb=1\n[a.c]\n[[a]]\nb=1\n[a.c]\n[[a.d]]\n[[a.d]]\n",
    ],
)
def test_tables_may_come_in_any_order(text: str) -> None:
    assert "a" in build(scan(text)).children


def test_a_table_that_was_only_implied_may_get_dotted_keys() -> None:
    held = build(scan("[a.b.c]\n[a]\nb.d=1\n")).children["a"]
    assert isinstance(held, Table)
    dotted = held.children["b"]
    assert isinstance(dotted, Table)
    assert (dotted.form, dotted.prefix) == (Form.DOTTED, ("b",))
    assert set(dotted.children) == {"c", "d"}


@pytest.mark.parametrize("text", ["a=1\n[[a]]\n", "[a]\n[[a]]\n"])
def test_an_array_that_cannot_be_is_named(text: str) -> None:
    with pytest.raises(LayoutError, match=r"table \[a\] is defined twice"):
        build(scan(text))


def test_a_long_text_is_scanned_line_by_line() -> None:
    text = '# c\n[projects."/home/dev/%d"]\ntrust_level = "trusted"\n\n'
    statements: tuple[Statement, ...] = scan("".join(text % index for index in range(2000)))
    assert len(statements) == 8000
    assert statements[-3].path == ("projects", "/home/dev/1999")
    assert (statements[-1].kind, statements[-1].line) == (Kind.BLANK, 8000)
