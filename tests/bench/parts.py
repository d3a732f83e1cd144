# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the benchmark, by the name that BENCH gives them."""

from __future__ import annotations

import importlib.metadata
import pathlib
import typing as t

from . import edit, edit_report, fleet_report, fleet_tables, hanging, real_client, right
from .peers import PYINFRA_PROGRAM
from .plan import Plan
from .report import Section

Part = t.Callable[[pathlib.Path, Plan], Section]


def local(folder: pathlib.Path, how: Plan) -> Section:
    return fleet_report.section(fleet_tables.local(folder, how))


def ssh(folder: pathlib.Path, how: Plan) -> Section:
    return fleet_report.section(fleet_tables.ssh(folder, how))


def of_real_client(folder: pathlib.Path, how: Plan) -> Section:
    rows = real_client.measure_real(folder, how)
    return fleet_report.real_section(rows, how)


def of_right(folder: pathlib.Path, how: Plan) -> Section:
    return right.section(right.measure_right(folder, how))


def of_edit(folder: pathlib.Path, how: Plan) -> Section:
    found = edit.pythons()
    return edit_report.section(edit.measure_edits(folder, how.sizes, found))


def of_hanging(folder: pathlib.Path, how: Plan) -> Section:
    rows = hanging.measure_hanging(folder, how.hanging, how.timeout, how.until)
    return hanging.section(rows, how.hanging)


PARTS: t.Final[t.Mapping[str, Part]] = {
    "local": local,
    "ssh": ssh,
    "right": of_right,
    "edit": of_edit,
    "hanging": of_hanging,
    "client": of_real_client,
}


def versions() -> dict[str, str]:
    """Return the versions of the tools that are compared with, as far as they are here."""
    found = {}
    site = next(PYINFRA_PROGRAM.parent.parent.glob("lib/*/site-packages"), None)
    for each in importlib.metadata.distributions(name="pyinfra", path=[str(site)]) if site else ():
        found["pyinfra"] = each.version
    return found
