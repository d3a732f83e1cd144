# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier report says about today, and what is none."""

from __future__ import annotations

import datetime
import json
import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.devfleet.codex.plugins.filter.rollout_problems import rollout_problems
from ansible_collections.devfleet.codex.plugins.plugin_utils import _baseline
from ansible_collections.devfleet.codex.plugins.plugin_utils._baseline import (
    Baseline,
    BaselineRefused,
    known_affected,
    parse_baseline,
    read_baseline,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._report import write_report

HOSTS = {
    "blocked": {"verdict": "websocket_blocked", "action": "would_apply"},
    "cured": {"verdict": "websocket_blocked", "action": "applied"},
    "snippet": {"verdict": "http_only_broken", "action": "none"},
    "proxy": {"verdict": "proxy_misconfigured", "action": "none"},
    "healthy": {"verdict": "healthy", "action": "none"},
    "asleep": {"verdict": "unreachable", "action": "none"},
    "rolled-back": {"verdict": None, "action": "rolled_back"},
}
REPORT: dict[str, t.Any] = {"finished": "2026-06-03T09:12:44+00:00", "hosts": HOSTS}
FINISHED = datetime.datetime(2026, 6, 3, 9, 12, 44, tzinfo=datetime.timezone.utc)
AFFECTED = frozenset(["blocked", "cured", "snippet", "proxy"])
POLICY = {
    "canaries": 1,
    "canary_replacements": 2,
    "serial": None,
    "max_fail_percentage": 25,
    "outage_share": 0.9,
    "baseline": None,
}


@pytest.fixture(autouse=True)
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the run was started, which is a home as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("report", ["r.json", "r.yml", "r.yaml", "~/r.json"])
def test_a_report_that_was_written_is_read(report: str) -> None:
    write_report(report, REPORT)
    assert read_baseline(report) == Baseline(AFFECTED, FINISHED)


def test_yaml_is_read_without_the_library_in_c_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_baseline, "_YAML_LOADER", yaml.SafeLoader)
    write_report("r.yml", REPORT)
    assert read_baseline("r.yml").affected == AFFECTED


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        pytest.param({"hours": 1, "seconds": 1}, True, id="old-enough"),
        pytest.param({"days": 4000}, True, id="ancient"),
        pytest.param({"hours": 1}, False, id="an-hour"),
        pytest.param({"minutes": 5}, False, id="young"),
        pytest.param({"hours": -2}, False, id="from-the-future"),
    ],
)
def test_a_report_of_the_last_hour_says_nothing(age: dict[str, int], counts: bool) -> None:
    now = FINISHED + datetime.timedelta(**age)
    known = known_affected(parse_baseline(REPORT), now)
    assert known == (AFFECTED if counts else None)


def test_a_time_zone_is_heeded() -> None:
    there = {**REPORT, "finished": "2026-06-03T11:12:44+02:00"}
    assert parse_baseline(there).finished == FINISHED


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"hosts": {}},
        {"finished": REPORT["finished"]},
        {**REPORT, "hosts": []},
        {**REPORT, "hosts": {"a": "healthy"}},
        {**REPORT, "hosts": {"a": {}}},
        {**REPORT, "hosts": {1: {"verdict": "healthy"}}},
        {**REPORT, "finished": "yesterday"},
        {**REPORT, "finished": "2026-06-03T09:12:44"},
        {**REPORT, "finished": 1780477964},
        {**REPORT, "finished": None},
    ],
    ids=repr,
)
def test_what_is_no_report_is_refused(document: t.Any) -> None:
    with pytest.raises(ValueError):
        parse_baseline(document)
    Path("r.json").write_text(json.dumps(document))
    if document != {**REPORT, "hosts": {1: {"verdict": "healthy"}}}:
        assert "it is no report of this collection" in said_of("r.json")


def test_a_verdict_that_is_nonsense_is_no_verdict_of_being_affected() -> None:
    hosts = {"a": {"verdict": ["websocket_blocked"]}, "b": {"verdict": 7}}
    assert parse_baseline({**REPORT, "hosts": hosts}).affected == frozenset()


def said_of(path: str) -> str:
    with pytest.raises(BaselineRefused) as refused:
        read_baseline(path)
    said = str(refused.value)
    assert said.startswith("reconnect_baseline ")
    assert said.endswith("name an earlier report, or leave it out. Nothing was changed.")
    assert said.isprintable()
    assert rollout_problems({**POLICY, "baseline": path}) == [said]
    return said


BOMB = "a: &a [x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{one}'] * 9)}]\n"
    for one, after in zip("abcdefghi", "bcdefghij", strict=True)
)
MERGED = "a: &a {k: v}\n" + "".join(
    f"{after}: &{after} {{<<: [{', '.join([f'*{one}'] * 9)}]}}\n"
    for one, after in zip("abcdefghi", "bcdefghij", strict=True)
)
BAD_FILES: dict[str, bytes] = {
    "empty.json": b"",
    "empty.yml": b"",
    "half.json": b'{"finished": "2026-',
    "half.yml": b"hosts: {a: [",
    "latin.json": '{"hosts": "\xe9"}'.encode("latin-1"),
    "nul.yml": b"\0",
    "tag.yml": b"!!python/object/apply:os.system ['touch hostile']",
    "bomb.yml": BOMB.encode(),
    "merged.yml": MERGED.encode(),
    "deep.json": b"[" * 200_000,
    "deep.yml": b"[" * 200_000,
    "deep-blocks.yml": b"- " * 20_000,
    "unhashable.yml": b"? {a: b}\n: c\n",
    "number.json": b"1" * 5000,
    "two.yml": b"--- a\n--- b\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("loader", ["in-c", "in-python"])
def test_a_bad_file_is_refused_in_a_sentence(
    start: Path, monkeypatch: pytest.MonkeyPatch, name: str, loader: str
) -> None:
    if loader == "in-python":
        monkeypatch.setattr(_baseline, "_YAML_LOADER", yaml.SafeLoader)
    (start / name).write_bytes(BAD_FILES[name])
    assert name in said_of(name)
    assert not (start / "hostile").exists()


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report("r.json", REPORT)
    size = (start / "r.json").stat().st_size
    monkeypatch.setattr(_baseline, "LARGEST", size)
    assert read_baseline("r.json").affected == AFFECTED
    monkeypatch.setattr(_baseline, "LARGEST", size - 1)
    assert "no report" in said_of("r.json")


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(start: Path) -> None:
    assert "No such file or directory" in said_of("missing.json")
    (start / "folder.json").mkdir()
    said_of("folder.json")
    os.mkfifo(start / "pipe.yml")
    said_of("pipe.yml")
    assert "must end in .json, .yml or .yaml" in said_of("report.txt")
    assert "must end in" in said_of("\x1b[31mred")
    said_of("nul\0.json")
    said_of("~nobody-at-all/r.json")
    (start / "loop.json").symlink_to("loop.json")
    said_of("loop.json")


def test_the_options_of_a_roll_out_are_judged_together() -> None:
    assert rollout_problems(POLICY) == []
    write_report("r.json", REPORT)
    assert rollout_problems({**POLICY, "baseline": "r.json"}) == []
    assert rollout_problems({**POLICY, "baseline": ""}) == []
    problems = rollout_problems({**POLICY, "serial": "0", "baseline": "missing.json"})
    assert [problem.split()[0] for problem in problems] == [
        "reconnect_serial",
        "reconnect_baseline",
    ]
