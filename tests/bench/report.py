# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page in Markdown from what was measured. All pure; no figure is written by hand."""

from __future__ import annotations

import dataclasses
import typing as t

from .figures import Bar
from .machine import Machine

_OPENING = """\
# Benchmarks

`{command}` measured and wrote all of this in one run, on {when}, at commit {commit}.
Run it again rather than edit it.
"""


@dataclasses.dataclass(frozen=True)
class Section:
    """A chapter of the page: its bars, its text, and the names of rows that failed."""

    title: str
    text: str
    bars: tuple[Bar, ...] = ()
    failures: tuple[str, ...] = ()


def page(machine: Machine, sections: t.Sequence[Section]) -> str:
    """Return the whole page."""
    opening = _OPENING.format(command=machine.command, when=machine.when, commit=machine.commit)
    parts = [opening, table(("what", "here"), machine.facts)]
    bars = [one for section in sections for one in section.bars]
    if bars:
        parts.append("## What was promised\n")
        parts.append(table(("promise", "measured", "bar", ""), map(_bar_cells, bars)))
    for section in sections:
        parts.append(f"## {section.title}\n")
        parts.append(section.text)
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def table(heads: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> str:
    """Return a table; the first column is text, and the others are figures."""
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Return text that cannot end its cell or begin something else in Markdown."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _bar_cells(promised: Bar) -> tuple[str, str, str, str]:
    figure = (
        "not measured" if promised.figure is None else f"{number(promised.figure)}{promised.unit}"
    )
    verdict = promised.verdict if promised.verdict == "met" else f"**{promised.verdict}**"
    return promised.promise, figure, f"at most {number(promised.limit)}{promised.unit}", verdict


def number(figure: float) -> str:
    """Return three significant digits, without an exponent."""
    if figure >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}" if figure else "0"


def times(figure: float | None) -> str:
    """Return a ratio as `1.13`; nothing where there is none."""
    return "" if figure is None else f"{figure:.2f}"


def mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f}" if size else ""
