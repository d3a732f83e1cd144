# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures are kept of a run that passed alone, with the commit and the day."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from support.figures import REPOSITORY, commit

TESTS = """\
def test_counting(figures):
    figures.add("things", 3)
    assert {}
"""


def run_pytest(folder: pathlib.Path, passes: bool) -> int:
    (folder / "test_one.py").write_text(TESTS.format(passes))
    (folder / "pytest.ini").write_text("[pytest]\n")
    shutil.copyfile(REPOSITORY / "tests/conftest.py", folder / "conftest.py")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--figures", "new/figures.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")},
        check=False,
        capture_output=True,
        timeout=120,
    )
    return done.returncode


def test_a_run_that_fails_leaves_no_figures(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new/figures.json"
    assert run_pytest(tmp_path, passes=True) == pytest.ExitCode.OK
    kept = json.loads(path.read_text())
    assert kept["figures"] == {"things": 3}
    assert re.fullmatch("[0-9-]{10}", kept["day"])
    assert set(kept) == {"commit", "day", "figures"}
    assert run_pytest(tmp_path, passes=False) == pytest.ExitCode.TESTS_FAILED
    assert not path.exists()


def test_a_commit_with_changes_is_told_from_one_without(tmp_path: pathlib.Path) -> None:
    assert commit(tmp_path) == "unknown"
    for arguments in (
        ["init", "-q"],
        ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, timeout=60)
    clean = commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{7,}", clean)
    (tmp_path / "new").write_text("")
    assert commit(tmp_path) == clean
    subprocess.run(["git", "-C", str(tmp_path), "add", "new"], check=True, timeout=60)
    assert commit(tmp_path) == f"{clean}-dirty"
