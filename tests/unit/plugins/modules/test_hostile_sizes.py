# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However much a machine says of itself, a look at it needs little memory and gives a short answer.

The memory is that of the module's own process, which the system has measured at its end.
"""

from __future__ import annotations

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time
import typing as t

import pytest
from support import log_database, stubs
from support.client import REPOSITORY
from support.doctor_samples import as_json, refused, report
from support.hostile_machines import poisoned
from support.hostile_text import PAYLOAD, UNPRINTABLE

if t.TYPE_CHECKING:
    from support.figures import Figures

BLOCKED = as_json(report(refused(403)))
MOST_MEMORY = 200 * 1024 * (1 if sys.platform.startswith("linux") else 1024)
"""In the unit of the system: 200 MiB, of which Python itself and the modules need some 40."""

MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
"""A small process of its own: a process counts as large as the one that has started it."""

LONGEST_ANSWER = 20_000
LINE = 50_000_000
ROW = 100_000_000


def speaks(command: str) -> t.Callable[[pathlib.Path], None]:
    """Return what gives a home a client whose every answer but its version is this command's."""

    def made(home: pathlib.Path) -> None:
        version = '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit'
        stubs.script(home / "codex", version, command)

    return made


def answers(answer: bytes) -> t.Callable[[pathlib.Path], None]:
    def made(home: pathlib.Path) -> None:
        (home / "answer").write_bytes(answer)
        speaks(f"exec cat '{home}/answer'")(home)

    return made


def says_its_version_for_ever(home: pathlib.Path) -> None:
    stubs.script(home / "codex", "exec yes")


def many_checks() -> bytes:
    """As many as there is room for in what is read of one program."""
    document = json.loads(BLOCKED)
    more: dict[str, t.Any] = {f"c{number}": {"details": {"a": []}} for number in range(100_000)}
    return json.dumps({**document, "checks": {**more, **document["checks"]}}).encode()


def long_row(home: pathlib.Path) -> None:
    answers(BLOCKED)(home)
    database = home / ".codex/logs_2.sqlite"
    log_database.write(database, log_database.recorded("close-after", time.time() - 60))
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE logs SET feedback_log_body = CAST(zeroblob(?) AS TEXT) WHERE id = 1", (ROW,)
        )
    connection.close()


SIZES: dict[str, t.Callable[[pathlib.Path], None]] = {
    "line": speaks(f"exec head -c {LINE} /dev/zero"),
    "line-beside": speaks(f"exec head -c {LINE} /dev/zero >&2"),
    "lines-without-end": speaks("yes >&2 & exec yes"),
    "version-without-end": says_its_version_for_ever,
    "checks": answers(many_checks()),
    "words": answers(poisoned(BLOCKED, PAYLOAD * 200)),
    "row": long_row,
}


@pytest.mark.parametrize("size", SIZES)
def test_a_look_needs_little_memory(tmp_path: pathlib.Path, size: str, figures: Figures) -> None:
    if size == "row" and sys.version_info < (3, 11):
        pytest.skip("only Python 3.11 and later can bound a row")
    (tmp_path / ".codex").mkdir()
    SIZES[size](tmp_path)
    options = {"codex_home": str(tmp_path / ".codex"), "executable": str(tmp_path / "codex")}
    given = {"ANSIBLE_MODULE_ARGS": {**options, "probes": 1, "timeout": 30}}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(REPOSITORY / "plugins/modules/codex_info.py")],
        input=json.dumps(given),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / ".cache/collections")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = done.stdout
    assert int(done.stderr) <= MOST_MEMORY
    assert len(said) <= LONGEST_ANSWER
    assert json.loads(said)["codex"]["diagnosis"]["verdict"]
    shown = json.dumps(json.loads(said), ensure_ascii=False)
    assert not UNPRINTABLE.search(shown.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    figures.add("looks at machines that say more than there is room for")
