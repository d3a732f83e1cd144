# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The edit of one config of 1 KB, 100 KB and 1 MB, under every Python a machine may have."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import shutil
import statistics
import typing as t

import ansible
from cores import find_python

from . import timed
from .fleet import REPOSITORY, TABLE
from .measure import progress

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
WORK = ("nothing to do", "something to do")
WAYS = ("parser", "function", "module")
RUNS = 3
SLOW = 3.0
"""Seconds; what takes longer is run once."""
_TIMEOUT = 120
_ONCE = pathlib.Path(__file__).resolve().parent / "edit_once.py"
_TOP = """\
# The settings of this machine; see the wiki before changing them.
model = "gpt-5.3-codex"
model_reasoning_effort = "high"  # the reviews need it
approval_policy = "on-request"
{choice}notify = ["notify-send", "Codex"]

[tui]
notifications = true
"""
_CHOICE = 'model_provider = "openai_http"\n'
_PROJECT = """
[projects."/home/dev/code/team-{team:02}/service-{number:05}"]
trust_level = "trusted"
"""
_SERVER = """
# {number}: asks the team's tracker; the token comes from the environment
[mcp_servers.tracker_{number:05}]
command = "npx"
args = ["-y", "@example/tracker-server", "--project", "team-{team:02}/service-{number:05}"]
env = {{ "TRACKER_URL" = "https://tracker.example/api", "TIMEOUT" = "30" }}
"""


@dataclasses.dataclass(frozen=True)
class Edit:
    """What one kind of edit of `length` bytes cost: seconds of the middle run, most bytes held, or
    why it failed."""

    python: str
    size: str
    length: int
    work: str
    way: str
    seconds: float | None
    peak: int = 0
    failure: str | None = None


def config_text(size: int, work: str) -> str:
    """Return a config of at least `size` bytes, as Codex and its user write them together."""
    done = work == "nothing to do"
    top = _TOP.format(choice=_CHOICE if done else "")
    parts = [top, TABLE if done else ""]
    length = sum(map(len, parts))
    number = 0
    while length < size:
        number += 1
        block = (_SERVER if number % 4 == 0 else _PROJECT).format(number=number, team=number % 20)
        parts.append(block)
        length += len(block)
    return "".join(parts)


def pythons(versions: t.Sequence[str] = VERSIONS) -> dict[str, pathlib.Path]:
    """Return the Pythons of `versions` that are here, by version."""
    found = {version: find_python((version,)) for version in versions}
    return {version: path for version, path in found.items() if path is not None}


def measure_edits(
    folder: pathlib.Path, sizes: t.Mapping[str, int], found: t.Mapping[str, pathlib.Path]
) -> list[Edit]:
    """Measure every edit of `sizes` under every Python of `found`."""
    library = _library(folder)
    edits = []
    for version, python in found.items():
        for size, length in sizes.items():
            for work in WORK:
                text = config_text(length, work)
                for way in WAYS:
                    once = functools.partial(_once, folder, library, python, way, text)
                    edits.append(_edit(version, size, len(text), work, way, once))
    return edits


def _edit(
    version: str,
    size: str,
    length: int,
    work: str,
    way: str,
    once: t.Callable[[], tuple[float, int]],
) -> Edit:
    told = f"edit, Python {version}, {size}, {work}, {way}"
    try:
        runs = [once()]
        while len(runs) < RUNS and runs[0][0] < SLOW:
            runs.append(once())
    except (timed.NotFinished, OSError, ValueError) as error:
        progress(f"{told}: FAILED: {error}")
        return Edit(version, size, length, work, way, None, failure=str(error))
    seconds = statistics.median(seconds for seconds, _peak in runs)
    progress(f"{told}: {seconds:.3f} s")
    return Edit(version, size, length, work, way, seconds, max(peak for _seconds, peak in runs))


def _once(
    folder: pathlib.Path, library: pathlib.Path, python: pathlib.Path, way: str, text: str
) -> tuple[float, int]:
    """Return seconds and peak of one edit in a fresh process. Raises ValueError when it failed."""
    home = folder / "edit"
    (home / ".codex").mkdir(parents=True, exist_ok=True)
    for left in (home / ".codex").rglob("*"):
        if left.is_file():
            left.unlink()
    config = home / ".codex/config.toml"
    config.touch(mode=0o600)
    config.write_text(text)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "PYTHONPATH": str(library),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [str(python), str(_ONCE), way, str(home / ".codex")]
    ran = timed.run(command, environment, folder, _TIMEOUT)
    if ran.returncode != 0:
        raise ValueError(f"status {ran.returncode}: {ran.output.strip()[-300:]!r}")
    told = json.loads(ran.output)
    is_written = config.read_text() != text
    if is_written != (way == "module" and _CHOICE not in text):
        raise ValueError(f"the config was {'' if is_written else 'not '}changed")
    return float(told["seconds"]), int(told["peak"])


def _library(folder: pathlib.Path) -> pathlib.Path:
    """Pack Ansible's module library and the collection's, as a module comes to a machine.

    There is nothing compiled in it, so that is done at every run.
    """
    source = folder / "library"
    plugins = source / "ansible_collections/devfleet/codex/plugins"
    copied = {
        pathlib.Path(ansible.__file__).parent / "module_utils": source / "ansible/module_utils",
        REPOSITORY / "plugins/module_utils": plugins / "module_utils",
        REPOSITORY / "plugins/modules": plugins / "modules",
    }
    for origin, place in copied.items():
        shutil.copytree(origin, place, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "ansible/__init__.py").touch()
    shutil.copy(pathlib.Path(ansible.__file__).with_name("release.py"), source / "ansible")
    for package in (plugins, *plugins.parents[:3]):
        (package / "__init__.py").touch()
    return pathlib.Path(shutil.make_archive(str(source), "zip", source))
