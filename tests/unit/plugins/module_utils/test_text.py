# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of a target is shown on one printable line of bounded length."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT, clean


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("plain {braces} and %s", "plain {braces} and %s", id="plain"),
        pytest.param("naïve 日本 🙂", "naïve 日本 🙂", id="printable"),
        pytest.param("a\nb\r\tc\0d", "a b  c d", id="control"),
        pytest.param("\x1b[31mred\x1b[0m", " [31mred [0m", id="terminal-escape"),
        pytest.param("\x9b31mred", " 31mred", id="c1-escape"),
        pytest.param("a\u202eb\u2066c", "a b c", id="bidirectional"),
        pytest.param("a\u2028b\u2029c", "a b c", id="line-separators"),
        pytest.param("a\ud800b", "a b", id="lone-surrogate"),
        pytest.param("\ufeffa\u200bb", " a b", id="invisible"),
        pytest.param(None, "None", id="none"),
        pytest.param(403, "403", id="number"),
        pytest.param(float("nan"), "nan", id="nan"),
        pytest.param({"a": ["\n"]}, "{'a': ['\\n']}", id="structure"),
        pytest.param(ValueError("no\nuse"), "no use", id="error"),
        pytest.param("", "", id="empty"),
    ],
)
def test_clean(value: t.Any, shown: str) -> None:
    assert clean(value) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("length", "limit", "shown"),
    [
        pytest.param(10, 10, "x" * 10, id="fits"),
        pytest.param(11, 10, "x" * 7 + "...", id="one-too-many"),
        pytest.param(10_000_000, 10, "x" * 7 + "...", id="far-too-many"),
    ],
)
def test_the_limit(length: int, limit: int, shown: str) -> None:
    assert clean("x" * length, limit) == shown


def test_the_limit_holds_for_what_is_replaced() -> None:
    assert len(clean("\n" * 1000)) == SHORT


@pytest.mark.parametrize("depth", [10, 100_000])
def test_a_nest_of_any_depth_is_shown(depth: int) -> None:
    nest: list[t.Any] = []
    for _level in range(depth):
        nest = [nest]
    assert clean(nest) in ("[" * 11 + "]" * 11, "(list)")


def test_a_number_of_any_length_is_shown() -> None:
    assert len(clean(10**100_000)) <= SHORT
