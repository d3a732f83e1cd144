# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one doctor run means by itself: reports made by hand."""

from __future__ import annotations

from ansible_collections.devfleet.codex.plugins.module_utils import _verdicts
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    Check,
    DoctorReport,
    DoctorRun,
    NoReport,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider

from .doctor_samples import (
    BUILT_IN,
    OFF,
    OPEN,
    answered,
    own_provider,
    refused,
    report,
    unreachable,
    websocket,
)

Pair = tuple[str, str]

BLOCKED = ("websocket_blocked", "upgrade_refused")
HEALTHY = ("healthy", "handshake_ok")
OFF_AND_WORKS = ("http_only", "websockets_off")
CUT = ("websocket_blocked", "connection_failed")
NO_CREDENTIALS = ("auth_missing", "no_credentials")
UNTRUSTED = ("inconclusive", "certificate_trust")
NOT_UNDERSTOOD = ("inconclusive", "unknown_wording")

GATEWAY = own_provider("fake", base_url="http://127.0.0.1:8801/v1", wire_api="responses")
GATEWAY_OFF = own_provider(
    "fake", base_url="http://127.0.0.1:8801/v1", wire_api="responses", supports_websockets=False
)
CURE = {
    "name": "OpenAI HTTP only",
    "wire_api": "responses",
    "requires_openai_auth": True,
    "supports_websockets": False,
}
SNIPPET_A = own_provider("openai_http", **CURE)
SNIPPET_B = own_provider(
    "openai_http", **{key: value for key, value in CURE.items() if key != "requires_openai_auth"}
)
SNIPPET_C = own_provider("openai_http", **CURE, base_url="https://api.openai.com/v1")

CONNECTION_CUT = websocket(handshake_transport_error="network error: [redacted]")
CUT_BEHIND_PROXY = websocket(
    handshake_transport_error="network error: [redacted]", proxy_env_vars_present="HTTPS_PROXY"
)
NO_LOGIN = Check("fail", "no Codex credentials were found", {})
LOGIN = Check("ok", "auth is configured", {})
NO_ENDPOINT = Check(
    "ok",
    "active provider has no HTTP endpoint to probe",
    {"reachability mode": "provider auth"},
)
BASE_URL_404 = Check(
    "ok",
    "active provider endpoints are reachable over HTTP",
    {"fake API base URL": "http://gw/v1 reachable (HTTP 404)"},
)
WARNED = Check("warning", "provider endpoint checks returned warnings", answered().details)


def no_report(cause: str) -> NoReport:
    return NoReport(cause, "whatever", 0.3)


ONE_RUN: dict[str, tuple[DoctorRun, Provider, Pair]] = {
    "refused-451": (report(refused(451)), BUILT_IN, BLOCKED),
    "redirected": (report(refused(302)), BUILT_IN, ("inconclusive", "unknown_wording")),
    "informed": (report(refused(103)), BUILT_IN, ("inconclusive", "unknown_wording")),
    "refused-407": (report(refused(407)), BUILT_IN, ("inconclusive", "proxy_credentials")),
    "refused-402": (report(refused(402)), BUILT_IN, ("inconclusive", "rate_limited")),
    **{
        f"closed-{code}": (
            report(websocket("closed immediately after handshake", immediate_close_code=str(code))),
            BUILT_IN,
            ("inconclusive", "service_error"),
        )
        for code in (1011, 1012, 1013)
    },
    "refused-429": (report(refused(429)), BUILT_IN, ("inconclusive", "rate_limited")),
    "refused-500": (report(refused(500)), BUILT_IN, ("inconclusive", "service_error")),
    "refused-599": (report(refused(599)), BUILT_IN, ("inconclusive", "service_error")),
    "both-refused-403": (
        report(refused(403), answered(403)),
        BUILT_IN,
        ("inconclusive", "refused_alike"),
    ),
    "portal-for-both": (
        report(refused(200), answered(200)),
        BUILT_IN,
        ("inconclusive", "refused_alike"),
    ),
    "hang-and-http-403": (
        report(websocket("timed out; HTTPS fallback may still work"), answered(403)),
        BUILT_IN,
        ("inconclusive", "refused_alike"),
    ),
    "http-401": (report(refused(403), answered(401)), BUILT_IN, BLOCKED),
    "base-url-404": (report(refused(403), BASE_URL_404), BUILT_IN, BLOCKED),
    "endpoint-404": (
        report(refused(403), answered(404)),
        BUILT_IN,
        ("inconclusive", "refused_alike"),
    ),
    "cut-without-proxy": (
        report(CONNECTION_CUT),
        BUILT_IN,
        ("websocket_blocked", "connection_failed"),
    ),
    "cut-behind-proxy": (
        report(CUT_BEHIND_PROXY),
        BUILT_IN,
        ("websocket_blocked", "connection_failed"),
    ),
    "refused-behind-proxy": (
        report(refused(403, proxy_env_vars_present="HTTPS_PROXY")),
        BUILT_IN,
        BLOCKED,
    ),
    "http-warns": (report(refused(403), WARNED), BUILT_IN, ("inconclusive", "unknown_wording")),
    "http-warns-and-open": (report(OPEN, WARNED), BUILT_IN, ("inconclusive", "unknown_wording")),
    "nothing-to-probe": (
        report(refused(403), NO_ENDPOINT),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "no-word-of-websockets": (
        report(refused(403, supports_websockets="")),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "odd-websocket-status": (
        report(websocket("failed", "?", handshake_transport_error="http 403 Forbidden")),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "odd-summary": (
        report(websocket("provider setup failed")),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "ok-in-other-words": (
        report(websocket("is fine", "ok")),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "odd-config-status": (
        report(refused(403), config=Check("?", "config loaded", {})),
        BUILT_IN,
        ("inconclusive", "unknown_wording"),
    ),
    "config-warns": (
        report(refused(403), config=Check("warning", "config loaded", {})),
        BUILT_IN,
        BLOCKED,
    ),
    "no-websocket-check": (report(None), BUILT_IN, ("inconclusive", "check_missing")),
    "no-checks": (DoctorReport("full", 0.3, {}), BUILT_IN, ("inconclusive", "check_missing")),
    "dns": (
        report(refused(403), unreachable("lookup failed")),
        BUILT_IN,
        ("network_unreachable", "dns"),
    ),
    "tls": (
        report(refused(403), unreachable("TLS handshake failed")),
        BUILT_IN,
        ("network_unreachable", "tls"),
    ),
    "http-other": (
        report(refused(403), unreachable("went wrong")),
        BUILT_IN,
        ("network_unreachable", "other"),
    ),
    "no-login-and-hang": (
        report(websocket("timed out", auth_mode="none"), answered(mode="ChatGPT auth")),
        BUILT_IN,
        ("auth_missing", "no_credentials"),
    ),
    "login-check-fails": (
        report(refused(403), auth=NO_LOGIN),
        BUILT_IN,
        ("auth_missing", "no_credentials"),
    ),
    "login-of-an-unknown-kind": (
        report(refused(403, auth_mode="agent_identity")),
        BUILT_IN,
        ("inconclusive", "login_not_shown"),
    ),
    "login-not-told": (
        report(refused(403, auth_mode="")),
        BUILT_IN,
        ("inconclusive", "login_not_shown"),
    ),
    "login-check-warns-of-the-keyring": (
        report(refused(403), auth=Check("warning", "keyring is not available", {})),
        BUILT_IN,
        ("inconclusive", "login_not_shown"),
    ),
    "login-check-ok": (report(refused(403, auth_mode="chatgpt"), auth=LOGIN), BUILT_IN, BLOCKED),
    "off-and-no-login": (
        report(OFF, auth=NO_LOGIN),
        SNIPPET_A,
        ("auth_missing", "no_credentials"),
    ),
    "off-and-no-table": (report(OFF), BUILT_IN, ("inconclusive", "auth_not_shown")),
    "off-and-no-table-but-login": (report(OFF, auth=LOGIN), BUILT_IN, OFF_AND_WORKS),
    "off-and-http-refused": (
        report(OFF, answered(403)),
        SNIPPET_A,
        ("inconclusive", "refused_alike"),
    ),
    "off-and-http-down": (
        report(OFF, unreachable()),
        SNIPPET_A,
        ("network_unreachable", "connect"),
    ),
    "off-and-nothing-to-probe": (
        report(OFF, NO_ENDPOINT),
        SNIPPET_A,
        ("inconclusive", "unknown_wording"),
    ),
    "snippet-b-with-a-key": (
        report(OFF),
        own_provider("mine", supports_websockets=False, env_key="KEY"),
        OFF_AND_WORKS,
    ),
    "snippet-c-with-an-api-key": (report(OFF), SNIPPET_C, OFF_AND_WORKS),
    "chatgpt-host-with-a-chatgpt-login": (
        report(OFF, answered(mode="ChatGPT auth")),
        own_provider("mine", **CURE, base_url="https://chatgpt.com/backend-api/codex"),
        OFF_AND_WORKS,
    ),
    "gateway-that-names-openai-in-its-path": (
        report(OFF),
        own_provider("gw", base_url="https://gw.example/api.openai.com/v1"),
        OFF_AND_WORKS,
    ),
    "base-url-that-is-none": (report(OFF), own_provider("gw", base_url="http://["), OFF_AND_WORKS),
    "snippet-b-in-a-managed-layer": (
        report(OFF),
        Provider("corp", "requirements", {"supports_websockets": False}, "requirements"),
        ("managed_elsewhere", "requirements"),
    ),
    "snippet-b-in-the-system-layer": (
        report(OFF),
        Provider("corp", "user", {"supports_websockets": False}, "system"),
        ("managed_elsewhere", "system"),
    ),
    "managed": (
        report(refused(403)),
        Provider("openai", "managed", None, ""),
        ("managed_elsewhere", "managed"),
    ),
    "requirements": (
        report(refused(403)),
        Provider("openai", "requirements", None, ""),
        ("managed_elsewhere", "requirements"),
    ),
    "gateway-in-the-system-layer": (
        report(refused(403)),
        Provider("corp", "system", {"base_url": "https://gw.example/v1"}, "system"),
        ("managed_elsewhere", "system"),
    ),
    "gateway-nowhere": (
        report(refused(403)),
        Provider("corp", "user", None, ""),
        ("managed_elsewhere", "unknown_layer"),
    ),
    "cause-timed-out": (
        no_report("doctor_timed_out"),
        BUILT_IN,
        ("inconclusive", "doctor_timed_out"),
    ),
    "cause-too-much": (
        no_report("doctor_printed_too_much"),
        BUILT_IN,
        ("inconclusive", "doctor_printed_too_much"),
    ),
    "cause-not-json": (no_report("doctor_not_json"), BUILT_IN, ("inconclusive", "doctor_not_json")),
    "cause-schema": (
        no_report("doctor_unknown_schema"),
        BUILT_IN,
        ("inconclusive", "doctor_unknown_schema"),
    ),
    "cause-not-runnable": (
        no_report("doctor_not_runnable"),
        BUILT_IN,
        ("inconclusive", "doctor_not_runnable"),
    ),
}

WITHOUT_A_RUN: dict[_verdicts.Diagnosis, Pair] = {
    _verdicts.not_installed(): ("not_installed", "not_found"),
    _verdicts.executable_missing("/no/codex"): ("not_installed", "executable_missing"),
    _verdicts.no_doctor("0.130.0"): ("unsupported_version", "no_doctor"),
    _verdicts.client_unusable("whatever"): ("inconclusive", "client_not_runnable"),
    _verdicts.dotenv_stops_client("/x/.env", 3): ("config_invalid", "dotenv_nul_byte"),
}
