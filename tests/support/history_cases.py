# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client's log and earlier runs add to doctor's answers, or say in their place."""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from ansible_collections.devfleet.codex.plugins.module_utils._observations import LogEvidence

from .diagnosis_cases import (
    CONFIG_BROKEN,
    CONFLICT,
    DOWN,
    MANAGED,
    NETWORK_AWAY,
    NOT_LOADABLE,
    SERVICE_ERROR,
    UNREADABLE,
    Case,
    login,
    seen,
)
from .doctor_cases import (
    BLOCKED,
    HEALTHY,
    NO_CREDENTIALS,
    NO_LOGIN,
    OFF_AND_WORKS,
    SNIPPET_A,
    Pair,
    no_report,
)
from .doctor_samples import BUILT_IN, OFF, OPEN, answered, refused, report, unreachable, websocket

REQUIRED = Provider("openai", "requirements", None, "")
INTERMITTENT = ("inconclusive", "intermittent")


def logged(
    fallbacks: int = 3, threads: int = 2, completed: int = 0, cause: str = "closed", **only: t.Any
) -> LogEvidence:
    """Return what a log with so many fallbacks in so many threads tells."""
    return LogEvidence(
        "read", fallbacks, threads, 1.0 if fallbacks else None, cause, completed, **only
    )


def unread(outcome: str) -> LogEvidence:
    """Return what a log that was not read tells."""
    return LogEvidence(outcome, 0, 0, None, "", 0)


PROVEN = logged()
LOG_CAUSES = ("closed", "cut", "silent", "refused", "server_error", "other")
_OK_ONCE = [report(refused(403)), report(OPEN)]
BY_LOGS: dict[str, Case] = {
    "nothing": (seen(report(OPEN), logs=logged(0, 0, cause="")), HEALTHY),
    "two-in-two": (seen(report(OPEN), logs=logged(2, 2)), HEALTHY),
    "three-in-one": (seen(report(OPEN), logs=logged(3, 1)), HEALTHY),
    "many-in-one": (seen(report(OPEN), logs=logged(50, 1)), HEALTHY),
    "three-in-two": (seen(report(OPEN), logs=logged(3, 2)), ("websocket_blocked", "logged_closed")),
    "three-in-two-of-an-earlier-dotenv": (
        seen(report(OPEN), logs=logged(3, 2), holds_old_environment=True),
        ("inconclusive", "restart_required"),
    ),
    "two-in-two-of-an-earlier-dotenv": (
        seen(report(OPEN), logs=logged(2, 2), holds_old_environment=True),
        HEALTHY,
    ),
    "completed-since": (seen(report(OPEN), logs=logged(9, 9, 1)), HEALTHY),
    **{
        f"cause-{cause}": (
            seen(report(OPEN), logs=logged(cause=cause)),
            ("websocket_blocked", f"logged_{cause}"),
        )
        for cause in LOG_CAUSES
        if cause != "server_error"
    },
    "cause-server_error-and-the-handshake-works": (
        seen(report(OPEN), logs=logged(cause="server_error")),
        SERVICE_ERROR,
    ),
    "cause-server_error-and-gone-at-the-second-probe": (
        seen([report(refused(503)), report(OPEN)], logs=logged(cause="server_error")),
        SERVICE_ERROR,
    ),
    "cause-certificate": (
        seen(report(OPEN), logs=logged(cause="certificate")),
        ("inconclusive", "certificate_trust"),
    ),
    "cause-proxy-scheme": (
        seen(report(OPEN), logs=logged(cause="proxy_scheme")),
        ("proxy_misconfigured", "logged_proxy_scheme"),
    ),
    "only-in-subagents": (
        seen(report(OPEN), logs=logged(only_subagents=True)),
        ("inconclusive", "only_in_subagents"),
    ),
    "only-after-idle": (
        seen(report(OPEN), logs=logged(only_after_idle=True)),
        ("inconclusive", "only_after_idle"),
    ),
    "two-in-subagents": (seen(report(OPEN), logs=logged(2, 2, only_subagents=True)), HEALTHY),
    "server-error-and-proof": (
        seen(report(refused(503)), logs=logged(cause="server_error")),
        ("websocket_blocked", "logged_server_error"),
    ),
    "server-error-and-no-proof": (seen(report(refused(503)), logs=logged(2, 2)), SERVICE_ERROR),
    "server-error-passes-and-no-proof": (
        seen([report(refused(503)), report(OPEN)], logs=logged(2, 2)),
        HEALTHY,
    ),
    "intermittent-and-proof": (
        seen(_OK_ONCE, logs=logged(cause="refused")),
        ("websocket_blocked", "logged_refused"),
    ),
    "intermittent-and-no-proof": (seen(_OK_ONCE, logs=logged(3, 1)), INTERMITTENT),
    "intermittent-and-then-426": (
        seen([report(refused(403)), report(refused(426))], logs=PROVEN),
        INTERMITTENT,
    ),
    "426-and-proof": (
        seen(report(refused(426)), logs=PROVEN),
        ("healthy", "upgrade_required"),
    ),
    **{
        f"{outcome}-and-healthy": (seen(report(OPEN), logs=unread(outcome)), pair)
        for outcome, pair in {
            "off": HEALTHY,
            "absent": HEALTHY,
            **dict.fromkeys(
                ("locked", "unreadable", "unknown_schema", "timed_out", "no_sqlite"),
                ("inconclusive", "logs_not_read"),
            ),
        }.items()
    },
    "locked-and-server-error": (seen(report(refused(503)), logs=unread("locked")), SERVICE_ERROR),
    "locked-and-intermittent": (seen(_OK_ONCE, logs=unread("locked")), INTERMITTENT),
    "locked-and-refused": (seen(report(refused(403)), logs=unread("locked")), BLOCKED),
    "locked-and-cured": (seen(report(OFF), SNIPPET_A, logs=unread("locked")), OFF_AND_WORKS),
    "proof-and-cured": (seen(report(OFF), SNIPPET_A, logs=PROVEN), OFF_AND_WORKS),
    "proof-and-refused": (seen(report(refused(403)), logs=PROVEN), BLOCKED),
    "proof-and-no-login": (
        seen(report(OPEN, auth=NO_LOGIN), logs=PROVEN),
        NO_CREDENTIALS,
    ),
    "proof-and-a-login-that-is-not-shown": (
        seen(report(websocket("handshake succeeded", "ok", auth_mode="")), logs=PROVEN),
        ("inconclusive", "login_not_shown"),
    ),
    "proof-and-another-http-answer": (
        seen(report(OPEN, answered(403)), logs=PROVEN),
        ("inconclusive", "refused_alike"),
    ),
    "proof-and-server-error-over-http-too": (
        seen(report(refused(503), answered(503)), logs=PROVEN),
        ("inconclusive", "refused_alike"),
    ),
    "proof-and-managed": (
        seen(report(OPEN), MANAGED, logs=PROVEN),
        ("managed_elsewhere", "managed"),
    ),
    "proof-and-required": (
        seen(report(OPEN), REQUIRED, logs=PROVEN),
        ("managed_elsewhere", "requirements"),
    ),
    "proof-and-network-away": (seen(NETWORK_AWAY, logs=PROVEN), DOWN),
    "proof-and-no-report": (
        seen(no_report("doctor_timed_out"), logs=PROVEN),
        ("inconclusive", "doctor_timed_out"),
    ),
    "proof-and-not-loadable": (seen(CONFIG_BROKEN, logs=PROVEN), NOT_LOADABLE),
}

_AFTER_AN_HOUR: dict[str, tuple[t.Any, Provider, dict[str, t.Any], Pair]] = {
    "healthy": (report(OPEN), BUILT_IN, {}, HEALTHY),
    "passed-between-two-probes": ([report(refused(503)), report(OPEN)], BUILT_IN, {}, HEALTHY),
    "refused": (report(refused(403)), BUILT_IN, {}, BLOCKED),
    "network-away": (report(refused(503), unreachable()), BUILT_IN, {}, DOWN),
    "no-login": (report(refused(503), auth=NO_LOGIN), BUILT_IN, {}, NO_CREDENTIALS),
    "managed": (report(refused(503)), MANAGED, {}, SERVICE_ERROR),
    "server-error-over-http-too": (
        report(refused(503), answered(503)),
        BUILT_IN,
        {},
        SERVICE_ERROR,
    ),
    "proxies-that-cannot-be-read": (
        report(refused(503)),
        BUILT_IN,
        {"proxies": UNREADABLE},
        ("inconclusive", "proxy_not_checked"),
    ),
    "overruled-login": (
        report(refused(503)),
        BUILT_IN,
        {"login": login("file", "chatgpt", "CODEX_API_KEY")},
        CONFLICT,
    ),
}
LASTING = ("websocket_blocked", "server_error_lasting")
BY_EARLIER_RUNS: dict[str, Case] = {
    **{
        f"{seconds}-seconds": (seen(report(refused(503)), service_error_since=seconds), pair)
        for seconds, pair in {3599.0: SERVICE_ERROR, 3600.0: LASTING, 90000.0: LASTING}.items()
    },
    **{
        f"{name}-now": (seen(run, provider, service_error_since=7200.0, **beside), pair)
        for name, (run, provider, beside, pair) in _AFTER_AN_HOUR.items()
    },
}

WITHOUT_DOCTOR: dict[str, tuple[LogEvidence, Pair]] = {
    "nothing": (logged(0, 0, cause=""), ("unsupported_version", "no_doctor")),
    "absent": (unread("absent"), ("unsupported_version", "no_doctor")),
    "locked": (unread("locked"), ("unsupported_version", "no_doctor")),
    "two-in-two": (logged(2, 2), ("unsupported_version", "no_doctor")),
    "completed-since": (logged(9, 9, 1), ("unsupported_version", "no_doctor")),
    "proven": (PROVEN, ("websocket_blocked", "logged_closed")),
    "only-in-subagents": (logged(only_subagents=True), ("inconclusive", "only_in_subagents")),
    "server-error": (logged(cause="server_error"), SERVICE_ERROR),
    "proxy-scheme": (
        logged(cause="proxy_scheme"),
        ("proxy_misconfigured", "logged_proxy_scheme"),
    ),
}
