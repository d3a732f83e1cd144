# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log database as a file: what it may be, who may hold it, and that reading leaves no trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _logs
from ansible_collections.devfleet.codex.plugins.module_utils._log_rows import follow
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._observations import NO_LOGS
from support import log_database
from support.laptop import snapshot

HOUR = 3600
# A client in miniature: it keeps the database open and writes a row whenever it is asked to.
WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=0)
database.execute("PRAGMA wal_autocheckpoint = 0")
statement = "INSERT INTO logs (ts, ts_nanos, level, target) VALUES (1, 0, '', '')"
print("ready", flush=True)
for _ in sys.stdin:
    database.execute(statement)
    database.commit()
    print("written", flush=True)
"""


class Writer:
    """A process that has the database open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.expect("ready")

    def expect(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word

    def write(self) -> None:
        """Write one row; fails where that is refused."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.expect("written")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def writer(path: Path) -> t.Iterator[Writer]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Writer(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    rows = log_database.recorded("close-after", time.time() - HOUR)
    return log_database.write(tmp_path / "logs_2.sqlite", rows)


def outcome(folder: Path, deadline: float = 2.0) -> str:
    found = read_logs(str(folder), 0.0, deadline)
    if found.outcome != "read":
        assert found == NO_LOGS._replace(outcome=found.outcome)
    return found.outcome


def test_a_database_at_rest_is_read_without_a_trace(tmp_path: Path, database: Path) -> None:
    before = snapshot(tmp_path)

    assert read_logs(str(tmp_path), 0.0).fallbacks == 2
    assert snapshot(tmp_path) == before


def test_a_database_in_use_is_read_without_a_trace(tmp_path: Path, database: Path) -> None:
    with writer(database) as client:
        client.write()
        before = snapshot(tmp_path)
        assert sorted(before) == ["logs_2.sqlite", "logs_2.sqlite-shm", "logs_2.sqlite-wal"]

        assert read_logs(str(tmp_path), 0.0).fallbacks == 2
        assert snapshot(tmp_path) == before

        client.write()
        assert read_logs(str(tmp_path), 0.0).fallbacks == 2


def test_rows_that_are_not_in_the_database_itself_yet_are_counted(tmp_path: Path) -> None:
    path = log_database.write(tmp_path / "logs_2.sqlite", [])
    with contextlib.closing(sqlite3.connect(path)) as client:
        log_database.insert(client, log_database.recorded("close-after", time.time() - HOUR))

        assert read_logs(str(tmp_path), 0.0).fallbacks == 2


def test_what_a_killed_client_leaves_is_read_without_a_trace(
    tmp_path: Path, database: Path
) -> None:
    with writer(database) as client:
        client.write()
        client.kill()
    before = snapshot(tmp_path)
    assert before["logs_2.sqlite-wal"][2]

    assert read_logs(str(tmp_path), 0.0).fallbacks == 2
    assert snapshot(tmp_path) == before


def test_rows_written_ahead_without_their_index_are_left_alone(
    tmp_path: Path, database: Path
) -> None:
    with writer(database) as client:
        client.write()
        client.kill()
    (tmp_path / "logs_2.sqlite-shm").unlink()
    before = snapshot(tmp_path)

    assert outcome(tmp_path) == "unreadable"
    assert snapshot(tmp_path) == before


def test_a_client_writes_while_its_database_is_read(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer(database) as client:
        client.write()

        seen: list[t.Any] = []

        def slowly(rows: t.Iterable[t.Any]) -> t.Any:
            for row in rows:
                client.write()
                seen.append(row)
            return follow(seen)

        monkeypatch.setattr(_logs, "follow", slowly)

        assert read_logs(str(tmp_path), 0.0).fallbacks == 2


def test_a_database_that_is_written_without_a_log_ahead_meanwhile_is_read_again(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[bool] = []

    def disturbed(rows: t.Iterable[t.Any]) -> t.Any:
        turns = follow(rows)
        if not touched:
            os.utime(database, (1, 1))
            touched.append(True)
        return turns

    monkeypatch.setattr(_logs, "follow", disturbed)
    assert read_logs(str(tmp_path), 0.0).fallbacks == 2

    def always_disturbed(rows: t.Iterable[t.Any]) -> t.Any:
        os.utime(database)
        return follow(rows)

    monkeypatch.setattr(_logs, "follow", always_disturbed)
    assert outcome(tmp_path) == "locked"


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_a_database_that_is_held_exclusively_is_locked(tmp_path: Path, journal: str) -> None:
    with contextlib.closing(
        log_database.connect(tmp_path / "logs_2.sqlite", journal=journal)
    ) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        log_database.insert(holder, log_database.recorded("close-after", time.time() - HOUR))
        if journal == "DELETE":
            holder.execute("BEGIN EXCLUSIVE")

        assert outcome_of_another_process(tmp_path) == "locked"


def outcome_of_another_process(folder: Path) -> str:
    """Ask from outside, for a process is not held back by its own locks."""
    code = (
        "import sys; from ansible_collections.devfleet.codex.plugins.module_utils._logs"
        " import read_logs; print(read_logs(sys.argv[1], 0.0, 0.4).outcome)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_no_home_and_no_database_are_absent(tmp_path: Path) -> None:
    assert outcome(tmp_path) == "absent"
    assert outcome(tmp_path / "gone") == "absent"


@pytest.mark.parametrize("name", ["logs_1.sqlite", "logs_3.sqlite"])
def test_a_database_with_another_number_is_of_an_unknown_schema(tmp_path: Path, name: str) -> None:
    log_database.write(tmp_path / name, [])
    assert outcome(tmp_path) == "unknown_schema"


def test_the_newest_database_decides(tmp_path: Path, database: Path) -> None:
    log_database.write(tmp_path / "logs_1.sqlite", [])
    assert outcome(tmp_path) == "read"
    log_database.write(tmp_path / "logs_10.sqlite", [])
    assert outcome(tmp_path) == "unknown_schema"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("CREATE TABLE other (id INTEGER)", id="no-table"),
        pytest.param(log_database.TABLE.replace("feedback_log_body", "message"), id="0.115.0"),
        pytest.param("CREATE VIEW logs AS SELECT 1 AS id", id="view"),
    ],
)
def test_a_table_with_other_columns_is_of_an_unknown_schema(tmp_path: Path, table: str) -> None:
    log_database.write(tmp_path / "logs_2.sqlite", [], table=table)
    assert outcome(tmp_path) == "unknown_schema"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda good: b"", id="empty"),
        pytest.param(lambda good: b"\x8f\x01" * 5000, id="encrypted"),
        pytest.param(lambda good: good[:50], id="header-alone"),
        pytest.param(lambda good: good[:4096], id="first-page-alone"),
        pytest.param(lambda good: good[:4096] + b"\xff" * (len(good) - 4096), id="overwritten"),
        pytest.param(lambda good: good[:100] + b"\xff" * (len(good) - 100), id="no-schema"),
    ],
)
def test_a_damaged_database_is_unreadable(
    tmp_path: Path, database: Path, damage: t.Callable[[bytes], bytes]
) -> None:
    database.write_bytes(damage(database.read_bytes()))

    assert outcome(tmp_path) == "unreadable"


def test_a_home_that_is_a_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert outcome(tmp_path / "home") == "unreadable"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(os.mkfifo, id="fifo"),
        pytest.param(os.mkdir, id="directory"),
        pytest.param(lambda path: os.symlink("/dev/zero", path), id="device"),
    ],
)
def test_what_is_no_file_is_unreadable(
    tmp_path: Path, database: Path, suffix: str, make: t.Callable[[str], None]
) -> None:
    if not suffix:
        database.unlink()
    make(f"{database}{suffix}")

    assert outcome(tmp_path) == "unreadable"


def test_a_link_to_nowhere_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "logs_2.sqlite").symlink_to("gone")
    assert outcome(tmp_path) == "unreadable"


def test_a_link_to_a_database_is_followed(tmp_path: Path, database: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/logs_2.sqlite").symlink_to(database)
    assert read_logs(str(tmp_path / "home"), 0.0).fallbacks == 2


def test_a_huge_database_is_given_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "logs_2.sqlite"
    with contextlib.closing(log_database.connect(path)) as database:
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
            " INSERT INTO logs (ts, ts_nanos, level, target, feedback_log_body)"
            " SELECT i, 0, 'WARN', 'codex_core::client', 'falling back to HTTP' FROM n"
        )
        database.commit()

    assert outcome(tmp_path, deadline=0.005) == "timed_out"
    assert outcome(tmp_path, deadline=60) == "read"


@pytest.mark.parametrize(("claimed", "fallbacks"), [(30_000_000, 0), (0, 2)])
def test_a_body_of_many_megabytes_is_passed_by(
    tmp_path: Path, claimed: int, fallbacks: int
) -> None:
    rows = log_database.recorded("close-after", time.time() - HOUR)
    for row in rows:
        if row["target"] == "codex_core::responses_retry" and "(5/5 in" in row["feedback_log_body"]:
            row["feedback_log_body"] += "x" * 30_000_000
            row["estimated_bytes"] = claimed
    log_database.write(tmp_path / "logs_2.sqlite", rows)

    assert read_logs(str(tmp_path), 0.0, 60).fallbacks == fallbacks


def test_a_python_without_sqlite_says_so(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert outcome(tmp_path) == "no_sqlite"


def test_nothing_that_is_returned_comes_from_a_body(tmp_path: Path) -> None:
    rows = log_database.recorded("http-403", time.time() - HOUR)
    for row in rows:
        row["feedback_log_body"] = row["feedback_log_body"].replace("policy", "SECRET-7f3a")
    log_database.write(tmp_path / "logs_2.sqlite", rows)

    found = read_logs(str(tmp_path), 0.0)

    assert found.fallbacks == 2
    assert "SECRET" not in repr(found) and "home" not in repr(found)


def test_a_copy_of_a_used_home_is_read(tmp_path: Path, database: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with writer(database) as client:
        client.write()
        for path in tmp_path.glob("logs_2.sqlite*"):
            shutil.copy2(path, copy)

    assert read_logs(str(copy), 0.0).fallbacks == 2
