# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one doctor report says about each transport, whatever its client version.

This module util is PRIVATE to the collection. Pure functions from checks to
values; the wordings are those of 0.131.0 to 0.169.0.
"""

from __future__ import annotations

import re
import typing as t

from ._doctor import Check

_ANSWER = re.compile(r"\breachable \(HTTP (\d{3})\)")
_SETUP_ERROR = "handshake stream error"
_REFUSED = re.compile(r"^http (\d{3})\b")

# What the service answers to doctor's unauthenticated probes: 405 or 401 at the
# endpoint of a turn; clients up to 0.136 ask the bare base URL, which is a 404.
_SERVICE_ANSWERS = {401, 405}
_SERVICE_ANSWERS_AT_BASE_URL = {401, 404, 405}


class WebSocket(t.NamedTuple):
    """The WebSocket side of one report."""

    outcome: str
    """open, disabled, refused, failed, timed_out, closed, or unknown (not a known answer)."""
    status: int | None
    """The HTTP status of a refused upgrade."""
    detail: str
    auth_mode: str | None
    """none, api_key or chatgpt; None where doctor does not say."""
    failure: str = ""
    """Why it failed, where doctor tells: certificate, proxy_scheme, proxy_credentials, or setup
    (the client gave up before it asked anybody; up to 0.164 it says why, and it was the
    certificates)."""


class Http(t.NamedTuple):
    """The HTTP side of one report."""

    outcome: str
    """answered (as the service answers), answered_otherwise, no_endpoint, failed or unknown."""
    failure: str
    """With ``failed``: proxy_credentials, dns, connect, tls, timeout or other."""
    mode: str
    """doctor's reachability mode: ``ChatGPT auth``, ``API key auth`` or ``provider auth``."""
    detail: str


def websocket_side(check: Check) -> WebSocket:
    """Judge the check ``network.websocket_reachability``."""
    error = check.details.get("handshake transport error", "")
    setup = check.details.get(_SETUP_ERROR, "")
    close_code = check.details.get("immediate close code", "")
    detail = check.summary
    if error:
        detail = error
    elif setup:
        detail = f"{_SETUP_ERROR}: {setup}"
    elif close_code:
        detail = f"closed with code {close_code}"
    outcome, status = _websocket_outcome(check, error, close_code)
    failure = _websocket_failure(error, setup)
    return WebSocket(outcome, status, detail, check.details.get("auth mode"), failure)


def http_side(check: Check) -> Http:
    """Judge the check ``network.provider_reachability``."""
    mode = check.details.get("reachability mode", "")
    if check.status == "fail":
        lines = [value for value in check.details.values() if "(required)" in value]
        detail = "; ".join(lines) or check.summary
        return Http("failed", _http_failure(detail), mode, detail)
    if check.status != "ok":
        return Http("unknown", "", mode, check.summary)
    if "no HTTP endpoint" in check.summary:
        return Http("no_endpoint", "", mode, check.summary)
    answers = [
        (
            int(match.group(1)),
            _SERVICE_ANSWERS_AT_BASE_URL if "base URL" in key else _SERVICE_ANSWERS,
        )
        for key, value in check.details.items()
        for match in [_ANSWER.search(value)]
        if match
    ]
    if not answers:
        return Http("unknown", "", mode, check.summary)
    detail = ", ".join(f"HTTP {status}" for status, _expected in answers)
    as_expected = all(status in expected for status, expected in answers)
    return Http("answered" if as_expected else "answered_otherwise", "", mode, detail)


def _websocket_outcome(check: Check, error: str, close_code: str) -> tuple[str, int | None]:
    if check.details.get("supports websockets") == "false":
        return "disabled", None
    if check.status == "ok":
        return ("open", None) if "handshake succeeded" in check.summary else ("unknown", None)
    enabled = check.details.get("supports websockets") == "true"
    if not enabled or check.status not in ("warning", "fail"):
        return "unknown", None
    refused = _REFUSED.match(error)
    if refused:
        return "refused", int(refused.group(1))
    if error.startswith("network error"):
        return "failed", None
    if close_code or "closed immediately" in check.summary:
        return "closed", None
    if "timed out" in check.summary:
        return "timed_out", None
    return "unknown", None


def _websocket_failure(error: str, setup: str) -> str:
    if "invalid peer certificate" in error or "failed to configure websocket TLS" in setup:
        return "certificate"
    if "Proxy URL scheme not supported" in error:
        return "proxy_scheme"
    if "HTTP CONNECT failed with status 407" in error:
        return "proxy_credentials"
    return "setup" if setup else ""


def _http_failure(detail: str) -> str:
    for words, failure in (
        ("proxy authentication required", "proxy_credentials"),
        ("lookup failed", "dns"),
        ("timed out", "timeout"),
        ("TLS", "tls"),
        ("connect failed", "connect"),
    ):
        if words in detail:
            return failure
    return "other"
