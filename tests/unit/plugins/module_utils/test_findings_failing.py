# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found only where something fails, and that an explanation leaves no room for guesses."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_LOGS,
    ROUTES_FINDINGS,
    LogEvidence,
    Login,
)
from support.machine_findings import (
    BUSY,
    CHATGPT,
    EXTENSION,
    FALLBACKS,
    KEY_BESIDE,
    details,
    found,
    process,
)


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
    logs = FALLBACKS._replace(**change)
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
    ("verdict", "cause"),
    [
        ("network_unreachable", "certificate_file"),
        ("proxy_misconfigured", "dead_port"),
        ("inconclusive", "certificate_file"),
    ],
)
def test_a_failure_that_a_setting_ends_is_not_laid_on_the_network(verdict: str, cause: str) -> None:
    assert found(routes="network", ide_clients=(), verdict=verdict, cause=cause) == ()


def test_a_proxy_that_is_named_wrongly_is_not_to_be_named() -> None:
    assert found(routes="proxy_not_used", ide_clients=(), verdict="proxy_misconfigured") == ()


@pytest.mark.parametrize("verdict", ["websocket_blocked", "proxy_misconfigured", "auth_missing"])
def test_two_open_ways_are_no_news_beside_an_explanation(verdict: str) -> None:
    assert found(routes="auth_or_client_version", ide_clients=(), verdict=verdict) == ()
