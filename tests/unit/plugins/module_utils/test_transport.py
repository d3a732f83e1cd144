# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says about each transport, whatever the client's version."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    CONFIG,
    HTTP,
    WEBSOCKET,
    Check,
    DoctorReport,
    read_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._transport import (
    http_side,
    websocket_side,
)
from support.doctor_samples import (
    FOLDER,
    OFF,
    OPEN,
    answered,
    printed,
    refused,
    unreachable,
    websocket,
)
from support.recorded_reports import OLDER_CLIENTS


@pytest.mark.parametrize(
    ("check", "outcome", "status", "detail"),
    [
        pytest.param(OPEN, "open", None, "Responses WebSocket handshake succeeded", id="open"),
        pytest.param(
            OFF,
            "disabled",
            None,
            "Responses WebSocket is not enabled for the active provider",
            id="disabled",
        ),
        pytest.param(refused(403), "refused", 403, "http 403 Whatever: [redacted]", id="refused"),
        pytest.param(
            websocket(handshake_transport_error="network error: [redacted]"),
            "failed",
            None,
            "network error: [redacted]",
            id="failed",
        ),
        pytest.param(
            websocket("timed out; HTTPS fallback may still work"),
            "timed_out",
            None,
            "Responses WebSocket timed out; HTTPS fallback may still work",
            id="timed-out",
        ),
        pytest.param(
            websocket("closed immediately after handshake", immediate_close_code="1008"),
            "closed",
            None,
            "closed with code 1008",
            id="closed",
        ),
        pytest.param(
            websocket("failed", immediate_close_code="1011"),
            "closed",
            None,
            "closed with code 1011",
            id="closed-by-its-code-alone",
        ),
        pytest.param(
            websocket("timed out", "fail"),
            "timed_out",
            None,
            "Responses WebSocket timed out",
            id="fail-as-well-as-a-warning",
        ),
        pytest.param(
            websocket("timed out", "skipped"),
            "unknown",
            None,
            "Responses WebSocket timed out",
            id="no-status-of-doctor",
        ),
        pytest.param(
            websocket("closed immediately after handshake"),
            "closed",
            None,
            "Responses WebSocket closed immediately after handshake",
            id="closed-without-code",
        ),
        pytest.param(
            websocket("endpoint could not be built"),
            "unknown",
            None,
            "Responses WebSocket endpoint could not be built",
            id="other-summary",
        ),
        pytest.param(
            websocket(handshake_transport_error="http 4033 x"),
            "unknown",
            None,
            "http 4033 x",
            id="no-status",
        ),
        pytest.param(Check("", "", {}), "unknown", None, "", id="empty"),
    ],
)
def test_the_websocket_side(check: Check, outcome: str, status: int | None, detail: str) -> None:
    side = websocket_side(check)
    assert (side.outcome, side.status, side.detail) == (outcome, status, detail)
    assert side.auth_mode == check.details.get("auth mode")


SETUP = (
    "failed to configure websocket TLS: Failed to read CA certificate file /nonexistent.pem "
    "selected by CODEX_CA_CERTIFICATE: No such file or directory (os error 2)."
)


@pytest.mark.parametrize(
    ("details", "outcome", "failure", "detail"),
    [
        pytest.param({}, "unknown", "", "Responses WebSocket failed", id="nothing-told"),
        pytest.param(
            {"handshake_transport_error": "network error: invalid peer certificate: UnknownIssuer"},
            "failed",
            "certificate",
            "network error: invalid peer certificate: UnknownIssuer",
            id="peer-certificate",
        ),
        pytest.param(
            {
                "handshake_transport_error": "network error: URL error: Proxy URL scheme not "
                "supported"
            },
            "failed",
            "proxy_scheme",
            "network error: URL error: Proxy URL scheme not supported",
            id="proxy-scheme",
        ),
        pytest.param(
            {"handshake_stream_error": SETUP},
            "unknown",
            "certificate",
            f"handshake stream error: {SETUP}",
            id="own-certificates",
        ),
        pytest.param(
            {"handshake_stream_error": "[redacted]"},
            "unknown",
            "setup",
            "handshake stream error: [redacted]",
            id="gave-up-0.166",
        ),
        pytest.param(
            {"handshake_transport_error": "network error: [redacted]"},
            "failed",
            "",
            "network error: [redacted]",
            id="redacted",
        ),
    ],
)
def test_why_the_websocket_failed(
    details: dict[str, str], outcome: str, failure: str, detail: str
) -> None:
    side = websocket_side(websocket(**details))
    assert (side.outcome, side.failure, side.detail) == (outcome, failure, detail)


def reached(*lines: tuple[str, str]) -> Check:
    return Check("ok", "active provider endpoints are reachable over HTTP", dict(lines))


@pytest.mark.parametrize(
    ("check", "outcome", "failure", "detail"),
    [
        pytest.param(answered(405), "answered", "", "HTTP 405", id="405"),
        pytest.param(answered(401), "answered", "", "HTTP 401", id="401"),
        pytest.param(answered(403), "answered_otherwise", "", "HTTP 403", id="403"),
        pytest.param(answered(200), "answered_otherwise", "", "HTTP 200", id="a-page"),
        pytest.param(answered(404), "answered_otherwise", "", "HTTP 404", id="404"),
        pytest.param(
            reached(("fake API base URL", "http://gw/v1 reachable (HTTP 404)")),
            "answered",
            "",
            "HTTP 404",
            id="404-at-the-base-url-of-older-clients",
        ),
        pytest.param(
            reached(
                ("a API inference URL", "http://gw/v1 reachable (HTTP 405)"),
                ("b API inference URL", "http://gw/v1 reachable (HTTP 403)"),
            ),
            "answered_otherwise",
            "",
            "HTTP 405, HTTP 403",
            id="one-of-two-refused",
        ),
        pytest.param(
            reached(("a API route probe", "http://gw/v1 route exists (HTTP 200)")),
            "unknown",
            "",
            "active provider endpoints are reachable over HTTP",
            id="route-alone",
        ),
        pytest.param(
            Check("ok", "active provider has no HTTP endpoint to probe", {}),
            "no_endpoint",
            "",
            "active provider has no HTTP endpoint to probe",
            id="nothing-to-probe",
        ),
        pytest.param(
            Check("warning", "warned", answered(405).details), "unknown", "", "warned", id="warning"
        ),
        pytest.param(
            unreachable("lookup failed"),
            "failed",
            "dns",
            "https://api.openai.com/v1/<redacted> lookup failed (required)",
            id="dns",
        ),
        pytest.param(
            unreachable("request timed out"),
            "failed",
            "timeout",
            "https://api.openai.com/v1/<redacted> request timed out (required)",
            id="timeout",
        ),
        pytest.param(Check("fail", "all is lost", {}), "failed", "other", "all is lost", id="fail"),
        pytest.param(Check("", "", {}), "unknown", "", "", id="empty"),
    ],
)
def test_the_http_side(check: Check, outcome: str, failure: str, detail: str) -> None:
    side = http_side(check)
    assert (side.outcome, side.failure, side.detail) == (outcome, failure, detail)
    assert side.mode == check.details.get("reachability mode", "")


VERSIONS = FOLDER / "versions"

# The outcome of each side, and what its failure is called; None where doctor left the check out.
RECORDED: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]] = {
    "doctor.0.131.0.apikey.authority-unknown": (("failed", "certificate"), ("failed", "connect")),
    "doctor.0.131.0.apikey.ca-file-missing": (("unknown", "certificate"), ("answered", "")),
    "doctor.0.131.0.apikey.cured": (("disabled", ""), ("answered", "")),
    "doctor.0.131.0.apikey.everything-reset": (("failed", ""), ("failed", "other")),
    "doctor.0.131.0.apikey.proxy-credentials-rejected": (
        ("failed", "proxy_credentials"),
        ("failed", "connect"),
    ),
    "doctor.0.131.0.apikey.proxy-url-without-scheme": (
        ("failed", "proxy_scheme"),
        ("answered", ""),
    ),
    "doctor.0.131.0.apikey.ws-http-426": (("refused", ""), ("answered", "")),
    "doctor.0.131.0.chatgpt.ws-http-403": (("refused", ""), ("answered", "")),
    # Of a default that nobody configured.
    "doctor.0.131.0.config-malformed": (None, ("answered", "")),
    "doctor.0.131.0.no-credentials.ws-http-401": (("refused", ""), ("answered", "")),
    "doctor.0.150.0.apikey.authority-unknown": (("failed", "certificate"), ("failed", "tls")),
    "doctor.0.150.0.apikey.ca-file-missing": (("unknown", "certificate"), ("answered", "")),
    "doctor.0.150.0.apikey.proxy-credentials-rejected": (
        ("failed", "proxy_credentials"),
        ("failed", "proxy_credentials"),
    ),
    "doctor.0.150.0.apikey.proxy-url-without-scheme": (
        ("failed", "proxy_scheme"),
        ("answered", ""),
    ),
    "network-only.0.166.0.apikey.cured": (("disabled", ""), ("answered", "")),
    "network-only.0.166.0.apikey.ws-http-403": (("refused", ""), ("answered", "")),
    "network-only.0.166.0.config-malformed": (None, None),
    "network-only.0.166.0.no-credentials.ws-http-401": (("refused", ""), ("answered", "")),
    "network-only.0.169.0.apikey.authority-unknown": (("failed", ""), ("failed", "tls")),
    "network-only.0.169.0.apikey.proxy-credentials-rejected": (
        ("failed", ""),
        ("failed", "proxy_credentials"),
    ),
    "network-only.0.169.0.apikey.ca-file-missing": (("unknown", "setup"), ("answered", "")),
    **{
        f"doctor.0.{minor}.0.ws-http-403": (("refused", ""), ("answered", ""))
        for minor in OLDER_CLIENTS
    },
}


def test_every_recorded_report_is_listed() -> None:
    assert sorted(RECORDED) == sorted(path.stem for path in VERSIONS.glob("*.json"))


@pytest.mark.parametrize("name", RECORDED)
def test_each_generation_is_understood(name: str) -> None:
    run = read_run(printed((VERSIONS / f"{name}.json").read_bytes()), "full")
    assert isinstance(run, DoctorReport)
    assert (run.checks[CONFIG].status == "fail") is ("malformed" in name)
    sides = [
        judge(run.checks[key]) if key in run.checks else None
        for key, judge in ((WEBSOCKET, websocket_side), (HTTP, http_side))
    ]
    assert tuple(side and (side.outcome, side.failure) for side in sides) == RECORDED[name]
