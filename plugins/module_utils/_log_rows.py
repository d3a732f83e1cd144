# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rows of the client's log database tell of its turns. Pure.

This module util is PRIVATE to the collection. Measured with sessions of
clients 0.130, 0.134, 0.150 and 0.169: a turn whose WebSocket failed leaves a
row for every retry, the last one numbered as the most there are, then one that
says ``falling back to HTTP``, then one with the tokens used once the answer is
there. A 426 leaves the second of these alone; a network that is away altogether
leaves the first two.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

CLIENT = "codex_core::client"
RETRY = "codex_core::responses_retry"
TURN = "codex_core::session::turn"
"""Holds the retries as well up to 0.134, without the reason."""
CONNECTION = "codex_api::endpoint::responses_websocket"
EVENT = "codex_otel.trace_safe"
"""Holds the reason of a retry up to 0.134."""

FALLBACK = "falling back to HTTP"
RETRYING = "retrying sampling request"
ANSWERED = "post sampling token usage"
CONNECTED = "successfully connected to"
NOT_CONNECTED = "failed to connect to websocket: "
"""With the reason behind it up to 0.150; later clients give none here."""
FAILED_EVENT = "error.message="

MARKS: t.Mapping[str, tuple[str, ...]] = {
    CLIENT: (FALLBACK,),
    RETRY: (RETRYING,),
    TURN: (ANSWERED, RETRYING),
    CONNECTION: (CONNECTED, NOT_CONNECTED),
    EVENT: (FAILED_EVENT,),
}
"""The texts that make a row of a target matter."""

ANSWER_WITHIN = 600
"""Seconds in which HTTP must have answered: a fallback while the network is away is none."""

_THREAD = re.compile(r"\b(?:thread[._]id|conversation\.id)=\"?([0-9A-Za-z-]{1,64})(?=[\s\"}])")
_TURN = re.compile(r"\bturn[._]id=\"?([0-9A-Za-z-]{1,64})")
_ATTEMPT = re.compile(r"\((\d{1,9})/(\d{1,9}) in ")
_STATUS = re.compile(r"(?:unexpected status |HTTP error: |\"http )([1-5]\d\d)\b")
_LIMIT = re.compile(r"(?i)\b(quota|billing|credits?|(rate|usage) limit|limit reached)\b")

_HTTP_AFTER_ALL = 426
_NOT_OF_THE_TRANSPORT = (401, 402, 407, _HTTP_AFTER_ALL, 429)

_NETWORK_AWAY = (
    "Proxy connection failed",
    "failed to lookup address",
    "dns error",
    "Connection refused",
    "Network is unreachable",
    "Network is down",
    "No route to host",
)
"""What HTTP meets as well: the way to the service, or the proxy, is away."""

_CAUSES = (
    ("closed", ("closed by server before response.completed", "Connection closed normally")),
    ("silent", ("timed out", "idle timeout", "timeout waiting")),
    (
        "cut",
        (
            "Connection reset",
            "without closing handshake",
            "close_notify",
            "Broken pipe",
            "protocol error",
            "unexpected EOF",
            "Handshake not finished",
        ),
    ),
    # A setting of the user's, which HTTP takes and the WebSocket does not.
    ("proxy_scheme", ("Proxy URL scheme not supported",)),
    # What the user's shell names as authorities, which need not be what doctor was given.
    ("certificate", ("certificate",)),
    ("other", ("URL error", "TLS error", "IO error", "HTTP error", "HTTP format")),
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One row whose target and text are in ``MARKS``."""

    moment: float
    """Seconds since the epoch."""
    target: str
    thread: str | None
    """The thread as the row's own column names it."""
    head: str
    """The start of the text, where the spans name thread and turn."""
    message: str
    """The text from the mark on, cut."""


@dataclasses.dataclass(frozen=True)
class Fallback:
    """A turn that came to HTTP over a failed WebSocket, and was answered there."""

    moment: float
    thread: str
    turn: str
    started: float
    """When the turn's first retry was made."""
    cause: str


@dataclasses.dataclass(frozen=True)
class Turns:
    """What became of the turns in a log."""

    fallbacks: tuple[Fallback, ...]
    completed: t.Mapping[str, float]
    """The moment of the last answer over a WebSocket, by thread."""


@dataclasses.dataclass
class _Thread:
    websocket: bool = False
    turn: str = ""
    started: float = 0.0
    exhausted: bool = False
    reason: str = ""
    waiting: Fallback | None = None


def follow(rows: t.Iterable[Row]) -> Turns:
    """Follow the threads through ``rows``, which come in the order of their moments."""
    threads: dict[str, _Thread] = {}
    fallbacks: list[Fallback] = []
    completed: dict[str, float] = {}
    for row in rows:
        name = _thread_of(row)
        if not name:
            continue
        thread = threads.setdefault(name, _Thread())
        if row.message.startswith(FALLBACK):
            thread.waiting = _fallen_back(name, thread, row)
            thread.websocket, thread.reason = False, ""
        elif row.message.startswith(RETRYING):
            _retried(thread, row)
        elif row.message.startswith(CONNECTED):
            thread.websocket = True
        elif row.message.startswith((NOT_CONNECTED, FAILED_EVENT)):
            _failed(thread, row.message)
        elif row.message.startswith(ANSWERED):
            if thread.websocket:
                completed[name] = row.moment
            if _answers(row, thread.waiting):
                fallbacks.append(t.cast("Fallback", thread.waiting))
            thread.waiting, thread.reason = None, ""
    return Turns(tuple(sorted(fallbacks, key=lambda one: one.moment)), completed)


def cause_of(reason: str) -> str | None:
    """The category of a failure's reason; None where it is none of the transport.

    A text that is not known is a message of the service (``response.failed``
    is retried and falls back too), not of the transport.
    """
    status = _STATUS.search(reason)
    if _LIMIT.search(reason) or any(text in reason for text in _NETWORK_AWAY):
        return None
    if status is not None:
        number = int(status.group(1))
        if number in _NOT_OF_THE_TRANSPORT:
            return None
        return "server_error" if number >= 500 else "refused"
    for cause, texts in _CAUSES:
        if any(text in reason for text in texts):
            return cause
    return None


def _thread_of(row: Row) -> str | None:
    """The thread that ``row`` tells of.

    A thread starts within a turn of the one that starts it, and connects there already; the
    column then names the outer thread, the innermost span the right one (0.169).
    """
    if row.thread and row.target not in (CLIENT, CONNECTION):
        return row.thread
    named = _THREAD.findall(row.head)
    return named[-1] if named else row.thread


def _retried(thread: _Thread, row: Row) -> None:
    turn = _named(_TURN, row.head)
    if turn != thread.turn:
        thread.turn, thread.started = turn, row.moment
    attempt = _ATTEMPT.search(row.message)
    thread.exhausted = attempt is not None and int(attempt.group(1)) >= int(attempt.group(2))
    _before, told, reason = row.message.partition("sampling_error=")
    if told:
        thread.reason = reason


def _failed(thread: _Thread, reason: str) -> None:
    status = _STATUS.search(reason)
    # The same answer stands in the retry's reason (0.150), where its body tells more.
    if status is None or f" {status.group(1)} " not in thread.reason:
        thread.reason = reason


def _fallen_back(name: str, thread: _Thread, row: Row) -> Fallback | None:
    turn = _named(_TURN, row.head)
    cause = cause_of(thread.reason)
    if not turn or turn != thread.turn or not thread.exhausted or cause is None:
        return None
    return Fallback(row.moment, name, turn, thread.started, cause)


def _answers(row: Row, waiting: Fallback | None) -> bool:
    return (
        waiting is not None
        and _named(_TURN, row.head) == waiting.turn
        and row.moment - waiting.moment <= ANSWER_WITHIN
    )


def _named(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""
