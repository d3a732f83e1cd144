# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count, in the client's own log database, the WebSockets that failed.

This module util is PRIVATE to the collection. doctor probes the handshake
alone; what happens after it stands in the log of the client's terminal
sessions (``codex exec`` writes none; measured with 0.115 to 0.169), up to ten
seconds late. The client keeps the newest 1000 rows or 10 MiB of a thread (its
source), so that every count is a lower bound. The database is read where it
is, without a byte written beside it or into it; no text of it leaves this
module, for it holds paths and prompts.
"""

from __future__ import annotations

import collections
import contextlib
import math
import os
import re
import stat
import sys
import time
import typing as t
from urllib.parse import quote

from ._log_rows import MARKS, Fallback, Row, Turns, follow
from ._observations import LogEvidence

if t.TYPE_CHECKING:
    import sqlite3

LIMIT = 2.0
"""Seconds that reading may take, whatever the database holds."""

_NAME = re.compile(r"logs_(\d{1,4})\.sqlite")
_STATE_NAME = re.compile(r"state_(\d{1,4})\.sqlite")
_KNOWN = 2
"""The number of the schema read here; 1 (0.115, 0.116) was seen without a row of a session."""
_HEADER = b"SQLite format 3\0"
_WAL_HEADER = 32
_HEAD = 2048
_MESSAGE = 900
_MOST_BYTES = 1_000_000
"""Of a row as the client estimated it; the rows that matter have 4 KB at most (0.169)."""
_LARGEST_ROW = 64 * 1024 * 1024
"""Bytes of a row, whatever was estimated; a larger one makes the log unreadable. SQLite would have
it in memory as a whole, twice over. Python can set that limit from 3.11 on alone."""
_CLOCK_SKEW = 300
_FAR = 1e12
_IDLE = 3600
_MOST_ASKED = 50
_STEPS = 2000
"""Instructions of SQLite between two looks at the clock."""


class _Unusable(Exception):
    """The database tells nothing; the text is the outcome."""


class _Changed(Exception):
    """A database that is read without locks was written meanwhile."""


def read_logs(
    codex_home: str, since: float, deadline: float = LIMIT, sqlite_home: str | None = None
) -> LogEvidence:
    """Count the fallbacks after ``since`` (seconds since the epoch) within ``deadline`` seconds.

    ``sqlite_home`` is where the client keeps its databases if not in ``codex_home``
    (CODEX_SQLITE_HOME, or ``sqlite_home`` of config.toml). Never raises for what is there.
    """
    ends = time.monotonic() + deadline
    folder = sqlite_home or codex_home
    try:
        return _read(folder, since, ends)
    except ImportError:
        return _nothing("no_sqlite")
    except _Unusable as unusable:
        return _nothing(str(unusable))


def _read(folder: str, since: float, ends: float) -> LogEvidence:
    path = _database(folder)
    for _attempt in range(2):
        with contextlib.suppress(_Changed), _opened(path, ends) as database:
            turns = follow(_rows(database, since))
            idle = _only_after_idle(database, turns.fallbacks)
            break
    else:
        raise _Unusable("locked")
    return _evidence(turns, _only_subagents(folder, turns, ends), idle)


def _evidence(turns: Turns, only_subagents: bool, only_after_idle: bool) -> LogEvidence:
    fallbacks = turns.fallbacks
    last = fallbacks[-1].moment if fallbacks else None
    causes = collections.Counter(one.cause for one in fallbacks)
    worked = max(turns.completed.values(), default=-math.inf)
    row = [one for one in fallbacks if one.moment > worked]
    return LogEvidence(
        outcome="read",
        fallbacks=len(fallbacks),
        threads=len({one.thread for one in fallbacks}),
        last_seen=last,
        cause=causes.most_common(1)[0][0] if fallbacks else "",
        completed_since=sum(last is None or end > last for end in turns.completed.values()),
        only_subagents=only_subagents,
        in_a_row=(len(row), len({one.thread for one in row})),
        only_after_idle=only_after_idle,
    )


def _nothing(outcome: str) -> LogEvidence:
    return LogEvidence(outcome, 0, 0, None, "", 0)


def _database(folder: str) -> str:
    """The newest log database's path. Raises ``_Unusable``."""
    number = _newest(folder, _NAME)
    if number is None:
        raise _Unusable("absent")
    if number != _KNOWN:
        raise _Unusable("unknown_schema")
    return os.path.join(folder, f"logs_{number}.sqlite")


def _newest(folder: str, name: re.Pattern[str]) -> int | None:
    try:
        matches = [name.fullmatch(entry) for entry in os.listdir(folder)]
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _Unusable("unreadable") from None
    return max((int(match.group(1)) for match in matches if match), default=None)


@contextlib.contextmanager
def _opened(path: str, ends: float) -> t.Iterator[sqlite3.Connection]:
    """A connection that neither writes nor waits beyond ``ends``; raises ``_Unusable``.

    Raises ``_Changed`` in the end where what was read without locks was written meanwhile.
    """
    import sqlite3

    immutable, before = _manner(path), _state(path)
    mode = "immutable=1" if immutable else "mode=ro&readonly_shm=1"
    patience = max(0.0, (ends - time.monotonic()) / 2)
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=patience)
        ) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            if sys.version_info >= (3, 11):
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_ROW)
            database.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
            yield database
    except sqlite3.Error as error:
        if immutable and _state(path) != before:
            raise _Changed from None
        raise _Unusable(_outcome(error, ends)) from None
    except (MemoryError, OverflowError, RecursionError):
        raise _Unusable("unreadable") from None
    if immutable and _state(path) != before:
        raise _Changed


def _outcome(error: Exception, ends: float) -> str:
    text = str(error)
    if "interrupted" in text:
        return "timed_out"
    if "locked" in text or "busy" in text:
        return "locked"
    if "no such table" in text or "no such column" in text:
        return "unknown_schema"
    return "timed_out" if time.monotonic() > ends else "unreadable"


def _manner(path: str) -> bool:
    """Whether to read ``path`` as a file that nobody writes. Raises ``_Unusable``.

    In WAL mode a reader would make the files ``-wal`` and ``-shm`` that are not there; and with
    nothing in the log that is written ahead there is nothing to read but the database itself.
    """
    try:
        _only_files(path)
        with open(path, "rb") as opened:
            header = opened.read(20)
        ahead = _size(f"{path}-wal") > _WAL_HEADER
    except OSError:
        raise _Unusable("unreadable") from None
    if not header.startswith(_HEADER):
        raise _Unusable("unreadable")
    return header[18:20] == b"\2\2" and not ahead


def _only_files(path: str) -> None:
    for name in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        try:
            mode = os.stat(name).st_mode
        except FileNotFoundError:
            continue
        # Opening a FIFO or a device would wait, or worse.
        if not stat.S_ISREG(mode):
            raise _Unusable("unreadable")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _state(path: str) -> tuple[tuple[int, int, int], ...]:
    found = []
    for name in (path, f"{path}-wal"):
        try:
            status = os.stat(name)
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def _rows(database: sqlite3.Connection, since: float) -> t.Iterator[Row]:
    """The rows that matter after ``since`` and not in the future, oldest first, cut."""
    body = "feedback_log_body"
    places = " ".join(
        f"WHEN '{target}' THEN {_first([_place(body, text) for text in texts])}"
        for target, texts in MARKS.items()
    )
    targets = ", ".join(f"'{target}'" for target in MARKS)
    rows = database.execute(
        f"SELECT ts, ts_nanos, target, substr(thread_id, 1, 64), substr({body}, 1, {_HEAD}),"
        f" substr({body}, CASE target {places} END, {_MESSAGE}) FROM logs"
        f" WHERE ts >= ? AND ts <= ? AND target IN ({targets})"
        f" AND estimated_bytes <= {_MOST_BYTES} AND CASE target {places} END > 0"
        " ORDER BY ts, ts_nanos, id",
        (math.floor(min(max(0.0, since), _FAR)), time.time() + _CLOCK_SKEW),
    )
    for ts, nanos, target, thread, head, message in rows:
        moment = _moment(ts, nanos)
        if isinstance(head, str) and isinstance(message, str) and moment > since:
            yield Row(moment, target, thread if isinstance(thread, str) else None, head, message)


def _first(places: t.Sequence[str]) -> str:
    return places[0] if len(places) == 1 else f"max({', '.join(places)})"


def _place(body: str, text: str) -> str:
    return f"instr({body}, '{text}')"


def _moment(seconds: t.Any, nanos: t.Any) -> float:
    fraction = nanos / 1e9 if isinstance(nanos, int) and 0 <= nanos < 1_000_000_000 else 0.0
    return float(seconds) + fraction


def _only_after_idle(database: sqlite3.Connection, fallbacks: t.Sequence[Fallback]) -> bool:
    """Whether each fallback's turn came an hour or more after the rows of its thread before it."""
    if not 0 < len(fallbacks) <= _MOST_ASKED:
        return False
    for one in fallbacks:
        row = database.execute(
            "SELECT ts, ts_nanos FROM logs WHERE thread_id = ? AND ts <= ?"
            f" AND instr(substr(feedback_log_body, 1, {_HEAD}), ?) = 0"
            " ORDER BY ts DESC, ts_nanos DESC, id DESC LIMIT 1",
            (one.thread, one.started, one.turn),
        ).fetchone()
        if row is None or one.started - _moment(*row) < _IDLE:
            return False
    return True


def _only_subagents(folder: str, turns: Turns, ends: float) -> bool:
    """Whether the threads of all fallbacks were started by other threads.

    The log does not tell; the client's state database does (0.169). What it cannot tell is no.
    """
    threads = {one.thread for one in turns.fallbacks}
    if not 0 < len(threads) <= _MOST_ASKED:
        return False
    try:
        number = _newest(folder, _STATE_NAME)
        if number is None:
            return False
        with _opened(os.path.join(folder, f"state_{number}.sqlite"), ends) as database:
            marks = ", ".join("?" * len(threads))
            found = database.execute(
                "SELECT count(DISTINCT child_thread_id) FROM thread_spawn_edges"
                f" WHERE child_thread_id IN ({marks})",
                tuple(threads),
            ).fetchone()
            return tuple(found) == (len(threads),)
    except (_Unusable, _Changed):
        return False
