# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A foreign program gets no more time and no more room than it is given."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _process
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import NoReport, read_run
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome, run_bounded
from support.stubs import script

FAR = 60.0
"""Seconds that no test needs: only a defect does."""


def run(path: Path, timeout: float = FAR, **environment: str) -> Outcome:
    given = {"PATH": os.defpath, **environment}
    return run_bounded([str(path), "one", "two words"], given, str(path.parent), timeout)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that was killed may take a moment to go."""
    for _attempt in range(500):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_what_a_program_says_and_how_it_ends(tmp_path: Path) -> None:
    path = script(tmp_path / "a", 'echo "$1,$2"', "echo err >&2", "exit 3")
    outcome = run(path)
    assert (outcome.ended, outcome.returncode) == ("exit", 3)
    assert (outcome.stdout, outcome.stderr) == (b"one,two words\n", b"err\n")


@contextlib.contextmanager
def standard_input(text: bytes) -> t.Iterator[None]:
    """Let whoever inherits the standard input of this process read ``text`` there."""
    kept = os.dup(0)
    reader, writer = os.pipe()
    os.write(writer, text)
    os.close(writer)
    os.dup2(reader, 0)
    os.close(reader)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_standard_input_is_closed(tmp_path: Path) -> None:
    path = script(tmp_path / "a", "cat", "echo end")
    with standard_input(b"typed ahead\n"):
        assert run(path).stdout == b"end\n"


def test_the_environment_is_the_one_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGER", "here")
    outcome = run(script(tmp_path / "a", 'echo "${STRANGER-none} $MINE"; pwd -P'), MINE="x")
    assert outcome.stdout.decode() == f"none x\n{tmp_path.resolve()}\n"


LEAVES_A_CHILD = ('sleep 300 >/dev/null 2>&1 & echo $! > "$PIDS"',)
LEAVES_A_CHILD_WITH_ITS_PIPES = ('sleep 300 & echo $! > "$PIDS"',)


@pytest.mark.parametrize(
    ("lines", "timeout", "ended"),
    [
        pytest.param((*LEAVES_A_CHILD, "exec sleep 300"), 0.5, "timeout", id="hangs"),
        pytest.param((*LEAVES_A_CHILD_WITH_ITS_PIPES, "wait"), 0.5, "timeout", id="waits"),
        pytest.param(
            (*LEAVES_A_CHILD, "trap '' TERM INT HUP", "while :; do sleep 1; done"),
            0.5,
            "timeout",
            id="hears-no-signal",
        ),
        pytest.param(
            (*LEAVES_A_CHILD, "exec >&- 2>&-", "exec sleep 300"), 0.5, "timeout", id="silent"
        ),
        pytest.param((*LEAVES_A_CHILD, "exit 0"), FAR, "exit", id="leaves-a-child"),
        pytest.param(
            (*LEAVES_A_CHILD_WITH_ITS_PIPES, "exit 0"), FAR, "exit", id="leaves-its-pipes-open"
        ),
        pytest.param((*LEAVES_A_CHILD, "exec cat /dev/zero"), FAR, "output", id="never-ends"),
        pytest.param(
            (*LEAVES_A_CHILD, "exec cat /dev/zero >&2"), FAR, "output", id="never-ends-on-stderr"
        ),
    ],
)
def test_nothing_of_a_program_is_left(
    lines: tuple[str, ...], timeout: float, ended: str, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    path = script(tmp_path / "a", 'echo $$ >> "$PIDS.own"', *lines)
    outcome = run(path, timeout, PIDS=str(pids))
    assert outcome.ended == ended
    assert len(outcome.stdout + outcome.stderr) <= _process.OUTPUT_LIMIT
    for file in (pids, tmp_path / "pids.own"):
        assert gone(int(file.read_text())), f"{file.name} is still running"


def test_what_was_said_before_the_end_is_kept(tmp_path: Path) -> None:
    outcome = run(script(tmp_path / "a", "echo early", "exec sleep 300"), 0.5)
    assert (outcome.ended, outcome.stdout) == ("timeout", b"early\n")


def test_a_doctor_that_prints_without_end_gives_no_report(tmp_path: Path) -> None:
    outcome = run(script(tmp_path / "a", "echo '{'", "exec yes '\"a\": 1,'"))
    report = read_run(outcome, "full")
    assert isinstance(report, NoReport)
    assert report.cause == "doctor_printed_too_much"


def test_a_report_as_long_as_allowed_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_process, "OUTPUT_LIMIT", 100_000)
    path = script(tmp_path / "a", f"exec {sys.executable} -Sc \"print('x' * 99_999)\"")
    assert (run(path).ended, len(run(path).stdout)) == ("exit", 100_000)
    monkeypatch.setattr(_process, "OUTPUT_LIMIT", 99_999)
    assert run(path).ended == "output"


def no_such_file(path: Path) -> None:
    path.unlink()


def not_executable(path: Path) -> None:
    path.chmod(0o644)


def no_program(path: Path) -> None:
    path.write_bytes(b"\x7fELF, but no more of it")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "break_it", [no_such_file, not_executable, no_program, a_folder], ids=lambda one: one.__name__
)
def test_what_cannot_be_started_says_why(
    break_it: t.Callable[[Path], None], tmp_path: Path
) -> None:
    path = script(tmp_path / "a", "exit 0")
    break_it(path)
    with pytest.raises(OSError, match=r"No such file|Permission denied|Exec format error"):
        run(path)
