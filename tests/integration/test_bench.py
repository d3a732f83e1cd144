# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small run of the benchmark, so that it still works when somebody wants it."""

from __future__ import annotations

import pathlib
import sys

from bench import edit, fleet_report
from bench.ansible_runs import Controller
from bench.edit_report import section as edit_section
from bench.fleet import local_fleet, python
from bench.fleet_tables import Table
from bench.measure import measure
from bench.ours import AUDIT, HEALTHY, Playbooks, make_stubs


def test_two_hosts_are_measured_beside_what_people_use(tmp_path: pathlib.Path) -> None:
    stubs = make_stubs(tmp_path)
    fleet = local_fleet(tmp_path, 2, stubs.healthy, python())
    controller = Controller(tmp_path / "c", forks=2)
    controller.folder.mkdir()
    playbooks = Playbooks(controller, fleet, stubs, timeout=60)

    jobs = [playbooks.floor(), *playbooks.nothing_to_do(), playbooks.lines()]
    rows = measure(jobs, 1, "smoke")

    assert [row.failure for row in rows] == [None] * 4
    section = fleet_report.section([Table("local", 2, 2, tuple(rows))])
    assert section.failures == ()
    assert all(one.figure for one in section.bars)
    assert AUDIT in section.text and HEALTHY in section.text


def test_a_small_edit_is_measured(tmp_path: pathlib.Path) -> None:
    version = "{}.{}".format(*sys.version_info)
    edits = edit.measure_edits(tmp_path, {"1 KB": 1_000}, {version: pathlib.Path(sys.executable)})
    section = edit_section(edits)
    assert section.failures == ()
    assert [(one.work, one.way) for one in edits if one.seconds and one.peak] == [
        (work, way) for work in edit.WORK for way in edit.WAYS
    ]
