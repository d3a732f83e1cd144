# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing parts of a text, taking that back, and merging two rounds of it into one.

This module util is private to the collection.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t


class TextMismatch(Exception):
    """A text is not the one that the replacements were made for."""


@dataclasses.dataclass(frozen=True)
class Replacement:
    """At offset `start` (in characters) of the text before, `old` gives way to `new`."""

    start: int
    old: str
    new: str

    @property
    def end(self) -> int:
        """The offset behind `old` in the text before."""
        return self.start + len(self.old)


Replacements = tuple[Replacement, ...]


def apply(text: str, replacements: t.Iterable[Replacement]) -> str:
    """Return `text` with the replacements made.

    They must ascend and not overlap. Raises TextMismatch if `text` does not hold their `old`.
    """
    parts: list[str] = []
    position = 0
    for replacement in replacements:
        if replacement.start < position or text[replacement.start : replacement.end] != (
            replacement.old
        ):
            raise TextMismatch(f"the text at character {replacement.start} is not as expected")
        parts += (text[position : replacement.start], replacement.new)
        position = replacement.end
    return "".join([*parts, text[position:]])


def inverse(replacements: t.Iterable[Replacement]) -> Replacements:
    """Return the replacements that lead from the text after back to the text before."""
    result: list[Replacement] = []
    growth = 0
    for replacement in replacements:
        result.append(Replacement(replacement.start + growth, replacement.new, replacement.old))
        growth += len(replacement.new) - len(replacement.old)
    return tuple(result)


def revert(text: str, replacements: t.Iterable[Replacement]) -> str:
    """Return the text before, given the text after.

    Raises TextMismatch if what was put in does not stand in `text` where it was put.
    """
    return apply(text, inverse(replacements))


def chain(text: str, first: Replacements, second: Replacements) -> Replacements:
    """Return one round of replacements on `text` that does what `first`, then `second` does."""
    middle = apply(text, first)
    after = apply(middle, second)
    kept = list(_common(_kept(text, first), _kept(middle, second)))
    result: list[Replacement] = []
    before_position = after_position = 0
    for run in [*kept, _Run(len(text), len(after), 0)]:
        old = text[before_position : run.before]
        new = after[after_position : run.after]
        if old != new:
            result.append(Replacement(before_position, old, new))
        before_position, after_position = run.before + run.size, run.after + run.size
    return tuple(result)


class _Run(t.NamedTuple):
    """`size` characters that stand at `before` in one text and at `after` in the next."""

    before: int
    after: int
    size: int


def _kept(text: str, replacements: Replacements) -> t.Iterator[_Run]:
    before = after = 0
    for replacement in replacements:
        size = replacement.start - before
        if size:
            yield _Run(before, after, size)
        before = replacement.end
        after += size + len(replacement.new)
    if before < len(text):
        yield _Run(before, after, len(text) - before)


def _common(first: t.Iterable[_Run], second: t.Iterable[_Run]) -> t.Iterator[_Run]:
    """Yield what both rounds keep, from the first text to the last."""
    for one, other in itertools.product(list(first), list(second)):
        start = max(one.after, other.before)
        end = min(one.after + one.size, other.before + other.size)
        if start < end:
            yield _Run(
                one.before + start - one.after, other.after + start - other.before, end - start
            )
