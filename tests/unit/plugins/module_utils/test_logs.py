# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is counted in a client's log database, for every way in which its turns went."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._observations import LogEvidence
from support import log_database
from support.log_database import Row

HOUR = 3600


def evidence(home: Path, rows: list[Row], since: float = 0.0) -> LogEvidence:
    log_database.write(home / "logs_2.sqlite", rows)
    return read_logs(str(home), since)


@pytest.mark.parametrize(
    ("session", "fallbacks", "cause"),
    [
        ("close-1008", 2, "closed"),
        ("close-after", 2, "closed"),
        ("close-after.second-turn", 2, "closed"),
        ("drop", 2, "cut"),
        ("reset", 2, "cut"),
        ("silent", 2, "silent"),
        ("hang", 2, "silent"),
        ("http-403", 2, "refused"),
        ("http-403.one-retry", 2, "refused"),
        ("http-404", 2, "refused"),
        ("no-101", 2, "refused"),
        ("http-502", 2, "server_error"),
        ("proxy-without-scheme", 2, "proxy_scheme"),
        ("http-403.0.130.0", 1, "refused"),
        ("close-after.0.130.0", 1, "closed"),
        ("http-403.0.134.0", 1, "refused"),
        ("http-403.0.150.0", 2, "refused"),
        # Without a retry a refusal leaves the rows of a 426.
        ("http-403.no-retries", 0, ""),
        ("http-426", 0, ""),
        ("http-426.second-turn", 0, ""),
        ("http-426.0.150.0", 0, ""),
        ("http-401", 0, ""),
        ("http-429", 0, ""),
        ("usage-limit", 0, ""),
        ("http-403.quota", 0, ""),
        ("response-failed.rate-limit", 0, ""),
        ("response-failed.rate-limit.0.130.0", 0, ""),
        ("response-failed.server-error", 0, ""),
        ("proxy-refuses-everything", 0, ""),
        ("no-network", 0, ""),
        ("ok", 0, ""),
    ],
)
def test_fallbacks_of_a_session(tmp_path: Path, session: str, fallbacks: int, cause: str) -> None:
    rows = log_database.recorded(session, time.time() - HOUR)

    found = evidence(tmp_path, rows)

    assert (found.outcome, found.fallbacks, found.threads) == ("read", fallbacks, fallbacks)
    assert found.cause == cause
    assert (found.last_seen is not None) == bool(fallbacks)


@pytest.mark.parametrize(
    ("session", "completed"),
    [
        ("ok", 2),
        # The turn starts a sub-agent, which connects within it.
        ("ok.subagent", 3),
        ("http-426.second-turn", 2),
        ("close-after", 0),
        ("http-403", 0),
        # The row of a connection that is made in advance names no thread.
        ("ok.0.130.0", 0),
    ],
)
def test_turns_over_a_websocket(tmp_path: Path, session: str, completed: int) -> None:
    rows = log_database.recorded(session, time.time() - HOUR)

    assert evidence(tmp_path, rows).completed_since == completed


@pytest.mark.parametrize(("gap", "completed"), [(HOUR, 2), (-HOUR, 0)])
def test_only_turns_after_the_last_fallback_speak_against_it(
    tmp_path: Path, gap: int, completed: int
) -> None:
    ends = time.time() - 2 * HOUR
    failed = log_database.recorded("close-after", ends)
    worked = log_database.copied(log_database.recorded("ok", ends + gap), 7)

    found = evidence(tmp_path, [*failed, *worked])

    assert (found.fallbacks, found.completed_since) == (2, completed)


def test_the_commonest_cause_is_named(tmp_path: Path) -> None:
    ends = time.time() - HOUR
    rows = [
        *log_database.copied(log_database.recorded("drop", ends), 1),
        *log_database.copied(log_database.recorded("drop", ends), 2),
        *log_database.copied(log_database.recorded("close-after", ends), 3),
    ]

    found = evidence(tmp_path, rows)

    assert (found.fallbacks, found.threads, found.cause) == (6, 6, "cut")


def test_a_thread_that_falls_back_twice_is_one_thread(tmp_path: Path) -> None:
    ends = int(time.time()) - HOUR
    rows = log_database.recorded("http-403", ends - HOUR)
    again = log_database.ending(ends, rows)

    found = evidence(tmp_path, [*rows, *again])

    assert (found.fallbacks, found.threads) == (4, 2)
    assert found.last_seen is not None and ends - 2 < found.last_seen < ends + 1


def test_what_lies_before_since_is_not_counted(tmp_path: Path) -> None:
    ends = time.time() - HOUR

    found = evidence(tmp_path, log_database.recorded("close-after", ends), since=ends + 2)

    assert tuple(found)[:3] == ("read", 0, 0)


@pytest.mark.parametrize(("since", "completed"), [(1000.5, 1), (1000.75, 0)])
def test_since_is_exact_within_its_second(tmp_path: Path, since: float, completed: int) -> None:
    connected, *_between, answered = log_database.recorded("ok", 1000)
    rows = [
        {**row, "ts": 1000, "ts_nanos": nanos, "thread_id": "T", "feedback_log_body": body}
        for row, nanos, body in (
            (connected, 700_000_000, "successfully connected to"),
            (answered, 800_000_000, "post sampling token usage"),
        )
    ]

    assert evidence(tmp_path, rows, since).completed_since == completed


@pytest.mark.parametrize("since", [float("inf"), float("nan"), 1e300])
def test_a_since_beyond_all_time_counts_nothing_that_was(tmp_path: Path, since: float) -> None:
    rows = log_database.recorded("ok", time.time() - HOUR)

    found = evidence(tmp_path, rows, since)

    assert (found.outcome, found.completed_since) == ("read", 0)


@pytest.mark.parametrize("since", [-1e12, 0.0])
def test_a_since_in_the_deep_past_counts_everything(tmp_path: Path, since: float) -> None:
    rows = log_database.recorded("close-after", 86400 * 365)

    assert evidence(tmp_path, rows, since).fallbacks == 2


def test_rows_of_the_future_are_not_counted(tmp_path: Path) -> None:
    rows = log_database.recorded("close-after", time.time() + 2 * HOUR)

    assert evidence(tmp_path, rows).fallbacks == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"ts": "soon"},
        {"ts": -5},
        {"ts_nanos": "x"},
        {"ts_nanos": -1},
        {"thread_id": None},
        {"thread_id": b"\xff"},
        {"thread_id": 7},
        {"feedback_log_body": None},
        {"feedback_log_body": b"\xff: falling back to HTTP"},
        {"feedback_log_body": "falling back to HTTP"},
        {"feedback_log_body": 12},
    ],
)
def test_odd_values_end_in_no_failure(tmp_path: Path, odd: Row) -> None:
    rows = log_database.recorded("close-after", time.time() - HOUR)

    assert evidence(tmp_path, [*rows, *({**row, **odd} for row in rows)]).outcome == "read"


def test_text_that_is_not_utf_8_hides_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "logs_2.sqlite"
    with contextlib.closing(log_database.connect(path)) as database:
        log_database.insert(database, log_database.recorded("close-after", time.time() - HOUR))
        database.execute(
            "UPDATE logs SET feedback_log_body = CAST(x'ff' AS TEXT) || feedback_log_body"
        )
        database.commit()

    assert read_logs(str(tmp_path), 0.0).fallbacks == 2


@pytest.mark.parametrize(
    ("pause", "idle"),
    [pytest.param(HOUR, True, id="hour"), pytest.param(HOUR // 2, False, id="half")],
)
def test_fallbacks_after_idle_hours_alone(tmp_path: Path, pause: int, idle: bool) -> None:
    rows = log_database.recorded("close-after.second-turn", time.time() - HOUR)
    first_answer = next(at for at, row in enumerate(rows) if "post sampling" in _body(row))
    main = rows[first_answer]["thread_id"]
    rows = [row for row in rows if row["thread_id"] == main]
    second = next(at for at, row in enumerate(rows) if "post sampling" in _body(row)) + 1
    earlier = [{**row, "ts": row["ts"] - pause} for row in rows[:second]]

    found = evidence(tmp_path, [*earlier, *rows[second:]])

    assert (found.fallbacks, found.only_after_idle) == (1, idle)


def test_a_fallback_in_a_new_thread_is_not_one_after_idle_hours(tmp_path: Path) -> None:
    rows = log_database.recorded("close-after.second-turn", time.time() - HOUR)

    assert evidence(tmp_path, rows).only_after_idle is False


@pytest.mark.parametrize("left_out", [0, 1])
def test_fallbacks_in_threads_of_subagents_alone(tmp_path: Path, left_out: int) -> None:
    rows = log_database.recorded("close-after", time.time() - HOUR)
    log_database.write_state(tmp_path, sorted(log_database.threads(rows))[left_out:])

    assert evidence(tmp_path, rows).only_subagents is (left_out == 0)


def test_a_state_database_that_tells_nothing_means_no(tmp_path: Path) -> None:
    (tmp_path / "state_5.sqlite").write_bytes(b"no database")
    rows = log_database.recorded("close-after", time.time() - HOUR)

    found = evidence(tmp_path, rows)

    assert (found.outcome, found.fallbacks, found.only_subagents) == ("read", 2, False)


def test_the_folder_may_be_another_than_the_home(tmp_path: Path) -> None:
    rows = log_database.recorded("close-after", time.time() - HOUR)
    elsewhere = tmp_path / "a b%20?#é"
    elsewhere.mkdir()
    log_database.write(elsewhere / "logs_2.sqlite", rows)

    assert read_logs(str(tmp_path), 0.0).outcome == "absent"
    assert read_logs(str(tmp_path), 0.0, sqlite_home=str(elsewhere)).fallbacks == 2


def _body(row: Row) -> str:
    return str(row["feedback_log_body"])
