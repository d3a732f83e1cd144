# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module codex_info as a playbook runs it, with stand-ins for the client."""

from __future__ import annotations

import contextlib
import io
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import Check
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_url import refusal
from ansible_collections.devfleet.codex.plugins.modules import codex_info
from support import stubs
from support.doctor_samples import OFF, OPEN, as_json, refused, report

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    (folder / ".codex").mkdir(parents=True)
    (folder / ".codex/config.toml").write_text('model = "x"\n')
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    """Runs the module on a client that is one of the stand-ins, without pauses."""

    def run_module(**options: t.Any) -> dict[str, t.Any]:
        given = {"executable": str(home / "codex"), "probe_interval": 0, **options}
        stdout = io.StringIO()
        with (
            patch_module_args({key: value for key, value in given.items() if value is not None}),
            contextlib.redirect_stdout(stdout),
            contextlib.suppress(SystemExit),
        ):
            codex_info.main()
        result: dict[str, t.Any] = json.loads(stdout.getvalue())
        return result

    return run_module


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_it_tells_and_changes_nothing(home: Path, run: Run, check: bool) -> None:
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(refused(403)))] * 2)
    before = (home / ".codex/config.toml").stat()
    result = run(_ansible_check_mode=check)
    assert result["changed"] is False
    assert result["codex"]["diagnosis"]["verdict"] == "websocket_blocked"
    assert stub.calls == ["--version", *["doctor --json --network-only"] * 2, "login status"]
    assert (home / ".codex/config.toml").stat() == before
    assert [path.name for path in (home / ".codex").iterdir()] == ["config.toml"]


def test_every_option_is_heard(home: Path, run: Run) -> None:
    (home / "mine").mkdir()
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(refused(403)))] * 3)
    result = run(
        codex_home="~/mine", executable="~/codex", timeout=60, probes=3, overrides=['a="b"']
    )
    assert result["codex"]["home"]["path"] == str(home / "mine")
    assert stub.calls[1:] == ['doctor --json --network-only -c a="b"'] * 3 + ["login status"]


def test_the_environment_names_the_home(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "mine").mkdir()
    monkeypatch.setenv("CODEX_HOME", str(home / "mine"))
    stubs.codex(home / "codex", "0.169.0", [as_json(report(OPEN))])
    assert run()["codex"]["home"]["origin"] == "environment"


def test_the_overrides_of_the_cure_are_taken(home: Path, run: Run) -> None:
    stubs.codex(home / "codex", "0.169.0", [as_json(report(OFF))])
    table = "model_providers.openai_http"
    overrides = ['model_provider="openai_http"', f"{table}.requires_openai_auth=true"]
    result = run(overrides=overrides)
    assert result["codex"]["diagnosis"]["verdict"] == "http_only"
    assert result["codex"]["provider"]["active"] == "openai_http"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param({"timeout": 0}, "timeout", id="no-time"),
        pytest.param({"timeout": "nan"}, "timeout", id="time-nan"),
        pytest.param({"timeout": "inf"}, "timeout", id="time-for-ever"),
        pytest.param({"timeout": "soon"}, "timeout", id="time-in-words"),
        pytest.param({"probes": 0}, "probes", id="no-probes"),
        pytest.param({"probes": 10**6}, "probes", id="a-million-probes"),
        pytest.param({"probe_interval": -1}, "probe_interval", id="negative-interval"),
        pytest.param({"probe_interval": "nan"}, "probe_interval", id="interval-nan"),
        pytest.param({"overrides": ["nonsense"]}, "overrides", id="override-without-value"),
        pytest.param({"overrides": ["a b=1"]}, "overrides", id="override-without-key"),
        pytest.param({"unheard_of": 1}, "unheard_of", id="unknown-option"),
    ],
)
def test_bad_options_give_one_sentence_and_run_nothing(
    home: Path, run: Run, options: dict[str, t.Any], named: str
) -> None:
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(OPEN))])
    result = run(**options)
    assert result["failed"] is True
    assert named in result["msg"]
    assert "\n" not in result["msg"] and "Traceback" not in result["msg"]
    assert stub.calls == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [("latest", "latest"), ("0.1\n\x1b[31m", "0.1  [31m"), ("9" * 500 + "x", "9" * 37 + "...")],
    ids=["word", "escape", "long"],
)
def test_a_minimum_that_is_no_version_is_shown(
    home: Path, run: Run, given: str, shown: str
) -> None:
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(OPEN))])
    told = f'minimum_version "{shown}" is no version; write it like 0.166.0.'
    assert run(minimum_version=given)["msg"] == told
    assert stub.calls == []


@pytest.mark.parametrize("overrides", [["a=\0"], ['a="b"\0']], ids=repr)
def test_a_null_byte_is_no_crash(home: Path, run: Run, overrides: list[str]) -> None:
    stubs.codex(home / "codex", "0.169.0", [as_json(report(OPEN))])
    assert "Traceback" not in str(run(overrides=overrides))


def test_root_is_refused_in_one_sentence(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(OPEN))])
    if os.geteuid() == 0:
        os.chown(home / ".codex", 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    result = run()
    assert result["failed"] is True
    assert "become_user: " in result["msg"] and result["msg"].endswith(".")
    assert stub.calls == []


@pytest.mark.parametrize(
    "config",
    [b"model = \n", b"\xff", b"[" * 100_000, b'a = "\x00"\n'],
    ids=["not-toml", "not-utf-8", "deep", "control"],
)
def test_a_config_that_cannot_be_read_is_a_problem_and_no_crash(
    home: Path, run: Run, config: bytes
) -> None:
    (home / ".codex/config.toml").write_bytes(config)
    stubs.codex(home / "codex", "0.169.0", [as_json(report(refused(403)))] * 2)
    result = run()
    assert "Traceback" not in str(result)
    assert result.get("failed") or result["codex"]["provider"]["problems"], result


PASSWORD = "http://planted-user:planted-password@127.0.0.1:7890"


def noting_client(home: Path) -> Path:
    """A client that notes its command lines and proxies, and whose doctor finds nothing wrong."""
    (home / "answer.json").write_bytes(as_json(report(OPEN)))
    stubs.script(
        home / "codex",
        f'echo "$*: $HTTPS_PROXY $NO_PROXY" >> {home}/noted',
        '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit',
        f"exec cat {home}/answer.json",
    )
    return home / "noted"


def test_a_proxy_is_tried_through_the_environment_alone(home: Path, run: Run) -> None:
    noted = noting_client(home)
    result = run(https_proxy=PASSWORD, log_window=72)
    assert result["trial"] == {"by": "doctor", "reason": "", "answered": None}
    assert result["codex"]["diagnosis"]["verdict"] == "healthy"
    assert result["codex"]["proxy"]["https"]["port"] == 7890
    assert result["codex"]["logs"]["outcome"] == "off"
    doctor = f"doctor --json --network-only: {PASSWORD} localhost,127.0.0.1,::1"
    assert noted.read_text().splitlines()[-1] == doctor
    assert not (home / ".codex/.env").exists()


@pytest.mark.parametrize("dotenv", [None, "HTTPS_PROXY=http://127.0.0.1:1\n"], ids=["free", "set"])
def test_a_password_of_a_proxy_is_in_no_output(home: Path, run: Run, dotenv: str | None) -> None:
    noting_client(home)
    if dotenv is not None:
        (home / ".codex/.env").write_text(dotenv)
    result = run(https_proxy=PASSWORD, _ansible_verbosity=4, _ansible_diff=True)
    assert result["trial"]["by"] == ("doctor" if dotenv is None else "route")
    assert "planted" not in json.dumps(result)


def test_where_doctor_cannot_be_asked_nothing_is_said_of_codex(home: Path, run: Run) -> None:
    noted = noting_client(home)
    (home / ".codex/.env").write_text("HTTPS_PROXY=http://127.0.0.1:1\n")
    result = run(https_proxy="http://127.0.0.1:9")
    assert (result["trial"]["by"], result["trial"]["answered"]) == ("route", False)
    assert "codex" not in result
    assert [line.partition(":")[0] for line in noted.read_text().splitlines()] == ["login status"]


@pytest.mark.parametrize("url", ["127.0.0.1:7890", "socks5://127.0.0.1:7890", "", "http://a b"])
def test_a_proxy_that_cannot_be_right_is_refused_as_it_is_for_dotenv(
    home: Path, run: Run, url: str
) -> None:
    noted = noting_client(home)
    result = run(https_proxy=url)
    assert result["msg"] == f"https_proxy {refusal(url)}. Nothing was changed."
    assert not noted.exists()


@pytest.mark.parametrize(
    ("check", "asks"),
    [(None, True), (Check("ok", "auth is configured", {}), False)],
    ids=["doctor-is-silent", "doctor-tells"],
)
def test_where_websockets_are_off_the_login_is_known(
    home: Path, run: Run, check: Check | None, asks: bool
) -> None:
    config = 'model_provider = "mine"\n[model_providers.mine]\nrequires_openai_auth = true\n'
    (home / ".codex/config.toml").write_text(config)
    stub = stubs.codex(home / "codex", "0.169.0", [as_json(report(OFF, auth=check))])
    value = run()["codex"]
    assert value["diagnosis"]["verdict"] == "http_only"
    assert (value["login"] is not None) is asks
    assert ("login status" in stub.calls) is asks
