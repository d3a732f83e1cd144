# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of measured times: medians, ratios, and whether a bar is met. All pure."""

from __future__ import annotations

import dataclasses
import statistics
import typing as t

FLOOR = "ansible.builtin.ping"


@dataclasses.dataclass(frozen=True)
class Row:
    """A job on `hosts` hosts: wall seconds of each run, memory in bytes, why it failed, if it did,
    and why it was left out, if it was."""

    name: str
    hosts: int
    seconds: tuple[float, ...]
    main_peak: int = 0
    machine_peak: int = 0
    failure: str | None = None
    left_out: str | None = None

    @property
    def median(self) -> float | None:
        """Seconds of the middle run; None where a run failed or there was none."""
        return statistics.median(self.seconds) if self.seconds and not self.failure else None

    @property
    def per_host(self) -> float | None:
        """Seconds a host, of the middle run."""
        return None if self.median is None else self.median / self.hosts


@dataclasses.dataclass(frozen=True)
class Bar:
    """A promise about a figure: `figure` at most `limit`; None where it could not be measured."""

    promise: str
    figure: float | None
    limit: float
    unit: str = ""

    @property
    def verdict(self) -> str:
        if self.figure is None:
            return "not measured"
        return "met" if self.figure <= self.limit else "missed"


def find(rows: t.Iterable[Row], name: str) -> Row | None:
    """Return the row of that name."""
    return next((row for row in rows if row.name == name), None)


def ratio(row: Row | None, other: Row | None) -> float | None:
    """Return the time a host of `row` as a multiple of that of `other`."""
    above = row.per_host if row else None
    below = other.per_host if other else None
    return above / below if above is not None and below else None


def to_floor(row: Row, rows: t.Iterable[Row]) -> float | None:
    """Return the time of `row` as a multiple of that of ping among `rows`."""
    return ratio(row, find(rows, FLOOR))


def worst(figures: t.Iterable[float | None]) -> float | None:
    """Return the largest; None where there is none, or one of them was not measured."""
    known = list(figures)
    if not known or None in known:
        return None
    return max(t.cast("list[float]", known))
