# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark makes of its times."""

from __future__ import annotations

import pytest
from bench.figures import FLOOR, Bar, Row, find, ratio, to_floor, worst

PING = Row(FLOOR, 20, (2.0, 4.0, 3.0))
OURS = Row("ours", 10, (3.0,))
FAILED = Row("failed", 10, (1.0,), failure="why")
NONE = Row("none", 10, ())


@pytest.mark.parametrize(
    ("row", "median", "per_host"),
    [(PING, 3.0, 0.15), (OURS, 3.0, 0.3), (FAILED, None, None), (NONE, None, None)],
)
def test_the_middle_run_counts(row: Row, median: float | None, per_host: float | None) -> None:
    assert (row.median, row.per_host) == (median, per_host)


@pytest.mark.parametrize(
    ("row", "other", "expected"),
    [(OURS, PING, 2.0), (FAILED, PING, None), (OURS, NONE, None), (None, PING, None)],
)
def test_a_ratio_is_one_of_times_a_host(
    row: Row | None, other: Row | None, expected: float | None
) -> None:
    found = ratio(row, other)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_the_floor_is_found_among_the_rows() -> None:
    assert find([OURS, PING], FLOOR) is PING
    assert to_floor(OURS, [OURS, PING]) == pytest.approx(2.0)
    assert to_floor(OURS, [OURS]) is None


@pytest.mark.parametrize(
    ("figures", "expected"), [([1.0, 3.0, 2.0], 3.0), ([1.0, None], None), ([], None)]
)
def test_the_worst_is_only_known_where_all_are(
    figures: list[float | None], expected: float | None
) -> None:
    assert worst(figures) == expected


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [(1.2, "met"), (1.21, "missed"), (None, "not measured")],
)
def test_a_bar_is_met_up_to_its_limit(figure: float | None, verdict: str) -> None:
    assert Bar("promise", figure, 1.2).verdict == verdict
