# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What doctor's answers mean together with the settings and the login that are seen beside them.

One table for each step of the diagnosis; what is remembered of earlier hours stands in
``history_cases``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._diagnosis import Observed
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    Check,
    DoctorReport,
    DoctorRun,
    NoReport,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    PROXY_PROBLEMS,
    CertificateFile,
    Login,
    ProxyProblem,
    ProxySettings,
    Routes,
)
from ansible_collections.devfleet.codex.plugins.module_utils._snippets import Broken

from .doctor_cases import (
    BLOCKED,
    CONNECTION_CUT,
    CUT,
    GATEWAY,
    HEALTHY,
    NO_CREDENTIALS,
    NO_LOGIN,
    OFF_AND_WORKS,
    SNIPPET_A,
    SNIPPET_C,
    Pair,
    no_report,
)
from .doctor_samples import (
    BUILT_IN,
    OFF,
    OPEN,
    answered,
    refused,
    report,
    unreachable,
    websocket,
)

Case = tuple[Observed, Pair]

HANG = websocket("timed out; HTTPS fallback may still work")
SETUP = websocket(handshake_stream_error="[redacted]")
NETWORK_AWAY = report(CONNECTION_CUT, unreachable())
CONFIG_BROKEN = report(None, config=Check("fail", "config could not be loaded", {}))
LOCKED = report(CONNECTION_CUT, unreachable("proxy authentication required"))
MANAGED = Provider("openai", "managed", None, "")

SERVICE_ERROR = ("inconclusive", "service_error")
CONFLICT = ("auth_conflict", "api_key_beside_login")
REJECTED = ("inconclusive", "credentials_rejected")
ANOTHER_FILE = ("inconclusive", "certificate_file")
NOT_LOADABLE = ("config_invalid", "not_loadable")
WRONG_PASSWORD = ("proxy_misconfigured", "proxy_credentials")
DOWN = ("network_unreachable", "connect")


def seen(
    runs: DoctorRun | t.Sequence[DoctorRun], provider: Provider = BUILT_IN, **beside: t.Any
) -> Observed:
    """Return what was seen: doctor's answers and, by name, what was read beside them."""
    if isinstance(runs, (DoctorReport, NoReport)):
        runs = (runs,)
    return Observed(tuple(runs), provider, **beside)


def login(store: str = "file", status: str = "none", *variables: str) -> Login:
    return Login(store, status, variables)


def proxies(*names: str) -> ProxySettings:
    """Return settings with these problems."""
    found = tuple(ProxyProblem(name, "HTTPS_PROXY", "dotenv", "as told", None) for name in names)
    return ProxySettings("dotenv", None, None, None, (), found)


def ways(direct: bool | None, proxy: bool | None, other: bool | None) -> Routes:
    return Routes("api.openai.com", direct, proxy, other)


UNREADABLE = ProxySettings("none", None, None, None, (), (), False, "/home/x/.env is a directory.")
FILE = (CertificateFile("SSL_CERT_FILE", "/no/file.pem", "is not there"),)
SNIPPETS = {cause: Broken(cause, "as told") for cause in ("root_key_in_table", "legacy_profile")}
NOT_LOGGED_IN = report(refused(401, auth_mode="none"), auth=NO_LOGIN)

BY_LOGIN: dict[str, Case] = {
    **{
        f"none-and-store-{store}": (seen(NOT_LOGGED_IN, login=login(store)), pair)
        for store, pair in {
            "file": NO_CREDENTIALS,
            "keyring": ("inconclusive", "store_keyring"),
            "auto": ("inconclusive", "store_auto"),
            "ephemeral": ("inconclusive", "store_ephemeral"),
        }.items()
    },
    "store-of-a-machine-that-is-blocked": (
        seen(report(refused(403)), login=login("keyring", "chatgpt")),
        BLOCKED,
    ),
    "not-asked": (seen(NOT_LOGGED_IN), NO_CREDENTIALS),
    **{
        f"{variable}-beside-a-login": (
            seen(report(refused(403)), login=login("file", "chatgpt", variable)),
            pair,
        )
        for variable, pair in {
            "CODEX_API_KEY": CONFLICT,
            "CODEX_ACCESS_TOKEN": CONFLICT,
            "OPENAI_API_KEY": BLOCKED,
        }.items()
    },
    **{
        f"CODEX_API_KEY-and-status-{status}": (
            seen(report(refused(403)), login=login("file", status, "CODEX_API_KEY")),
            BLOCKED,
        )
        for status in ("api_key", "none", "unknown", "not_asked")
    },
    "OPENAI_API_KEY-and-no-login": (
        # Measured with 0.169.0: doctor calls that a login, and no credential is sent.
        seen(report(refused(403)), login=login("file", "none", "OPENAI_API_KEY")),
        NO_CREDENTIALS,
    ),
    "OPENAI_API_KEY-and-no-login-in-a-keyring": (
        seen(report(refused(403)), login=login("keyring", "none", "OPENAI_API_KEY")),
        ("inconclusive", "store_keyring"),
    ),
    "overruled-and-rejected": (
        seen(report(refused(401)), login=login("file", "chatgpt", "CODEX_ACCESS_TOKEN")),
        CONFLICT,
    ),
    "overruled-and-nothing-sent": (
        seen(NOT_LOGGED_IN, login=login("file", "chatgpt", "CODEX_ACCESS_TOKEN")),
        CONFLICT,
    ),
    "overruled-and-healthy": (
        seen(report(OPEN), login=login("file", "chatgpt", "CODEX_API_KEY")),
        HEALTHY,
    ),
    "overruled-and-the-network-away": (
        seen(report(refused(403), unreachable()), login=login("file", "chatgpt", "CODEX_API_KEY")),
        DOWN,
    ),
    "provider-with-credentials-of-its-own": (
        seen(
            report(refused(403, auth_mode="none"), answered(mode="provider auth")),
            GATEWAY,
            login=login("keyring", "chatgpt", "CODEX_API_KEY"),
        ),
        BLOCKED,
    ),
    "rejected": (seen(report(refused(401)), login=login("file", "chatgpt")), REJECTED),
    "no-report": (
        seen(no_report("doctor_timed_out"), login=login("keyring", "chatgpt", "CODEX_API_KEY")),
        ("inconclusive", "doctor_timed_out"),
    ),
}

_SNIPPET_OVER: dict[str, tuple[DoctorRun, Provider, Pair]] = {
    "healthy": (report(OPEN), BUILT_IN, HEALTHY),
    "http-only": (report(OFF), SNIPPET_A, OFF_AND_WORKS),
    "blocked": (report(refused(403)), BUILT_IN, BLOCKED),
    "not-loadable": (CONFIG_BROKEN, BUILT_IN, NOT_LOADABLE),
    "no-login": (NOT_LOGGED_IN, BUILT_IN, NO_CREDENTIALS),
    "network-away": (report(refused(403), unreachable()), BUILT_IN, DOWN),
    "managed": (report(refused(403)), MANAGED, ("managed_elsewhere", "managed")),
    "server-error": (report(refused(503)), BUILT_IN, SERVICE_ERROR),
    "no-report": (no_report("doctor_not_json"), BUILT_IN, ("inconclusive", "doctor_not_json")),
    "broken-already": (
        report(OFF, answered(mode="ChatGPT auth")),
        SNIPPET_C,
        ("http_only_broken", "wrong_host_for_login"),
    ),
}
_BROKEN_BY = {
    "root_key_in_table": ("healthy", "http-only", "blocked"),
    "legacy_profile": ("healthy", "http-only", "blocked", "not-loadable"),
}
BY_SNIPPET: dict[str, Case] = {
    f"{cause}-over-{over}": (
        seen(run, provider, snippet=SNIPPETS[cause]),
        ("http_only_broken", cause) if over in judged else pair,
    )
    for cause, judged in _BROKEN_BY.items()
    for over, (run, provider, pair) in _SNIPPET_OVER.items()
}

# What explains a failure by which ways stands row by row in test_proxy_cause.py.
_CUT = report(CONNECTION_CUT)
_NO_WAY, _OTHER_WAY = ways(False, None, None), ways(False, False, True)
_EXPLAINED: dict[str, tuple[DoctorRun, Routes | None]] = {
    "line_dropped": (NETWORK_AWAY, _OTHER_WAY),
    "no_scheme": (_CUT, None),
    "https_scheme": (_CUT, None),
    "socks": (report(OPEN, unreachable()), None),
    "dead_port": (NETWORK_AWAY, _NO_WAY),
    "no_proxy_covers_service": (NETWORK_AWAY, ways(False, True, None)),
    "http_proxy_only": (NETWORK_AWAY, ways(False, None, True)),
    "case_disagrees": (NETWORK_AWAY, _OTHER_WAY),
    "shell_disagrees": (NETWORK_AWAY, _OTHER_WAY),
}
BY_PROXIES: dict[str, Case] = {
    **{
        f"{name}-explains": (
            seen(run, proxies=proxies(name), routes=routes),
            ("proxy_misconfigured", name),
        )
        for name, (run, routes) in _EXPLAINED.items()
    },
    **{
        f"{name}-and-refused": (
            seen(report(refused(403)), proxies=proxies(name), routes=_OTHER_WAY),
            BLOCKED,
        )
        for name in PROXY_PROBLEMS
    },
    **{
        f"{name}-and-healthy": (seen(report(OPEN), proxies=proxies(name)), HEALTHY)
        for name in PROXY_PROBLEMS
    },
    **{
        f"{name}-and-no-report": (
            seen(no_report("doctor_timed_out"), proxies=proxies(name), routes=_OTHER_WAY),
            ("inconclusive", "doctor_timed_out"),
        )
        for name in PROXY_PROBLEMS
    },
    "rejected-credentials": (seen(LOCKED, proxies=proxies()), WRONG_PASSWORD),
    "rejected-credentials-at-one-of-two-probes": (
        seen([LOCKED, NETWORK_AWAY]),
        ("inconclusive", "probes_disagree"),
    ),
    "rejected-credentials-by-a-lost-line": (
        seen(LOCKED, proxies=proxies("line_dropped"), routes=_OTHER_WAY),
        ("proxy_misconfigured", "line_dropped"),
    ),
    "problem-that-explains-nothing": (seen(_CUT, proxies=proxies("socks")), CUT),
    "no-problem": (seen(_CUT, proxies=proxies()), CUT),
    "explains-in-a-managed-layer": (
        seen(_CUT, MANAGED, proxies=proxies("no_scheme")),
        ("proxy_misconfigured", "no_scheme"),
    ),
    "explains-not-what-a-snippet-broke": (
        seen(_CUT, snippet=SNIPPETS["root_key_in_table"], proxies=proxies("no_scheme")),
        ("http_only_broken", "root_key_in_table"),
    ),
    **{
        f"unreadable-and-{case}": (seen(run, provider, proxies=UNREADABLE), pair)
        for case, (run, provider, pair) in {
            "refused": (report(refused(403)), BUILT_IN, ("inconclusive", "proxy_not_checked")),
            "cut": (_CUT, BUILT_IN, ("inconclusive", "proxy_not_checked")),
            "network-away": (NETWORK_AWAY, BUILT_IN, DOWN),
            "rejected": (LOCKED, BUILT_IN, ("inconclusive", "proxy_not_checked")),
            "managed": (report(refused(403)), MANAGED, ("managed_elsewhere", "managed")),
            "healthy": (report(OPEN), BUILT_IN, HEALTHY),
            "cured": (report(OFF), SNIPPET_A, OFF_AND_WORKS),
        }.items()
    },
}

BY_CERTIFICATES: dict[str, Case] = {
    "gave-up": (seen(report(SETUP), certificates=FILE), ANOTHER_FILE),
    "cut": (seen(report(CONNECTION_CUT), certificates=FILE), ANOTHER_FILE),
    "cut-in-a-managed-layer": (seen(_CUT, MANAGED, certificates=FILE), ANOTHER_FILE),
    "refused": (seen(report(refused(403)), certificates=FILE), BLOCKED),
    "hang": (
        seen(report(HANG), certificates=FILE),
        ("websocket_blocked", "handshake_timed_out"),
    ),
    "healthy": (seen(report(OPEN), certificates=FILE), HEALTHY),
    "network-away": (
        seen(NETWORK_AWAY, certificates=FILE),
        ("network_unreachable", "certificate_file"),
    ),
    "a-proxy-explains-it-as-well": (
        seen(NETWORK_AWAY, certificates=FILE, proxies=proxies("dead_port"), routes=_NO_WAY),
        ANOTHER_FILE,
    ),
    "all-is-well": (seen(report(SETUP)), ("inconclusive", "unknown_wording")),
    "no-report": (
        seen(no_report("doctor_timed_out"), certificates=FILE),
        ("inconclusive", "doctor_timed_out"),
    ),
}
