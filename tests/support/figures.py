# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests count while they run, for docs/reliability.md: kills, races, documents."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import pathlib
import subprocess
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_GIT = 30
"""Seconds after which git is in error rather than slow."""

Effort = t.Callable[[int, int], int]
"""Gives the repetitions of this run, of those of a usual one and those of a full one."""


class Figures:
    """The sums that the tests of one run have counted, by what was counted."""

    def __init__(self) -> None:
        self.sums: collections.Counter[str] = collections.Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count `number` more of what `name` says, a plural such as "kills between two steps"."""
        self.sums[name] += number


@dataclasses.dataclass(frozen=True)
class Output:
    """Where the figures of a run go when all went well; `commit` is what it began with."""

    path: pathlib.Path
    commit: str

    def write(self, sums: t.Mapping[str, int]) -> None:
        """Write the commit, the day (UTC) and the figures as JSON; raises OSError."""
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        document = {"commit": self.commit, "day": today, "figures": dict(sorted(sums.items()))}
        self.path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def output(path: pathlib.Path) -> Output:
    """Make room for figures before they are counted; those of an earlier run go.

    So a run that fails leaves none. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return Output(path, commit())


def commit(folder: pathlib.Path = REPOSITORY) -> str:
    """Return the commit that is checked out, with "-dirty" where tracked files have changed."""
    try:
        head = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head}-dirty" if changed else head


def _git(folder: pathlib.Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT)
    return done.stdout.strip()
