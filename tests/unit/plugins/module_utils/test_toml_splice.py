# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing parts of a text, taking that back, and merging two rounds."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._toml_splice import (
    Replacement,
    TextMismatch,
    apply,
    chain,
    inverse,
    revert,
)
from hypothesis import given, settings
from hypothesis import strategies as st

Replacements = tuple[Replacement, ...]


def replacements_for(text: str, cuts: list[int], news: list[str]) -> Replacements:
    """Make replacements of every second stretch between the cuts."""
    places = sorted(cut % (len(text) + 1) for cut in cuts)
    stretches = list(zip(places[::2], places[1::2]))
    return tuple(
        Replacement(start, text[start:end], new)
        for (start, end), new in zip(dict(stretches).items(), news)
    )


ROUNDS = st.tuples(st.lists(st.integers(0, 40), max_size=8), st.lists(st.text("xyz", max_size=3)))


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.text("abc", max_size=30), ROUNDS, ROUNDS)
def test_a_chain_does_what_both_rounds_do(
    text: str, one: tuple[list[int], list[str]], other: tuple[list[int], list[str]]
) -> None:
    first = replacements_for(text, *one)
    middle = apply(text, first)
    second = replacements_for(middle, *other)
    after = apply(middle, second)
    both = chain(text, first, second)
    assert apply(text, both) == after
    assert revert(after, both) == text
    assert all(replacement.old != replacement.new for replacement in both)
    assert sum(len(part.old) for part in both) <= sum(len(part.old) for part in first + second)


def test_replacements_are_made_and_taken_back() -> None:
    parts = (Replacement(0, "a", "A!"), Replacement(2, "", "+"), Replacement(3, "d", ""))
    assert apply("abcd", parts) == "A!b+c"
    assert revert("A!b+c", parts) == "abcd"
    assert inverse(inverse(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((Replacement(0, "b", "x"),), id="other text"),
        pytest.param((Replacement(9, "a", "x"),), id="beyond the end"),
        pytest.param((Replacement(1, "b", "x"), Replacement(0, "a", "x")), id="descending"),
        pytest.param((Replacement(0, "ab", "x"), Replacement(1, "b", "x")), id="overlapping"),
    ],
)
def test_replacements_for_another_text_are_refused(parts: Replacements) -> None:
    with pytest.raises(TextMismatch):
        apply("ab", parts)


def test_what_a_round_puts_in_and_the_next_takes_out_leaves_no_replacement() -> None:
    first = (Replacement(1, "", "new"),)
    second = (Replacement(1, "new", ""),)
    assert chain("ab", first, second) == ()
