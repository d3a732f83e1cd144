# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a machine on which settings, variables or doctor's words are not as they should be.

Every one ends in a verdict that changes nothing, or in one that does not rest on what is bad.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import hypothesis
import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _failing, _inspection, _routes
from ansible_collections.devfleet.codex.plugins.module_utils._client import Installation
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import HTTP, WEBSOCKET
from ansible_collections.devfleet.codex.plugins.module_utils._observations import Routes
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from hypothesis import strategies
from support import stubs
from support.bad_machines import BLOCKED, FINE, HEALTHY, NOT_READ, judged, look, own_home
from support.doctor_samples import answered, as_json, refused, report, unreachable

DOWN = as_json(report(refused(403), unreachable()))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a Codex home in it."""
    return own_home(tmp_path, monkeypatch)


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
    def within_this_machine(host: str, *others: t.Any) -> Routes:
        asked = host if host == "127.0.0.1" or len(host) > 255 or "\0" in host else "127.0.0.1"
        return _routes.routes(asked, *others)

    monkeypatch.setattr(_failing, "routes", within_this_machine)
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
        *("HTTPS_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
        *("OPENAI_API_KEY", "CODEX_SQLITE_HOME", "CODEX_CA_CERTIFICATE", "CODEX_API_KEY"),
    )
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
    monkeypatch.setattr(_failing, "ask_status", lambda *_: "unknown")

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
    for _value in range(draw(strategies.integers(1, 3))):
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
