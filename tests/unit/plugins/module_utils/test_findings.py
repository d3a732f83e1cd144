# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When each finding appears, and that it does not on a machine where all is well."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._findings import (
    FINDINGS,
    ROUTES_FINDINGS,
    findings,
    holds_old_environment,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_LOGS,
    NO_PROXIES,
    Finding,
    LogEvidence,
    Login,
    Process,
    ProxyProblem,
    ProxySettings,
    ProxyUrl,
    Surroundings,
)
from ansible_collections.devfleet.codex.plugins.module_utils._version import (
    Version,
    parse_version,
)

CHANGED = 1_000_000.0
NPM = ("/usr/local/bin/codex", "0.169.0")
BREW = ("/opt/homebrew/bin/codex", "0.150.0")
EXTENSION = ("/home/dev/.vscode/extensions/openai.chatgpt-1.2.3/bin/linux-x86_64/codex", "0.160.0")
RELEASES = "/home/dev/.codex/packages/standalone/releases"


def process(kind: str, started: float | None = CHANGED + 60) -> Process:
    return Process(kind, started, None)


ORDINARY = Surroundings(
    wsl="",
    home_on_windows_drive=False,
    processes=(process("session"), process("session"), process("app_server"), process("other")),
    settings_changed=CHANGED,
    mcp_servers=("docs", "tickets"),
    versions=(NPM, (EXTENSION[0], "0.169.0")),
    ide_clients=(EXTENSION[0],),
    misplaced_keys=(),
    environment_changed=CHANGED,
)
CHATGPT = Login("file", "chatgpt", ())
KEY_BESIDE = Login("file", "chatgpt", ("OPENAI_API_KEY",))
FALLBACKS = LogEvidence("read", 4, 2, CHANGED, "closed", 0)


def proxied(host: str, *problems: str, port: int | None = 7890) -> ProxySettings:
    url = ProxyUrl("http", host, port, True)
    told = tuple(ProxyProblem(name, "HTTPS_PROXY", "dotenv", "x", None) for name in problems)
    return ProxySettings("dotenv", url, None, None, (), told)


def version(text: str | None) -> Version | None:
    return parse_version(text) if text else None


def found(
    surroundings: Surroundings | None = None,
    *,
    proxies: ProxySettings = NO_PROXIES,
    logs: LogEvidence = NO_LOGS,
    login: Login | None = CHATGPT,
    routes: str | None = None,
    minimum: str | None = None,
    asked: str | None = "0.169.0",
    verdict: str = "healthy",
    **changes: t.Any,
) -> tuple[Finding, ...]:
    return findings(
        dataclasses.replace(surroundings or ORDINARY, **changes),
        proxies,
        logs,
        login,
        routes,
        version(minimum),
        version(asked),
        verdict,
    )


def details(*arguments: t.Any, **named: t.Any) -> dict[str, str]:
    return {finding.name: finding.detail for finding in found(*arguments, **named)}


BUSY = dataclasses.replace(
    ORDINARY,
    processes=(process("session"),) * 9 + (process("ide"), process("other")),
    mcp_servers=tuple("abcdefghij"),
)


@pytest.mark.parametrize("verdict", ["healthy", "http_only", "not_installed"])
@pytest.mark.parametrize("surroundings", [ORDINARY, BUSY])
@pytest.mark.parametrize(
    "logs",
    [
        NO_LOGS,
        dataclasses.replace(FALLBACKS, fallbacks=2, only_after_idle=True, only_subagents=True),
    ],
)
@pytest.mark.parametrize("proxies", [NO_PROXIES, proxied("127.0.0.1"), proxied("proxy.corp")])
def test_a_machine_on_which_all_is_well_has_none(
    verdict: str, surroundings: Surroundings, logs: LogEvidence, proxies: ProxySettings
) -> None:
    assert (
        found(
            surroundings,
            verdict=verdict,
            logs=logs,
            proxies=proxies,
            login=KEY_BESIDE,
            minimum="0.169.0",
        )
        == ()
    )


def test_nothing_known_is_no_finding() -> None:
    nothing = Surroundings("", False, None, None, (), (), (), ())
    assert found(nothing, login=None, asked=None, minimum="0.150.0", verdict="inconclusive") == ()


@pytest.mark.parametrize(
    ("wsl", "proxies", "told"),
    [
        ("wsl2", proxied("127.0.0.1", "dead_port"), "127.0.0.1:7890"),
        ("wsl2", proxied("localhost", "dead_port", port=None), "localhost in"),
        ("wsl2", proxied("::1", "http_proxy_only", "dead_port"), "::1:7890"),
        ("wsl2", proxied("127.8.0.1", "dead_port"), "127.8.0.1"),
        ("wsl2", proxied("127.0.0.1"), None),
        ("wsl2", proxied("172.20.0.1", "dead_port"), None),
        ("wsl2", proxied("127.example.com", "dead_port"), None),
        ("wsl2", NO_PROXIES, None),
        ("wsl2_mirrored", proxied("127.0.0.1", "dead_port"), None),
        ("wsl1", proxied("127.0.0.1", "dead_port"), None),
        ("", proxied("127.0.0.1", "dead_port"), None),
    ],
)
def test_a_loopback_proxy_of_windows(wsl: str, proxies: ProxySettings, told: str | None) -> None:
    detail = details(wsl=wsl, proxies=proxies).get("wsl_loopback_proxy")
    assert (told in detail) if told and detail else detail == told


@pytest.mark.parametrize(
    ("wsl", "on_drive", "expected"),
    [("wsl2", True, 1), ("wsl1", True, 1), ("wsl2", False, 0), ("", True, 0)],
)
def test_a_home_on_a_drive_of_windows(wsl: str, on_drive: bool, expected: int) -> None:
    assert len(found(wsl=wsl, home_on_windows_drive=on_drive)) == expected


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        ((process("session", CHANGED - 60),), "1 session"),
        (
            (
                process("session", CHANGED - 60),
                process("session", CHANGED - 50),
                process("app_server", CHANGED - 40),
                process("ide", CHANGED - 40),
                process("ide", CHANGED - 3),
                process("session", CHANGED + 3),
            ),
            "2 sessions, 1 background server, 2 clients of an IDE",
        ),
        ((process("app_server", CHANGED - 1.5),), None),
        ((process("app_server", CHANGED + 60),), None),
        ((process("other", CHANGED - 60),), None),
        ((process("session", None),), None),
        (None, None),
    ],
)
def test_clients_that_were_started_before_the_settings_changed(
    processes: tuple[Process, ...] | None, told: str | None
) -> None:
    detail = details(processes=processes).get("restart_required")
    assert detail == (told and f"started before their settings were changed: {told}")


def test_settings_that_never_changed_want_no_restart() -> None:
    old = (process("session", 1.0), process("app_server", 1.0))
    assert found(processes=old, settings_changed=None, environment_changed=None) == ()


def test_a_background_server_reads_a_new_configuration_by_itself() -> None:
    old = (process("session", 1.0), process("app_server", 1.0))
    told = details(processes=old, environment_changed=0.5)["restart_required"]
    assert told == "started before their settings were changed: 1 session"


@pytest.mark.parametrize(
    ("minimum", "asked", "versions", "told"),
    [
        ("0.169.0", "0.150.0", (), "older than 0.169.0: 0.150.0"),
        ("0.169.0", "0.150.0", (BREW,), "older than 0.169.0: 0.150.0 at /opt/homebrew/bin/codex"),
        ("0.165.0", "0.169.0", (NPM, BREW), "older than 0.165.0: 0.150.0 at " + BREW[0]),
        ("0.169.0", "0.169.0-alpha.1", (), "older than 0.169.0: 0.169.0-alpha.1"),
        ("0.169.0", "0.169.0", (NPM,), None),
        ("0.169.0", "0.170.1", (), None),
        ("0.169.0", None, (("/x/codex", ""),), None),
        (None, "0.100.0", (), None),
    ],
)
def test_clients_older_than_the_wanted_one(
    minimum: str | None,
    asked: str | None,
    versions: tuple[tuple[str, str], ...],
    told: str | None,
) -> None:
    detail = details(minimum=minimum, asked=asked, versions=versions).get("below_minimum_version")
    assert detail == told


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ((NPM, BREW), f"0.169.0 at {NPM[0]}, 0.150.0 at {BREW[0]}"),
        ((NPM, (BREW[0], "0.169.0")), None),
        ((NPM, EXTENSION), None),
        (
            ((f"{RELEASES}/0.169.0-x/codex", "0.169.0"), (f"{RELEASES}/0.9.0-x/codex", "0.9.0")),
            None,
        ),
        ((NPM, (f"{RELEASES}/0.160.0-x/codex", "0.160.0")), "0.169.0 at"),
        ((NPM,), None),
        ((), None),
    ],
)
def test_installations_of_different_versions(
    versions: tuple[tuple[str, str], ...], told: str | None
) -> None:
    detail = details(versions=versions).get("several_versions")
    assert detail is None if told is None else detail is not None and detail.startswith(told)


def test_keys_that_stand_in_a_table() -> None:
    keys = tuple(f"model_providers.x.key{number}" for number in range(5))
    told = details(misplaced_keys=keys)["misplaced_keys"]
    assert told.endswith("key0, model_providers.x.key1, model_providers.x.key2 and 2 more")


@pytest.mark.parametrize(
    ("verdict", "login", "expected"),
    [
        ("inconclusive", KEY_BESIDE, True),
        ("websocket_blocked", KEY_BESIDE, True),
        ("healthy", KEY_BESIDE, False),
        ("inconclusive", CHATGPT, False),
        ("inconclusive", Login("file", "api_key", ("OPENAI_API_KEY",)), False),
        ("inconclusive", Login("keyring", "unknown", ("OPENAI_API_KEY",)), False),
        ("inconclusive", None, False),
    ],
)
def test_an_api_key_beside_a_login(verdict: str, login: Login | None, expected: bool) -> None:
    told = details(verdict=verdict, login=login).get("api_key_beside_login")
    assert told == ("OPENAI_API_KEY set beside a ChatGPT login" if expected else None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"only_subagents": True}, ["fallbacks_in_subagents_only"]),
        ({"only_after_idle": True}, ["fallbacks_after_idle"]),
        (
            {"only_subagents": True, "only_after_idle": True},
            ["fallbacks_in_subagents_only", "fallbacks_after_idle"],
        ),
        ({"only_subagents": True, "fallbacks": 3}, ["fallbacks_in_subagents_only"]),
        ({"only_subagents": True, "fallbacks": 2}, []),
        ({}, []),
    ],
)
def test_when_and_where_fallbacks_happened(change: dict[str, t.Any], expected: list[str]) -> None:
    logs = dataclasses.replace(FALLBACKS, **change)
    assert list(details(logs=logs, ide_clients=())) == expected


@pytest.mark.parametrize(
    ("verdict", "logs", "expected"),
    [
        ("inconclusive", NO_LOGS, True),
        ("healthy", FALLBACKS, True),
        ("http_only", FALLBACKS, True),
        ("healthy", NO_LOGS, False),
        ("websocket_blocked", FALLBACKS, False),
        ("network_unreachable", NO_LOGS, False),
    ],
)
def test_many_sessions_and_servers_where_nothing_else_explains(
    verdict: str, logs: LogEvidence, expected: bool
) -> None:
    told = details(BUSY, verdict=verdict, logs=logs)
    assert ("many_codex_processes" in told) is expected
    assert ("many_mcp_servers" in told) is expected
    if expected:
        assert told["many_codex_processes"] == "9 sessions run at once"
        assert told["many_mcp_servers"].startswith("10 MCP servers are started with every session")
        assert told["many_mcp_servers"].endswith("a, b, c and 7 more")


@pytest.mark.parametrize(
    ("sessions", "servers", "expected"),
    [(4, 4, []), (5, 4, ["many_codex_processes"]), (4, 5, ["many_mcp_servers"])],
)
def test_what_counts_as_many(sessions: int, servers: int, expected: list[str]) -> None:
    told = details(
        processes=(process("session"),) * sessions + (process("other"), process("app_server")),
        mcp_servers=tuple("abcde"[:servers]),
        ide_clients=(),
        verdict="inconclusive",
    )
    assert list(told) == expected


@pytest.mark.parametrize(
    ("verdict", "change", "told"),
    [
        ("websocket_blocked", {}, EXTENSION[0]),
        ("healthy", {}, None),
        ("inconclusive", {"ide_clients": ()}, None),
        ("inconclusive", {"ide_clients": (), "processes": (process("ide"),)}, "running"),
        ("inconclusive", {"ide_clients": (), "processes": None}, None),
    ],
)
def test_the_client_of_an_ide(verdict: str, change: dict[str, t.Any], told: str | None) -> None:
    detail = details(verdict=verdict, **change).get("ide_extension_client")
    assert (told in detail) if told and detail else detail == told


@pytest.mark.parametrize("name", ROUTES_FINDINGS)
def test_what_the_routes_show_is_told(name: str) -> None:
    (told,) = found(routes=name, ide_clients=(), verdict="network_unreachable")
    assert told.name == name


@pytest.mark.parametrize(
    ("kind", "started", "changed", "holds"),
    [
        ("session", 1.0, 100.0, True),
        ("app_server", 1.0, 100.0, True),
        ("ide", 1.0, 100.0, True),
        ("other", 1.0, 100.0, False),
        ("session", 200.0, 100.0, False),
        ("session", None, 100.0, False),
        ("session", 1.0, None, False),
    ],
)
def test_a_client_that_holds_an_earlier_dotenv(
    kind: str, started: float | None, changed: float | None, holds: bool
) -> None:
    here = dataclasses.replace(
        BUSY, processes=(process(kind, started),), environment_changed=changed
    )
    assert holds_old_environment(here) is holds
    assert not holds_old_environment(dataclasses.replace(here, processes=None))


EVERYTHING = dataclasses.replace(
    BUSY,
    wsl="wsl2",
    home_on_windows_drive=True,
    processes=(process("session", 1.0),) * 5,
    versions=(NPM, BREW),
    misplaced_keys=("tui.notify",),
)
EVERY_CHANGE: dict[str, t.Any] = {
    "proxies": proxied("127.0.0.1", "dead_port"),
    "logs": dataclasses.replace(FALLBACKS, only_subagents=True, only_after_idle=True),
    "login": KEY_BESIDE,
    "minimum": "0.169.0",
    "verdict": "inconclusive",
}


def test_every_name_has_its_case_and_its_place() -> None:
    seen = [list(details(EVERYTHING, routes=name, **EVERY_CHANGE)) for name in ROUTES_FINDINGS]
    assert {name for names in seen for name in names} == set(FINDINGS)
    assert all(names == sorted(names, key=FINDINGS.index) for names in seen)


def test_every_finding_is_one_line_with_a_sentence_of_advice() -> None:
    for finding in found(EVERYTHING, routes="network", **EVERY_CHANGE):
        assert finding.detail.isprintable()
        assert finding.advice.endswith(".")
        assert finding.advice.isprintable()
        assert not finding.detail.endswith(".")


def test_the_advice_warns_of_what_harms() -> None:
    advice = {
        finding.name: finding.advice
        for name in ROUTES_FINDINGS
        for finding in found(EVERYTHING, routes=name, **EVERY_CHANGE)
    }
    assert "do not delete auth.json" in advice["auth_or_client_version"]
    assert "do not delete auth.json" in advice["api_key_beside_login"]
    assert "TUN" in advice["proxy_not_used"]
    assert "24475" in advice["fallbacks_in_subagents_only"]
    assert "6764" in advice["ide_extension_client"]


def test_hostile_names_are_shown_as_one_bounded_line() -> None:
    hostile = "\x1b]0;owned\x07\n\u202e" + "x" * 5000
    told = found(
        EVERYTHING,
        mcp_servers=(hostile,) * 50,
        versions=((hostile, "0.1.0"), (hostile + "2", "0.2.0")),
        ide_clients=(hostile + "3",),
        misplaced_keys=(hostile,) * 50,
        **EVERY_CHANGE,
    )
    assert {"many_mcp_servers", "several_versions", "misplaced_keys"} <= {one.name for one in told}
    for finding in told:
        assert finding.detail.isprintable()
    assert [
        one.detail[-11:] for one in told if one.name in ("misplaced_keys", "many_mcp_servers")
    ] == ["and 47 more"] * 2


def test_a_detail_is_bounded() -> None:
    host = "localhost" + "." * 5000
    (told,) = found(wsl="wsl2", proxies=proxied(host, "dead_port"))
    assert len(told.detail) <= 600


@pytest.mark.parametrize("verdict", ["websocket_blocked", "proxy_misconfigured", "auth_missing"])
def test_two_open_ways_are_no_news_beside_an_explanation(verdict: str) -> None:
    assert found(routes="auth_or_client_version", ide_clients=(), verdict=verdict) == ()
