# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``codex doctor --json`` says, as typed values.

This module util is PRIVATE to the collection. The reports of 0.131.0 to
0.169.0 have one shape (``schemaVersion`` 1); only the checks named here are
kept, for the full report holds paths and settings that are nobody's business.
"""

from __future__ import annotations

import json
import re
import typing as t

from ._process import Outcome
from ._text import clean

SCHEMA_VERSION = 1

CONFIG = "config.load"
HTTP = "network.provider_reachability"
WEBSOCKET = "network.websocket_reachability"
AUTH = "auth.credentials"
NETWORK_ENV = "network.env"
APP_SERVER = "app_server.status"
_KEPT = (CONFIG, HTTP, WEBSOCKET, AUTH, NETWORK_ENV, APP_SERVER)

_MOST_DETAILS = 100

# Of a network error that is told (up to 0.164; from 0.166 on all are "[redacted]"), the words that
# name a cause are kept and what they may quote is not.
_NETWORK_ERROR = re.compile(
    r"^(network error\b(?:: (?:invalid peer certificate\b(?:: [A-Za-z]{1,40}\b)?"
    r"|URL error: Proxy URL scheme not supported"
    r"|URL error: Proxy connection failed: HTTP CONNECT failed with status \d{3}\b))?).*$"
)


class Check(t.NamedTuple):
    """One check of the report; strings are bounded and printable."""

    status: str
    """``ok``, ``warning`` or ``fail``."""
    summary: str
    details: t.Mapping[str, str]


class DoctorReport(t.NamedTuple):
    """One doctor run that answered."""

    flavour: str
    """``network-only`` or ``full``."""
    seconds: float
    checks: t.Mapping[str, Check]


class NoReport(t.NamedTuple):
    """One doctor run that gave nothing to judge by."""

    cause: str
    """doctor_timed_out, doctor_printed_too_much, doctor_not_json, doctor_unknown_schema or
    doctor_not_runnable."""
    detail: str
    seconds: float


DoctorRun = t.Union[DoctorReport, NoReport]


def doctor_arguments(flavour: str, overrides: t.Sequence[str]) -> list[str]:
    """The command line of one doctor run; ``overrides`` are ``key=TOML value``."""
    arguments = ["doctor", "--json"]
    if flavour == "network-only":
        arguments.append("--network-only")
    for override in overrides:
        arguments += ["-c", override]
    return arguments


def read_run(outcome: Outcome, flavour: str) -> DoctorRun:
    """Turn what one doctor run printed into a report, or say why there is none.

    The exit status is not looked at: it is 0 while the WebSocket fails and 1
    for a full disk (seen with 0.131.0 to 0.169.0).
    """
    if outcome.ended == "timeout":
        return NoReport(
            "doctor_timed_out", f"doctor was ended after {outcome.seconds:.0f} s", outcome.seconds
        )
    if outcome.ended == "output":
        return NoReport("doctor_printed_too_much", "doctor printed without end", outcome.seconds)
    try:
        document = json.loads(outcome.stdout.decode("utf-8"))
    except (ValueError, RecursionError):
        return NoReport(
            "doctor_not_json",
            f"doctor ended with {outcome.returncode} and no JSON: {_said(outcome.stderr)}",
            outcome.seconds,
        )
    if not isinstance(document, dict) or document.get("schemaVersion") != SCHEMA_VERSION:
        return NoReport(
            "doctor_unknown_schema", "doctor's report has an unknown schemaVersion", outcome.seconds
        )
    checks = document.get("checks")
    if not isinstance(checks, dict):
        return NoReport("doctor_unknown_schema", "doctor's report has no checks", outcome.seconds)
    kept = {key: check for key in _KEPT for check in [_read_check(checks.get(key))] if check}
    return DoctorReport(flavour, outcome.seconds, kept)


def _said(stderr: bytes) -> str:
    text = stderr.decode("utf-8", "replace").strip()
    if "panicked" in text:
        # Over a NUL byte in .env 0.169.0 quotes the variable with its value, a password perhaps.
        return "it crashed"
    return clean(_without_secrets(text), 120) if text else "nothing on stderr"


def _read_check(raw: t.Any) -> Check | None:
    if not isinstance(raw, dict):
        return None
    details = raw.get("details")
    pairs = list(details.items())[:_MOST_DETAILS] if isinstance(details, dict) else []
    return Check(
        clean(raw.get("status"), 20),
        clean(raw.get("summary")),
        {clean(key, 120): _without_secrets(_as_text(value)) for key, value in pairs},
    )


def _as_text(value: t.Any) -> str:
    if isinstance(value, list):
        return clean(", ".join(clean(item, 100) for item in value[:20]))
    return clean(value)


def _without_secrets(text: str) -> str:
    # Up to 0.164 the server's error body stood here, and up to 0.136 the whole base_url, which
    # may hold a password or a key in its query; neither is ours to carry away. A password may
    # have been cut short.
    text = re.sub(r"^(http \d{3}\b(?: [A-Za-z-]{1,20}){0,4}).*$", r"\1", text)
    text = _NETWORK_ERROR.sub(r"\1", text)
    text = re.sub(r"(://[^\s?]*)\?\S*", r"\1", text)
    text = re.sub(r"://\S*@", "://", text)
    return re.sub(r"://[^/@\s]*\.\.\.(?=,|$)", "://", text)
