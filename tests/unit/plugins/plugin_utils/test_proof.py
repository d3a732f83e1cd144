# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the HTTP-only provider holds: each criterion fails by itself, and nothing else does."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._proof import (
    cure_problems,
    proxy_problems,
    verdict_of,
)
from support.cure_values import CURED, HOSTILE, SEEN, Value, changed


def test_a_cure_that_holds() -> None:
    assert cure_problems(CURED, SEEN, "openai_http") == []


NOT_OFF = "doctor does not say that WebSockets are off for the active provider"
NOT_LOADED = "doctor does not say that Codex loads its configuration"
NOT_REACHABLE = "the endpoints are not shown to be reachable over HTTP: "
NOT_PROBED = "active provider has no HTTP endpoint to probe"


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("diagnosis.verdict", "websocket_blocked", "verdict under the cure: websocket_blocked"),
        ("diagnosis.verdict", "healthy", "verdict under the cure: healthy"),
        ("diagnosis.verdict", "http_only_broken", "verdict under the cure: http_only_broken"),
        ("diagnosis.verdict", HOSTILE, "verdict under the cure:"),
        ("doctor.config.status", "fail", NOT_LOADED),
        ("doctor.config.status", HOSTILE, NOT_LOADED),
        ("doctor.config", None, NOT_LOADED),
        ("doctor.config.status", "warning", "Codex warns about its configuration"),
        ("provider.websockets", True, NOT_OFF),
        ("provider.websockets", None, NOT_OFF),
        ("provider.websockets", "false", NOT_OFF),
        ("doctor.http.status", "fail", NOT_REACHABLE),
        ("doctor.http.summary", NOT_PROBED, NOT_REACHABLE + NOT_PROBED),
        ("doctor.http.status", None, NOT_REACHABLE),
        ("doctor.auth.summary", "no Codex credentials were found", "doctor says of the login: no"),
        ("doctor.auth.summary", "auth is provided by environment", "doctor says of the login: au"),
        ("login.status", "none", "codex login status: none, before chatgpt"),
        ("login.status", "unknown", "codex login status: unknown, before chatgpt"),
        ("login", None, "codex login status: None, before chatgpt"),
        ("doctor.http.mode", "API key auth", "kind of login: API key auth, before ChatGPT auth"),
        ("doctor.http.mode", "provider auth", "kind of login: provider auth, before ChatGPT auth"),
        ("provider.active", "openai", "active provider: openai, not openai_http"),
        ("provider.active", HOSTILE, "active provider: "),
    ],
)
def test_each_criterion_fails_by_itself(path: str, value: t.Any, problem: str) -> None:
    (found,) = cure_problems(changed(CURED, path, value), SEEN, "openai_http")
    assert found.startswith(problem)
    assert found.isprintable()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("login.status", "api_key", id="api-key"),
        pytest.param("doctor.auth.summary", "auth is configured", id="doctor-tells-of-the-login"),
    ],
)
def test_a_login_is_shown_in_more_than_one_way(path: str, value: str) -> None:
    assert cure_problems(changed(CURED, path, value), SEEN, "openai_http") == []


def test_what_doctor_says_of_the_login_comes_before_what_login_status_says() -> None:
    told = changed(CURED, "login.status", "none")
    told = changed(told, "doctor.auth.summary", "auth is configured")
    assert cure_problems(told, SEEN, "openai_http") == []


@pytest.mark.parametrize(
    ("now", "then", "shown"),
    [
        ("unknown", "unknown", True),
        ("unknown", None, True),
        ("none", "none", False),
        ("none", None, False),
        ("unknown", "api_key", False),
    ],
)
def test_a_login_that_this_session_cannot_see_counts_as_before(
    now: str, then: str | None, shown: bool
) -> None:
    before = changed(SEEN, "login", {"status": then} if then else None)
    found = cure_problems(changed(CURED, "login.status", now), before, "openai_http")
    assert (found == []) is shown


def test_a_key_that_overrules_the_login_is_a_login() -> None:
    login = {"status": "none", "api_key_variables": ["CODEX_API_KEY"]}
    assert cure_problems(changed(CURED, "login", login), SEEN, "openai_http") == []
    without_effect = {**login, "api_key_variables": ["OPENAI_API_KEY"]}
    (problem,) = cure_problems(changed(CURED, "login", without_effect), SEEN, "openai_http")
    assert problem.startswith("codex login status: none")


def test_a_provider_with_credentials_of_its_own_needs_no_login() -> None:
    before = changed(SEEN, "doctor.http.mode", "provider auth")
    after = changed(changed(CURED, "doctor.http.mode", "provider auth"), "login", None)
    assert cure_problems(after, before, "openai_http") == []


def test_a_broken_provider_may_change_its_login_and_a_warning_may_stay() -> None:
    broken = changed(SEEN, "diagnosis.verdict", "http_only_broken")
    assert cure_problems(CURED, changed(broken, "doctor.http.mode", None), "openai_http") == []
    warned = changed(SEEN, "doctor.config.status", "warning")
    after = changed(CURED, "doctor.config.status", "warning")
    assert cure_problems(after, warned, "openai_http") == []


@pytest.mark.parametrize("verdict", ["healthy", "inconclusive", "websocket_blocked"])
def test_what_is_no_better_than_before_is_no_cure(verdict: str) -> None:
    before = changed(SEEN, "diagnosis.verdict", verdict)
    assert cure_problems(CURED, before, "openai_http") == []
    same = changed(before, "provider.active", "openai_http")
    assert f"verdict under the cure: {verdict} (upgrade_refused)" in cure_problems(
        same, before, "openai_http"
    )


NONSENSE: list[t.Any] = [
    {},
    {"diagnosis": None},
    {**CURED, "diagnosis": []},
    {**CURED, "provider": "openai"},
    {**CURED, "doctor": None},
    {**CURED, "doctor": {"http": [HOSTILE], "config": 7}},
    {**CURED, "login": ["status"]},
    {**CURED, "login": {"status": [HOSTILE], "api_key_variables": [{}]}},
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_proves_nothing_and_raises_nothing(nonsense: Value) -> None:
    assert cure_problems(nonsense, SEEN, "openai_http")
    assert all(problem.isprintable() for problem in cure_problems(nonsense, SEEN, "openai_http"))
    assert isinstance(cure_problems(CURED, nonsense, "openai_http"), list)


@pytest.mark.parametrize("nonsense", NONSENSE[:3])
def test_nonsense_proves_no_proxy_either(nonsense: Value) -> None:
    assert proxy_problems(nonsense, SEEN) == ["codex_info answered nonsense"]
    assert verdict_of(nonsense) == "inconclusive"


def test_a_verdict_without_an_end_is_cut_off() -> None:
    assert verdict_of({"diagnosis": {"verdict": "v" * 500}}) == "v" * 77 + "..."
