# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests count while they run, for docs/reliability.md: kills, races, documents."""

from __future__ import annotations

import collections
import typing as t

Effort = t.Callable[[int, int], int]
"""Gives the repetitions of this run, of those of a usual one and those of a full one."""


class Figures:
    """The sums that the tests of one run have counted, by what was counted."""

    def __init__(self) -> None:
        self.sums: collections.Counter[str] = collections.Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count `number` more of what `name` says, a plural such as "kills between two steps"."""
        self.sums[name] += number
