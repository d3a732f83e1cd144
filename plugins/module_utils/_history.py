# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back to the very bytes that were found at first. Pure.

This module util is PRIVATE to the collection. The steps of a record lead from
the file as it was found to the file as we left it, without a gap. Where others
have written in between there is no such way, and the record has no steps.
"""

from __future__ import annotations

import typing as t

from ._state import Record, Step, digest
from ._toml_splice import Replacements, TextMismatch, revert

_MOST_STEPS = 20
_ODD_BYTES = "surrogateescape"


class Found(t.NamedTuple):
    """A file as it was found at first."""

    data: bytes | None
    """None: there was no file."""


def extended(
    known: Record | None, before: bytes | None, after: bytes, replacements: Replacements
) -> tuple[Step, ...]:
    """The steps once ``replacements`` have made ``after`` of ``before``; none if they do not lead
    there. Offsets are in characters, a byte that is not UTF-8 being one (surrogateescape)."""
    step = Step(digest(before), digest(after) or "", replacements)
    if known is None:
        return (step,)
    states = [known.steps[0].before, *(one.after for one in known.steps)] if known.steps else []
    if step.before not in states:
        return ()
    # Later steps were meant and never made, have been taken back, or led back here.
    position = states.index(step.before)
    steps = (*known.steps[:position], step)
    return steps if len(steps) <= _MOST_STEPS else ()


def before_last(known: Record, data: bytes | None) -> Found | None:
    """What the last step found, if ``data`` is what it left, or that already: the step was never
    made, or has been undone."""
    if not known.steps:
        return None
    last = known.steps[-1]
    if data is not None and digest(data) == last.after:
        return _undone(last, data)
    return Found(data) if digest(data) == last.before else None


def found(known: Record, data: bytes | None) -> Found | None:
    """What was found before the first step, if ``data`` is what one of the steps left."""
    ends = [step.after for step in known.steps]
    if digest(data) not in ends:
        return None
    earlier: Found | None = Found(data)
    for step in reversed(known.steps[: ends.index(digest(data) or "") + 1]):
        if earlier is None or earlier.data is None:
            return None
        earlier = _undone(step, earlier.data)
    return earlier


def _undone(step: Step, data: bytes) -> Found | None:
    try:
        earlier = revert(data.decode("utf-8", _ODD_BYTES), step.replacements).encode(
            "utf-8", _ODD_BYTES
        )
    except (TextMismatch, UnicodeError):
        return None
    if step.before is None:
        # Only a file that holds nothing else was made by us.
        return None if earlier else Found(None)
    return Found(earlier) if digest(earlier) == step.before else None
