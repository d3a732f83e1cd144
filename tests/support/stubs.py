# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shell scripts that stand in for the Codex client where the real one is not the point."""

from __future__ import annotations

import dataclasses
import pathlib
import shlex
import typing as t


@dataclasses.dataclass(frozen=True)
class Stub:
    """A stand-in and the file in which it notes every command line."""

    path: pathlib.Path
    log: pathlib.Path

    @property
    def calls(self) -> list[str]:
        """The command lines so far, in order; empty if the stand-in was never run."""
        return self.log.read_text().splitlines() if self.log.exists() else []


def script(path: pathlib.Path, *lines: str) -> pathlib.Path:
    """Make `path` an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def codex(path: pathlib.Path, version: str, answers: t.Sequence[bytes] = ()) -> Stub:
    """Make `path` a codex of `version` whose doctor gives one of `answers` after the other.

    After the last one it says nothing.
    """
    log = path.with_name(path.name + ".log")
    folder = path.with_name(path.name + ".answers")
    folder.mkdir(parents=True)
    for number, answer in enumerate(answers, 1):
        (folder / str(number)).write_bytes(answer)
    script(
        path,
        f'echo "$*" >> {shlex.quote(str(log))}',
        'if [ "$1" = --version ]; then echo "codex-cli ' + version + '"; exit; fi',
        f"number=$(grep -c ^doctor {shlex.quote(str(log))})",
        f'exec cat {shlex.quote(str(folder))}/"$number"',
    )
    return Stub(path, log)
