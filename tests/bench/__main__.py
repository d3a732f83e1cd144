# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure this collection beside what people use today, and write docs/benchmarks.md.

    python -m bench [--output FILE] [PART ...]

Run it with `make bench`; the parts are those of PARTS, and without a name all of them. The page in
docs is written by a run of all parts alone, for its figures belong together. Ends with status 1
when a row could not be measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import signal
import sys
import tempfile
import time
import traceback
import typing as t

from . import machine, report
from .fleet import REPOSITORY
from .measure import progress
from .parts import PARTS, versions
from .plan import Plan

PAGE = REPOSITORY / "docs/benchmarks.md"
PARTIAL = REPOSITORY / ".cache/bench/benchmarks.md"


def main(arguments: t.Sequence[str], plan: Plan) -> int:
    """Measure the parts that are named and write the page; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--output", type=pathlib.Path, help="the page to write")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {unknown[0]}; the parts are {', '.join(PARTS)}.")
    chosen = given.parts or list(PARTS)
    command = " ".join(["make bench", *([f'BENCH="{" ".join(chosen)}"'] if given.parts else [])])
    described = machine.describe(command, versions())
    plan = dataclasses.replace(plan, until=time.monotonic() + plan.seconds)
    sections = []
    for name in chosen:
        progress(f"part {name}")
        sections.append(measured(name, plan))
    page = report.page(described, sections)
    path = given.output or (PARTIAL if given.parts else PAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page)
    print(page)
    failures = [failure for section in sections for failure in section.failures]
    for failure in failures:
        progress(f"not measured: {failure}")
    progress(f"written: {path}")
    return 1 if failures else 0


def measured(name: str, plan: Plan) -> report.Section:
    """Return the chapter of one part; that of one that could not be measured says why."""
    with tempfile.TemporaryDirectory(prefix="cb") as folder:
        place = pathlib.Path(folder)
        # Other users have their homes below it.
        place.chmod(0o755)
        try:
            return PARTS[name](place, plan)
        except Exception as error:
            # Whatever it is, the figures of the other parts are not to be lost by it.
            traceback.print_exc()
            why = f"The part {name} failed: {type(error).__name__}: {error}"
            return report.Section(f"Not measured: {name}", f"{report.cell(why)}\n", failures=(why,))


def _interrupt(number: int, _frame: object) -> t.NoReturn:
    # What runs is ended on the way out, as after an interrupt from the keyboard.
    raise KeyboardInterrupt(f"signal {number}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(main(sys.argv[1:], Plan()))
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; nothing was written.")
