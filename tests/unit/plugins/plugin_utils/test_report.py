# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the report is written, and what is refused."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.devfleet.codex.plugins.plugin_utils._report import (
    ReportRefused,
    refuse_report,
    write_report,
)

DOCUMENT = {"title": "T", "hosts": {"a": {"verdict": "healthy", "proof": None, "text": "a: {b}"}}}

READERS: dict[str, t.Callable[[str], t.Any]] = {
    "r.json": json.loads,
    "r.yml": yaml.safe_load,
    "r.yaml": yaml.safe_load,
    "two.dots.json": json.loads,
}


@pytest.fixture(autouse=True)
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the run was started, which is a home as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("place", ["", "{start}/", "~/", "there/"], ids=str)
@pytest.mark.parametrize("name", READERS)
def test_a_report_holds_the_document_and_leaves_nothing_else(
    start: Path, place: str, name: str
) -> None:
    (start / "there").mkdir()
    report = place.format(start=start) + name
    refuse_report(report)
    write_report(report, DOCUMENT)
    (made,) = [path for path in start.rglob("*") if path.is_file()]
    assert made == start / ("there" if place == "there/" else "") / name
    assert READERS[name](made.read_text()) == DOCUMENT
    assert [path.name for path in start.iterdir() if path.name.startswith(".")] == []


def test_an_older_report_is_replaced(start: Path) -> None:
    (start / "r.json").write_text("older and longer than what is written now" * 100)
    write_report("r.json", DOCUMENT)
    assert json.loads((start / "r.json").read_text()) == DOCUMENT


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ("r.txt", "must end in .json, .yml or .yaml"),
        ("r", "must end in .json, .yml or .yaml"),
        ("r.json.gz", "must end in .json, .yml or .yaml"),
        (".json", "must end in .json, .yml or .yaml"),
        ("json", "must end in .json, .yml or .yaml"),
        ("r.JSON", "must end in .json, .yml or .yaml"),
        ("nowhere/r.json", "nowhere is no directory"),
        ("file/r.json", "file is no directory"),
        ("/dev/null/r.json", "/dev/null is no directory"),
        ("folder.json", "it is a directory"),
        ("~nobody-of-that-name/r.json", "does not know"),
    ],
    ids=str,
)
def test_a_report_that_cannot_work_is_refused(start: Path, report: str, reason: str) -> None:
    (start / "folder.json").mkdir()
    (start / "file").write_text("mine")
    before = sorted(start.rglob("*"))
    for refusing in (refuse_report, lambda path: write_report(path, DOCUMENT)):
        with pytest.raises(ReportRefused) as refusal:
            refusing(report)
        said = str(refusal.value)
        assert said.startswith(f"reconnect_report {report} ")
        assert reason in said
        assert said.endswith(".") and "\n" not in said
    assert sorted(start.rglob("*")) == before


def test_a_folder_that_takes_no_file_is_told_in_a_sentence() -> None:
    refuse_report("/proc/r.json")
    with pytest.raises(ReportRefused, match=r"^reconnect_report /proc/r.json cannot be written: "):
        write_report("/proc/r.json", DOCUMENT)
