# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command: which parts it runs, where it writes, and how it ends."""

from __future__ import annotations

import math
import pathlib
import pwd
import signal
import sys
import types

import pytest
from bench import __main__ as command
from bench import machine, measure, sshd, timed
from bench.ansible_runs import Wrong, expect_recap
from bench.fleet import CONFIG, local_fleet
from bench.measure import Job
from bench.plan import Plan
from bench.report import Section


def good(folder: pathlib.Path, _plan: Plan) -> Section:
    assert folder.is_dir()
    return Section("Good", "Fine.\n")


def row_failed(_folder: pathlib.Path, _plan: Plan) -> Section:
    return Section("Half", "A row failed.\n", failures=("a row: why",))


def broken(_folder: pathlib.Path, _plan: Plan) -> Section:
    raise RuntimeError("no such | thing")


@pytest.mark.parametrize(
    ("parts", "status", "said"),
    [
        (["good"], 0, "## Good\n\nFine."),
        (["good", "row_failed"], 1, "A row failed."),
        (["broken", "good"], 1, "The part broken failed: RuntimeError: no such \\| thing"),
    ],
)
def test_what_fails_is_told_and_the_rest_is_written(
    parts: list[str],
    status: int,
    said: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = {"good": good, "row_failed": row_failed, "broken": broken}
    monkeypatch.setattr(command, "PARTS", every)
    page = tmp_path / "folder" / "page.md"
    assert command.main(["--output", str(page), *parts], Plan()) == status
    text = page.read_text()
    assert said in text
    assert ("Fine." in text) == ("good" in parts)
    assert f'make bench BENCH="{" ".join(parts)}"' in text


def test_only_a_run_of_all_parts_is_published(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PARTS", {"good": good})
    monkeypatch.setattr(command, "PAGE", tmp_path / "docs.md")
    monkeypatch.setattr(command, "PARTIAL", tmp_path / "cache.md")
    command.main(["good"], Plan())
    assert signal.getsignal(signal.SIGTERM) is not command._interrupt
    assert not (tmp_path / "docs.md").exists()
    assert (tmp_path / "cache.md").exists()
    command.main([], Plan())
    assert "`make bench` measured" in (tmp_path / "docs.md").read_text()


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["nonsense"], Plan())
    assert end.value.code == 2
    assert "there is no part nonsense" in capsys.readouterr().err


def run_python(folder: pathlib.Path, code: str, timeout: float = 30) -> timed.Ran:
    return timed.run([sys.executable, "-c", code], {"PATH": "/usr/bin:/bin"}, folder, timeout)


def test_a_program_is_measured(tmp_path: pathlib.Path) -> None:
    ran = run_python(
        tmp_path,
        "import sys, time; kept = b'x' * 80_000_000; time.sleep(0.5); print('said'); sys.exit(3)",
    )
    assert (ran.returncode, ran.output) == (3, "said\n")
    assert ran.seconds >= 0.5
    assert ran.main_peak > 80_000_000


def test_a_program_that_does_not_end_is_ended(tmp_path: pathlib.Path) -> None:
    with pytest.raises(timed.NotFinished, match=r"^python[0-9.]* did not end in 1 s"):
        run_python(tmp_path, "import time; time.sleep(60)", timeout=1)


def test_a_run_that_did_something_else_is_no_measurement(tmp_path: pathlib.Path) -> None:
    fleet = local_fleet(tmp_path, 2, tmp_path / "codex", sys.executable)
    fleet.set_up(CONFIG)
    nothing = timed.Ran(1.5, 0, "", 0, 0)
    calls: list[str] = []

    def run_of(name: str, text: str) -> Job:
        def run() -> timed.Ran:
            calls.append(name)
            fleet.hosts[0].config.write_text(text)
            return nothing

        runs = 1 if name == "once" else None
        return Job(name, fleet, run, runs=runs, prepare=lambda: fleet.set_up(CONFIG))

    jobs = [run_of("same", CONFIG), run_of("once", CONFIG), run_of("writes", CONFIG + "\n")]
    same, once, writes = measure.measure(jobs, 2, "test")
    assert (same.seconds, once.seconds) == ((1.5, 1.5), (1.5,))
    assert writes.median is None and "1 of 2 configs changed" in (writes.failure or "")
    assert calls == ["same", "once", "writes", "same"]


def test_nothing_is_begun_after_the_time(tmp_path: pathlib.Path) -> None:
    fleet = local_fleet(tmp_path, 1, tmp_path / "codex", sys.executable)
    (row,) = measure.measure([Job("late", fleet, never)], 1, "test", until=-math.inf)
    assert (row.seconds, row.failure) == ((), None)
    assert "the time" in (row.left_out or "")


def never() -> timed.Ran:
    raise AssertionError("begun")


RECAP = "PLAY RECAP ***\nhost001 : ok=1    changed={}    unreachable={}    failed={}\n"


@pytest.mark.parametrize(
    ("output", "status", "hosts", "changed"),
    [
        (RECAP.format(1, 0, 0), 0, 1, False),
        (RECAP.format(0, 0, 0), 0, 1, True),
        (RECAP.format(0, 1, 0), 0, 1, False),
        (RECAP.format(0, 0, 1), 0, 1, False),
        (RECAP.format(0, 0, 0), 2, 1, False),
        (RECAP.format(0, 0, 0), 0, 2, False),
    ],
)
def test_the_recap_must_hold_every_host_as_it_should_be(
    output: str, status: int, hosts: int, changed: bool
) -> None:
    with pytest.raises(Wrong):
        expect_recap(timed.Ran(1, status, output, 0, 0), hosts, changed)


def test_a_recap_as_it_should_be_is_accepted() -> None:
    expect_recap(timed.Ran(1, 0, RECAP.format(0, 0, 0), 0, 0), 1, changed=False)
    expect_recap(timed.Ran(1, 0, RECAP.format(1, 0, 0), 0, 0), 1, changed=True)


def test_a_package_that_is_not_there_is_told() -> None:
    assert machine._version("no-such-package-of-ours") == "not installed"


def test_one_user_that_stays_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{sshd.PREFIX}001", "somebody", f"{sshd.PREFIX}002"]
    tried: list[str] = []

    def refuse(*command: str) -> None:
        tried.append(command[-1])
        raise sshd.Unavailable("userdel failed: busy")

    entries = [types.SimpleNamespace(pw_name=name) for name in names]
    monkeypatch.setattr(pwd, "getpwall", lambda: entries)
    monkeypatch.setattr(sshd, "_finish", refuse)
    failures = sshd.remove_users()
    assert tried == [names[0], names[2]]
    assert failures == [f"{name}: userdel failed: busy" for name in tried]
