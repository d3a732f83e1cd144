# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/reliability.md: what the collection promises, its tests, and what those counted.

    reliability.py

The promises stand in tests/promises.yml, each with the command that counts for it. Figures come
from nowhere else: the command leaves them in .cache/figures, with the commit and the day. One that
is not there is an error, and so is a zero, but among outcomes.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMISES = ROOT / "tests/promises.yml"
FIGURES = ROOT / ".cache/figures"
PAGE = ROOT / "docs/reliability.md"

HEAD = """\
<!-- Copyright (c) 2026, the devfleet.codex authors -->
<!-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt) -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by "make reliability" from tests/promises.yml and from what the tests counted. -->
# Reliability

What the collection promises, the tests that hold it to that, and how often they tried to break it.
`make test` runs the same tests with fewer repetitions, and neither atheris nor mutmut. Each figure
is printed, under the name it has here, by the command beside it: as root on Linux on x86_64, for
elsewhere some of it is skipped.

| Promise | Tests | Counted | By |
|---|---|---|---|
"""


class Missing(Exception):
    """What cannot be written yet; a sentence for the developer."""


@dataclasses.dataclass(frozen=True)
class Promise:
    """A row of the page: what is promised, the files of its tests, and the figures they count."""

    text: str
    tests: tuple[str, ...]
    source: str
    figures: tuple[str, ...]
    outcomes: tuple[str, ...]
    """What was looked for, and may not have been found."""


class Count(t.NamedTuple):
    """What one run counted: how many of what, at which commit and on which day (ISO 8601)."""

    commit: str
    day: str
    figures: t.Mapping[str, int]


Counted = t.Mapping[str, Count]
"""By source."""


def read(text: str) -> tuple[dict[str, str], list[Promise]]:
    """Return the command of each source, and the promises, of the YAML `text`.

    Raises KeyError or TypeError.
    """
    content = yaml.safe_load(text)
    promises = [
        Promise(
            row["promise"],
            tuple(row["tests"]),
            row["source"],
            tuple(row["figures"]),
            tuple(row.get("outcomes", ())),
        )
        for row in content["promises"]
    ]
    return content["sources"], promises


def page(commands: t.Mapping[str, str], promises: list[Promise], counted: Counted) -> str:
    """Return the text of the page; raises Missing."""
    rows = []
    for promise in promises:
        command = commands[promise.source]
        numbers = counted[promise.source].figures if promise.source in counted else {}
        names = (*promise.figures, *promise.outcomes)
        for name in names:
            if name not in numbers or (name in promise.figures and not numbers[name]):
                raise Missing(f'"{command}" has counted no {name}; run it, then this again.')
        tests = "<br>".join(f"[{pathlib.Path(test).name}](../{test})" for test in promise.tests)
        figures = "<br>".join(f"{numbers[name]:,} {name}" for name in names)
        rows.append(f"| {promise.text} | {tests} | {figures} | `{command}` |\n")
    used = [counted[source] for source in {promise.source for promise in promises}]
    moments = sorted({(count.day, count.commit) for count in used})
    when = ", ".join(f"on {day} at commit {commit}" for day, commit in moments)
    return f"{HEAD}{''.join(rows)}\nCounted {when}.\n"


def main() -> None:
    commands, promises = read(PROMISES.read_text(encoding="utf-8"))
    counted = {path.stem: Count(**json.loads(path.read_text())) for path in FIGURES.glob("*.json")}
    try:
        text = page(commands, promises, counted)
    except Missing as missing:
        sys.exit(f"make reliability: {missing}")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
