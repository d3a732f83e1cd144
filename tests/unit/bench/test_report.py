# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that the benchmark writes."""

from __future__ import annotations

import pytest
from bench import edit_report, fleet_report, hanging, report, right
from bench.edit import Edit
from bench.figures import FLOOR, Bar, Row
from bench.fleet_tables import Table
from bench.machine import Machine
from bench.ours import AUDIT, HEALTHY, LINES, second
from bench.plan import Hanging

MACHINE = Machine((("memory", "24 GiB"),), "abc", "make bench", "2026-06-03")


def fleet(hosts: int, audit: float, forks: int = 25) -> Table:
    rows = (
        Row(FLOOR, hosts, (hosts * 0.1,), 60 * 2**20, 90 * 2**20),
        Row(AUDIT, hosts, (hosts * audit,)),
        Row(HEALTHY, hosts, (hosts * 0.1,)),
        Row(second(LINES), hosts, (hosts * 0.2,)),
    )
    return Table("local", hosts, forks, rows)


def verdicts(section: report.Section) -> dict[str, str]:
    return {one.promise: one.verdict for one in section.bars}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a|b", "a\\|b"), ("a\n b", "a b"), ("<b>", "&lt;b>"), ("C:\\x", "C:\\\\x")],
)
def test_nothing_breaks_out_of_a_cell(text: str, expected: str) -> None:
    assert report.cell(text) == expected


@pytest.mark.parametrize(
    ("figure", "expected"), [(0, "0"), (0.01234, "0.0123"), (1.2, "1.2"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(figure: float, expected: str) -> None:
    assert report.number(figure) == expected


def test_the_page_tells_where_and_when_and_what_was_promised() -> None:
    section = report.Section("A title", "A text.\n", (Bar("fast", 2.0, 1.2, " s"),))
    page = report.page(MACHINE, [section])
    assert "`make bench` measured and wrote all of this in one run, on 2026-06-03" in page
    assert "| memory | 24 GiB |" in page
    assert "| fast | 2 s | at most 1.2 s | **missed** |" in page
    assert page.endswith("## A title\n\nA text.\n")


def test_each_fleet_is_held_to_its_bars() -> None:
    section = fleet_report.section([fleet(20, 0.11), fleet(100, 0.13), fleet(500, 0.15)])
    assert verdicts(section) == {
        "local, 20 hosts, forks 25: nothing to do, x ping a host (slowest of 2 rows)": "met",
        "local, 20 hosts, forks 25: nothing to do, x lineinfile + blockinfile a host": "met",
        "local, 100 hosts, forks 25: nothing to do, x ping a host (slowest of 2 rows)": "missed",
        "local, 100 hosts, forks 25: nothing to do, x lineinfile + blockinfile a host": "missed",
        "local, 500 hosts, forks 25: nothing to do, x ping a host (slowest of 2 rows)": "missed",
        "local, 500 hosts, forks 25: nothing to do, x lineinfile + blockinfile a host": "missed",
        "local: audit, healthy hosts, from 100 to 500 hosts, time a host": "missed",
        "local: remediate, healthy hosts, from 100 to 500 hosts, time a host": "met",
    }
    assert "| audit, healthy hosts | 13.00 | 1 | 130 | 1.30 |  |  |" in section.text
    assert "| ansible.builtin.ping | 2.00 | 1 | 100 | 1.00 | 60 | 90 |" in section.text
    assert "| audit, healthy hosts | 110 | 130 | 150 |" in section.text


def test_what_failed_says_why_and_what_is_not_here_too() -> None:
    rows = (
        Row(FLOOR, 2, (1.0, 2.0, 4.0)),
        Row(AUDIT, 2, (), failure="status 4"),
        Row("chezmoi", 2, (), left_out="not available here"),
    )
    section = fleet_report.section([Table("local", 2, 25, rows)])
    assert section.failures == (f"Fleets, connection local: {AUDIT}: status 4",)
    assert f"| {AUDIT} | failed: status 4 |" in section.text
    assert "| chezmoi | not available here |" in section.text
    assert f"| {FLOOR} | 2.00 (1.00-4.00) | 3 |" in section.text
    assert set(verdicts(section).values()) == {"not measured"}


def test_without_a_server_the_chapter_says_so() -> None:
    section = fleet_report.section([Table("ssh", 20, 25, left_out="there is no sshd.")])
    assert section.text == "Left out here: there is no sshd.\n"
    assert section.failures == ()


def test_an_edit_is_held_to_the_bar_of_its_python_and_to_linear_growth() -> None:
    edits = [
        Edit(python, size, length, "nothing to do", way, seconds * length / 10_000, 30 * 2**20)
        for python, seconds in (("3.9", 0.02), ("3.11", 0.006))
        for size, length in (("1 KB", 1_000), ("100 KB", 100_000), ("1 MB", 1_000_000))
        for way in ("parser", "function", "module")
    ]
    section = edit_report.section(edits)
    assert verdicts(section) == {
        "1 MB, nothing to do, inside the module, Python 3.9": "met",
        "1 MB, nothing to do, inside the module, Python 3.11": "missed",
        "nothing to do, function, time a byte at 1 MB as a multiple of that at 100 KB"
        " (worst Python)": "met",
    }
    assert "| 3.9 | 1 MB | nothing to do | 2.000 | 2.000 | 2.000 | 30 | 30 |" in section.text


@pytest.mark.parametrize(
    ("one_ill", "everybody", "expected"),
    [(11.9, 42.0, {"met"}), (13.1, 54.0, {"missed"}), (None, None, {"not measured"})],
)
def test_hanging_hosts_may_cost_their_probes_and_no_more(
    one_ill: float | None, everybody: float | None, expected: set[str]
) -> None:
    seconds = (1.0, one_ill, 14.0, everybody)
    rows = [Row("row", 1, () if one is None else (one,)) for one in seconds]
    section = hanging.section(rows, Hanging())
    assert set(verdicts(section).values()) == expected


def test_the_scores_tell_who_was_wrong_and_said_nothing() -> None:
    scores = [
        right.Score(right.OURS, ("a", "b"), ("c",), ()),
        right.Score("other", ("a",), ("b", "c"), ("b", "c")),
        right.Score("absent", (), (), (), left_out="not here"),
    ]
    section = right.section(scores)
    assert f"| {right.OURS} | 2 of 3 | 1 | 0 |" in section.text
    assert "| other | 1 of 3 | 2 | 2 |" in section.text
    assert "| absent | not here |  |  |" in section.text
    assert "This collection is not right on: c." in section.text
