# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an earlier run has seen, as the next look at the machine takes it."""

from __future__ import annotations

import os
import pathlib
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _observation_record, _state
from ansible_collections.devfleet.codex.plugins.module_utils._beside import Beside, read_beside
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
from ansible_collections.devfleet.codex.plugins.module_utils._layers import read_layers
from ansible_collections.devfleet.codex.plugins.module_utils._observation_record import Observation
from support import log_database, stubs
from support.doctor_samples import as_json, refused, report

HOUR = 3600.0
SERVICE_ERROR = as_json(report(refused(503)))
OTHER = as_json(report(refused(429)))
LASTS = ("websocket_blocked", "server_error_lasting")
PASSES = ("inconclusive", "service_error")


@pytest.fixture
def codex_home(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / ".codex"
    folder.mkdir()
    return folder


def seen_before(codex_home: pathlib.Path, first: float, last: float) -> None:
    """Keep a series of sightings; the times are hours ago."""
    now = time.time()
    series = Observation(now - first * HOUR, now - last * HOUR)
    _observation_record.save(str(codex_home), {"service_error": series})


def beside(codex_home: pathlib.Path, log_window: float = 72) -> Beside:
    return read_beside(str(codex_home), read_layers(str(codex_home)), {}, log_window)


def judged(
    codex_home: pathlib.Path, *answers: bytes, log_window: float = 72
) -> tuple[tuple[str, str], dict[str, t.Any]]:
    """Return verdict and cause, and the whole value, of a look whose doctor gives `answers`."""
    stub = stubs.codex(codex_home.with_name("codex"), "0.169.0", answers)
    request = Request(str(codex_home), str(stub.path), 60, len(answers), 0, (), log_window)
    value = inspect(request, {"PATH": os.defpath})
    return (value["diagnosis"]["verdict"], value["diagnosis"]["cause"]), value


@pytest.mark.parametrize(
    ("first", "last", "log_window", "expected"),
    [
        pytest.param(2, 2, 72, LASTS, id="two-hours"),
        pytest.param(2, 0, 72, LASTS, id="two-hours-and-just-now"),
        pytest.param(71, 71, 72, LASTS, id="at-the-windows-edge"),
        pytest.param(500, 30, 72, LASTS, id="again-and-again"),
        pytest.param(0.9, 0.5, 72, PASSES, id="less-than-an-hour"),
        pytest.param(73, 73, 72, PASSES, id="before-the-window"),
        pytest.param(3, 3, 2, PASSES, id="before-a-shorter-window"),
        pytest.param(2, 2, 0, PASSES, id="no-window"),
        pytest.param(2, -1, 72, PASSES, id="in-the-future"),
    ],
)
def test_a_server_error_that_is_there_again(
    codex_home: pathlib.Path, first: float, last: float, log_window: float, expected: t.Any
) -> None:
    seen_before(codex_home, first, last)
    found, value = judged(codex_home, SERVICE_ERROR, SERVICE_ERROR, log_window=log_window)
    assert found == expected
    assert list(value["observed"]) == ["service_error"]
    assert value["observed"]["service_error"]["first"].endswith("Z")
    told = [line for line in value["diagnosis"]["evidence"] if "hours ago and now" in line]
    assert len(told) == (expected == LASTS)


def test_without_an_earlier_run(codex_home: pathlib.Path) -> None:
    found, value = judged(codex_home, SERVICE_ERROR, SERVICE_ERROR)
    assert (found, value["observed"]) == (PASSES, {})
    assert not (codex_home / ".devfleet").exists()


def test_every_run_of_doctor_must_show_it(codex_home: pathlib.Path) -> None:
    seen_before(codex_home, 2, 2)
    assert judged(codex_home, OTHER, SERVICE_ERROR)[0] == PASSES


@pytest.mark.parametrize(
    ("session", "ended", "expected"),
    [
        pytest.param("ok", 1, None, id="a-turn-since"),
        pytest.param("ok", 3, 2 * HOUR, id="a-turn-before"),
        pytest.param("http-502", 1, 2 * HOUR, id="a-fallback-since"),
    ],
)
def test_a_turn_over_a_websocket_shows_that_it_had_passed(
    codex_home: pathlib.Path, session: str, ended: float, expected: float | None
) -> None:
    rows = log_database.recorded(session, time.time() - ended * HOUR)
    log_database.write(codex_home / "logs_2.sqlite", rows)
    seen_before(codex_home, 2, 2)
    since = beside(codex_home).service_error_since
    assert since == (expected if expected is None else pytest.approx(expected, abs=60))


def test_it_is_no_change_of_ours(codex_home: pathlib.Path) -> None:
    rows = log_database.recorded("http-502", time.time() - 1)
    log_database.write(codex_home / "logs_2.sqlite", rows)
    seen_before(codex_home, 2, 0)
    (codex_home / ".devfleet/observations.json").touch()
    assert beside(codex_home).logs.fallbacks > 0
    _state.save(str(codex_home / "config.toml"), _state.released("openai_http"))
    assert beside(codex_home).logs.fallbacks == 0


def test_nothing_to_remember_leaves_the_record_of_another_release_alone(
    codex_home: pathlib.Path,
) -> None:
    seen_before(codex_home, 2, 2)
    record = codex_home / ".devfleet/observations.json"
    newer = record.read_text().replace('"format": 1', '"format": 2')
    record.write_text(newer)
    _observation_record.save(str(codex_home), {})
    assert record.read_text() == newer


@pytest.mark.parametrize("kind", ["folder", "fifo", "large", "dangling-link", "nonsense"])
def test_whatever_lies_in_its_place_does_no_harm(codex_home: pathlib.Path, kind: str) -> None:
    seen_before(codex_home, 2, 2)
    record = codex_home / ".devfleet/observations.json"
    record.unlink()
    if kind == "folder":
        record.mkdir()
    elif kind == "fifo":
        os.mkfifo(record)
    elif kind == "dangling-link":
        record.symlink_to("gone")
    else:
        record.write_bytes(b"[" * (20_000_000 if kind == "large" else 3))
    found = beside(codex_home)
    assert (found.observed, found.service_error_since) == ({}, None)
