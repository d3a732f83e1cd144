# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded output of `codex doctor --json`, 0.131.0 to 0.169.0, and reports made by hand."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    AUTH,
    CONFIG,
    HTTP,
    WEBSOCKET,
    Check,
    DoctorReport,
    DoctorRun,
    read_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "fixtures/doctor"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json"))

BUILT_IN = Provider("openai", "default", None, "")
"""A user without a word about providers."""


def printed(stdout: bytes, ended: str = "exit", stderr: bytes = b"") -> Outcome:
    """Return the outcome of a doctor that printed `stdout`."""
    return Outcome(ended, 0, stdout, stderr, 0.3)


def recorded(name: str) -> DoctorRun:
    """Return the run recorded in `tests/fixtures/doctor/<name>`."""
    flavour = "network-only" if "/network-only." in name else "full"
    return read_run(printed((FOLDER / name).read_bytes()), flavour)


def own_provider(provider: str, **keys: t.Any) -> Provider:
    """Return an active provider whose table in the user's config.toml is `keys`."""
    return Provider(provider, "user", keys, "user")


def websocket(summary: str = "failed", status: str = "warning", **details: str) -> Check:
    """Return a WebSocket check; underscores in the names of `details` stand for blanks."""
    named = {key.replace("_", " "): value for key, value in details.items()}
    kept = {"auth mode": "api_key", "supports websockets": "true", **named}
    return Check(status, f"Responses WebSocket {summary}", kept)


def refused(status: int, **details: str) -> Check:
    """Return the WebSocket check of an upgrade that was answered with `status`."""
    error = f"http {status} Whatever: [redacted]"
    return websocket(handshake_transport_error=error, **details)


OPEN = websocket("handshake succeeded", "ok")
OFF = websocket("is not enabled for the active provider", "ok", supports_websockets="false")


def answered(status: int = 405, mode: str = "API key auth") -> Check:
    """Return the HTTP check of an endpoint that answered with `status`."""
    reached = f"https://api.openai.com/v1/<redacted> reachable (HTTP {status})"
    details = {"openai API inference URL": reached, "reachability mode": mode}
    return Check("ok", "active provider endpoints are reachable over HTTP", details)


def unreachable(why: str = "connect failed") -> Check:
    """Return the HTTP check of an endpoint that cannot be reached."""
    failed = f"https://api.openai.com/v1/<redacted> {why} (required)"
    details = {"openai API inference URL": failed, "reachability mode": "API key auth"}
    return Check("fail", "one or more required provider endpoints are unreachable", details)


def report(
    websocket_check: Check | None,
    http_check: Check | None = None,
    config: Check | None = None,
    auth: Check | None = None,
) -> DoctorReport:
    """Return a report of these checks; HTTP answers and the configuration loads unless given."""
    checks = {
        CONFIG: config or Check("ok", "config loaded", {}),
        HTTP: http_check or answered(),
        WEBSOCKET: websocket_check,
        AUTH: auth,
    }
    return DoctorReport("full", 0.3, {key: check for key, check in checks.items() if check})


def as_json(run: DoctorReport) -> bytes:
    """Return `run` as doctor would print it."""
    checks = {
        key: {"status": check.status, "summary": check.summary, "details": dict(check.details)}
        for key, check in run.checks.items()
    }
    return json.dumps({"schemaVersion": 1, "checks": checks}).encode()
