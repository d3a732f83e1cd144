# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a proxy that rejects credentials is told of, and what else stands beside a verdict."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._diagnosis import diagnose
from ansible_collections.devfleet.codex.plugins.module_utils._judgement import (
    judge,
    wants_second_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_PROXIES,
    ProxyUrl,
)
from support.diagnosis_cases import LOCKED, WRONG_PASSWORD, login, proxies, seen, ways
from support.doctor_samples import BUILT_IN, refused, report, websocket


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (ProxyUrl("http", "p.example", 3128, True), "p.example:3128, with a user name"),
        (ProxyUrl("http", "::1", None, False), "[::1], without a user name and password"),
    ],
)
def test_a_proxy_that_rejects_credentials_is_named(url: ProxyUrl, told: str) -> None:
    settings = NO_PROXIES._replace(source="dotenv", https=url)
    found = diagnose(seen(LOCKED, proxies=settings))
    assert (found.verdict, found.cause) == WRONG_PASSWORD
    assert found.evidence[-1] == f"the proxy (dotenv): {told}"


def test_one_answer_of_such_a_proxy_is_no_proof() -> None:
    assert wants_second_run(judge([LOCKED], BUILT_IN))


@pytest.mark.parametrize(
    ("no_proxy", "verdict"),
    [((), "proxy_misconfigured"), (("openai.com",), "websocket_blocked")],
)
def test_a_dead_proxy_explains_nothing_past_which_codex_goes(
    no_proxy: tuple[str, ...], verdict: str
) -> None:
    failed = report(websocket(handshake_transport_error="network error: [redacted]"))
    settings = proxies("dead_port")._replace(no_proxy=no_proxy)
    found = diagnose(seen([failed, failed], proxies=settings, routes=ways(True, None, None)))
    assert found.verdict == verdict


def test_a_login_that_is_rejected_is_told() -> None:
    found = diagnose(seen(report(refused(401)), login=login("file", "chatgpt")))
    assert found.evidence[-1] == "codex login status: chatgpt"


def test_the_hours_of_a_server_error_are_told() -> None:
    down = report(refused(503))
    found = diagnose(seen([down, down], service_error_since=1.5 * 3600))
    assert (found.verdict, found.cause) == ("websocket_blocked", "server_error_lasting")
    assert found.evidence[-1] == "a server error 2 hours ago and now"


@pytest.mark.parametrize(
    ("why", "told"), [(None, ".env cannot be read"), ("it is a folder", "it is a folder")]
)
def test_a_dotenv_that_cannot_be_read_is_told(why: str | None, told: str) -> None:
    unread = NO_PROXIES._replace(readable=False, dotenv_problem=why)
    found = diagnose(seen([report(refused(403))] * 2, proxies=unread))
    assert (found.verdict, found.cause) == ("inconclusive", "proxy_not_checked")
    assert found.evidence[-1] == told
