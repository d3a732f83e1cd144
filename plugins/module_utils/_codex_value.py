# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen, as the plain values that codex_info returns. Pure.

This module util is PRIVATE to the collection. Every string is made printable
and bounded here, whatever has been done to it before.
"""

from __future__ import annotations

import datetime
import typing as t

from ._doctor import AUTH, CONFIG, HTTP, WEBSOCKET, Check, DoctorReport, DoctorRun
from ._home import CodexHome
from ._layers import Layers, Provider
from ._observations import Finding, LogEvidence, Login, ProxySettings, ProxyUrl, Routes
from ._text import clean
from ._verdicts import Diagnosis

if t.TYPE_CHECKING:
    from ._live import Live
    from ._observation_record import Observations
    from ._recovery import Recovery

_MOST_ENTRIES = 50

_DETAILS = {
    "config": ("error", "startup warning"),
    "http": (),
    "websocket": (
        "handshake transport error",
        "handshake result",
        "immediate close code",
        "endpoint",
    ),
    "auth": (),
}


def home_value(home: CodexHome) -> dict[str, t.Any]:
    """The value ``home``."""
    return {"path": home.path, "exists": home.exists, "owner": home.owner, "origin": home.origin}


def provider_value(provider: Provider, layers: Layers, run: DoctorRun | None) -> dict[str, t.Any]:
    """The value ``provider``; ``run`` is the last doctor run, None for none."""
    check = run.checks.get(WEBSOCKET) if isinstance(run, DoctorReport) else None
    told = check.details.get("supports websockets") if check else None
    return {
        "active": clean(provider.active, 80),
        "origin": provider.origin,
        "websockets": None if told is None else told == "true",
        "problems": list(layers.problems),
    }


def proxy_value(proxies: ProxySettings) -> dict[str, t.Any]:
    """The value ``proxy``."""
    return {
        "source": proxies.source,
        "readable": proxies.readable,
        "https": _url_value(proxies.https),
        "http": _url_value(proxies.http),
        "all": _url_value(proxies.all),
        "no_proxy": [clean(entry, 100) for entry in proxies.no_proxy[:_MOST_ENTRIES]],
        "problems": [
            {
                "name": problem.name,
                "variable": clean(problem.variable, 40),
                "source": problem.source,
                "detail": clean(problem.detail),
                "repaired": None if problem.repaired is None else clean(problem.repaired),
            }
            for problem in proxies.problems[:_MOST_ENTRIES]
        ],
    }


def routes_value(routes: Routes | None) -> dict[str, t.Any] | None:
    """The value ``routes``; None where they were not tried."""
    if routes is None:
        return None
    return {
        "host": clean(routes.host, 100),
        "direct": routes.direct,
        "proxy": routes.proxy,
        "other": routes.other,
    }


def login_value(login: Login | None) -> dict[str, t.Any] | None:
    """The value ``login``; None where it was not asked for."""
    if login is None:
        return None
    return {
        "store": login.store,
        "status": login.status,
        "api_key_variables": list(login.api_key_variables),
    }


def logs_value(logs: LogEvidence) -> dict[str, t.Any]:
    """The value ``logs``; ``last_seen`` is UTC in ISO 8601."""
    return {
        "outcome": logs.outcome,
        "fallbacks": logs.fallbacks,
        "threads": logs.threads,
        "last_seen": _time_value(logs.last_seen),
        "cause": logs.cause,
        "completed_since": logs.completed_since,
    }


def observed_value(observations: Observations) -> dict[str, dict[str, str | None]]:
    """The value ``observed``; times are UTC in ISO 8601."""
    return {
        cause: {"first": _time_value(one.first), "last": _time_value(one.last)}
        for cause, one in observations.items()
    }


def recovery_value(recovery: Recovery | None, scope: str, now: float) -> dict[str, t.Any] | None:
    """The value ``recovery``, None for none; ages are in seconds ``now`` (since the epoch)."""
    if recovery is None:
        return None
    from ._recovery_record import standing

    seen = standing(recovery, now)
    return {
        "state": recovery.state,
        "attempts": recovery.attempts,
        "since": _time_value(recovery.since),
        "age": round(seen.age, 1),
        "tried_age": None if seen.tried_age is None else round(seen.tried_age, 1),
        "revision": recovery.revision,
        "scope": scope,
        "provider": recovery.provider,
        "event": recovery.history[-1].event,
        "why": clean(recovery.history[-1].why),
    }


def doctor_value(runs: t.Sequence[DoctorRun]) -> dict[str, t.Any]:
    """The value ``doctor`` after all runs."""
    last = runs[-1]
    value: dict[str, t.Any] = {
        "ran": isinstance(last, DoctorReport),
        "flavour": last.flavour if isinstance(last, DoctorReport) else "none",
        "probes": len(runs),
        "seconds": round(sum(one.seconds for one in runs), 2),
    }
    if isinstance(last, DoctorReport):
        for name, key in (
            ("config", CONFIG),
            ("http", HTTP),
            ("websocket", WEBSOCKET),
            ("auth", AUTH),
        ):
            check = last.checks.get(key)
            value[name] = _check_value(name, check) if check else None
        mode = (value["websocket"] or {}).pop("auth_mode", None)
        value["auth"] = {"mode": mode, "summary": (value["auth"] or {}).get("summary")}
    return value


def finding_value(finding: Finding) -> dict[str, str]:
    """One item of ``findings``."""
    return {
        "name": finding.name,
        "detail": clean(finding.detail),
        "advice": clean(finding.advice),
    }


def live_value(live: Live | None) -> dict[str, t.Any] | None:
    """The value ``live``; None where no turn was asked for, or none was possible."""
    if live is None:
        return None
    return {
        "answered": live.answered,
        "seconds": round(live.seconds, 2),
        "reconnect_lines": live.reconnect_lines,
        "fell_back": live.fell_back,
        "problem": clean(live.problem),
    }


def diagnosis_value(diagnosis: Diagnosis) -> dict[str, t.Any]:
    """The value ``diagnosis``."""
    return {
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "evidence": [clean(line) for line in diagnosis.evidence],
        "remedy": diagnosis.remedy,
        "advice": diagnosis.advice,
    }


def _url_value(url: ProxyUrl | None) -> dict[str, t.Any] | None:
    if url is None:
        return None
    return {
        "scheme": clean(url.scheme, 20),
        "host": clean(url.host, 100),
        "port": url.port,
        "has_credentials": url.has_credentials,
    }


def _time_value(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_value(name: str, check: Check) -> dict[str, t.Any]:
    details = {key: value for key, value in check.details.items() if key in _DETAILS[name]}
    if name == "http":
        details.update({key: value for key, value in check.details.items() if key.endswith("URL")})
    value = {
        "status": check.status,
        "summary": check.summary,
        "detail": clean("; ".join(f"{key}: {text}" for key, text in details.items())),
    }
    if name == "http":
        value["mode"] = check.details.get("reachability mode", "")
    if name == "websocket":
        value["auth_mode"] = check.details.get("auth mode", "")
    return value
