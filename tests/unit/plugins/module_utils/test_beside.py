# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read beside doctor: since when the log counts, where it lies, and which way is tried."""

from __future__ import annotations

import os
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _beside, _failing, _state
from ansible_collections.devfleet.codex.plugins.module_utils._beside import Beside, read_beside
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import DoctorRun, NoReport
from ansible_collections.devfleet.codex.plugins.module_utils._failing import read_failure
from ansible_collections.devfleet.codex.plugins.module_utils._layers import (
    Layers,
    active_provider,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    Failure,
    Process,
    Routes,
)
from ansible_collections.devfleet.codex.plugins.module_utils._record_place import record_path
from support import log_database
from support.doctor_samples import answered, refused, report

HOUR = 3600


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The clients that run."""
    running: list[Process] = []
    monkeypatch.setattr(_beside, "_running", lambda: tuple(running))
    monkeypatch.setattr(_failing, "ask_status", lambda *_: "unknown")
    return running


def layers(**user: t.Any) -> Layers:
    return Layers({"user": user}, ())


def beside(
    home: Path, environment: dict[str, str] | None = None, window: float = 72, **user: t.Any
) -> Beside:
    return read_beside(str(home), layers(**user), environment or {}, window)


def in_trial(home: Path, hours_ago: float, window: float = 72) -> Beside:
    return read_beside(str(home), layers(), {}, window, time.time() - hours_ago * HOUR)


def with_log(folder: Path, hours_ago: float) -> Path:
    """Make a log with two fallbacks in `folder`."""
    folder.mkdir(exist_ok=True)
    rows = log_database.recorded("close-after", time.time() - hours_ago * HOUR)
    log_database.write(folder / "logs_2.sqlite", rows)
    return folder


def touched(path: str, hours_ago: float) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).touch()
    moment = time.time() - hours_ago * HOUR
    os.utime(path, (moment, moment))


@pytest.mark.parametrize(("window", "fallbacks"), [(3, 2), (1, 0), (72, 2)])
def test_the_window_of_the_log_is_in_hours(tmp_path: Path, window: float, fallbacks: int) -> None:
    assert beside(with_log(tmp_path, 2), window=window).logs.fallbacks == fallbacks


def test_no_window_is_no_look(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logs_2.sqlite")
    assert beside(tmp_path, window=0).logs.outcome == "off"


@pytest.mark.parametrize("name", ["config.toml", ".env", "work.config.toml"])
@pytest.mark.parametrize(("hours_ago", "fallbacks"), [(1, 0), (3, 2)])
def test_what_was_logged_before_our_last_change_does_not_count(
    tmp_path: Path, name: str, hours_ago: float, fallbacks: int
) -> None:
    with_log(tmp_path, 2)
    touched(str(tmp_path / name), 4)
    touched(record_path(str(tmp_path / name)), hours_ago)
    assert beside(tmp_path).logs.fallbacks == fallbacks


@pytest.mark.parametrize("name", ["config.toml", "work.config.toml"])
@pytest.mark.parametrize(("hours_ago", "fallbacks"), [(1, 0), (3, 2)])
def test_what_was_logged_before_the_end_of_a_cure_does_not_count(
    tmp_path: Path, name: str, hours_ago: float, fallbacks: int
) -> None:
    with_log(tmp_path, 2)
    touched(str(tmp_path / name), 4)
    _state.save(str(tmp_path / name), _state.released("openai_http"))
    _state.forget_but_when(str(tmp_path / name))
    note = tmp_path / ".devfleet" / f"{name}.ended.json"
    assert [str(note)] == [str(one) for one in note.parent.iterdir()]
    touched(str(note), hours_ago)
    assert beside(tmp_path).logs.fallbacks == fallbacks


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("hours_ago", "fallbacks"), [(1, 0), (3, 2)])
def test_a_change_for_all_users_is_told_by_the_folder_that_they_cannot_look_into(
    monkeypatch: pytest.MonkeyPatch, hours_ago: float, fallbacks: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        home, system = with_log(Path(name) / "home", 2), Path(name) / "etc-codex"
        for path in [home, *home.iterdir()]:
            os.chown(path, 12345, 12345)
        touched(record_path(str(system / "config.toml")), 4)
        system.chmod(0o755)
        (system / ".devfleet").chmod(0o700)
        moment = time.time() - hours_ago * HOUR
        os.utime(system / ".devfleet", (moment, moment))
        monkeypatch.setattr(_beside, "SYSTEM_FOLDER", str(system))
        assert beside(home).logs.fallbacks == 2
        os.setresuid(12345, 12345, 0)
        try:
            assert beside(home).logs.fallbacks == fallbacks
        finally:
            os.setresuid(0, 0, 0)


@pytest.mark.parametrize("kept", ["of a change", "by anybody"])
@pytest.mark.parametrize(
    "hours_ahead",
    [
        pytest.param(24 * 365, id="clock-set-back"),
        pytest.param(0.02, id="clocks-that-do-not-quite-agree"),
    ],
)
def test_nothing_that_was_logged_before_a_change_in_the_future_counts(
    tmp_path: Path, kept: str, hours_ahead: float
) -> None:
    with_log(tmp_path, 2)
    dotenv = str(tmp_path / ".env")
    touched(record_path(dotenv) if kept == "of a change" else dotenv, -hours_ahead)
    assert beside(tmp_path).logs.fallbacks == 0


@pytest.mark.parametrize(
    ("window", "changed", "trial", "fallbacks"),
    [
        pytest.param(1, None, 3, 2, id="trial-longer-than-the-window"),
        pytest.param(72, 1, 3, 2, id="cure-in-between-that-did-not-hold"),
        pytest.param(72, -24, 3, 2, id="cure-of-a-clock-that-was-wrong"),
        pytest.param(72, None, 1, 0, id="logged-before-the-trial"),
        pytest.param(72, None, -24, 0, id="trial-of-a-clock-that-was-wrong"),
    ],
)
def test_in_a_trial_all_that_is_logged_since_it_began_counts(
    tmp_path: Path, window: float, changed: float | None, trial: float, fallbacks: int
) -> None:
    with_log(tmp_path, 2)
    if changed is not None:
        touched(record_path(str(tmp_path / "config.toml")), changed)
    assert in_trial(tmp_path, trial, window).logs.fallbacks == fallbacks


def test_what_bounds_the_log_of_a_trial(tmp_path: Path) -> None:
    with_log(tmp_path, 2)
    assert in_trial(tmp_path, 3, 0).logs.outcome == "off"
    touched(str(tmp_path / ".env"), 1)
    assert in_trial(tmp_path, 3).logs.fallbacks == 0
    old = with_log(tmp_path / "old", 9000)
    assert in_trial(old, 9999).logs.fallbacks == 0


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize(("hours_ago", "fallbacks"), [(1, 0), (3, 2)])
def test_what_was_logged_before_anybody_changed_the_dotenv_does_not_count(
    tmp_path: Path, hours_ago: float, fallbacks: int, is_link: bool
) -> None:
    home = with_log(tmp_path / "home", 2)
    touched(str(tmp_path / "dotfiles/env" if is_link else home / ".env"), hours_ago)
    if is_link:
        (home / ".env").symlink_to(tmp_path / "dotfiles/env")
    assert beside(home).logs.fallbacks == fallbacks


@pytest.mark.parametrize("name", ["config.toml", "elsewhere.json"])
def test_other_files_are_no_change_of_ours(tmp_path: Path, name: str) -> None:
    with_log(tmp_path, 2)
    touched(str(tmp_path / name), 1)
    touched(os.path.join(os.path.dirname(record_path(str(tmp_path / "config.toml"))), name), 1)
    assert beside(tmp_path).logs.fallbacks == 2


def test_a_record_that_goes_away_meanwhile_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_log(tmp_path, 2)
    monkeypatch.setattr(os.path, "lexists", lambda _path: True)
    assert beside(tmp_path).logs.fallbacks == 2


def test_where_the_log_lies(tmp_path: Path) -> None:
    home, named = tmp_path / "home", with_log(tmp_path / "named", 2)
    home.mkdir()
    assert beside(home).logs.outcome == "absent"
    assert beside(home, sqlite_home=str(named)).logs.fallbacks == 2
    assert beside(home, {"CODEX_SQLITE_HOME": str(named)}, sqlite_home="/gone").logs.fallbacks == 2
    # The client drops whatever is called CODEX_* from .env.
    (home / ".env").write_text(f"CODEX_SQLITE_HOME={named}\n")
    assert beside(home).logs.outcome == "absent"


def test_the_shell_is_that_of_the_newest_session_that_can_be_seen(
    tmp_path: Path, processes: list[Process]
) -> None:
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://192.0.2.1:1\n")

    def told() -> list[str]:
        return [one.name for one in beside(tmp_path).proxies.settings.problems]

    processes += [Process("app_server", 1.0, {"HTTPS_PROXY": "http://192.0.2.9:1"})]
    assert told() == []
    processes += [Process("session", 2.0, {"HTTPS_PROXY": "http://192.0.2.2:1"})]
    assert told() == ["shell_disagrees"]
    processes += [Process("session", 3.0, None)]
    assert told() == ["shell_disagrees"]
    processes += [Process("session", 4.0, {"HTTPS_PROXY": "http://192.0.2.1:1"})]
    assert told() == []


@pytest.fixture
def failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Callable[..., tuple[Failure, list[t.Any]]]:
    """Reads what is read of a failing machine; returns it with what was tried."""

    def read(run: DoctorRun, **user: t.Any) -> tuple[Failure, list[t.Any]]:
        tried: list[t.Any] = []

        def untried(host: str, port: int, *others: t.Any) -> Routes:
            tried.append((host, port, others[-1]))
            return Routes(host, None, None, None)

        monkeypatch.setattr(_failing, "routes", untried)
        known = layers(**user)
        provider = active_provider(known, None)
        found = read_failure(beside(tmp_path, **user), known, provider, run, "/codex", {})
        return found, tried

    return read


def gateway(base_url: t.Any) -> dict[str, t.Any]:
    return {"model_provider": "gw", "model_providers": {"gw": {"base_url": base_url}}}


@pytest.mark.parametrize(
    ("user", "mode", "expected"),
    [
        ({}, "API key auth", ("api.openai.com", 443, "https")),
        ({}, "ChatGPT auth", ("chatgpt.com", 443, "https")),
        ({}, "", ("api.openai.com", 443, "https")),
        (gateway("https://gw.example/v1"), "provider auth", ("gw.example", 443, "https")),
        (gateway("http://gw.example/v1"), "provider auth", ("gw.example", 80, "http")),
        (gateway("https://gw.example:8443"), "provider auth", ("gw.example", 8443, "https")),
        (gateway("https://gw.example:99999"), "provider auth", ("gw.example", 443, "https")),
        (gateway("https://["), "API key auth", ("api.openai.com", 443, "https")),
        (gateway(3), "API key auth", ("api.openai.com", 443, "https")),
        ({"openai_base_url": "https://gw.example"}, "API key auth", ("gw.example", 443, "https")),
        # A provider of one's own ignores openai_base_url.
        (
            {**gateway(None), "openai_base_url": "https://other.example"},
            "ChatGPT auth",
            ("chatgpt.com", 443, "https"),
        ),
    ],
)
def test_the_host_that_is_asked_is_the_one_that_turns_go_to(
    failure: t.Callable[..., tuple[Failure, list[t.Any]]],
    user: dict[str, t.Any],
    mode: str,
    expected: tuple[str, int, str],
) -> None:
    _found, tried = failure(report(refused(403), answered(mode=mode)), **user)
    assert tried == [expected]


def test_without_a_report_no_way_is_tried(
    failure: t.Callable[..., tuple[Failure, list[t.Any]]],
) -> None:
    for run in (NoReport("doctor_timed_out", "", 1.0), report(None)):
        found, tried = failure(run)
        assert (tried, found.routes, found.routes_finding) == ([], None, None)
        assert found.login is not None and found.login.status == "unknown"
