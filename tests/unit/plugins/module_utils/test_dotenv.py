# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading `.env`: what the client was seen to make of it, and what is said of dropped lines."""

from __future__ import annotations

import json
import pathlib
import random
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from ansible_collections.devfleet.codex.plugins.module_utils._dotenv_value import (
    LineError,
    read_value,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dotenv_client import ENVIRONMENT, Seen
from support.dotenv_expected import expected
from support.dotenv_files import some_file
from support.dotenv_promises import check_reading

FIXTURES = pathlib.Path(__file__).parents[3] / "fixtures" / "dotenv"
MEASURED = json.loads((FIXTURES / "measured.json").read_text(encoding="utf-8"))
CASES = json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))
SETTINGS = settings(derandomize=True, database=None, deadline=None)


@pytest.mark.parametrize("row", MEASURED["observed"], ids=lambda row: ascii(row["input"]))
def test_a_file_is_read_as_the_client_was_seen_to_read_it(row: dict[str, t.Any]) -> None:
    assert MEASURED["environment"] == ENVIRONMENT
    seen = Seen(row["panicked"], row["shown"], frozenset(row["proxies"]))
    assert expected(_dotenv.bytes_of(row["input"])) == seen


@pytest.mark.parametrize("case", CASES["observed"], ids=lambda case: ascii(case["input"]))
def test_a_recorded_case_is_read_as_it_was_seen(case: dict[str, t.Any]) -> None:
    reading = _dotenv.read(_dotenv.bytes_of(case["input"]), {})
    assert bool(_dotenv.effective(reading).get("HTTPS_PROXY")) is case["seen"]
    assert case["seen"] or "HTTPS_PROXY" in {
        *(one.name for one in reading.dropped),
        *(one.name for one in reading.assignments),
    }


@pytest.mark.parametrize(
    ("data", "dropped"),
    [
        (b"", []),
        (b"# A=1\n\n \t\n  # don't\n", []),
        (b"\xef\xbb\xbfA=1\nB=2\n", [(1, "A", "byte_order_mark", None)]),
        (b"\xef\xbb\xbfexport A=1\n", [(1, "A", "byte_order_mark", None)]),
        (b"\xef\xbb\xbf# A=1\n", [(1, None, "byte_order_mark", None)]),
        (b"A=1 ", [(1, "A", "blank_at_end_of_file", None)]),
        (b"B=1\nA=1\t", [(2, "A", "blank_at_end_of_file", None)]),
        (b"A=1  ", []),
        (b"A=1\\", [(1, "A", "backslash_at_end_of_file", None)]),
        (b"A=b c\n", [(1, "A", "unquoted_blank", None)]),
        (b"A=\xe9\nB=1\n", [(1, "A", "not_utf8", None)]),
        (b"A: 1\n", [(1, "A", "no_equals_sign", None)]),
        (b"A 1\n", [(1, "A", "no_equals_sign", None)]),
        (b"set A=1\n", [(1, "A", "no_equals_sign", None)]),
        (b"$env:A = '1'\n", [(1, "A", "invalid_name", None)]),
        (b"- A=1\n", [(1, "A", "invalid_name", None)]),
        (b'"A"=1\n', [(1, "A", "invalid_name", None)]),
        (b"=1\n", [(1, None, "invalid_name", None)]),
        (b"CODEX_HOME=/x\n", [(1, "CODEX_HOME", "codex_name", None)]),
        (b"export codex_home=/x\n", [(1, "codex_home", "codex_name", None)]),
        (b"A=a\0b\n", [(1, "A", "nul_byte", None)]),
        (b'A="\\t"\n', [(1, "A", "unknown_escape", None)]),
        (b"A=C:\\x\n", [(1, "A", "unknown_escape", None)]),
        (b"A=${B\n", [(1, "A", "unterminated_reference", None)]),
        (b'A="$B"\n', [(1, "A", "dollar_before_quote", None)]),
        (b'A="p$5"\n', [(1, "A", "dollar_before_quote", None)]),
        (b"A='it\\'s'\n", [(1, "A", "unbalanced_quotes", None)]),
        (b"A='\n", [(1, "A", "unterminated_quote", 1)]),
        (
            b"C=1\nA='x\n\nB=2\n# D=3\nfoo\nexport E: 3\n",
            [
                (2, "A", "unterminated_quote", 2),
                (4, "B", "unterminated_quote", 2),
                (7, "E", "unterminated_quote", 2),
            ],
        ),
        # The quote of line 1 is closed in line 3, where another one is opened.
        (
            b"A='x\nB=2\nC='y'\nD=4\n",
            [
                (1, "A", "unterminated_quote", 3),
                (2, "B", "inside_quotes", 1),
                (3, "C", "inside_quotes", 1),
                (4, "D", "unterminated_quote", 3),
            ],
        ),
        (b"A='x\nB=2\n'\nC=3\n", [(2, "B", "inside_quotes", 1)]),
        (
            b"A=1  # don't\nB=2\nC=isn't\nD=4\n",
            [(2, "B", "inside_quotes", 1), (3, "C", "inside_quotes", 1)],
        ),
        (
            b"A='x\nB=2\n\xe9\nC=3\n",
            [(1, "A", "not_utf8", None), (2, "B", "inside_quotes", 1)],
        ),
    ],
    ids=ascii,
)
def test_a_dropped_line_is_named_with_its_reason(
    data: bytes, dropped: list[tuple[int, str | None, str, int | None]]
) -> None:
    found = _dotenv.read(data, {}).dropped
    assert [(one.line, one.name, one.reason, one.opened) for one in found] == dropped


def test_every_reason_is_documented_and_tested() -> None:
    assert tuple(dict.fromkeys(_dotenv.REASONS)) == _dotenv.REASONS
    source = pathlib.Path(__file__).read_text(encoding="utf-8")
    for reason in _dotenv.REASONS:
        assert f'"{reason}"' in source, reason


@pytest.mark.parametrize(
    ("line", "raw", "value", "references"),
    [
        (b"A=1\n", "1", "1", ()),
        (b"\texport A = 'b c' # d\n", "'b c'", "b c", ()),
        (b"A=\n", "", "", ()),
        (b"A= # d\n", "", "", ()),
        (b"A=#d\n", "", "", ()),
        (b"A=b#c \t# d\n", "b#c", "b#c", ()),
        (b'A="b\nc" # d\r\n', '"b\nc"', "b\nc", ()),
        (b"A='b'\"c\"d\\ e\n", "'b'\"c\"d\\ e", "bcd e", ()),
        (b"A=$B-${C}$D_\n", "$B-${C}$D_", "b-c_", ("B", "C", "D")),
        ("A=é\u00a0é\n".encode(), "é\u00a0é", "é\u00a0é", ()),
    ],
    ids=ascii,
)
def test_an_assignment_knows_where_its_value_stands(
    line: bytes, raw: str, value: str, references: tuple[str, ...]
) -> None:
    data = "# é\n".encode() + line + b"Z=1\n"
    reading = _dotenv.read(data, {"B": "b", "C": "c"})
    one, last = reading.assignments
    text = _dotenv.text_of(data)
    assert (one.name, one.value, one.line, one.references) == ("A", value, 2, references)
    assert one.substituted is bool(references)
    assert text[one.value_start : one.value_end] == raw
    assert text[one.start : one.end] == line.decode()
    assert (last.name, last.line) == ("Z", 2 + line.count(b"\n"))


def test_the_last_assignment_wins_and_may_be_empty() -> None:
    assert _dotenv.effective(_dotenv.read(b"A=1\nB=2\nA=\n", {"B": "x"})) == {"A": "", "B": "2"}


def test_a_reference_means_what_stands_above_it_then_the_environment() -> None:
    data = b"B=$A\nA=2\nC=$A\nD=$NONE.\nCODEX_A=4\nE=${CODEX_A}\nF=$G\n"
    environment = {"A": "1", "CODEX_A": "3", "G": "\udce9"}
    values = _dotenv.effective(_dotenv.read(data, environment))
    assert values == {"A": "2", "B": "1", "C": "2", "D": ".", "E": "3", "F": ""}
    assert environment == {"A": "1", "CODEX_A": "3", "G": "\udce9"}
    assert _dotenv.effective(_dotenv.read(data, {}))["E"] == "4"


def test_references_to_references_are_bounded() -> None:
    doubling = b"A=0123456789\n" + b"B=$A$A\nA=$B$B\n" * 40
    reading = _dotenv.read(doubling, {})
    assert {one.reason for one in reading.dropped} == {"too_long"}
    assert max(len(one.value) for one in reading.assignments) <= _dotenv.VALUE_LIMIT

    many = b"A=" + b"x" * 100_000 + b"\n" + b"B=$A\n" * 10_000
    reading = _dotenv.read(many, {})
    assert sum(len(one.value) for one in reading.assignments) <= _dotenv.TOTAL_LIMIT
    assert {one.reason for one in reading.dropped} == {"too_long"}


def test_a_value_that_is_too_long_is_not_put_together() -> None:
    asked = []

    def lookup(name: str) -> str:
        asked.append(name)
        return "12345"

    with pytest.raises(LineError) as caught:
        read_value("A=" + "$B" * 100, 2, lookup, 10)
    assert (caught.value.reason, len(asked)) == ("too_long", 3)


@pytest.mark.parametrize(
    "part",
    [b"Z=1\n", b"Z='x\n", b"Z=' ", b"\n", b" ", b"\xe9", b"\xe9\n", b"${", b'"$A', b"\\", b"\0"],
    ids=ascii,
)
def test_a_file_as_long_as_the_limit_is_read(part: bytes) -> None:
    data = (b"A=1\n" + part * _dotenv.SIZE_LIMIT)[: _dotenv.SIZE_LIMIT]
    assert _dotenv.effective(_dotenv.read(data, {}))["A"] == "1"


@settings(SETTINGS, max_examples=500)
@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
def test_any_bytes_are_read(data: bytes, environment: dict[str, str]) -> None:
    check_reading(data, environment)


@settings(SETTINGS, max_examples=500)
@given(st.integers())
def test_a_reading_accounts_for_the_file(seed: int) -> None:
    check_reading(some_file(random.Random(seed)), ENVIRONMENT)
