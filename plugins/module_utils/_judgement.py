# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers of doctor mean, taken by themselves. Pure.

This module util is PRIVATE to the collection. When in doubt the verdict is
``inconclusive``. ``_diagnosis`` weighs this against what else was read.
"""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ._doctor import AUTH, CONFIG, HTTP, WEBSOCKET, Check, DoctorReport, DoctorRun, NoReport
from ._layers import Provider
from ._transport import Http, WebSocket, http_side, websocket_side
from ._verdicts import Diagnosis

_API_HOST = "api.openai.com"
_OPENAI_HOSTS = (None, _API_HOST, "chatgpt.com")
"""Where a provider's turns go to the service itself; None: it has no ``base_url``."""

_LOGINS = ("api_key", "chatgpt")
"""doctor's auth modes with which a login is in order."""

_SERVICE_IN_TROUBLE = ("1011", "1012", "1013")
"""Close codes of a service that fails, restarts or is overloaded (RFC 6455, IANA's registry)."""

_OWN_CREDENTIALS = (
    "env_key",
    "experimental_bearer_token",
    "auth",
    "http_headers",
    "env_http_headers",
    "aws",
)


def judge(runs: t.Sequence[DoctorRun], provider: Provider) -> Diagnosis:
    """Judge one or more doctor runs made some time apart.

    A WebSocket failure counts only if every run shows one. A server error
    (5xx) that is gone at the next run is nothing at all (issue 35323), and
    neither is a network that is back at the next run of a provider without
    WebSockets: no transport is in doubt there.
    """
    single = [_judge(run, provider) for run in runs]
    last = single[-1]
    if len({one.verdict for one in single}) == 1:
        if len({one.cause for one in single}) == 1:
            return last
        return last._replace(evidence=tuple(e for one in single for e in one.evidence))
    evidence = tuple(e for one in single for e in one.evidence)
    if last.verdict == "healthy" and all(
        one.cause in ("service_error", last.cause) for one in single
    ):
        return last._replace(evidence=evidence)
    if last.verdict == "http_only" and all(
        one.verdict in ("network_unreachable", "http_only") for one in single
    ):
        return last._replace(evidence=evidence)
    if last.verdict == "healthy":
        return Diagnosis("inconclusive", "intermittent", evidence)
    return Diagnosis("inconclusive", "probes_disagree", evidence)


def wants_second_run(first: Diagnosis) -> bool:
    """Whether a second run some time later can change or confirm what the first one saw."""
    return first.verdict in ("websocket_blocked", "network_unreachable") or first.cause in (
        "proxy_credentials",
        "service_error",
        "refused_alike",
        "rate_limited",
    )


def _judge(run: DoctorRun, provider: Provider) -> Diagnosis:
    if isinstance(run, NoReport):
        return Diagnosis("inconclusive", run.cause, (run.detail,))
    return _judge_report(run, provider)


def _judge_report(report: DoctorReport, provider: Provider) -> Diagnosis:
    config, http_check = report.checks.get(CONFIG), report.checks.get(HTTP)
    websocket_check = report.checks.get(WEBSOCKET)
    if config is not None and config.status == "fail":
        return Diagnosis("config_invalid", "not_loadable", (_where_not_loadable(config),))
    if config is None or http_check is None or websocket_check is None:
        return Diagnosis(
            "inconclusive", "check_missing", ("doctor's report lacks a check it always has",)
        )
    if config.status not in ("ok", "warning"):
        return Diagnosis("inconclusive", "unknown_wording", (f"configuration: {config.summary}",))
    http, websocket = http_side(http_check), websocket_side(websocket_check)
    evidence = (f"WebSocket: {websocket.detail}", f"HTTP: {http.detail}")
    verdict, cause = _verdict(report, provider, websocket, http)
    return Diagnosis(verdict, cause, evidence)


def _where_not_loadable(config: Check) -> str:
    place = [f"{key} {config.details[key]}" for key in ("file", "line") if key in config.details]
    return ", ".join([config.summary, *place])


def _verdict(
    report: DoctorReport, provider: Provider, websocket: WebSocket, http: Http
) -> tuple[str, str]:
    if http.outcome == "failed":
        # Clients up to 0.134 tell it of the WebSocket alone, later ones of HTTP (0.150, 0.169).
        if "proxy_credentials" in (http.failure, websocket.failure):
            return "proxy_misconfigured", "proxy_credentials"
        # Of a certificate that nobody trusts HTTP may say no more than that it cannot connect.
        certificate = websocket.failure == "certificate"
        return "network_unreachable", "tls" if certificate else http.failure
    if websocket.outcome == "disabled":
        return _without_websockets(report, provider, http)
    if websocket.failure == "certificate":
        return "inconclusive", "certificate_trust"
    if websocket.outcome == "unknown" or http.outcome in ("unknown", "no_endpoint"):
        return "inconclusive", "unknown_wording"
    if websocket.outcome == "open":
        return "healthy", "handshake_ok"
    return _websocket_failure(report, provider, websocket, http)


def _websocket_failure(
    report: DoctorReport, provider: Provider, websocket: WebSocket, http: Http
) -> tuple[str, str]:
    doubt = login_doubt(report, websocket, http)
    if doubt:
        return doubt
    if websocket.status is not None:
        doubt = _doubtful_status(websocket.status)
        if doubt:
            return doubt
    if report.checks[WEBSOCKET].details.get("immediate close code") in _SERVICE_IN_TROUBLE:
        return "inconclusive", "service_error"
    if http.outcome == "answered_otherwise":
        return "inconclusive", "refused_alike"
    elsewhere = decided_elsewhere(provider)
    if elsewhere:
        return "managed_elsewhere", elsewhere
    if websocket.status is not None:
        return (
            "websocket_blocked",
            "answered_with_page" if websocket.status == 200 else "upgrade_refused",
        )
    return "websocket_blocked", {
        "failed": "connection_failed",
        "timed_out": "handshake_timed_out",
        "closed": "closed_after_handshake",
    }[websocket.outcome]


def decided_elsewhere(provider: Provider) -> str | None:
    """The layer that a change of the user's config.toml cannot beat or does not reach, or None."""
    if provider.origin in ("managed", "requirements"):
        return provider.origin
    if provider.active != "openai" and provider.table_layer not in ("override", "user"):
        return provider.table_layer or "unknown_layer"
    return None


def login_doubt(report: DoctorReport, websocket: WebSocket, http: Http) -> tuple[str, str] | None:
    """Why a failure may be one of the login instead of the transport, or None."""
    if http.mode == "provider auth":
        return None
    auth = report.checks.get(AUTH)
    if websocket.auth_mode == "none" or (auth is not None and auth.status == "fail"):
        return "auth_missing", "no_credentials"
    if websocket.auth_mode not in _LOGINS or (auth is not None and auth.status != "ok"):
        return "inconclusive", "login_not_shown"
    return None


def _doubtful_status(status: int) -> tuple[str, str] | None:
    """The statuses of a refused upgrade that prove no WebSocket failure."""
    if status == 426:
        # Measured 0.115 to 0.169: the client falls back at once, no turn is delayed.
        return "healthy", "upgrade_required"
    if status == 401:
        return "inconclusive", "credentials_rejected"
    if status == 407:
        return "inconclusive", "proxy_credentials"
    if status in (402, 429):
        return "inconclusive", "rate_limited"
    if status >= 500:
        return "inconclusive", "service_error"
    if status == 200 or 400 <= status < 500:
        return None
    return "inconclusive", "unknown_wording"


def _without_websockets(report: DoctorReport, provider: Provider, http: Http) -> tuple[str, str]:
    """The provider has WebSockets off: is that a working cure, or does it only look like one?"""
    table = provider.table or {}
    own_credentials = any(table.get(key) for key in _OWN_CREDENTIALS)
    base_url = table.get("base_url")
    host = _host(base_url) if isinstance(base_url, str) else None
    broken = None
    if provider.table is not None and host in _OPENAI_HOSTS and not own_credentials:
        if table.get("requires_openai_auth") is not True:
            # Measured with 0.169.0: doctor is green, and no Authorization header is sent.
            broken = "no_credentials_sent"
        elif host == _API_HOST and http.mode == "ChatGPT auth":
            broken = "wrong_host_for_login"
    elsewhere = decided_elsewhere(provider) if broken else None
    if elsewhere:
        return "managed_elsewhere", elsewhere
    if broken:
        return "http_only_broken", broken
    auth = report.checks.get(AUTH)
    if auth is not None and auth.status == "fail":
        return "auth_missing", "no_credentials"
    if http.outcome != "answered":
        return (
            "inconclusive",
            "refused_alike" if http.outcome == "answered_otherwise" else "unknown_wording",
        )
    if provider.table is None and (auth is None or auth.status != "ok"):
        return "inconclusive", "auth_not_shown"
    return "http_only", "websockets_off"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
