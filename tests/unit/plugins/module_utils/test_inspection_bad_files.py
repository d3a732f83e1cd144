# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a machine on which a file or a database is not as it should be, or may not be read.

Every one ends in a verdict that changes nothing, or in one that does not rest on what is bad.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sqlite3
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _client, _dotenv, _logs
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from support import log_database, stubs
from support.bad_machines import BLOCKED, FINE, HEALTHY, NOT_READ, judged, look, own_home
from support.doctor_cases import Pair

REFUSED = ("websocket_blocked", "upgrade_refused")
NOT_CHECKED = ("inconclusive", "proxy_not_checked")

NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a Codex home in it."""
    return own_home(tmp_path, monkeypatch)


def large(path: Path) -> None:
    path.write_bytes(b"HTTPS_PROXY=http://127.0.0.1:9\n" + b"#" * (10 * 2**20))


def as_large_as_may_be(path: Path) -> None:
    path.write_bytes(b"A=1\n" + b"#" * (_dotenv.SIZE_LIMIT - 5) + b"\n")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


BAD_DOTENV: dict[str, tuple[t.Callable[[Path], t.Any], Pair]] = {
    "over-10-mb": (large, NOT_CHECKED),
    "directory": (os.mkdir, NOT_CHECKED),
    "fifo": (os.mkfifo, NOT_CHECKED),
    "device": (lambda path: path.symlink_to("/dev/zero"), NOT_CHECKED),
    "link-to-itself": (link_to_itself, NOT_CHECKED),
    "link-to-nowhere": (lambda path: path.symlink_to("gone"), REFUSED),
    "as-large-as-may-be": (as_large_as_may_be, REFUSED),
    "empty": (lambda path: path.write_bytes(b""), REFUSED),
    "nul-bytes": (lambda path: path.write_bytes(b"\0" * 5000), REFUSED),
    "nul-in-a-value": (lambda path: path.write_bytes(b"HTTPS_PROXY=http://a\0b:1\n"), REFUSED),
    "not-utf-8": (lambda path: path.write_bytes(b"\xff\xfeH\0T\0\n\xe9=\xe9\n"), REFUSED),
    "escapes": (lambda path: path.write_bytes(b"HTTPS_PROXY=\x1b[2J\x07\n"), REFUSED),
    "quotes-without-end": (lambda path: path.write_bytes(b'A="' * 20000), REFUSED),
    "references-to-references": (
        lambda path: path.write_bytes(
            b"A=" + b"x" * 1000 + b"\n" + b"A=${A}${A}\n" * 200 + b"HTTPS_PROXY=$A\n"
        ),
        REFUSED,
    ),
}


@pytest.mark.parametrize("case", BAD_DOTENV)
def test_a_bad_dotenv_on_a_blocked_machine(home: Path, case: str) -> None:
    make, expected = BAD_DOTENV[case]
    make(home / ".codex/.env")
    value = look(home, BLOCKED)
    assert judged(value) == expected
    assert value["proxy"]["readable"] is (expected == REFUSED)
    if expected == NOT_CHECKED:
        assert str(home / ".codex/.env") in value["diagnosis"]["evidence"][-1]


@pytest.mark.parametrize(
    "case", [case for case, (_content, pair) in BAD_DOTENV.items() if pair != REFUSED]
)
def test_a_bad_dotenv_on_a_healthy_machine_is_told_and_no_more(home: Path, case: str) -> None:
    BAD_DOTENV[case][0](home / ".codex/.env")
    value = look(home, HEALTHY)
    assert judged(value) == FINE
    assert value["proxy"]["readable"] is False


def test_the_size_that_is_too_large_is_told(home: Path) -> None:
    large(home / ".codex/.env")
    assert "larger than 256 KB" in look(home, BLOCKED)["diagnosis"]["evidence"][-1]


def test_a_nul_byte_over_which_the_client_falls(home: Path) -> None:
    (home / ".codex/.env").write_bytes(b"A=1\nHTTPS_PROXY=http://me:secret\0@h:1\n")
    stubs.script(home / "codex", "exit 101")
    value = look(home, b"")
    assert judged(value) == ("config_invalid", "dotenv_nul_byte")
    assert "secret" not in repr(value)


@contextlib.contextmanager
def unprivileged() -> t.Iterator[Path]:
    """A user's home that belongs to whoever looks, who is not root."""
    folder = Path(tempfile.mkdtemp(prefix="home-"))
    is_root = os.geteuid() == 0
    try:
        (folder / ".codex").mkdir()
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(folder)


def become_nobody(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        pytest.param(".env", BLOCKED, NOT_CHECKED, id="dotenv"),
        pytest.param("logs_2.sqlite", HEALTHY, NOT_READ, id="log"),
        pytest.param("config.toml", HEALTHY, FINE, id="config"),
    ],
)
def test_a_file_that_this_user_may_not_read(
    monkeypatch: pytest.MonkeyPatch, name: str, answer: bytes, expected: Pair
) -> None:
    with unprivileged() as folder:
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setattr(_client, "_PLACES", ())
        (folder / ".codex" / name).write_text("")
        stubs.codex(folder / "codex", "0.169.0", [answer] * 2)
        become_nobody(folder)
        (folder / ".codex" / name).chmod(0)
        value = look(folder, answer)
        assert judged(value) == expected
        told = [*value["diagnosis"]["evidence"], *value["provider"]["problems"]]
        assert any(word in line for line in told for word in ("ermission denied", "unreadable"))


def locked(path: Path) -> sqlite3.Connection:
    log_database.write(path, [], journal="DELETE")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def huge(path: Path) -> None:
    with contextlib.closing(log_database.connect(path)) as database:
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
            " INSERT INTO logs (ts, ts_nanos, level, target, feedback_log_body)"
            " SELECT ?, i, 'WARN', 'codex_core::client', 'falling back to HTTP' FROM n",
            (int(time.time()) - 60,),
        )
        database.commit()


BAD_LOGS: dict[str, tuple[str, t.Callable[[Path], t.Any], str]] = {
    "locked": ("logs_2.sqlite", locked, "locked"),
    "corrupt": ("logs_2.sqlite", lambda path: path.write_bytes(b"\x8f" * 9000), "unreadable"),
    "empty": ("logs_2.sqlite", lambda path: path.write_bytes(b""), "unreadable"),
    "of-another-version": ("logs_7.sqlite", lambda path: path.touch(), "unknown_schema"),
    "with-another-table": (
        "logs_2.sqlite",
        lambda path: log_database.write(path, [], table="CREATE TABLE other (id INTEGER)"),
        "unknown_schema",
    ),
    "huge": ("logs_2.sqlite", huge, "timed_out"),
    "directory": ("logs_2.sqlite", os.mkdir, "unreadable"),
    "fifo": ("logs_2.sqlite", os.mkfifo, "unreadable"),
    "endless": ("logs_2.sqlite", lambda path: path.symlink_to("/dev/zero"), "unreadable"),
}


@pytest.mark.parametrize("case", BAD_LOGS)
def test_a_bad_log_database(home: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    name, make, outcome = BAD_LOGS[case]
    kept = make(home / ".codex" / name)
    monkeypatch.setattr(_logs, "read_logs", functools.partial(read_logs, deadline=0.02))
    value = look(home, HEALTHY)
    assert judged(value) == NOT_READ
    assert value["logs"]["outcome"] == outcome
    assert judged(look(home, HEALTHY, log_window=0)) == FINE
    if isinstance(kept, sqlite3.Connection):
        kept.close()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, link_to_itself])
def test_the_variable_for_the_databases_names_what_is_no_folder_of_databases(
    home: Path, make: t.Callable[[Path], t.Any]
) -> None:
    make(home / "odd")
    value = look(home, HEALTHY, {"CODEX_SQLITE_HOME": str(home / "odd")})
    assert (judged(value), value["logs"]["outcome"]) in (
        (NOT_READ, "unreadable"),
        (FINE, "absent"),
    )
