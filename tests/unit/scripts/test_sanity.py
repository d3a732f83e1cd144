# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test is given to test, what it may leave out, and when it has passed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import cores
import licences
import pytest
import sanity

IGNORE_FILES = sorted((sanity.ROOT / "tests/sanity").iterdir())


def git(checkout: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(checkout), *arguments], check=True, timeout=60)


def ended(tmp_path: Path, code: str) -> sanity.Run:
    """A run whose program, Python `code`, has ended."""
    folder = tmp_path / "0/ansible_collections/devfleet/codex"
    folder.mkdir(parents=True)
    return sanity.start([sys.executable, "-c", code], folder, {}, tmp_path)


def is_running(process: str) -> bool:
    command = ["ps", "-o", "stat=", "-p", process]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    return done.stdout.strip()[:1] not in ("", "Z")


def test_every_ansible_core_ignores_the_same() -> None:
    assert [path.name for path in IGNORE_FILES] == [
        f"ignore-{core.series}.txt" for core in cores.cores()
    ]
    assert len({path.read_bytes() for path in IGNORE_FILES}) == 1


def test_what_is_ignored_has_its_reason() -> None:
    for line in IGNORE_FILES[0].read_text(encoding="utf-8").splitlines():
        assert line.startswith(sanity.VENDORED), line
        assert re.fullmatch(r"\S+ [\w-]+(:[\w-]+)?(!skip)? # \S.{20,}", line), line


def test_tracked_files_are_copied_as_they_are_now(tmp_path: Path) -> None:
    checkout, folder = tmp_path / "checkout", tmp_path / "copy"
    ignored = checkout / "tests/sanity/ignore-2.19.txt"
    ignored.parent.mkdir(parents=True)
    ignored.write_text(f"{sanity.VENDORED}api.py pylint!skip # theirs\nmine.py pylint # mine\n")
    for name in ("mine.py", "gone.py"):
        (checkout / name).write_text("committed = 1\n")
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    (checkout / "mine.py").write_text("changed = 1\n")
    (checkout / "gone.py").unlink()
    (checkout / "untracked.py").write_text("")

    sanity.copy_listed(checkout, folder)
    sanity.strip_ignored(folder)

    copied = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert copied == {"mine.py", "tests/sanity/ignore-2.19.txt"}
    assert (folder / "mine.py").read_text() == "changed = 1\n"
    assert (folder / "tests/sanity/ignore-2.19.txt").read_text() == "mine.py pylint # mine\n"


def test_a_source_that_is_neither_checkout_nor_artefact_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"none")
    with pytest.raises(sanity.SanityError, match="is no git checkout"):
        sanity.copy_listed(tmp_path, tmp_path / "copy")
    with pytest.raises(sanity.SanityError, match=r"a\.tar\.gz cannot be unpacked"):
        sanity.unpack(tmp_path / "a.tar.gz", tmp_path / "copy")


def test_a_temporary_folder_in_a_checkout_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(sanity.SanityError, match="TMPDIR"):
        sanity.check([tmp_path], Path("ansible-test"), tmp_path / "scratch")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("""print('Running sanity test "pylint"')""", True),
        ("""print('Running sanity test "pylint"'); exit(1)""", False),
        pytest.param("pass", False, id="nothing was run"),
    ],
)
def test_a_run_has_passed_when_tests_were_run_and_none_failed(
    tmp_path: Path, code: str, verdict: bool
) -> None:
    run = ended(tmp_path, code)
    assert sanity.report(run, sanity.passed(run, 30), ["pylint"], []) is verdict


def test_a_run_without_end_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    worker = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    run = ended(tmp_path, f"{worker}; import time; time.sleep(60)")
    assert sanity.report(run, sanity.passed(run, 2), [], []) is False
    printed = capsys.readouterr().out
    assert "did not end" in printed
    deadline = time.monotonic() + 10
    while is_running(printed.split()[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(printed.split()[0])


STARTED = 'Running sanity test "import" on Python 3.9\nRunning sanity test "pylint"\n'
NO_PYTHON = 'Skipping sanity test "import" on Python {} because it could not be found.'


@pytest.mark.parametrize(
    "skipped",
    [
        'Skipping sanity test "pylint" on Python 3.11 due to missing virtual environment support.',
        "Skipping pylint collection version checks since no collection version was found.",
        'Required program "shellcheck" not found.',
        NO_PYTHON.format("3.9"),
    ],
)
def test_a_test_that_was_started_and_then_skipped_has_not_passed(skipped: str) -> None:
    text = f"{STARTED}WARNING: {skipped}\n"
    assert sanity.left_out(text, ["import", "pylint"], ["3.14"]) == [skipped]


def test_only_a_python_that_is_not_here_may_be_skipped() -> None:
    text = f"{STARTED}WARNING: {NO_PYTHON.format('3.14')}\n"
    assert sanity.left_out(text, ["import", "pylint"], ["3.14"]) == []


def test_every_test_that_there_is_has_to_run() -> None:
    assert sanity.left_out(STARTED, ["import", "pep8", "pylint"], []) == [
        "The test pep8 was not run."
    ]


def test_the_oldest_python_is_that_of_the_settings() -> None:
    assert sanity.floor() == "3.9"
    assert sanity.floor() in sanity.PYTHONS


def test_an_untested_oldest_python_is_told_or_is_an_error() -> None:
    assert "NOT TESTED with Python 3.9" in sanity.without_floor({})
    with pytest.raises(sanity.SanityError, match="Install it"):
        sanity.without_floor({sanity.FLOOR_WANTED: "required"})


def test_licences_judges_a_file_before_it_is_added(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "checkout")
    checkout = tmp_path / "checkout"
    (checkout / ".gitignore").write_text("ignored.py\n")
    for name in ("new.py", "ignored.py"):
        (checkout / name).write_text("")
    sanity.copy_listed(checkout, tmp_path / "copy", *licences.NEW_AND_TRACKED)
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {".gitignore", "new.py"}


def test_the_check_wants_the_oldest_python_where_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sanity, "prepare_home", lambda _ansible_test: None)
    monkeypatch.setattr(sanity, "find_python", lambda _versions: None)
    monkeypatch.setenv(sanity.FLOOR_WANTED, "required")
    with pytest.raises(sanity.SanityError, match=r"NOT TESTED with Python 3\.9"):
        sanity.check([], Path("ansible-test"), tmp_path)
