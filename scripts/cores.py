# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of ansible-core that the collection is tested with, and the Pythons for them."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "tests/requirements.txt"
CONSTRAINTS = ROOT / "tests/constraints.txt"

# What may run a controller of each series, the Python to test it with first: so three Pythons are
# tested wherever there are three.
PYTHONS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.13", "3.14", "3.12"),
}


class Core(t.NamedTuple):
    """A series of ansible-core ("2.19"), the version that stands for it, and its Pythons."""

    series: str
    version: str
    pythons: tuple[str, ...]


def names(requirements: Path) -> dict[str, list[str]]:
    """The lines of a requirements file by the name of the package, in lower case, they are for."""
    found: dict[str, list[str]] = {}
    for line in requirements.read_text("utf-8").splitlines():
        if line[:1] not in "#-":
            found.setdefault(Requirement(line).name.lower(), []).append(line)
    return found


def pinned(packages: t.Collection[str], requirements: Path = REQUIREMENTS) -> list[str]:
    """The lines of `requirements` for `packages`, environment markers included.

    Raises KeyError for a package that has no line there.
    """
    found = names(requirements)
    missing = [package for package in packages if package.lower() not in found]
    if missing:
        raise KeyError(f"{requirements.name} has no line for {' and '.join(missing)}; add one.")
    return [line for package in packages for line in found[package.lower()]]


def cores(requirements: Path = REQUIREMENTS) -> tuple[Core, ...]:
    """Every ansible-core that `requirements` names, whatever Python the line is for.

    Raises KeyError for a series without Pythons in PYTHONS.
    """
    versions = [
        str(Requirement(line).specifier).removeprefix("==")
        for line in pinned(("ansible-core",), requirements)
    ]
    series = [version.rpartition(".")[0] for version in versions]
    return tuple(Core(one, version, PYTHONS[one]) for one, version in zip(series, versions))


def find_python(versions: t.Iterable[str]) -> Path | None:
    """The first Python of `versions` ("3.12") that runs, on PATH or among pyenv's versions."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places = [Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    places += sorted(pyenv.glob("versions/*/bin"), reverse=True)
    candidates = (place / f"python{version}" for version in versions for place in places)
    return next((python for python in candidates if python.is_file() and _runs(python)), None)


def _runs(python: Path) -> bool:
    # A version manager's stand-in exists for versions that it then refuses to run.
    command = [str(python), "--version"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
