# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a machine on which files, databases, settings or doctor's words are not as they should.

Every one ends in a verdict that changes nothing, or in one that does not rest on what is bad.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sqlite3
import tempfile
import time
import typing as t
from pathlib import Path

import hypothesis
import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _beside,
    _client,
    _dotenv,
    _inspection,
    _routes,
)
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._client import Installation
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import HTTP, WEBSOCKET
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from hypothesis import strategies
from support import log_database, stubs
from support.doctor_cases import Pair
from support.doctor_samples import OPEN, answered, as_json, refused, report, unreachable

HEALTHY = as_json(report(OPEN))
BLOCKED = as_json(report(refused(403)))
DOWN = as_json(report(refused(403), unreachable()))

REFUSED = ("websocket_blocked", "upgrade_refused")
NOT_CHECKED = ("inconclusive", "proxy_not_checked")
NOT_READ = ("inconclusive", "logs_not_read")
FINE = ("healthy", "handshake_ok")

NOBODY = 65534


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a Codex home in it."""
    (tmp_path / ".codex").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(_client, "_PLACES", ())
    monkeypatch.setattr(_beside, "codex_processes", lambda _uid: ())
    return tmp_path


def look(
    home: Path, answer: bytes, environment: t.Mapping[str, str] | None = None, **changes: t.Any
) -> dict[str, t.Any]:
    """Return what is told of a machine whose doctor always gives `answer`."""
    if not (home / "codex").exists():
        stubs.codex(home / "codex", "0.169.0", [answer] * 2)
    request = Request(None, str(home / "codex"), 20, 2, 0, (), **changes)
    value = inspect(request, {"PATH": os.defpath, **(environment or {})})
    json.dumps(value)
    assert judged(value) in VERDICTS_AND_CAUSES
    return value


def judged(value: dict[str, t.Any]) -> Pair:
    return value["diagnosis"]["verdict"], value["diagnosis"]["cause"]


def large(path: Path) -> None:
    path.write_bytes(b"HTTPS_PROXY=http://127.0.0.1:9\n" + b"#" * (10 * 2**20))


def as_large_as_may_be(path: Path) -> None:
    path.write_bytes(b"A=1\n" + b"#" * (_dotenv.SIZE_LIMIT - 5) + b"\n")


BAD_DOTENV: dict[str, tuple[t.Callable[[Path], t.Any], Pair]] = {
    "over-10-mb": (large, NOT_CHECKED),
    "directory": (os.mkdir, NOT_CHECKED),
    "fifo": (os.mkfifo, NOT_CHECKED),
    "device": (lambda path: path.symlink_to("/dev/zero"), NOT_CHECKED),
    "link-to-itself": (lambda path: path.symlink_to(path), NOT_CHECKED),
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
    "case", [case for case, (_, pair) in BAD_DOTENV.items() if pair != REFUSED]
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
    monkeypatch.setattr(_beside, "read_logs", functools.partial(read_logs, deadline=0.02))
    value = look(home, HEALTHY)
    assert judged(value) == NOT_READ
    assert value["logs"]["outcome"] == outcome
    assert judged(look(home, HEALTHY, log_window=0)) == FINE
    if isinstance(kept, sqlite3.Connection):
        kept.close()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)])
def test_the_variable_for_the_databases_names_what_is_no_folder_of_databases(
    home: Path, make: t.Callable[[Path], t.Any]
) -> None:
    make(home / "odd")
    value = look(home, HEALTHY, {"CODEX_SQLITE_HOME": str(home / "odd")})
    assert (judged(value), value["logs"]["outcome"]) in (
        (NOT_READ, "unreadable"),
        (FINE, "absent"),
    )


SQLITE_HOMES = ("3", "true", "[]", "{}", '""', r'"\u0000"', f'"{"x" * 5000}"', '"/dev/null"', "1e9")


@pytest.mark.parametrize("written", SQLITE_HOMES)
def test_a_hostile_sqlite_home(home: Path, written: str) -> None:
    (home / ".codex/config.toml").write_text(f"sqlite_home = {written}\n")
    assert judged(look(home, HEALTHY)) in (FINE, NOT_READ)


BASE_URLS = (
    *("3", "true", "[]", "{a = 1}", '""', '"http://["', '"http://h:99999999/"', '"://"'),
    *(r'"http://\u0000/"', r'"http://\u2100/"', f'"http://{"a" * 300}/"', f'"{"h" * 100000}"'),
    *('"http://127.0.0.1:1/"', '"https://me:secret@127.0.0.1:1/v1?key=secret"', '"file:///etc"'),
)


@pytest.mark.parametrize("written", BASE_URLS)
@pytest.mark.parametrize("key", ["openai_base_url", "base_url"])
def test_a_hostile_base_url(
    home: Path, monkeypatch: pytest.MonkeyPatch, key: str, written: str
) -> None:
    def within_this_machine(host: str, *others: t.Any) -> _routes.Routes:
        asked = host if host == "127.0.0.1" or len(host) > 255 or "\0" in host else "127.0.0.1"
        return _routes.routes(asked, *others)

    monkeypatch.setattr(_beside, "routes", within_this_machine)
    table = (
        'model_provider = "gw"\n[model_providers.gw]\nname = "gw"\n' if key == "base_url" else ""
    )
    (home / ".codex/config.toml").write_text(f"{table}{key} = {written}\n")
    value = look(home, BLOCKED)
    assert judged(value)[0] in ("websocket_blocked", "managed_elsewhere", "inconclusive")
    assert "secret" not in repr(value)


HOSTILE_VALUES = (
    *("", " ", "\t", "://", "http://", "http://[", "http://:@:@", "socks9://h", "\x1b[2J", "%"),
    *("http://h:99999", "http://me:se cret@h:1", "\udcff\udcfe", "\u202e" * 50, "a" * 200_000),
)


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=[repr(one)[:24] for one in HOSTILE_VALUES])
def test_a_hostile_environment(home: Path, value: str) -> None:
    names = (
        "HTTPS_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "OPENAI_API_KEY",
    )
    names += ("CODEX_SQLITE_HOME", "CODEX_CA_CERTIFICATE", "CODEX_API_KEY")
    long = len(value) > 100_000
    stub = stubs.codex(home / "codex", "0.169.0", [BLOCKED] * 2)
    found = look(home, BLOCKED, dict.fromkeys(names, value))
    # Linux starts no program with a variable as long as that.
    assert stub.calls == [] if long else judged(found)[0] != "inconclusive"
    assert len(json.dumps(found)) < 50_000
    assert "se cret" not in repr(found)


STORES = ("3", "true", "[]", "{}", '"nonsense"', '""', "1979-05-27")


@pytest.mark.parametrize("written", STORES)
def test_a_store_of_credentials_that_is_none(home: Path, written: str) -> None:
    (home / ".codex/config.toml").write_text(f"cli_auth_credentials_store = {written}\n")
    no_login = as_json(report(refused(401, auth_mode="none"), answered()))
    value = look(home, no_login)
    assert judged(value) == ("auth_missing", "no_credentials")
    assert value["login"]["store"] == "file"


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        pytest.param("exec yes", "doctor_printed_too_much", id="without-end"),
        pytest.param(
            "exec head -c 104857600 /dev/zero", "doctor_printed_too_much", id="100-mb-of-nothing"
        ),
        pytest.param("head -c 104857600 /dev/zero >&2", "doctor_printed_too_much", id="on-stderr"),
        pytest.param(
            'echo \'{"schemaVersion": 2, "checks": {}}\'', "doctor_unknown_schema", id="schema-2"
        ),
        pytest.param("echo '{\"schemaVersion\": 1}'", "doctor_unknown_schema", id="no-checks"),
        pytest.param("kill -9 $$", "doctor_not_json", id="killed"),
    ],
)
def test_a_doctor_that_gives_no_report(home: Path, command: str, cause: str) -> None:
    stubs.script(home / "codex", '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit', command)
    assert judged(look(home, b"")) == ("inconclusive", cause)


@pytest.fixture
def answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bytes], dict[str, t.Any]]:
    """Looks at a machine whose doctor prints what is given, without a process."""
    (home / "codex").write_text("")
    version = parse_version("0.169.0")
    assert version is not None
    installed = Installation(str(home / "codex"), "npm", version)
    monkeypatch.setattr(_inspection, "examine", lambda *_: installed)
    monkeypatch.setattr(_beside, "ask_status", lambda *_: "unknown")

    def printing(stdout: bytes) -> dict[str, t.Any]:
        outcome = Outcome("exit", 0, stdout, b"", 0.1)
        monkeypatch.setattr(_inspection, "run", lambda *_: outcome)
        return look(home, stdout)

    return printing


_ODD: strategies.SearchStrategy[t.Any] = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=9)
    | strategies.sampled_from(["ok", "warning", "fail", "true", "http 403 x", "\x1b[2J", 10**4000]),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """Return the way to every node of a document."""
    inner = value.items() if isinstance(value, dict) else ()
    return [path, *(one for key, child in inner for one in places(child, (*path, key)))]


_REPORTS = [json.loads(raw) for raw in (HEALTHY, BLOCKED, DOWN)]


@strategies.composite
def damaged(draw: strategies.DrawFn) -> bytes:
    """A report of doctor's in which some values are of another kind."""
    document = json.loads(json.dumps(draw(strategies.sampled_from(_REPORTS))))
    for _ in range(draw(strategies.integers(1, 3))):
        way = draw(strategies.sampled_from(places(document)))
        if not way:
            return json.dumps(draw(_ODD)).encode()
        node = document
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = draw(_ODD)
    return json.dumps(document).encode()


@hypothesis.settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(damaged())
def test_a_report_of_wrong_types_proves_nothing(
    answers: t.Callable[[bytes], dict[str, t.Any]], raw: bytes
) -> None:
    value = answers(raw)
    assert len(json.dumps(value)) < 20_000
    if judged(value)[0] == "websocket_blocked":
        checks = json.loads(raw)["checks"]
        assert checks[WEBSOCKET]["details"]["supports websockets"] in ("true", ["true"])
        assert checks[HTTP]["status"] == "ok"


_SETTINGS = strategies.dictionaries(
    strategies.sampled_from(
        [
            *("model_provider", "model_providers", "openai_base_url", "sqlite_home", "profile"),
            *("profiles", "mcp_servers", "cli_auth_credentials_store", "features", "projects"),
        ]
    ),
    strategies.sampled_from(
        [
            *("3", "-1.5", "true", '""', '"openai"', '"gw"', "[]", "[[], {}]", "{}", "nan"),
            *("{gw = 3}", "{gw = {}}", "{gw = {base_url = 3, name = []}}", "1979-05-27T07:32:00"),
            *('{gw = {requires_openai_auth = "yes", supports_websockets = 0, base_url = "//["}}',),
        ]
    ),
    max_size=5,
)


@hypothesis.settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(_SETTINGS, strategies.sampled_from([HEALTHY, BLOCKED, DOWN]))
def test_settings_of_wrong_types_end_in_a_verdict(
    home: Path,
    answers: t.Callable[[bytes], dict[str, t.Any]],
    settings: dict[str, str],
    answer: bytes,
) -> None:
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    (home / ".codex/config.toml").write_text(lines)
    verdict, _cause = judged(answers(answer))
    if answer == DOWN:
        assert verdict == "network_unreachable"
