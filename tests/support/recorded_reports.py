# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every recorded report of doctor means, and every recorded log beside a good handshake."""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from ansible_collections.devfleet.codex.plugins.module_utils._observations import CertificateFile

from .diagnosis_cases import (
    ANOTHER_FILE,
    CONFLICT,
    UNREADABLE,
    login,
    proxies,
    ways,
)
from .doctor_cases import (
    BLOCKED,
    CUT,
    GATEWAY,
    GATEWAY_OFF,
    HEALTHY,
    NO_CREDENTIALS,
    NOT_UNDERSTOOD,
    OFF_AND_WORKS,
    SNIPPET_A,
    SNIPPET_B,
    SNIPPET_C,
    UNTRUSTED,
    Pair,
)
from .doctor_samples import BUILT_IN
from .history_cases import logged

BY_WEBSOCKET_MODE = {
    "ok": HEALTHY,
    # The handshake is all that doctor looks at.
    "close-after": HEALTHY,
    "drop": HEALTHY,
    "silent": HEALTHY,
    "http-403": BLOCKED,
    "http-404": BLOCKED,
    "reset": ("websocket_blocked", "connection_failed"),
    "hang": ("websocket_blocked", "handshake_timed_out"),
    "close-1008": ("websocket_blocked", "closed_after_handshake"),
    "no-101": ("websocket_blocked", "answered_with_page"),
    "http-401": ("inconclusive", "credentials_rejected"),
    "http-426": ("healthy", "upgrade_required"),
    "http-502": ("inconclusive", "service_error"),
}
OLDER_CLIENTS = (131, 132, 133, 134, 136, 150, 155, 160, 161, 163, 164, 166)

RECORDED: dict[str, tuple[Provider, Pair]] = {
    **{
        f"0.169.0/{flavour}.ws-{mode}.json": (GATEWAY, pair)
        for flavour in ("full", "network-only")
        for mode, pair in BY_WEBSOCKET_MODE.items()
    },
    **{
        f"0.169.0/{flavour}.supports_websockets-false.server-ws-{mode}.json": (
            GATEWAY_OFF,
            OFF_AND_WORKS,
        )
        for flavour in ("full", "network-only")
        for mode in ("hang", "http-403", "ok")
    },
    **{
        f"versions/doctor.0.{minor}.0.ws-http-403.json": (GATEWAY, BLOCKED)
        for minor in OLDER_CLIENTS
    },
    **{
        f"{version}/full.codex-ca-certificate-missing.http-ok-ws-fails.json": (BUILT_IN, pair)
        for version, pair in {
            # Later clients redact why they gave up.
            "0.131.0": UNTRUSTED,
            "0.150.0": UNTRUSTED,
            "0.166.0": NOT_UNDERSTOOD,
            "0.169.0": NOT_UNDERSTOOD,
        }.items()
    },
    **{
        f"{version}/full.unknown-authority.everything-down.json": (
            BUILT_IN,
            ("network_unreachable", failure),
        )
        for version, failure in {"0.131.0": "tls", "0.150.0": "tls", "0.166.0": "connect"}.items()
    },
    **{
        f"versions/{name}.json": expected
        for name, expected in {
            "doctor.0.131.0.apikey.authority-unknown": (BUILT_IN, ("network_unreachable", "tls")),
            "doctor.0.131.0.apikey.ca-file-missing": (BUILT_IN, UNTRUSTED),
            "doctor.0.131.0.apikey.cured": (SNIPPET_A, OFF_AND_WORKS),
            "doctor.0.131.0.apikey.everything-reset": (
                BUILT_IN,
                ("network_unreachable", "other"),
            ),
            "doctor.0.131.0.apikey.proxy-url-without-scheme": (BUILT_IN, CUT),
            "doctor.0.131.0.apikey.ws-http-426": (BUILT_IN, ("healthy", "upgrade_required")),
            "doctor.0.131.0.chatgpt.ws-http-403": (BUILT_IN, BLOCKED),
            "doctor.0.131.0.config-malformed": (BUILT_IN, ("config_invalid", "not_loadable")),
            "doctor.0.131.0.no-credentials.ws-http-401": (BUILT_IN, NO_CREDENTIALS),
            "doctor.0.150.0.apikey.authority-unknown": (BUILT_IN, ("network_unreachable", "tls")),
            "doctor.0.150.0.apikey.ca-file-missing": (BUILT_IN, UNTRUSTED),
            "doctor.0.150.0.apikey.proxy-url-without-scheme": (BUILT_IN, CUT),
            "network-only.0.166.0.apikey.cured": (SNIPPET_A, OFF_AND_WORKS),
            "network-only.0.166.0.apikey.ws-http-403": (BUILT_IN, BLOCKED),
            "network-only.0.166.0.config-malformed": (BUILT_IN, ("config_invalid", "not_loadable")),
            "network-only.0.166.0.no-credentials.ws-http-401": (BUILT_IN, NO_CREDENTIALS),
            "network-only.0.169.0.apikey.authority-unknown": (
                BUILT_IN,
                ("network_unreachable", "tls"),
            ),
            "network-only.0.169.0.apikey.ca-file-missing": (BUILT_IN, NOT_UNDERSTOOD),
        }.items()
    },
    **{
        f"versions/{client}.apikey.proxy-credentials-rejected.json": (
            BUILT_IN,
            ("proxy_misconfigured", "proxy_credentials"),
        )
        for client in ("doctor.0.131.0", "doctor.0.150.0", "network-only.0.169.0")
    },
    **{
        f"0.169.0/{name}.json": (BUILT_IN, pair)
        for name, pair in {
            "full.auth-json-broken.ws-401": NO_CREDENTIALS,
            "full.chatgpt-auth.bad-access-token-in-environment.ws-401": NO_CREDENTIALS,
            "full.chatgpt-auth.codex-api-key-in-environment.ws-blocked-403": BLOCKED,
            "full.chatgpt-auth.openai-api-key-in-environment.ws-blocked-403": BLOCKED,
            "full.keyring-unavailable.ws-401": NO_CREDENTIALS,
            "full.no-credentials.openai-api-key-in-environment.ws-401": NO_CREDENTIALS,
            "network-only.codex-ca-certificate-missing.http-ok-ws-fails": NOT_UNDERSTOOD,
            "network-only.codex-ca-certificate-set-to-nothing.harmless": HEALTHY,
            "network-only.keyring-unavailable.ws-401": NO_CREDENTIALS,
            "network-only.ssl-cert-file-missing.http-ok-ws-fails": NOT_UNDERSTOOD,
            "network-only.ssl-cert-file-not-pem.everything-down": ("network_unreachable", "tls"),
            "network-only.ssl-cert-file-set-to-nothing.http-ok-ws-fails": CUT,
            "network-only.unknown-authority.everything-down": ("network_unreachable", "tls"),
        }.items()
    },
    **{
        f"0.169.0/{name}.json": expected
        for name, expected in {
            "config-malformed.websocket-check-ABSENT": (
                BUILT_IN,
                ("config_invalid", "not_loadable"),
            ),
            "openai-builtin.apikey.proxy-hangs-connect.everything-down": (
                BUILT_IN,
                ("network_unreachable", "timeout"),
            ),
            "openai-builtin.apikey.proxy-refuses-connect.everything-down": (
                BUILT_IN,
                ("network_unreachable", "connect"),
            ),
            "openai-builtin.apikey.via-good-proxy": (BUILT_IN, HEALTHY),
            "openai-builtin.apikey.ws-blocked-403": (BUILT_IN, BLOCKED),
            "openai-builtin.chatgpt-auth.ws-blocked-403": (BUILT_IN, BLOCKED),
            "openai-builtin.no-credentials.ws-401.FALSE-POSITIVE": (
                BUILT_IN,
                ("auth_missing", "no_credentials"),
            ),
            "openai-builtin.proxy-url-without-scheme.http-ok-ws-fails": (
                BUILT_IN,
                ("websocket_blocked", "connection_failed"),
            ),
            "openai-builtin.socks5-proxy.ws-ok-http-fails": (
                BUILT_IN,
                ("network_unreachable", "connect"),
            ),
            "openai-http-WITH-base_url-api.openai.com.chatgpt-auth.looks-ok-but-wrong-host": (
                SNIPPET_C,
                ("http_only_broken", "wrong_host_for_login"),
            ),
            "openai_http-WITHOUT-requires_openai_auth.chatgpt-auth.looks-ok-but-sends-no-token": (
                SNIPPET_B,
                ("http_only_broken", "no_credentials_sent"),
            ),
            "openai_http-fix-applied.apikey": (SNIPPET_A, OFF_AND_WORKS),
            "openai_http-fix-applied.chatgpt-auth": (SNIPPET_A, OFF_AND_WORKS),
            "openai_http-fix-applied.reprobe-with-c-model_provider-openai.ws-still-blocked": (
                Provider("openai", "override", None, ""),
                BLOCKED,
            ),
        }.items()
    },
}

MISSING_FILE = (CertificateFile("CODEX_CA_CERTIFICATE", "/nonexistent.pem", "is not there"),)

RECORDED_BESIDE: dict[str, tuple[dict[str, t.Any], Pair]] = {
    **{
        name: ({"certificates": MISSING_FILE}, ANOTHER_FILE)
        for name in (
            *(
                f"{version}/full.codex-ca-certificate-missing.http-ok-ws-fails.json"
                for version in ("0.131.0", "0.150.0", "0.166.0", "0.169.0")
            ),
            *(
                f"versions/{client}.apikey.ca-file-missing.json"
                for client in ("doctor.0.131.0", "doctor.0.150.0", "network-only.0.169.0")
            ),
            "0.169.0/network-only.codex-ca-certificate-missing.http-ok-ws-fails.json",
            "0.169.0/network-only.ssl-cert-file-missing.http-ok-ws-fails.json",
            "0.169.0/network-only.ssl-cert-file-set-to-nothing.http-ok-ws-fails.json",
        )
    },
    "0.169.0/network-only.codex-ca-certificate-set-to-nothing.harmless.json": ({}, HEALTHY),
    "0.169.0/network-only.ssl-cert-file-not-pem.everything-down.json": (
        {"certificates": MISSING_FILE},
        ("network_unreachable", "certificate_file"),
    ),
    "0.169.0/network-only.unknown-authority.everything-down.json": (
        {},
        ("network_unreachable", "tls"),
    ),
    "0.169.0/full.chatgpt-auth.codex-api-key-in-environment.ws-blocked-403.json": (
        {"login": login("file", "chatgpt", "CODEX_API_KEY")},
        CONFLICT,
    ),
    "0.169.0/full.chatgpt-auth.bad-access-token-in-environment.ws-401.json": (
        {"login": login("file", "chatgpt", "CODEX_ACCESS_TOKEN")},
        CONFLICT,
    ),
    "0.169.0/full.chatgpt-auth.openai-api-key-in-environment.ws-blocked-403.json": (
        {"login": login("file", "chatgpt", "OPENAI_API_KEY")},
        BLOCKED,
    ),
    "0.169.0/full.no-credentials.openai-api-key-in-environment.ws-401.json": (
        {"login": login("file", "none", "OPENAI_API_KEY")},
        NO_CREDENTIALS,
    ),
    "0.169.0/full.auth-json-broken.ws-401.json": (
        {"login": login("file", "unknown")},
        NO_CREDENTIALS,
    ),
    **{
        f"0.169.0/{flavour}.keyring-unavailable.ws-401.json": (
            {"login": login("keyring", "unknown")},
            ("inconclusive", "store_keyring"),
        )
        for flavour in ("full", "network-only")
    },
    **{
        name: (
            {"proxies": proxies("no_scheme"), "routes": ways(True, True, None)},
            ("proxy_misconfigured", "no_scheme"),
        )
        for name in (
            "0.169.0/openai-builtin.proxy-url-without-scheme.http-ok-ws-fails.json",
            "versions/doctor.0.131.0.apikey.proxy-url-without-scheme.json",
            "versions/doctor.0.150.0.apikey.proxy-url-without-scheme.json",
        )
    },
    "0.169.0/openai-builtin.socks5-proxy.ws-ok-http-fails.json": (
        {"proxies": proxies("socks"), "routes": ways(False, None, None)},
        ("proxy_misconfigured", "socks"),
    ),
    "0.169.0/full.ws-http-403.json": (
        {"proxies": UNREADABLE},
        ("inconclusive", "proxy_not_checked"),
    ),
    **{
        f"0.169.0/full.ws-{mode}.json": (
            {"logs": logged(cause=cause)},
            ("websocket_blocked", f"logged_{cause}"),
        )
        for mode, cause in {
            "close-after": "closed",
            "drop": "cut",
            "silent": "silent",
            "http-502": "server_error",
        }.items()
    },
}
"""Reports that mean something else once it is known what was beside them."""

# What a session of the client leaves, and what three such sessions mean beside a handshake that
# is ok: every file of tests/fixtures/logs.
LOGGED: dict[str, Pair] = {
    **dict.fromkeys(
        ("close-1008", "close-after", "close-after.0.130.0", "close-after.second-turn"),
        ("websocket_blocked", "logged_closed"),
    ),
    **dict.fromkeys(("drop", "reset"), ("websocket_blocked", "logged_cut")),
    **dict.fromkeys(("silent", "hang"), ("websocket_blocked", "logged_silent")),
    **dict.fromkeys(
        (
            *("http-403", "http-403.0.130.0", "http-403.0.134.0", "http-403.0.150.0"),
            *("http-403.one-retry", "http-404", "no-101"),
        ),
        ("websocket_blocked", "logged_refused"),
    ),
    "http-502": ("inconclusive", "service_error"),
    "proxy-without-scheme": ("proxy_misconfigured", "logged_proxy_scheme"),
    **dict.fromkeys(
        (
            *("http-401", "http-403.no-retries", "http-403.quota", "http-426"),
            *("http-426.0.150.0", "http-426.second-turn", "http-429", "no-network"),
            *("ok", "ok.0.130.0", "ok.subagent", "proxy-refuses-everything"),
            *("response-failed.rate-limit", "response-failed.rate-limit.0.130.0"),
            *("response-failed.server-error", "usage-limit"),
        ),
        HEALTHY,
    ),
}
