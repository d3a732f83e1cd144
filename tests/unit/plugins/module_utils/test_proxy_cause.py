# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy problem explains what doctor saw, row by row."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    PROXY_PROBLEMS,
    ProxyProblem,
    Routes,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_cause import (
    explaining,
    names_other,
    route_finding,
)
from ansible_collections.devfleet.codex.plugins.module_utils._transport import Http, WebSocket

BETTER = "http://h:1"
OK, REFUSED, FAILED, SILENT = "open", "refused", "failed", "timed_out"
GOOD, BAD = "answered", "failed"
WORKS, STUCK, UNTRIED = True, False, None


def problem(name: str, variable: str = "HTTPS_PROXY") -> ProxyProblem:
    return ProxyProblem(name, variable, "dotenv", "", BETTER)


def http(outcome: str) -> Http:
    return Http(outcome, "connect" if outcome == "failed" else "", "", "")


def websocket(outcome: str, status: int = 403) -> WebSocket:
    return WebSocket(outcome, status if outcome == "refused" else None, "", "api_key")


# Problems; HTTP; WebSocket; direct, proxy and other way; what explains the failure.
Row = tuple[
    tuple[str, ...], str, str, tuple["bool | None", "bool | None", "bool | None"], "str | None"
]
ROWS: list[Row] = [
    # The lost line leaves Codex without a proxy, or with one that does not work.
    (("line_dropped",), BAD, FAILED, (STUCK, UNTRIED, WORKS), "line_dropped"),
    (("line_dropped",), GOOD, SILENT, (WORKS, UNTRIED, WORKS), "line_dropped"),
    (("line_dropped",), BAD, FAILED, (STUCK, STUCK, WORKS), "line_dropped"),
    (("line_dropped",), BAD, FAILED, (STUCK, UNTRIED, UNTRIED), "line_dropped"),
    (("line_dropped",), BAD, FAILED, (STUCK, UNTRIED, STUCK), None),
    (("line_dropped",), GOOD, FAILED, (WORKS, WORKS, WORKS), None),
    (("line_dropped",), BAD, FAILED, (STUCK, STUCK, UNTRIED), None),
    (("line_dropped",), GOOD, REFUSED, (WORKS, UNTRIED, WORKS), None),
    # The WebSocket fails at once, HTTP answers.
    (("no_scheme",), GOOD, FAILED, (STUCK, WORKS, UNTRIED), "no_scheme"),
    (("no_scheme",), GOOD, FAILED, (WORKS, STUCK, UNTRIED), "no_scheme"),
    (("no_scheme",), BAD, FAILED, (STUCK, WORKS, UNTRIED), "no_scheme"),
    (("no_scheme",), BAD, OK, (STUCK, UNTRIED, UNTRIED), "no_scheme"),
    (("no_scheme",), BAD, FAILED, (STUCK, STUCK, UNTRIED), None),
    (("no_scheme",), GOOD, SILENT, (STUCK, WORKS, UNTRIED), None),
    (("no_scheme",), BAD, SILENT, (STUCK, WORKS, UNTRIED), None),
    (("no_scheme", "dead_port"), BAD, FAILED, (STUCK, UNTRIED, UNTRIED), "dead_port"),
    (("https_scheme",), BAD, FAILED, (STUCK, UNTRIED, WORKS), "https_scheme"),
    (("https_scheme",), BAD, SILENT, (STUCK, UNTRIED, WORKS), "https_scheme"),
    # HTTP goes through a proxy that is spoken to by TLS: it fails for another reason.
    (("https_scheme",), BAD, FAILED, (STUCK, UNTRIED, STUCK), None),
    (("https_scheme",), BAD, FAILED, (STUCK, UNTRIED, UNTRIED), None),
    (("https_scheme", "dead_port"), BAD, FAILED, (STUCK, UNTRIED, STUCK), "dead_port"),
    (("https_scheme",), GOOD, FAILED, (STUCK, UNTRIED, STUCK), "https_scheme"),
    (("https_scheme",), GOOD, SILENT, (STUCK, UNTRIED, WORKS), "https_scheme"),
    (("https_scheme",), GOOD, REFUSED, (STUCK, UNTRIED, WORKS), None),
    (("socks",), BAD, OK, (STUCK, UNTRIED, UNTRIED), "socks"),
    (("socks",), BAD, FAILED, (STUCK, UNTRIED, UNTRIED), "socks"),
    (("socks",), GOOD, FAILED, (WORKS, UNTRIED, UNTRIED), None),
    (("socks", "dead_port"), BAD, FAILED, (STUCK, UNTRIED, UNTRIED), "dead_port"),
    (("dead_port",), BAD, FAILED, (STUCK, STUCK, UNTRIED), "dead_port"),
    (("dead_port",), GOOD, FAILED, (WORKS, UNTRIED, STUCK), "dead_port"),
    (("dead_port",), GOOD, SILENT, (WORKS, UNTRIED, UNTRIED), "dead_port"),
    (("dead_port",), GOOD, REFUSED, (WORKS, UNTRIED, UNTRIED), None),
    # Past the proxy, which would have led there.
    (("no_proxy_covers_service",), BAD, FAILED, (STUCK, WORKS, UNTRIED), "no_proxy_covers_service"),
    (("no_proxy_covers_service",), BAD, OK, (STUCK, WORKS, UNTRIED), "no_proxy_covers_service"),
    (
        ("no_proxy_covers_service",),
        GOOD,
        SILENT,
        (WORKS, WORKS, UNTRIED),
        "no_proxy_covers_service",
    ),
    (
        ("no_proxy_covers_service",),
        GOOD,
        FAILED,
        (WORKS, WORKS, UNTRIED),
        "no_proxy_covers_service",
    ),
    (("no_proxy_covers_service",), BAD, OK, (WORKS, WORKS, UNTRIED), None),
    (("no_proxy_covers_service",), BAD, FAILED, (STUCK, STUCK, UNTRIED), None),
    (("no_proxy_covers_service",), GOOD, REFUSED, (WORKS, WORKS, UNTRIED), None),
    # HTTP goes direct, the WebSocket through HTTP_PROXY.
    (("http_proxy_only",), BAD, OK, (STUCK, UNTRIED, WORKS), "http_proxy_only"),
    (("http_proxy_only",), BAD, FAILED, (STUCK, UNTRIED, WORKS), "http_proxy_only"),
    (("http_proxy_only",), GOOD, FAILED, (WORKS, UNTRIED, STUCK), "http_proxy_only"),
    (("http_proxy_only",), GOOD, SILENT, (WORKS, UNTRIED, STUCK), "http_proxy_only"),
    (("http_proxy_only",), GOOD, FAILED, (WORKS, UNTRIED, WORKS), None),
    (("http_proxy_only",), GOOD, FAILED, (WORKS, UNTRIED, UNTRIED), None),
    (("http_proxy_only",), BAD, FAILED, (STUCK, UNTRIED, STUCK), None),
    (("http_proxy_only",), BAD, FAILED, (WORKS, UNTRIED, WORKS), None),
    (("http_proxy_only",), GOOD, REFUSED, (WORKS, UNTRIED, STUCK), None),
    # The proxy in use fails, the one beside it works.
    (("case_disagrees",), BAD, FAILED, (STUCK, STUCK, WORKS), "case_disagrees"),
    (("case_disagrees",), GOOD, SILENT, (WORKS, STUCK, WORKS), "case_disagrees"),
    (("case_disagrees",), BAD, FAILED, (STUCK, UNTRIED, WORKS), "case_disagrees"),
    (("case_disagrees",), GOOD, FAILED, (WORKS, UNTRIED, WORKS), None),
    (("case_disagrees",), BAD, FAILED, (STUCK, STUCK, STUCK), None),
    (("case_disagrees",), GOOD, FAILED, (WORKS, WORKS, WORKS), None),
    (("case_disagrees",), GOOD, REFUSED, (WORKS, STUCK, WORKS), None),
    (("shell_disagrees",), BAD, FAILED, (STUCK, STUCK, WORKS), "shell_disagrees"),
    (("shell_disagrees",), BAD, FAILED, (WORKS, STUCK, STUCK), None),
    (("shell_disagrees",), GOOD, FAILED, (WORKS, WORKS, WORKS), None),
    # The other way was tried for the first problem that is about one, and for that one alone.
    (("shell_disagrees", "case_disagrees"), BAD, FAILED, (STUCK, STUCK, WORKS), "case_disagrees"),
    (("line_dropped", "shell_disagrees"), GOOD, FAILED, (WORKS, WORKS, WORKS), None),
    (("line_dropped", "http_proxy_only"), GOOD, FAILED, (WORKS, UNTRIED, STUCK), None),
]


@pytest.mark.parametrize("row", ROWS, ids=["-".join(map(str, row)) for row in ROWS])
def test_a_problem_explains_what_it_can_have_caused(row: Row) -> None:
    names, over_http, over_websocket, ways, expected = row
    problems = [problem(name) for name in names]
    found = explaining(problems, http(over_http), websocket(over_websocket), Routes("h", *ways))
    assert (found.name if found else None) == expected


@pytest.mark.parametrize("name", PROXY_PROBLEMS)
def test_nothing_is_explained_where_nothing_failed_or_somebody_answered(name: str) -> None:
    outcomes = ("open", "disabled", "refused", "closed", "unknown")
    ways = itertools.product((True, False, None), repeat=3)
    for outcome, way in itertools.product(outcomes, ways):
        for answer in ("answered", "answered_otherwise", "no_endpoint", "unknown"):
            seen = explaining([problem(name)], http(answer), websocket(outcome), Routes("h", *way))
            assert seen is None, (outcome, way, answer)


def test_the_better_value_goes_where_it_was_tried_in_vain() -> None:
    for name, over_http in (("https_scheme", "answered"), ("http_proxy_only", "answered")):
        found = explaining(
            [problem(name)], http(over_http), websocket("failed"), Routes("h", True, None, False)
        )
        assert found is not None and found.repaired is None
    found = explaining(
        [problem("https_scheme")],
        http("failed"),
        websocket("failed"),
        Routes("h", None, None, True),
    )
    assert found is not None and found.repaired == BETTER


def test_a_lost_no_proxy_line_explains_no_failure() -> None:
    lost = problem("line_dropped", "no_proxy")
    assert not names_other(lost)
    routes = Routes("h", False, None, None)
    assert explaining([lost], http("failed"), websocket("failed"), routes) is None


def test_without_a_host_no_entry_covers_it() -> None:
    dead = problem("dead_port")
    assert explaining([dead], http("failed"), websocket("failed"), None, ("corp",)) == dead


@pytest.mark.parametrize(
    ("no_proxy", "over_http", "expected"),
    [
        ((), GOOD, "dead_port"),
        (("localhost",), GOOD, "dead_port"),
        (("openai.com",), GOOD, None),
        (("*",), GOOD, None),
        (("openai.com",), BAD, None),
        # HTTP alone goes past the proxy.
        (("localhost", "*"), GOOD, "dead_port"),
        (("localhost", "*"), BAD, "dead_port"),
        # The WebSocket alone does.
        (("api.openai.com:443",), GOOD, None),
        (("api.openai.com:443",), BAD, "dead_port"),
    ],
)
def test_a_dead_proxy_explains_nothing_where_nobody_goes_through_it(
    no_proxy: tuple[str, ...], over_http: str, expected: str | None
) -> None:
    routes = Routes("api.openai.com", over_http == GOOD, False, None)
    problems = [problem("dead_port"), problem("no_proxy_covers_service")]
    found = explaining(problems, http(over_http), websocket(FAILED), routes, no_proxy)
    assert (found.name if found else None) == expected


def test_without_routes_only_what_needs_none_is_explained() -> None:
    explained = {
        name
        for name in PROXY_PROBLEMS
        if explaining([problem(name)], http("failed"), websocket("failed"), None)
    }
    assert explained == {"line_dropped", "no_scheme", "socks", "dead_port"}


FINDINGS: list[tuple[tuple[bool | None, bool | None, bool | None], str, WebSocket, str | None]] = [
    ((STUCK, STUCK, UNTRIED), BAD, websocket(FAILED), "network"),
    ((STUCK, UNTRIED, UNTRIED), BAD, websocket(SILENT), "network"),
    ((STUCK, STUCK, STUCK), BAD, websocket(FAILED), "network"),
    ((STUCK, UNTRIED, UNTRIED), BAD, websocket(OK), None),
    ((STUCK, STUCK, UNTRIED), GOOD, websocket(FAILED), None),
    ((STUCK, WORKS, UNTRIED), BAD, websocket(FAILED), "proxy_not_used"),
    ((STUCK, UNTRIED, WORKS), BAD, websocket(OK), "proxy_not_used"),
    ((STUCK, WORKS, UNTRIED), GOOD, websocket(FAILED), None),
    ((WORKS, WORKS, UNTRIED), GOOD, websocket(FAILED), "auth_or_client_version"),
    ((WORKS, WORKS, UNTRIED), GOOD, websocket(REFUSED, 401), "auth_or_client_version"),
    ((WORKS, WORKS, UNTRIED), BAD, websocket(FAILED), "auth_or_client_version"),
    ((WORKS, WORKS, UNTRIED), GOOD, websocket(REFUSED, 403), None),
    ((WORKS, STUCK, UNTRIED), BAD, websocket(FAILED), None),
    ((WORKS, UNTRIED, UNTRIED), GOOD, websocket(FAILED), None),
    ((UNTRIED, UNTRIED, UNTRIED), BAD, websocket(FAILED), None),
]


@pytest.mark.parametrize("row", FINDINGS, ids=range(len(FINDINGS)))
def test_the_ways_to_the_service_have_three_names(
    row: tuple[tuple[bool | None, bool | None, bool | None], str, WebSocket, str | None],
) -> None:
    ways, over_http, over_websocket, expected = row
    assert route_finding(Routes("h", *ways), http(over_http), over_websocket) == expected


@pytest.mark.parametrize("name", PROXY_PROBLEMS)
def test_a_problem_is_about_another_proxy_or_not(name: str) -> None:
    others = (
        "line_dropped",
        "https_scheme",
        "http_proxy_only",
        "case_disagrees",
        "shell_disagrees",
    )
    assert names_other(problem(name)) is (name in others)
