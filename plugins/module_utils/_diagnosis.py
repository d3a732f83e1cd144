# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From all that was seen on a machine to one verdict. Pure.

This module util is PRIVATE to the collection. What doctor says (``_judgement``)
comes first; each step after it may only make the verdict more exact or more
careful, on the ground of what was read beside doctor.
"""

from __future__ import annotations

import typing as t

from ._doctor import HTTP, WEBSOCKET, DoctorReport, DoctorRun
from ._judgement import decided_elsewhere, judge, login_doubt
from ._layers import Provider
from ._observations import (
    NO_LOGS,
    NO_PROXIES,
    CertificateFile,
    LogEvidence,
    Login,
    ProxySettings,
    Routes,
)
from ._transport import Http, WebSocket, http_side, websocket_side
from ._verdicts import Diagnosis, no_doctor

if t.TYPE_CHECKING:
    from ._snippets import Broken

LASTING = 3600.0
"""Seconds after which a server error that is still there, or there again, does not just pass."""

LEAST_FALLBACKS = 3
LEAST_THREADS = 2
"""Logged fallbacks, and threads they happened in, that prove a WebSocket failure."""

_READ = ("read", "off", "absent")
"""The outcomes of reading the log database that leave no doubt."""

_SERVICE_ERROR = ("inconclusive", "service_error")

_STORES = {"keyring": "store_keyring", "auto": "store_auto", "ephemeral": "store_ephemeral"}


class Observed(t.NamedTuple):
    """All that a verdict rests on; what was not looked at has the value that says so."""

    runs: tuple[DoctorRun, ...]
    """One or more doctor runs, made some time apart; none for a client without doctor."""
    provider: Provider
    proxies: ProxySettings = NO_PROXIES
    routes: Routes | None = None
    logs: LogEvidence = NO_LOGS
    login: Login | None = None
    certificates: tuple[CertificateFile, ...] = ()
    snippet: Broken | None = None
    """A published snippet in the user's files that has not the effect it was meant to have."""
    service_error_since: float | None = None
    """Seconds since an earlier run first saw a server error, with nothing else seen in between."""
    holds_old_environment: bool = False
    """Whether a client runs that still has an earlier ``.env``."""


class _Sides(t.NamedTuple):
    """Both transports as the last doctor run shows them."""

    report: DoctorReport
    http: Http
    websocket: WebSocket


def diagnose(seen: Observed) -> Diagnosis:
    """The verdict on a machine whose client has a doctor."""
    found = judge(seen.runs, seen.provider)
    sides = _sides(seen.runs[-1])
    for refine in (
        _by_login,
        _by_snippet,
        _by_proxies,
        _by_certificates,
        _by_logs,
        _by_earlier_runs,
    ):
        found = refine(found, seen, sides)
    return found


def diagnose_without_doctor(version: str, logs: LogEvidence) -> Diagnosis:
    """The verdict on a machine whose client is older than doctor: its logs alone can tell."""
    if _is_proven_by(logs):
        return Diagnosis(*_logged(logs), (_told(logs),))
    found = no_doctor(version)
    return found._replace(evidence=(*found.evidence, *_log_lines(logs)))


def _sides(run: DoctorRun) -> _Sides | None:
    if not isinstance(run, DoctorReport) or not {HTTP, WEBSOCKET} <= run.checks.keys():
        return None
    return _Sides(run, http_side(run.checks[HTTP]), websocket_side(run.checks[WEBSOCKET]))


def _by_login(found: Diagnosis, seen: Observed, sides: _Sides | None) -> Diagnosis:
    """Tell a login that is not there from one that this session cannot open, or one too many."""
    login = seen.login
    if login is None or sides is None or sides.http.mode == "provider auth":
        return found
    from ._login import conflicting, sends_nothing

    told = (*found.evidence, f"codex login status: {login.status}")
    if found.verdict == "websocket_blocked" and sends_nothing(login):
        found = Diagnosis("auth_missing", "no_credentials", found.evidence)
    if found.verdict == "auth_missing" and login.store in _STORES:
        return Diagnosis("inconclusive", _STORES[login.store], told)
    overruling = conflicting(login)
    if overruling and found.verdict in ("websocket_blocked", "auth_missing", "inconclusive"):
        # Measured with 0.169.0: doctor then asks another host than an interactive session does.
        named = f"set beside the login: {', '.join(overruling)}"
        return Diagnosis("auth_conflict", "api_key_beside_login", (*told, named))
    if found.cause in ("no_credentials", "login_not_shown", "credentials_rejected"):
        return found._replace(evidence=told)
    return found


def _by_snippet(found: Diagnosis, seen: Observed, _sides: _Sides | None) -> Diagnosis:
    """A snippet that misses its purpose is broken, however green doctor is."""
    judged = ("healthy", "http_only", "websocket_blocked", "config_invalid")
    if seen.snippet is None or found.verdict not in judged:
        return found
    if found.verdict == "config_invalid" and seen.snippet.cause != "legacy_profile":
        return found
    evidence = (*found.evidence, seen.snippet.evidence)
    return Diagnosis("http_only_broken", seen.snippet.cause, evidence)


def _by_proxies(found: Diagnosis, seen: Observed, sides: _Sides | None) -> Diagnosis:
    """A proxy setting that explains the failure is mended before any transport is turned off."""
    judged = (
        "network_unreachable",
        "websocket_blocked",
        "managed_elsewhere",
        "proxy_misconfigured",
    )
    if sides is None or found.verdict not in judged:
        return found
    from ._proxy_cause import explaining

    proxies = seen.proxies
    problem = explaining(
        proxies.problems, sides.http, sides.websocket, seen.routes, proxies.no_proxy
    )
    if problem is not None:
        told = f"{problem.variable} ({problem.source}): {problem.detail}"
        return Diagnosis("proxy_misconfigured", problem.name, (*found.evidence, told))
    by_proxy = ("websocket_blocked", "proxy_misconfigured")
    if found.verdict in by_proxy and not seen.proxies.readable:
        told = seen.proxies.dotenv_problem or ".env cannot be read"
        return Diagnosis("inconclusive", "proxy_not_checked", (*found.evidence, told))
    if found.cause == "proxy_credentials" and seen.proxies.https is not None:
        from ._proxy_url import address_of

        url = seen.proxies.https
        has = "with a user name" if url.has_credentials else "without a user name and password"
        told = f"the proxy ({seen.proxies.source}): {address_of(url)}, {has}"
        return found._replace(evidence=(*found.evidence, told))
    return found


def _by_certificates(found: Diagnosis, seen: Observed, sides: _Sides | None) -> Diagnosis:
    """A file of certificate authorities that cannot be used breaks the WebSocket by itself."""
    if not seen.certificates or sides is None:
        return found
    told = tuple(f"{one.variable} names {one.path}: {one.problem}" for one in seen.certificates)
    if found.verdict == "network_unreachable":
        return Diagnosis("network_unreachable", "certificate_file", (*found.evidence, *told))
    # Measured with 0.169.0: such a file keeps WebSockets from being opened while HTTP goes on.
    if sides.websocket.failure or sides.websocket.outcome == "failed":
        return Diagnosis("inconclusive", "certificate_file", (*found.evidence, *told))
    return found


def _by_logs(found: Diagnosis, seen: Observed, sides: _Sides | None) -> Diagnosis:
    """What doctor's handshake cannot see: WebSockets that fail after it (13041, 32366)."""
    doubtful = found.cause in ("intermittent", "service_error")
    if found.cause == "intermittent" and sides is not None and sides.websocket.status == 426:
        # Now the client is asked for HTTP, and loses no time.
        return found
    if sides is None or not (doubtful or found.cause == "handshake_ok"):
        return found
    if seen.logs.outcome not in _READ and not doubtful:
        return Diagnosis("inconclusive", "logs_not_read", (*found.evidence, _told(seen.logs)))
    told = (*found.evidence, *_log_lines(seen.logs))
    if not _is_proven_by(seen.logs):
        if _are_many(seen.logs.fallbacks, seen.logs.threads) and not (
            doubtful or seen.logs.completed_since
        ):
            # Some fail and some work, and the last one failed.
            return Diagnosis("inconclusive", "intermittent", told)
        return found._replace(evidence=told)
    if seen.holds_old_environment:
        # Doctor tries the new settings, while the log may tell of the old ones.
        return Diagnosis("inconclusive", "restart_required", told)
    said = _logged(seen.logs)
    if said == (found.verdict, found.cause) == _SERVICE_ERROR:
        # Doctor meets what the log tells of: it has not passed.
        said = ("websocket_blocked", "logged_server_error")
    verdict, cause = _why_not_curable(seen.provider, sides) or said
    return Diagnosis(verdict, cause, told)


def _logged(logs: LogEvidence) -> tuple[str, str]:
    """What fallbacks that are many enough say."""
    # Where WebSockets are blocked, the first turn of a user's own thread falls back as well.
    if logs.only_subagents:
        return "inconclusive", "only_in_subagents"
    if logs.only_after_idle:
        return "inconclusive", "only_after_idle"
    if logs.cause == "proxy_scheme":
        return "proxy_misconfigured", "logged_proxy_scheme"
    if logs.cause == "certificate":
        return "inconclusive", "certificate_trust"
    if logs.cause == "server_error":
        # Many turns of one outage are many fallbacks; that it is over nobody logs (35323).
        return _SERVICE_ERROR
    return "websocket_blocked", f"logged_{logs.cause}"


def _by_earlier_runs(found: Diagnosis, seen: Observed, sides: _Sides | None) -> Diagnosis:
    """A server error that is there an hour later is no outage that ends by itself (35323)."""
    since = seen.service_error_since
    if sides is None or since is None or since < LASTING or found.cause != "service_error":
        return found
    if any(judge((run,), seen.provider).cause != "service_error" for run in seen.runs):
        return found
    if seen.snippet is not None or _why_not_curable(seen.provider, sides):
        return found
    told = (*found.evidence, f"a server error {since / 3600:.0f} hours ago and now")
    lasting = Diagnosis("websocket_blocked", "server_error_lasting", told)
    return _by_proxies(lasting, seen, sides)


def _why_not_curable(provider: Provider, sides: _Sides) -> tuple[str, str] | None:
    if sides.http.outcome != "answered":
        return "inconclusive", "refused_alike"
    doubt = login_doubt(sides.report, sides.websocket, sides.http)
    if doubt:
        return doubt
    elsewhere = decided_elsewhere(provider)
    return ("managed_elsewhere", elsewhere) if elsewhere else None


def _is_proven_by(logs: LogEvidence) -> bool:
    # A turn that was completed over a WebSocket since then says that the failure has passed.
    return _are_many(*(logs.in_a_row or (logs.fallbacks, logs.threads))) and (
        not logs.completed_since
    )


def _are_many(fallbacks: int, threads: int) -> bool:
    return fallbacks >= LEAST_FALLBACKS and threads >= LEAST_THREADS


def _log_lines(logs: LogEvidence) -> tuple[str, ...]:
    return (_told(logs),) if logs.fallbacks or logs.outcome not in _READ else ()


def _told(logs: LogEvidence) -> str:
    if logs.outcome not in _READ:
        return f"the client's log database: {logs.outcome}"
    completed = f", {logs.completed_since} completed since" if logs.completed_since else ""
    return f"logged: {logs.fallbacks} fallbacks in {logs.threads} threads{completed}"
