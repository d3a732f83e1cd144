# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rows of a client's log tell, row by row."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._log_rows import (
    ANSWER_WITHIN,
    ANSWERED,
    CLIENT,
    CONNECTED,
    CONNECTION,
    EVENT,
    FALLBACK,
    RETRY,
    TURN,
    Row,
    cause_of,
    follow,
)

CLOSED = (
    "stream disconnected before completion: websocket closed by server before response.completed"
)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (CLOSED, "closed"),
        ("stream disconnected before completion: Connection closed normally", "closed"),
        ("stream disconnected before completion: idle timeout waiting for websocket", "silent"),
        ("request timed out", "silent"),
        ("IO error: Connection timed out (os error 110)", "silent"),
        ("IO error: peer closed connection without sending TLS close_notify: x", "cut"),
        ("WebSocket protocol error: Connection reset without closing handshake", "cut"),
        ("WebSocket protocol error: Handshake not finished", "cut"),
        ("IO error: Broken pipe (os error 32)", "cut"),
        (
            "unexpected status 403 Forbidden: refused by policy, url: wss://h/v1/responses",
            "refused",
        ),
        ("unexpected status 404 Not Found: , url: wss://h/v1/responses", "refused"),
        ("unexpected status 200 OK: <html>Please sign in</html>, url: wss://h", "refused"),
        ("unexpected status 502 Bad Gateway: , url: wss://h", "server_error"),
        ("failed to connect to websocket: HTTP error: 403 Forbidden, url: wss://h", "refused"),
        ('error.message="http 503" auth.header_attached=true', "server_error"),
        ("URL error: Proxy URL scheme not supported", "proxy_scheme"),
        ("IO error: invalid peer certificate: UnknownIssuer", "certificate"),
        ("TLS error: native-tls error: handshake failure", "other"),
        ("unexpected status 401 Unauthorized: , url: wss://h", None),
        ("unexpected status 426 Upgrade Required: , url: wss://h", None),
        ("unexpected status 429 Too Many Requests: , url: wss://h", None),
        ("unexpected status 403 Forbidden: You exceeded your current quota, url: wss://h", None),
        ("rate limit exceeded: Rate limit reached for model. Please try again in 0.1s.", None),
        ("Responses websocket connection limit reached (60 minutes).", None),
        ("stream disconnected before completion: An error occurred while processing it.", None),
        ("URL error: Proxy connection failed: HTTP CONNECT failed with status 403", None),
        ("IO error: failed to lookup address information: Try again", None),
        ("IO error: Connection refused (os error 111)", None),
        ("", None),
    ],
)
def test_a_reason_has_a_cause_or_is_none_of_the_transport(reason: str, cause: str | None) -> None:
    assert cause_of(reason) == cause


def row(moment: float, target: str, message: str, thread: str | None = "T", turn: str = "U") -> Row:
    return Row(moment, target, thread, f"turn{{thread.id=T turn.id={turn}}}: ", message)


def retry(moment: float, attempt: str, reason: str = CLOSED, turn: str = "U") -> Row:
    message = (
        f"retrying sampling request ({attempt} in 1s)... turn_id={turn} sampling_error={reason}"
    )
    return row(moment, RETRY, message, turn=turn)


def fallback(moment: float, thread: str | None = "T", turn: str = "U") -> Row:
    return row(moment, CLIENT, FALLBACK, thread, turn)


def answer(moment: float, turn: str = "U") -> Row:
    return row(moment, TURN, f"{ANSWERED} turn_id={turn}", turn=turn)


def connection(moment: float, thread: str | None = "T") -> Row:
    return row(moment, CONNECTION, f"{CONNECTED} Responses WebSocket status=101", thread)


def test_a_turn_that_failed_over_a_websocket_and_was_answered_over_http_is_a_fallback() -> None:
    rows = (retry(1, "1/5"), retry(9, "5/5"), fallback(12), answer(13))

    (one,) = follow(rows).fallbacks

    assert (one.moment, one.thread, one.turn, one.started, one.cause) == (12, "T", "U", 1, "closed")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param((fallback(12), answer(13)), id="no-retry-as-after-a-426"),
        pytest.param((fallback(12, None), answer(13)), id="no-retry-no-thread"),
        pytest.param((retry(1, "2/5"), fallback(12), answer(13)), id="retries-left"),
        pytest.param((retry(1, "5/5", turn="V"), fallback(12), answer(13)), id="another-turn"),
        pytest.param((retry(1, "5/5"), fallback(12)), id="not-answered"),
        pytest.param((retry(1, "5/5"), fallback(12), answer(13, "V")), id="other-turn-answered"),
        pytest.param(
            (retry(1, "5/5"), fallback(12), answer(13 + ANSWER_WITHIN)), id="answered-too-late"
        ),
        pytest.param(
            (retry(1, "5/5", "request timed out"), retry(2, "5/5", "x"), fallback(3), answer(4)),
            id="the-last-reason-counts",
        ),
        pytest.param(
            (row(1, RETRY, "retrying sampling request"), fallback(2), answer(3)), id="cut"
        ),
    ],
)
def test_what_is_no_fallback(rows: tuple[Row, ...]) -> None:
    assert follow(rows).fallbacks == ()


@pytest.mark.parametrize(
    ("earlier", "counted"),
    [
        pytest.param((retry(1, "5/5"), fallback(2), answer(3)), ["U"], id="fallen-back"),
        pytest.param((retry(1, "1/5"), answer(3)), [], id="recovered"),
    ],
)
def test_a_reason_is_not_carried_into_the_next_turn(
    earlier: tuple[Row, ...], counted: list[str]
) -> None:
    bare = "retrying sampling request (5/5 in 1s)..."
    later = (row(4, TURN, bare, turn="V"), fallback(5, turn="V"), answer(6, "V"))

    assert [one.turn for one in follow((*earlier, *later)).fallbacks] == counted


def test_a_connection_of_a_thread_that_is_starting_is_not_one_of_the_thread_that_starts_it() -> (
    None
):
    spans = "session_loop{thread_id=T}:startup_prewarm{thread.id=C prewarm.input=x}: "
    child = Row(4, CONNECTION, "T", spans, CONNECTED)
    answered = Row(6, TURN, "C", "turn{thread.id=C turn.id=W}: ", ANSWERED)
    rows = (retry(1, "5/5"), fallback(2), child, answer(5), answered)

    assert follow(rows).completed == {"C": 6}


def test_the_reason_may_stand_in_an_event_of_the_conversation() -> None:
    event = Row(
        1,
        EVENT,
        None,
        f"error.message={CLOSED} conversation.id=T app.version=0",
        f"error.message={CLOSED}",
    )
    rows = (event, row(2, TURN, "retrying sampling request (5/5 in 1s)..."), fallback(3), answer(4))

    assert [one.cause for one in follow(rows).fallbacks] == ["closed"]


def test_the_body_of_a_refusal_outlives_its_bare_status() -> None:
    refusal = "unexpected status 403 Forbidden: You exceeded your current quota, url: wss://h"
    status = "failed to connect to websocket: HTTP error: 403 Forbidden, url: wss://h"
    rows = (retry(1, "5/5", refusal), row(2, CONNECTION, status), fallback(3), answer(4))

    assert follow(rows).fallbacks == ()


def test_an_answer_in_a_connected_thread_came_over_the_websocket() -> None:
    assert follow((connection(1, None), answer(2), answer(5))).completed == {"T": 5}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param((answer(2),), id="not-connected"),
        pytest.param((connection(1), fallback(2), answer(3)), id="fallen-back"),
        pytest.param((connection(1),), id="not-answered"),
        pytest.param((Row(1, CONNECTION, None, "", CONNECTED), answer(2)), id="nameless"),
        pytest.param(
            (Row(1, CONNECTION, None, "startup_prewarm{thread.id=T", CONNECTED), answer(2)),
            id="name-that-is-cut",
        ),
    ],
)
def test_what_was_not_completed_over_a_websocket(rows: tuple[Row, ...]) -> None:
    assert follow(rows).completed == {}
