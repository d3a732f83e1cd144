# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log databases as the client leaves them, made of the rows that real sessions wrote.

`tests/fixtures/logs/MODE[.VARIANT][.VERSION].jsonl` holds the rows that matter of one session
(client 0.169.0 unless a version is named) with one service mode; see `support.service`. Of the
retries of a turn the first and the last are kept, of its connections likewise.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import sqlite3
import typing as t

Row = dict[str, t.Any]

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "fixtures/logs"

TABLE = """CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ts INTEGER NOT NULL,
    ts_nanos INTEGER NOT NULL,
    level TEXT NOT NULL,
    target TEXT NOT NULL,
    feedback_log_body TEXT,
    module_path TEXT,
    file TEXT,
    line INTEGER,
    thread_id TEXT,
    process_uuid TEXT,
    estimated_bytes INTEGER NOT NULL DEFAULT 0
)"""
INDEXES = (
    "CREATE INDEX idx_logs_ts ON logs(ts DESC, ts_nanos DESC, id DESC)",
    "CREATE INDEX idx_logs_thread_id ON logs(thread_id)",
    "CREATE INDEX idx_logs_thread_id_ts ON logs(thread_id, ts DESC, ts_nanos DESC, id DESC)",
    "CREATE INDEX idx_logs_process_uuid_threadless_ts"
    " ON logs(process_uuid, ts DESC, ts_nanos DESC, id DESC) WHERE thread_id IS NULL",
)
"""The schema of 0.130 to 0.169."""
STATE_TABLE = """CREATE TABLE thread_spawn_edges (
    parent_thread_id TEXT NOT NULL,
    child_thread_id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL
)"""


def recorded(name: str, ends: float) -> list[Row]:
    """Return the rows of one session, moved in time so that the last one is at `ends`."""
    lines = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    return ending(ends, [json.loads(line) for line in lines])


def ending(ends: float, rows: t.Sequence[Row]) -> list[Row]:
    """Return `rows` moved by whole seconds so that the last one is at `ends` (since the epoch)."""
    later = int(ends) - max(int(row["ts"]) for row in rows)
    return [{**row, "ts": row["ts"] + later} for row in rows]


def copied(rows: t.Sequence[Row], number: int) -> list[Row]:
    """Return `rows` as those of other threads and turns, told apart by `number`."""
    renamed = re.sub(
        r"[0-9a-f]{6}([0-9a-f]{2}-[0-9a-f]{4}-7)", rf"{number:06x}\1", json.dumps(rows)
    )
    return t.cast("list[Row]", json.loads(renamed))


def write(
    path: pathlib.Path, rows: t.Iterable[Row], *, table: str = TABLE, journal: str = "WAL"
) -> pathlib.Path:
    """Make the database at `path` as a client that ended by itself leaves it; return `path`."""
    with contextlib.closing(connect(path, table, journal)) as database:
        insert(database, rows)
    return path


def connect(path: pathlib.Path, table: str = TABLE, journal: str = "WAL") -> sqlite3.Connection:
    """Return a connection to a new database, in the client's journal mode."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA auto_vacuum = 2")
    database.execute(f"PRAGMA journal_mode = {journal}")
    database.execute(table)
    if table == TABLE:
        for index in INDEXES:
            database.execute(index)
    database.commit()
    return database


def insert(database: sqlite3.Connection, rows: t.Iterable[Row]) -> None:
    """Write `rows` in one transaction."""
    for row in rows:
        marks = ", ".join("?" * len(row))
        database.execute(
            f"INSERT INTO logs ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
        )
    database.commit()


def write_state(folder: pathlib.Path, children: t.Iterable[str]) -> None:
    """Make the client's state database, in which `children` are threads of sub-agents."""
    with contextlib.closing(connect(folder / "state_5.sqlite", STATE_TABLE)) as database:
        for child in children:
            database.execute("INSERT INTO thread_spawn_edges VALUES ('p', ?, 'open')", (child,))
        database.commit()


def threads(rows: t.Sequence[Row]) -> set[str]:
    """Return the threads whose turns `rows` tell of."""
    return {str(row["thread_id"]) for row in rows if row["thread_id"]}
