# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chapter on the edit of one config."""

from __future__ import annotations

import typing as t

from .edit import RUNS, SLOW, WAYS, Edit
from .figures import Bar, worst
from .report import Section, cell, mebibytes, table

WITHOUT_TOMLLIB = ("3.9", "3.10")
MOST_WITH_TOMLLIB = 0.5
MOST_WITHOUT = 2.5
MOST_GROWTH = 1.5
_TITLE = "The edit of one config"
_FRAME = f"""\
`http_provider` on a config as Codex and its user write them together: projects, servers with
comments, a few keys above them. The parser reads the text once, and does nothing else: tomllib, or
tomlkit on Pythons that have no tomllib, where it is nearly all of the time (less of it than alone,
for the collection pauses Python's garbage collector meanwhile). The function runs from the file's
path to the planned change; the module from its import out of an archive, as Ansible brings it to a
machine, to its end, with the write if there is one. tomlkit is the vendored one. Each figure is the
median of {RUNS} processes, or one where that took {SLOW:.0f} s and more; memory is the most that
the process held.
"""
_HEADS = (
    "Python",
    "size",
    "work",
    "parser, s",
    "function, s",
    "module, s",
    "function, MiB",
    "module, MiB",
)


def section(edits: t.Sequence[Edit]) -> Section:
    found = {(one.python, one.size, one.work, one.way): one for one in edits}
    rows = []
    for python, size, work, way in found:
        if way == "function":
            parser, *ours = (found.get((python, size, work, each)) for each in WAYS)
            cells = (python, size, work, *map(_seconds, (parser, *ours)), *map(_peak, ours))
            rows.append(cells)
    failures = [
        f"{_TITLE}: Python {one.python}, {one.size}, {one.work}, {one.way}: {one.failure}"
        for one in edits
        if one.failure
    ]
    text = _FRAME + "\n" + table(_HEADS, rows)
    return Section(_TITLE, text, tuple(_bars(found)), tuple(failures))


Found = t.Mapping[tuple[str, str, str, str], Edit]


def _bars(found: Found) -> t.Iterator[Bar]:
    pythons = list(dict.fromkeys(key[0] for key in found))
    sizes = list(dict.fromkeys(key[1] for key in found))
    largest = sizes[-1]
    nothing = "nothing to do"
    for python in pythons:
        most = MOST_WITHOUT if python in WITHOUT_TOMLLIB else MOST_WITH_TOMLLIB
        one = found.get((python, largest, nothing, "module"))
        promise = f"{largest}, {nothing}, inside the module, Python {python}"
        yield Bar(promise, one.seconds if one else None, most, " s")
    if len(sizes) < 3:
        return
    for work in dict.fromkeys(key[2] for key in found):
        grown = [_growth(found, python, sizes[-2], largest, work) for python in pythons]
        promise = f"{work}, function, time a byte at {largest} as a multiple of that at {sizes[-2]}"
        yield Bar(f"{promise} (worst Python)", worst(grown), MOST_GROWTH)


def _growth(found: Found, python: str, size: str, largest: str, work: str) -> float | None:
    small = found.get((python, size, work, "function"))
    large = found.get((python, largest, work, "function"))
    if not small or not large or not small.seconds or large.seconds is None:
        return None
    return large.seconds / small.seconds / (large.length / small.length)


def _seconds(one: Edit | None) -> str:
    if one is None or one.seconds is None:
        return cell(f"failed: {one.failure[:80]}") if one and one.failure else ""
    return f"{one.seconds:.3f}"


def _peak(one: Edit | None) -> str:
    return mebibytes(one.peak) if one else ""
