# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Doctor runs and providers made at random, most of which nearly prove something."""

from __future__ import annotations

from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    AUTH,
    CONFIG,
    HTTP,
    WEBSOCKET,
    Check,
    DoctorReport,
    DoctorRun,
    NoReport,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from hypothesis import strategies

from .diagnosis_cases import HANG
from .doctor_cases import GATEWAY
from .doctor_samples import BUILT_IN, OFF, own_provider, refused, report

# Words and values that doctor uses, broken ones, and whatever else there is.
_WORDS = strategies.sampled_from(
    [
        *("ok", "warning", "fail", "true", "false", "none", "api_key", "chatgpt", "", "1008"),
        "Responses WebSocket handshake succeeded",
        "Responses WebSocket failed; HTTPS fallback may still work",
        "Responses WebSocket timed out; HTTPS fallback may still work",
        "Responses WebSocket closed immediately after handshake",
        "active provider has no HTTP endpoint to probe",
        *(f"http {status} x" for status in (0, 101, 200, 401, 403, 407, 426, 429, 500, 999)),
        *("http 40", "http 4033", "HTTP 403", "network error: [redacted]"),
        *(f"https://h/ reachable (HTTP {status})" for status in (401, 403, 404, 405)),
        *("https://h/ connect failed (required)", "ChatGPT auth", "provider auth"),
    ]
)
_TEXTS = strategies.one_of(_WORDS, strategies.text(max_size=20))
_KEYS = strategies.sampled_from(
    [
        *("supports websockets", "handshake transport error", "immediate close code"),
        *("auth mode", "reachability mode", "proxy env vars present"),
        *("openai API inference URL", "fake API base URL"),
    ]
)
_CHECKS = strategies.builds(
    Check, _TEXTS, _TEXTS, strategies.dictionaries(_KEYS, _TEXTS, max_size=6)
)


_GONE = strategies.none()


def _near(check: Check) -> strategies.SearchStrategy[Check]:
    """Checks that differ from ``check`` in one word."""
    keys = sorted(check.details) or ["no detail"]
    return strategies.one_of(
        strategies.builds(lambda word: check._replace(status=word), _TEXTS),
        strategies.builds(lambda word: check._replace(summary=word), _TEXTS),
        strategies.builds(
            lambda key, word: check._replace(details={**check.details, key: word}),
            strategies.sampled_from(keys),
            _TEXTS,
        ),
    )


def _runs_near(whole: DoctorReport) -> strategies.SearchStrategy[DoctorRun]:
    """Runs that differ from ``whole`` in a check or two: most of them nearly prove something."""

    def damaged(changes: dict[str, Check | None]) -> DoctorReport:
        checks = {**whole.checks, **changes}
        return DoctorReport("full", 0.3, {key: check for key, check in checks.items() if check})

    changes = {
        key: strategies.one_of(*(() if check is None else (_near(check),)), _CHECKS, _GONE)
        for key, check in ((key, whole.checks.get(key)) for key in (AUTH, CONFIG, HTTP, WEBSOCKET))
    }
    pairs = [strategies.fixed_dictionaries({key: change}) for key, change in changes.items()]
    two = strategies.builds(lambda one, other: {**one, **other}, *[strategies.one_of(pairs)] * 2)
    return strategies.one_of(*pairs, two).map(damaged)


RUNS = strategies.one_of(
    _runs_near(report(refused(403))),
    _runs_near(report(OFF)),
    _runs_near(report(HANG)),
    strategies.builds(NoReport, strategies.just("doctor_not_json"), _TEXTS, strategies.just(0.0)),
)
PROVIDERS = strategies.one_of(
    strategies.sampled_from([BUILT_IN, GATEWAY, Provider("corp", "managed", {}, "managed")]),
    strategies.dictionaries(
        strategies.sampled_from(["base_url", "requires_openai_auth", "env_key", "aws"]),
        strategies.one_of(_TEXTS, strategies.booleans(), strategies.integers()),
    ).map(lambda table: own_provider("mine", **table)),
)


def counted_failure(run: DoctorRun) -> bool:
    """Whether a report proves a WebSocket failure, by the rule of the published facts alone."""
    if isinstance(run, NoReport) or not {CONFIG, HTTP, WEBSOCKET} <= run.checks.keys():
        return False
    details = run.checks[WEBSOCKET].details
    error = details.get("handshake transport error", "")
    return (
        run.checks[CONFIG].status in ("ok", "warning")
        and run.checks[HTTP].status == "ok"
        and any("reachable (HTTP 40" in text for text in run.checks[HTTP].details.values())
        and details.get("supports websockets") == "true"
        and run.checks[WEBSOCKET].status in ("warning", "fail")
        and not error.startswith(("http 401", "http 426", "http 5"))
        and (
            details.get("auth mode") != "none"
            or run.checks[HTTP].details.get("reachability mode") == "provider auth"
        )
    )
