# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look at one user's Codex as a whole, with stand-ins for the client."""

from __future__ import annotations

import os
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _client, _inspection
from ansible_collections.devfleet.codex.plugins.module_utils._client import client_version
from ansible_collections.devfleet.codex.plugins.module_utils._home import HomeRefused
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import (
    Request,
    inspect,
)
from support import stubs
from support.doctor_samples import FOLDER, OFF, OPEN, answered, as_json, refused, report

BLOCKED = as_json(report(refused(403)))
SERVICE_ERROR = as_json(report(refused(503)))
HEALTHY = as_json(report(OPEN))

_opened: list[str] = []
_listening = False


def _note_opened(event: str, arguments: tuple[t.Any, ...]) -> None:
    if _listening and event in ("open", "os.listdir", "os.scandir"):
        _opened.append(str(arguments[0]))


# An audit hook cannot be taken back: there is one, and it listens only when told to.
sys.addaudithook(_note_opened)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home in which alone clients are looked for, with a Codex home in it."""
    folder = tmp_path / "home"
    (folder / ".codex").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    own = tuple(place for place in _client._PLACES if place.startswith(("~", "{")))
    monkeypatch.setattr(_client, "_PLACES", own)
    return folder


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept, without sleeping them."""
    slept: list[float] = []
    monkeypatch.setattr(_inspection, "time", types.SimpleNamespace(sleep=slept.append))
    return slept


def look(home: Path, **changes: t.Any) -> dict[str, t.Any]:
    given = {
        "codex_home": None,
        "executable": str(home / "codex"),
        "timeout": 60.0,
        "probes": 2,
        "probe_interval": 5.0,
        "overrides": (),
        **changes,
    }
    return inspect(Request(**given), {"PATH": os.defpath})


def judged(value: dict[str, t.Any]) -> tuple[str, str]:
    return value["diagnosis"]["verdict"], value["diagnosis"]["cause"]


@pytest.mark.parametrize(
    ("version", "answers", "options", "probes", "expected"),
    [
        pytest.param("0.169.0", [HEALTHY], {}, 1, ("healthy", "handshake_ok"), id="healthy"),
        pytest.param(
            "0.169.0",
            [BLOCKED, BLOCKED, HEALTHY],
            {},
            2,
            ("websocket_blocked", "upgrade_refused"),
            id="blocked",
        ),
        pytest.param(
            "0.169.0",
            [BLOCKED, HEALTHY],
            {},
            2,
            ("inconclusive", "intermittent"),
            id="blocked-once",
        ),
        pytest.param(
            "0.169.0",
            [SERVICE_ERROR, HEALTHY],
            {},
            2,
            ("healthy", "handshake_ok"),
            id="service-error-once",
        ),
        pytest.param(
            "0.169.0",
            [BLOCKED, HEALTHY],
            {"probes": 1},
            1,
            ("websocket_blocked", "upgrade_refused"),
            id="one-probe",
        ),
        pytest.param(
            "0.169.0",
            [BLOCKED] * 9,
            {"probes": 4},
            4,
            ("websocket_blocked", "upgrade_refused"),
            id="four-probes",
        ),
        pytest.param(
            "0.169.0",
            [BLOCKED],
            {},
            2,
            ("inconclusive", "probes_disagree"),
            id="garbage-second",
        ),
        pytest.param("0.169.0", [], {}, 1, ("inconclusive", "doctor_not_json"), id="garbage"),
        pytest.param(
            "0.165.0",
            [(FOLDER / "versions/doctor.0.164.0.ws-http-403.json").read_bytes()] * 2,
            {},
            1,
            ("managed_elsewhere", "managed"),
            id="older-client-and-a-provider-that-no-file-names",
        ),
    ],
)
def test_how_often_doctor_is_asked(
    home: Path,
    pauses: list[float],
    version: str,
    answers: list[bytes],
    options: dict[str, t.Any],
    probes: int,
    expected: tuple[str, str],
) -> None:
    stub = stubs.codex(home / "codex", version, answers)
    value = look(home, **options)
    doctor = "doctor --json" + (" --network-only" if version == "0.169.0" else "")
    assert judged(value) == expected
    failed = [] if expected[0] == "healthy" else ["login status"]
    assert stub.calls == ["--version"] + [doctor] * probes + failed
    assert pauses == [5.0] * (probes - 1)
    assert value["doctor"]["probes"] == probes


def test_overrides_reach_doctor_and_the_judgement(home: Path) -> None:
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(OFF))])
    overrides = ('model_provider="x"', 'model_providers.x.name="y"', "model_providers.x.aws=1")
    value = look(home, overrides=overrides)
    assert stub.calls[1] == "doctor --json --network-only -c " + " -c ".join(overrides)
    assert value["provider"]["active"] == "x"
    assert value["provider"]["origin"] == "override"


@pytest.mark.parametrize("version", ["0.115.0", "0.130.0", "0.131.0-alpha.9"])
def test_a_client_without_doctor_is_asked_for_its_version_alone(home: Path, version: str) -> None:
    stub = stubs.codex(home / "codex", version, [HEALTHY])
    value = look(home)
    assert judged(value) == ("unsupported_version", "no_doctor")
    assert (value["version"], value["doctor"]["ran"]) == (version, False)
    assert stub.calls == ["--version"]


@pytest.mark.parametrize(
    ("executable", "cause", "evidence"),
    [
        pytest.param(
            "/no/such/codex", "executable_missing", "there is no file /no/such/codex", id="named"
        ),
        pytest.param("/", "executable_missing", "there is no file /", id="a-folder-is-named"),
        pytest.param(None, "not_found", "no codex executable was found", id="searched"),
    ],
)
def test_no_client(home: Path, executable: str | None, cause: str, evidence: str) -> None:
    value = inspect(Request(None, executable, 60, 2, 5, ()), {"PATH": str(home / "bin")})
    assert judged(value) == ("not_installed", cause)
    assert value["diagnosis"]["evidence"] == [evidence]
    assert (value["installed"], value["executable"]) == (False, None)
    assert value["http_only_profiles"] == []


def test_a_home_in_the_name_of_a_missing_client_is_spelt_out(home: Path) -> None:
    value = inspect(Request(None, "~/bin/codex", 60, 2, 5, ()), {"PATH": os.defpath})
    assert value["diagnosis"]["evidence"] == [f"there is no file {home}/bin/codex"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("exit 1", id="fails"),
        pytest.param("echo hello", id="no-version"),
        pytest.param("kill -9 $$", id="killed"),
    ],
)
def test_a_client_that_does_not_tell_its_version(home: Path, line: str) -> None:
    stubs.script(home / "codex", line)
    value = look(home)
    assert judged(value) == ("inconclusive", "client_not_runnable")
    assert value["installed"] and value["executable"] == str(home / "codex")


def test_a_client_that_cannot_be_run(home: Path) -> None:
    (home / "codex").write_bytes(b"\x7fELF")
    value = look(home)
    assert judged(value) == ("inconclusive", "client_not_runnable")
    assert str(home / "codex") in value["diagnosis"]["evidence"][0]


def test_a_client_that_goes_away_meanwhile(home: Path) -> None:
    path = stubs.script(home / "codex", "echo codex-cli 0.169.0", f"rm {home}/codex")
    assert path.exists()
    assert judged(look(home)) == ("inconclusive", "doctor_not_runnable")


def test_a_doctor_that_hangs(home: Path) -> None:
    stubs.script(home / "codex", '[ "$1" = doctor ] && exec sleep 300', "echo codex-cli 0.169.0")
    value = look(home, timeout=0.3)
    assert judged(value) == ("inconclusive", "doctor_timed_out")
    assert (value["doctor"]["ran"], value["doctor"]["probes"]) == (False, 1)


def test_a_providers_table_is_read_beside_doctor(home: Path) -> None:
    name = "openai_http-WITHOUT-requires_openai_auth.chatgpt-auth.looks-ok-but-sends-no-token.json"
    stubs.codex(home / "codex", "0.169.0", [(FOLDER / "0.169.0" / name).read_bytes()])
    (home / ".codex/config.toml").write_text(
        'model_provider = "openai_http"\n[model_providers.openai_http]\nname = "x"\n'
    )
    value = look(home)
    assert judged(value) == ("http_only_broken", "no_credentials_sent")
    assert value["provider"] == {
        "active": "openai_http",
        "origin": "user",
        "websockets": False,
        "problems": [],
    }


def test_other_installations_are_told_with_their_versions(home: Path) -> None:
    first = stubs.codex(home / ".local/bin/codex", "0.169.0", [HEALTHY])
    others = {
        "0.150.0": stubs.codex(home / ".volta/bin/codex", "0.150.0", [BLOCKED]),
        "0.120.0": stubs.codex(home / ".bun/bin/codex", "0.120.0", [BLOCKED]),
    }
    broken = stubs.script(home / ".asdf/shims/codex", "exit 126")
    value = look(home, executable=None)
    assert value["executable"] == str(first.path)
    assert judged(value) == ("healthy", "handshake_ok")
    assert sorted(value["other_installations"], key=repr) == sorted(
        [
            *({"executable": str(stub.path), "version": key} for key, stub in others.items()),
            {"executable": str(broken), "version": None},
        ],
        key=repr,
    )
    assert [stub.calls for stub in others.values()] == [["--version"]] * 2


def test_the_value_holds_what_the_documentation_names(home: Path, pauses: list[float]) -> None:
    sample = FOLDER / "0.169.0/openai-builtin.chatgpt-auth.ws-blocked-403.json"
    stubs.codex(home / "codex", "0.169.0", [sample.read_bytes()] * 2)
    value = look(home)
    assert value["installed"] is True
    assert value["version"] == "0.169.0"
    assert value["install_method"] == "unknown"
    assert value["home"] == {
        "path": str(home / ".codex"),
        "exists": True,
        "owner": value["home"]["owner"],
        "origin": "default",
    }
    doctor = value["doctor"]
    assert (doctor["ran"], doctor["flavour"], doctor["probes"]) == (True, "network-only", 2)
    assert doctor["websocket"] == {
        "status": "warning",
        "summary": "Responses WebSocket failed; HTTPS fallback may still work",
        "detail": "endpoint: wss://chatgpt.com/backend-api/<redacted>; "
        "handshake transport error: http 403 Forbidden",
    }
    assert doctor["http"]["mode"] == "ChatGPT auth"
    assert doctor["auth"] == {"mode": "chatgpt", "summary": "auth is configured"}
    assert value["diagnosis"]["remedy"] == "http_provider"
    assert "/home/dev" not in repr(value)


def test_terminal_escapes_and_passwords_stay_on_the_machine(home: Path) -> None:
    answer = as_json(report(refused(403), answered()))
    answer = answer.replace(b"http 403", rb"\u001b[31mhttp 403").replace(
        b"https://api.openai.com", b"https://me:secret@api.openai.com"
    )
    stubs.codex(home / "codex", "0.169.0", [answer] * 2)
    shown = repr(look(home))
    assert "x1b" not in shown
    assert "secret" not in shown


def test_auth_json_is_never_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".codex/auth.json").write_text("{}")
    (home / ".codex/config.toml").write_text("")
    stubs.codex(home / "codex", "0.169.0", [HEALTHY])
    monkeypatch.setattr(sys.modules[__name__], "_listening", True)
    _opened.clear()
    look(home)
    assert str(home / ".codex/config.toml") in _opened
    assert str(home / ".codex/auth.json") not in _opened


@pytest.mark.parametrize("named", [False, True], ids=["searched", "named"])
def test_root_refuses_a_users_home_before_anything_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    stub = stubs.codex(home / ".local/bin/codex", "0.169.0", [HEALTHY])
    if os.geteuid() == 0:
        os.chown(home / ".codex", 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(HomeRefused, match="become_user"):
        look(home, executable=str(stub.path) if named else None)
    assert stub.calls == []


@pytest.mark.parametrize(
    ("option", "environment", "told"),
    [
        pytest.param(None, {}, ".codex", id="default"),
        pytest.param("mine", {}, "mine", id="option"),
        pytest.param("gone", {}, "gone", id="option-that-is-not-there"),
        pytest.param(None, {"CODEX_HOME": "mine"}, "mine", id="environment"),
        pytest.param(None, {"CODEX_HOME": "gone"}, "gone", id="environment-that-is-not-there"),
        pytest.param("mine", {"CODEX_HOME": ".codex"}, "mine", id="option-beats-environment"),
    ],
)
def test_the_client_looks_at_the_home_that_we_look_at(
    home: Path, option: str | None, environment: dict[str, str], told: str
) -> None:
    (home / "mine").mkdir()
    path = stubs.script(home / "codex", f'echo "$CODEX_HOME" > {home}/told', "exit 1")
    absolute = {key: f"{home}/{value}" for key, value in environment.items()}
    request = Request(option and f"{home}/{option}", str(path), 60, 1, 0, ())
    value = inspect(request, {"PATH": os.defpath, **absolute})
    assert (home / "told").read_text().strip() == value["home"]["path"] == f"{home}/{told}"


def test_a_default_home_that_is_not_there_is_left_to_the_client(home: Path) -> None:
    (home / ".codex").rmdir()
    path = stubs.script(home / "codex", f'echo "${{CODEX_HOME-unset}}" > {home}/told', "exit 1")
    inspect(Request(f"{home}/.codex", str(path), 60, 1, 0, ()), {"PATH": os.defpath})
    assert (home / "told").read_text() == "unset\n"


@pytest.mark.parametrize("named", [True, False], ids=["named", "searched"])
def test_the_version_alone(home: Path, named: bool) -> None:
    stub = stubs.codex(home / ".local/bin/codex", "0.133.0")
    told = client_version(str(home), str(stub.path) if named else None, {"PATH": os.defpath})
    assert told is not None
    assert told.text == "0.133.0"
    assert stub.calls == ["--version"]


@pytest.mark.parametrize("executable", ["/no/such/codex", None], ids=["named", "searched"])
def test_no_version(home: Path, executable: str | None) -> None:
    assert client_version(str(home), executable, {"PATH": str(home)}) is None
