# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""observation as a playbook runs it, on folders of the test: kept, gone on with, and forgotten."""

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
from ansible_collections.devfleet.codex.plugins.module_utils import _state
from ansible_collections.devfleet.codex.plugins.modules import observation
from support.other_user import NOT_OURS, put_in_its_place

NOW = 1_780_000_000.0
HOUR = 3600.0
FIRST = {"service_error": {"first": "2026-05-28T20:26:40Z", "last": "2026-05-28T20:26:40Z"}}


@pytest.fixture
def codex_home(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / ".codex"
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text('model = "x"\n')
    return folder


def run(codex_home: pathlib.Path, at: float = NOW, **options: t.Any) -> dict[str, t.Any]:
    arguments = {
        "codex_home": str(codex_home),
        "cause": "service_error",
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
        observation.main()
    result: dict[str, t.Any] = json.loads(stdout.getvalue())
    return result


def trace(codex_home: pathlib.Path) -> dict[str, tuple[int, bytes | None]]:
    return {
        str(path.relative_to(codex_home)): (
            stat.S_IMODE(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(codex_home.rglob("*"))
    }


def kept(codex_home: pathlib.Path) -> pathlib.Path:
    return codex_home / ".devfleet/observations.json"


def test_a_first_sighting_is_kept_for_its_owner_alone(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    result = run(codex_home)
    assert result["changed"] is False
    assert result["observed"] == FIRST
    assert result["path"] == str(kept(codex_home))
    assert "since 2026-05-28T20:26:40Z" in result["msg"]
    after = trace(codex_home)
    assert after.pop(".devfleet") == (0o700, None)
    assert after.pop(".devfleet/observations.json")[0] == 0o600
    assert after == before


@pytest.mark.parametrize(
    ("later", "window", "first"),
    [
        pytest.param(0, 72, 0, id="at-once"),
        pytest.param(HOUR, 72, 0, id="an-hour"),
        pytest.param(72 * HOUR, 72, 0, id="the-whole-window"),
        pytest.param(72 * HOUR + 1, 72, 72 * HOUR + 1, id="longer-than-the-window"),
        pytest.param(2 * HOUR, 1, 2 * HOUR, id="shorter-window"),
        pytest.param(1, 0, 1, id="no-window"),
        pytest.param(-1, 72, -1, id="clock-set-back"),
    ],
)
def test_what_is_seen_again_in_time_goes_on(
    codex_home: pathlib.Path, later: float, window: float, first: float
) -> None:
    run(codex_home)
    run(codex_home, NOW + later, window=window)
    document = json.loads(kept(codex_home).read_text())["observations"]
    assert document == {"service_error": {"first": NOW + first, "last": NOW + later}}


def test_many_sightings_are_one_series(codex_home: pathlib.Path) -> None:
    for day in range(10):
        result = run(codex_home, NOW + day * 24 * HOUR)
    assert result["observed"]["service_error"]["first"] == FIRST["service_error"]["first"]
    assert result["observed"]["service_error"]["last"] == "2026-06-06T20:26:40Z"


def test_forgetting_leaves_no_trace(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    run(codex_home)
    result = run(codex_home, state="absent")
    assert (result["changed"], result["observed"]) == (False, {})
    assert trace(codex_home) == before
    assert run(codex_home, state="absent")["observed"] == {}
    assert trace(codex_home) == before


def test_the_record_of_a_file_is_left_alone(codex_home: pathlib.Path) -> None:
    config = str(codex_home / "config.toml")
    _state.save(config, _state.released("openai_http"))
    before = trace(codex_home)
    run(codex_home)
    assert _state.load(config) == _state.released("openai_http")
    run(codex_home, state="absent")
    assert trace(codex_home) == before


def test_the_last_record_of_a_file_does_not_take_it_along(codex_home: pathlib.Path) -> None:
    config = str(codex_home / "config.toml")
    _state.save(config, _state.released("openai_http"))
    run(codex_home)
    _state.forget(config)
    assert run(codex_home, check=True)["observed"] == FIRST


def test_check_mode_writes_nothing(codex_home: pathlib.Path) -> None:
    before = trace(codex_home)
    assert run(codex_home, check=True)["observed"] == FIRST
    assert trace(codex_home) == before
    run(codex_home)
    before = trace(codex_home)
    assert run(codex_home, NOW + HOUR, check=True)["observed"]["service_error"] == {
        "first": "2026-05-28T20:26:40Z",
        "last": "2026-05-28T21:26:40Z",
    }
    assert run(codex_home, check=True, state="absent")["observed"] == {}
    assert trace(codex_home) == before


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("check", [True, False])
def test_a_codex_home_that_is_not_there_is_not_made(
    tmp_path: pathlib.Path, state: str, check: bool
) -> None:
    result = run(tmp_path / "none", state=state, check=check)
    assert (result["changed"], result["observed"]) == (False, {})
    assert "does not exist" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def document(**changes: t.Any) -> str:
    series = {"first": NOW, "last": NOW, **changes}
    return json.dumps({"format": 1, "observations": {"service_error": series}})


UNUSABLE = {
    "empty": "",
    "half-written": document()[:30],
    "nested-too-deeply": "[" * 100_000,
    "null": "null",
    "a-list": "[]",
    "no-format": '{"observations": {}}',
    "newer-format": document().replace('"format": 1', '"format": 2'),
    "no-observations": '{"format": 1}',
    "observations-is-a-number": '{"format": 1, "observations": 3}',
    "observations-is-a-string": '{"format": 1, "observations": "service_error"}',
    "series-is-a-list": '{"format": 1, "observations": {"service_error": [1, 2]}}',
    "no-last": '{"format": 1, "observations": {"service_error": {"first": 1}}}',
    "a-string": document(first="1"),
    "a-boolean": document(first=True),
    "null-time": document(last=None),
    "not-a-number": document(first=float("nan")),
    "endless": document(last=float("inf")),
    "before-the-epoch": document(first=-1.0),
    "backwards": document(first=NOW + 1),
    "beyond-all-years": document(last=10**400),
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=list(UNUSABLE))
def test_what_is_no_record_of_ours_is_not_known_and_moved_aside(
    codex_home: pathlib.Path, text: str
) -> None:
    kept(codex_home).parent.mkdir(mode=0o700)
    kept(codex_home).write_text(text)
    assert run(codex_home, state="absent")["observed"] == {}
    assert kept(codex_home).read_text() == text
    assert run(codex_home)["observed"] == FIRST
    assert kept(codex_home).with_name("observations.json.unusable").read_text() == text


def test_a_cause_that_is_not_known_is_not_carried_along(codex_home: pathlib.Path) -> None:
    kept(codex_home).parent.mkdir(mode=0o700)
    stranger = {"first": 1, "last": 2}
    kept(codex_home).write_text(
        json.dumps({"format": 1, "observations": {"x": stranger, "service_error": stranger}})
    )
    assert run(codex_home, check=True, state="absent")["observed"] == {}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_a_folder_that_is_not_ours_is_refused(codex_home: pathlib.Path, kind: str) -> None:
    folder = codex_home / ".devfleet"
    elsewhere = codex_home.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "observations.json").write_text(document())
    put_in_its_place(folder, kind, elsewhere)
    before = trace(codex_home)
    for check in (True, False):
        result = run(codex_home, check=check)
        assert result["failed"] is True
        assert f"{folder} is not a folder of this user" in result["msg"]
        assert result["msg"].endswith("Nothing was changed.")
    assert run(codex_home, state="absent")["observed"] == {}
    assert trace(codex_home) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_root_refuses_the_home_of_another_user(codex_home: pathlib.Path) -> None:
    os.chown(codex_home, 65534, 65534)
    result = run(codex_home)
    assert result["failed"] is True
    assert "become_user" in result["msg"]
    assert not kept(codex_home).exists()


@pytest.mark.parametrize("window", [-1, 8761, float("nan")])
def test_a_window_has_bounds(codex_home: pathlib.Path, window: float) -> None:
    result = run(codex_home, window=window)
    assert result["failed"] is True
    assert "window must be at least 0 and at most 8760" in result["msg"]


def test_another_cause_is_refused(codex_home: pathlib.Path) -> None:
    assert run(codex_home, cause="dns")["failed"] is True
