# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reliability.py writes a figure only where one was counted."""

from __future__ import annotations

import typing as t

import pytest
import reliability

PROMISES = """
sources: {unit: make unit FULL=1, fuzz: make fuzz}
promises:
  - promise: A kill leaves the old bytes or the new bytes.
    tests: [tests/unit/test_killed.py, tests/unit/test_more.py]
    source: unit
    figures: [kills between two steps, runs]
    outcomes: [files lost]
"""
FUZZED = """
  - promise: No document is too odd.
    tests: [tests/unit/test_odd.py]
    source: fuzz
    figures: [documents]
"""
Numbers = t.Mapping[str, t.Mapping[str, int]]


def page(numbers: Numbers) -> str:
    commands, promises = reliability.read(PROMISES)
    counted = {
        source: reliability.Count("abc1234", "2026-11-21", figures)
        for source, figures in numbers.items()
    }
    return reliability.page(commands, promises, counted)


def test_a_row_holds_promise_tests_figures_and_command() -> None:
    counted = {"unit": {"kills between two steps": 1234, "runs": 7, "files lost": 0, "else": 1}}
    assert (
        "| A kill leaves the old bytes or the new bytes. "
        "| [test_killed.py](../tests/unit/test_killed.py)<br>"
        "[test_more.py](../tests/unit/test_more.py) "
        "| 1,234 kills between two steps<br>7 runs<br>0 files lost | `make unit FULL=1` |\n"
        "\nCounted on 2026-11-21 at commit abc1234.\n"
    ) in page(counted)


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param({}, id="nothing was run"),
        pytest.param({"unit": {"runs": 7}}, id="one is missing"),
        pytest.param({"unit": {"kills between two steps": 0, "runs": 7}}, id="none was hit"),
        pytest.param({"unit": {"kills between two steps": 1, "runs": 7}}, id="no outcome"),
        pytest.param({"fuzz": {"kills between two steps": 1, "runs": 7}}, id="by another command"),
    ],
)
def test_a_figure_that_was_not_counted_is_an_error(counted: Numbers) -> None:
    with pytest.raises(reliability.Missing, match='"make unit FULL=1" has counted no '):
        page(counted)


def test_the_commits_and_days_that_were_counted_are_named() -> None:
    commands, promises = reliability.read(PROMISES + FUZZED)
    figures = {"kills between two steps": 1, "runs": 1, "files lost": 0}
    counted = {
        "unit": reliability.Count("abc1234", "2026-11-21", figures),
        "fuzz": reliability.Count("def5678-dirty", "2026-11-20", {"documents": 5}),
        "unused": reliability.Count("0000000", "2026-11-19", {}),
    }
    assert reliability.page(commands, promises, counted).endswith(
        "\nCounted on 2026-11-20 at commit def5678-dirty, on 2026-11-21 at commit abc1234.\n"
    )
