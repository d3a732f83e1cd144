# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the figures were measured on and with."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import typing as t

from support.client_versions import current_version

from .fleet import REPOSITORY

_GIT = 30
_MEASURED = ("plugins", "roles", "playbooks", "tests/bench")


@dataclasses.dataclass(frozen=True)
class Machine:
    """`facts` are lines of a table, `command` what was run, `when` the day (UTC)."""

    facts: tuple[tuple[str, str], ...]
    commit: str
    command: str
    when: str


def describe(command: str, further: t.Mapping[str, str]) -> Machine:
    """Look at this machine; `further` are versions of what else is measured."""
    packages = {name: _version(name) for name in ("ansible-core", "ansible", "tomlkit")}
    facts = {
        "processor": f"{_of_file('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{_gibibytes(_of_file('/proc/meminfo', 'MemTotal'))} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python of the controller": platform.python_version(),
        **packages,
        "Codex client": current_version(),
        **further,
    }
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Machine(tuple(facts.items()), _commit(), command, today)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _of_file(path: str, name: str) -> str:
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return "unknown"
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _colon, value in pairs if key.strip() == name), "unknown")


def _gibibytes(kibibytes: str) -> str:
    number = kibibytes.split()[0]
    return f"{int(number) / 2**20:.0f}" if number.isdigit() else "unknown"


def _commit() -> str:
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", *_MEASURED)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{head}, with uncommitted changes" if changed else head


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT)
    return done.stdout.strip()
