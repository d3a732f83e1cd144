# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""recovery as a playbook runs it, on folders of the test: remembered, refused, and forgotten."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import stat
import time
import typing as t
from unittest import mock

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _files,
    _lock,
    _recovery_record,
    _state,
)
from ansible_collections.devfleet.codex.plugins.modules import recovery
from support.other_user import NOT_OURS, other_user, put_in_its_place, reached_by_anybody

NOW = 1_780_000_000.0
HOUR = 3600.0
FIRST = {
    "state": "cured",
    "attempts": 0,
    "since": "2026-05-28T20:26:40Z",
    "age": 0.0,
    "tried_age": None,
    "revision": 1,
    "scope": "user",
    "provider": None,
    "event": "applied",
    "why": "WebSockets are refused",
}
Trace = dict[str, tuple[int, t.Optional[bytes]]]


@pytest.fixture
def codex_home(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / ".codex"
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text('model = "x"\n')
    return folder


def run(
    codex_home: pathlib.Path, event: str = "applied", at: float = NOW, **options: t.Any
) -> dict[str, t.Any]:
    arguments = {
        "codex_home": str(codex_home),
        "event": event,
        "why": "WebSockets are refused",
        "_ansible_check_mode": options.pop("check", False),
        **options,
    }
    stdout = io.StringIO()
    with (
        patch_module_args(arguments),
        mock.patch.object(time, "time", lambda: at),
        contextlib.redirect_stdout(stdout),
        contextlib.suppress(SystemExit),
    ):
        recovery.main()
    result: dict[str, t.Any] = json.loads(stdout.getvalue())
    return result


def trace(codex_home: pathlib.Path) -> Trace:
    return {
        str(path.relative_to(codex_home)): (
            stat.S_IMODE(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(codex_home.rglob("*"))
    }


def kept(codex_home: pathlib.Path) -> pathlib.Path:
    return codex_home / ".devfleet/recovery.json"


def document(codex_home: pathlib.Path) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(kept(codex_home).read_text())
    return found


def test_a_cure_is_remembered_for_its_owner_alone(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    result = run(codex_home)
    assert result["changed"] is False
    assert result["recovery"] == FIRST
    assert result["path"] == str(kept(codex_home))
    assert result["msg"] == "The state is cured now: WebSockets are refused."
    after = trace(codex_home)
    assert after.pop(".devfleet") == (0o700, None)
    assert after.pop(".devfleet/recovery.json")[0] == 0o600
    assert after == before


def test_from_a_cure_to_its_end(codex_home: pathlib.Path) -> None:
    told = []
    for revision, event in enumerate(
        ("applied", "probe_failed", "trial_started", "fell_back", "trial_started", "completed")
    ):
        later = NOW + revision * HOUR
        seen = revision or None
        result = run(codex_home, event, later, revision=seen, why=f"reason {revision}")
        found = result["recovery"]
        told.append((found["state"], found["attempts"], found["age"], found["tried_age"]))
        assert (found["revision"], found["why"]) == (revision + 1, f"reason {revision}")
    assert told == [
        ("cured", 0, 0, None),
        ("cured", 0, HOUR, 0),
        ("trial", 1, 0, None),
        ("cured", 1, 0, None),
        ("trial", 2, 0, None),
        ("recovered", 0, 0, None),
    ]
    history = [(one["event"], one["why"], one["at"]) for one in document(codex_home)["history"]]
    assert history[2:4] == [
        ("trial_started", "reason 2", NOW + 2 * HOUR),
        ("fell_back", "reason 3", NOW + 3 * HOUR),
    ]


def test_the_provider_on_trial_is_an_option(codex_home: pathlib.Path) -> None:
    run(codex_home)
    begun = run(codex_home, "trial_started", revision=1, provider="corp")["recovery"]
    assert (begun["provider"], begun["event"]) == ("corp", "trial_started")
    assert document(codex_home)["provider"] == "corp"
    failed = run(codex_home, "cure_failed", NOW + HOUR, revision=2, why="no HTTP")["recovery"]
    assert failed == {
        **begun,
        "age": HOUR,
        "tried_age": 0,
        "revision": 3,
        "event": "cure_failed",
        "why": "no HTTP",
    }
    assert run(codex_home, "fell_back", NOW + HOUR, revision=3)["recovery"]["provider"] is None


def test_the_budget_is_an_option(codex_home: pathlib.Path) -> None:
    run(codex_home)
    refused = run(codex_home, "trial_started", budget=0, revision=1)
    assert refused["recovery"] == FIRST
    assert refused["msg"] == "trial_started does not fit here: the state is still cured."
    run(codex_home, "trial_started", budget=1, revision=1)
    assert run(codex_home, "fell_back", budget=1, revision=2)["recovery"]["state"] == "spent"
    assert run(codex_home, "reset", revision=3)["recovery"]["state"] == "cured"


def test_an_event_that_does_not_fit_writes_nothing(codex_home: pathlib.Path) -> None:
    run(codex_home)
    before = kept(codex_home).stat().st_mtime_ns
    for event in ("adopted", "fell_back", "not_made", "completed", "reset"):
        result = run(codex_home, event, NOW + HOUR, revision=1)
        assert result["recovery"] == {**FIRST, "age": HOUR}
        assert result["msg"] == f"{event} does not fit here: the state is still cured."
    assert kept(codex_home).stat().st_mtime_ns == before


def test_what_is_taken_back_leaves_no_trace(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    run(codex_home)
    result = run(codex_home, "taken_back", revision=1)
    assert (result["changed"], result["recovery"]) == (False, None)
    assert result["msg"] == "Nothing is remembered of a recovery."
    assert trace(codex_home) == before
    assert run(codex_home, "taken_back")["recovery"] is None
    assert run(codex_home, "completed")["recovery"] is None
    assert trace(codex_home) == before


def test_the_records_of_others_are_left_alone(codex_home: pathlib.Path) -> None:
    config = str(codex_home / "config.toml")
    _state.save(config, _state.released("openai_http"))
    before = trace(codex_home)
    run(codex_home)
    assert _state.load(config) == _state.released("openai_http")
    run(codex_home, "taken_back", revision=1)
    assert trace(codex_home) == before


@pytest.mark.parametrize(
    ("remembered", "revision"), [(False, 1), (True, None), (True, 2), (True, 0), (True, -1)]
)
@pytest.mark.parametrize("event", ["applied", "probe_failed", "reset"])
@pytest.mark.parametrize("check", [True, False])
def test_what_another_run_has_changed_is_left_to_it(
    codex_home: pathlib.Path, remembered: bool, revision: int | None, event: str, check: bool
) -> None:
    if remembered:
        run(codex_home)
    before = trace(codex_home)
    result = run(codex_home, event, revision=revision, check=check)
    assert result["failed"] is True
    there = "revision 1 is in" if remembered else "nothing is remembered in"
    given = "no revision" if revision is None else f"revision {revision}"
    assert result["msg"].startswith(f"{given} was given, and {there} {kept(codex_home)}: ")
    assert ("another run may have changed it" in result["msg"]) == (revision is not None)
    assert result["msg"].endswith("Nothing was changed.")
    assert trace(codex_home) == before


@pytest.mark.parametrize("revision", [None, 1, 2], ids=["not-looked", "as-it-is", "outdated"])
def test_who_forgets_need_not_have_looked(codex_home: pathlib.Path, revision: int | None) -> None:
    """A rollback ends whatever there is, so what another run has made of it does not matter."""
    before = trace(codex_home)
    run(codex_home)
    for check in (True, False):
        result = run(codex_home, "taken_back", revision=revision, check=check)
        assert (result.get("failed"), result["recovery"]) == (None, None)
    assert trace(codex_home) == before


def test_one_run_at_a_time(codex_home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is read under the lock, so that what was written before it is seen."""
    inside: list[bool] = []
    load = _recovery_record.load

    def watched(folder: str) -> t.Any:
        inside.append(bool(_lock._held))
        return load(folder)

    monkeypatch.setattr(recovery, "load", watched)
    run(codex_home)
    assert inside == [True]
    assert not _lock._held


def test_what_a_killed_run_has_left_is_removed(codex_home: pathlib.Path) -> None:
    run(codex_home)
    before = trace(codex_home)
    left = kept(codex_home).with_name(".recovery.json.abcd1234.devfleet")
    left.write_text("{")
    run(codex_home, "completed", revision=1, check=True)
    assert left.exists()
    run(codex_home, "completed", revision=1)
    assert trace(codex_home) == before


def test_check_mode_writes_nothing(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    assert run(codex_home, check=True)["recovery"] == FIRST
    assert trace(codex_home) == before
    run(codex_home)
    before = trace(codex_home)
    told = run(codex_home, "trial_started", NOW + HOUR, check=True, revision=1)
    assert (told["recovery"]["state"], told["recovery"]["attempts"]) == ("trial", 1)
    assert run(codex_home, "taken_back", check=True, revision=1)["recovery"] is None
    assert trace(codex_home) == before


@pytest.mark.parametrize("check", [True, False])
def test_a_codex_home_that_is_not_there_is_not_made(tmp_path: pathlib.Path, check: bool) -> None:
    result = run(tmp_path / "none", check=check)
    assert (result["changed"], result["recovery"]) == (False, None)
    assert "does not exist" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_all_users_lies_beside_their_configuration(
    codex_home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = codex_home.with_name("etc-codex")
    monkeypatch.setattr(recovery, "SYSTEM_FOLDER", str(system))
    absent = run(codex_home, scope="system")
    assert (absent["recovery"], "does not exist" in absent["msg"]) == (None, True)
    system.mkdir()
    before = trace(codex_home)
    result = run(codex_home, scope="system")
    assert result["recovery"] == {**FIRST, "scope": "system"}
    assert result["path"] == str(kept(system))
    assert stat.S_IMODE(kept(system).stat().st_mode) == 0o600
    assert trace(codex_home) == before


@pytest.mark.parametrize("text", ["", "{", "[]"], ids=["empty", "half-written", "a-list"])
def test_what_is_no_record_of_ours_is_not_known_and_moved_aside(
    codex_home: pathlib.Path, text: str
) -> None:
    kept(codex_home).parent.mkdir(mode=0o700)
    kept(codex_home).write_text(text)
    assert run(codex_home, "taken_back")["recovery"] is None
    assert kept(codex_home).read_text() == text
    assert run(codex_home, "adopted")["recovery"] == {**FIRST, "event": "adopted"}
    assert kept(codex_home).with_name("recovery.json.unusable").read_text() == text


def test_a_folder_in_its_place_is_moved_aside(codex_home: pathlib.Path) -> None:
    kept(codex_home).mkdir(parents=True, mode=0o700)
    assert run(codex_home)["recovery"] == FIRST
    assert kept(codex_home).with_name("recovery.json.unusable").is_dir()


@pytest.mark.parametrize("kind", NOT_OURS)
def test_a_folder_that_is_not_ours_is_refused(codex_home: pathlib.Path, kind: str) -> None:
    folder = codex_home / ".devfleet"
    elsewhere = codex_home.with_name("elsewhere")
    elsewhere.mkdir()
    put_in_its_place(folder, kind, elsewhere)
    before = trace(codex_home)
    for check in (True, False):
        result = run(codex_home, check=check)
        assert result["failed"] is True
        assert f"{folder} is not a folder of this user" in result["msg"]
        assert result["msg"].endswith("Nothing was changed.")
    assert run(codex_home, "taken_back")["recovery"] is None
    assert trace(codex_home) == before
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_root_refuses_the_home_of_another_user(codex_home: pathlib.Path) -> None:
    os.chown(codex_home, 65534, 65534)
    result = run(codex_home)
    assert result["failed"] is True
    assert "become_user" in result["msg"]
    assert not kept(codex_home).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be")
def test_check_mode_refuses_a_folder_that_cannot_be_written(
    codex_home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who tells of /etc/codex, which belongs to root."""
    monkeypatch.setattr(recovery, "SYSTEM_FOLDER", str(codex_home))
    codex_home.chmod(0o755)
    with reached_by_anybody(codex_home), other_user():
        results = [run(codex_home, scope="system", check=check) for check in (True, False)]
    assert results[0] == results[1]
    assert results[0].get("failed") is True
    assert f"{codex_home} is not writable for this user" in results[0]["msg"]


def test_a_disk_that_is_full_is_told(
    codex_home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(codex_home)
    before = trace(codex_home)

    def full(*_arguments: t.Any, **_options: t.Any) -> None:
        raise _files.FileRefused("x cannot be written: No space left. Nothing was changed.")

    monkeypatch.setattr(_files, "replace", full)
    result = run(codex_home, "trial_started", revision=1)
    assert (result["failed"], "No space left" in result["msg"]) == (True, True)
    assert trace(codex_home) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": -1}, "budget must be at least 0 and at most 100"),
        ({"budget": 101}, "budget must be at least 0 and at most 100"),
        ({"why": " \n"}, "why must not be empty"),
        ({"event": "cured"}, "value of event must be one of"),
        ({"scope": "profile"}, "value of scope must be one of"),
    ],
)
def test_options_have_bounds(
    codex_home: pathlib.Path, options: dict[str, t.Any], said: str
) -> None:
    result = run(codex_home, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert not kept(codex_home).exists()


def test_a_reason_is_one_line_of_bounded_length(codex_home: pathlib.Path) -> None:
    result = run(codex_home, why="a\x1b[31m\nb" + "x" * 1000)
    assert result["recovery"]["why"].startswith("a [31m bxxx")
    assert len(result["recovery"]["why"]) == 300
    assert document(codex_home)["history"][0]["why"] == result["recovery"]["why"]
