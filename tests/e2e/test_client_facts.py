# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about the real client that the collection is built on, measured anew at every run."""

from __future__ import annotations

import re
import typing as t

import pytest
from support.client import doctor, run_turn, strict_complaint
from support.client_connections import watched_connections
from support.laptop import CONFIG, Laptop, api_key_login, chatgpt_login
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

HTTP_ONLY_CONFIG = (
    b'model_provider = "openai_http"\n'
    + CONFIG
    + b"""
[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""
)

HTTP_CHECK = "network.provider_reachability"
WEBSOCKET_CHECK = "network.websocket_reachability"
REACHABLE = "active provider endpoints are reachable over HTTP"
FAILED = "Responses WebSocket failed; HTTPS fallback may still work"
CLOSED = "Responses WebSocket closed immediately after handshake"
SUCCEEDED = "Responses WebSocket handshake succeeded"


def turn_transports(laptop: Laptop) -> set[str]:
    """Return the transports that carried or tried a turn (doctor asks with GET and HEAD)."""
    requests = [request for request in laptop.service.requests if "responses" in request.path]
    return {
        request.transport
        for request in requests
        if request.method == "POST" or request.transport == "websocket"
    }


@pytest.mark.parametrize("login", [api_key_login(), chatgpt_login()], ids=["api-key", "chatgpt"])
def test_a_refused_websocket_costs_seconds_at_every_turn(
    make_laptop: LaptopFactory, login: bytes, request: pytest.FixtureRequest
) -> None:
    laptop = make_laptop(request.node.callspec.id, login=login, websocket="http-403")

    turn = run_turn(laptop)

    attempts = [re.findall(r"Reconnecting\.\.\. (\d/\d)", line) for line in turn.reconnect_lines]
    assert attempts == [["2/5"], ["3/5"], ["4/5"], ["5/5"]]
    assert turn.seconds > 5
    assert (turn.answer, turn.returncode) == (ANSWER, 0)
    assert turn_transports(laptop) == {"websocket", "http"}


@pytest.mark.parametrize("login", [api_key_login(), chatgpt_login()], ids=["api-key", "chatgpt"])
def test_the_http_only_provider_costs_none_and_sends_the_credentials(
    make_laptop: LaptopFactory, login: bytes, request: pytest.FixtureRequest
) -> None:
    laptop = make_laptop(
        f"cured-{request.node.callspec.id}",
        login=login,
        websocket="http-403",
        config=HTTP_ONLY_CONFIG,
    )

    turn = run_turn(laptop)

    assert turn.reconnect_lines == ()
    assert turn.seconds < 2
    assert (turn.answer, turn.returncode) == (ANSWER, 0)
    assert turn_transports(laptop) == {"http"}
    posts = [seen for seen in laptop.service.requests if seen.path.endswith("/responses")]
    assert {seen.authorization for seen in posts} == {"Bearer"}
    assert strict_complaint(laptop) is None


def test_a_healthy_service_is_used_over_the_websocket_alone(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("healthy", login=api_key_login())

    turn = run_turn(laptop)

    assert (turn.reconnect_lines, turn.answer) == ((), ANSWER)
    assert turn_transports(laptop) == {"websocket"}


@pytest.fixture(scope="module")
def examined(make_laptop: LaptopFactory) -> Laptop:
    return make_laptop("examined", login=api_key_login())


HANDSHAKE = ("ok", SUCCEEDED, "handshake result", "HTTP 101 Switching Protocols")


def refused(answer: str) -> tuple[str, str, str, str]:
    return ("warning", FAILED, "handshake transport error", f"{answer}: [redacted]")


# What doctor says of each mode: status, summary, and a detail with its value.
DOCTOR_SAYS = {
    "ok": HANDSHAKE,
    "http-401": refused("http 401 Unauthorized"),
    "http-403": refused("http 403 Forbidden"),
    "http-404": refused("http 404 Not Found"),
    "http-426": refused("http 426 Upgrade Required"),
    "http-502": refused("http 502 Bad Gateway"),
    "no-101": refused("http 200 OK"),
    "reset": refused("network error"),
    "close-1008": ("warning", CLOSED, "immediate close code", "1008"),
    # What breaks after the handshake is not seen by doctor (issue 13041).
    "close-after": HANDSHAKE,
    "drop": HANDSHAKE,
    "silent": HANDSHAKE,
}


@pytest.mark.parametrize("mode", DOCTOR_SAYS)
def test_doctor_names_the_failure(examined: Laptop, mode: str) -> None:
    status, summary, key, value = DOCTOR_SAYS[mode]
    examined.service.websocket = mode

    checks = doctor(examined, "--network-only")

    assert (checks[HTTP_CHECK]["status"], checks[HTTP_CHECK]["summary"]) == ("ok", REACHABLE)
    websocket = checks[WEBSOCKET_CHECK]
    assert (websocket["status"], websocket["summary"]) == (status, summary)
    assert websocket["details"][key] == value
    assert websocket["details"]["auth mode"] == "api_key"
    assert websocket["details"]["supports websockets"] == "true"


def test_doctor_without_credentials_blames_the_websocket(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("logged-out", websocket="http-401")

    websocket = doctor(laptop, "--network-only")[WEBSOCKET_CHECK]

    assert (websocket["status"], websocket["summary"]) == ("warning", FAILED)
    assert websocket["details"]["auth mode"] == "none"


def test_doctor_sees_that_http_is_down_as_well(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("down", login=api_key_login(), websocket="reset", http="reset")

    checks = doctor(laptop, "--network-only")

    assert (checks[HTTP_CHECK]["status"], checks[WEBSOCKET_CHECK]["status"]) == ("fail", "warning")


def test_doctor_leaves_the_websocket_out_where_the_config_is_broken(
    make_laptop: LaptopFactory,
) -> None:
    laptop = make_laptop("broken", login=api_key_login(), config=b'model = "a"\nmodel = "b"\n')

    checks = doctor(laptop, "--network-only")

    assert checks["config.load"]["status"] == "fail"
    assert WEBSOCKET_CHECK not in checks


def test_the_client_connects_to_loopback_alone(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("watched", login=api_key_login())

    with watched_connections(laptop.executable) as addresses:
        doctor(laptop)
        run_turn(laptop)

    assert {str(address) for address in addresses} == {"127.0.0.1"}
