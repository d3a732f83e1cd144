# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sentence of advice for every verdict and cause. Data only.

This module util is PRIVATE to the collection. Numbers are issues of
openai/codex.
"""

from __future__ import annotations

_ADVICE = {
    ("healthy", "handshake_ok"): "WebSockets work; nothing to do.",
    ("healthy", "upgrade_required"): (
        "The service asks for HTTP (426) and the client follows at once: no turn is delayed; "
        "nothing to do."
    ),
    ("http_only", "websockets_off"): "The active provider uses HTTP only and works; nothing to do.",
    ("http_only_broken", "no_credentials_sent"): (
        "The provider lacks requires_openai_auth, so Codex sends no login with it although "
        "doctor is green; "
        "devfleet.codex.remediate adds it."
    ),
    ("http_only_broken", "wrong_host_for_login"): (
        "The provider sends a ChatGPT login to the API host, which refuses it; "
        "devfleet.codex.remediate removes that base_url."
    ),
    ("websocket_blocked", "upgrade_refused"): (
        "Something on the way refuses WebSockets while HTTPS works; devfleet.codex.remediate "
        "switches to HTTP only. "
        "Do not reinstall Codex or delete auth.json: neither helps."
    ),
    ("websocket_blocked", "answered_with_page"): (
        "A proxy or portal answers WebSocket requests with a web page; devfleet.codex.remediate "
        "switches to HTTP only."
    ),
    ("websocket_blocked", "connection_failed"): (
        "WebSocket connections are cut while HTTPS works; devfleet.codex.remediate switches to "
        "HTTP only."
    ),
    ("websocket_blocked", "handshake_timed_out"): (
        "WebSocket handshakes are swallowed, which costs about 112 seconds a session; "
        "devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "closed_after_handshake"): (
        "WebSockets are closed right after the handshake (issue 13041); "
        "devfleet.codex.remediate switches to HTTP only."
    ),
    (
        "network_unreachable",
        "dns",
    ): "The service's name does not resolve here; mend DNS or the proxy setting first.",
    (
        "network_unreachable",
        "connect",
    ): "The service cannot be reached over HTTPS either; mend the network or proxy first.",
    (
        "network_unreachable",
        "tls",
    ): "TLS to the service fails; check the system clock and the company's CA certificate.",
    (
        "network_unreachable",
        "timeout",
    ): "HTTPS to the service gets no answer; mend the network or proxy first.",
    (
        "network_unreachable",
        "other",
    ): "The service cannot be reached over HTTPS either; mend the network first.",
    ("auth_missing", "no_credentials"): (
        "Codex has no usable login for this user, so its transports cannot be judged; run codex "
        "login as that user."
    ),
    ("config_invalid", "not_loadable"): (
        "Codex cannot load its configuration and does not start; mend the file that is named."
    ),
    ("managed_elsewhere", "managed"): (
        "A managed layer decides the provider, so a user's config.toml has no effect; ask "
        "whoever manages it."
    ),
    ("managed_elsewhere", "requirements"): (
        "requirements.toml decides the provider, so a user's config.toml has no effect; ask "
        "whoever manages it."
    ),
    ("managed_elsewhere", "system"): (
        "The provider is defined in /etc/codex/config.toml; set supports_websockets = false there."
    ),
    ("managed_elsewhere", "unknown_layer"): (
        "The active provider is not defined in the user's config.toml; change it where it is "
        "defined."
    ),
    (
        "not_installed",
        "not_found",
    ): "No Codex client was found for this user; set reconnect_executable if there is one.",
    ("not_installed", "executable_missing"): (
        "The client that was named is not there; correct reconnect_executable, or leave it out."
    ),
    (
        "unsupported_version",
        "no_doctor",
    ): "This client has no doctor to ask; update Codex to 0.131.0 or later.",
    (
        "inconclusive",
        "doctor_timed_out",
    ): "doctor did not end in time; run codex doctor on the machine, or raise the timeout.",
    (
        "inconclusive",
        "doctor_printed_too_much",
    ): "doctor printed without end; look at the codex of this machine.",
    (
        "inconclusive",
        "doctor_not_json",
    ): "doctor printed no report; run codex doctor on the machine.",
    (
        "inconclusive",
        "doctor_unknown_schema",
    ): "doctor's report has a format this collection does not know; update the collection.",
    ("inconclusive", "doctor_not_runnable"): "The client cannot be run; look at its installation.",
    (
        "inconclusive",
        "client_not_runnable",
    ): "The client does not tell its version; look at its installation.",
    (
        "inconclusive",
        "check_missing",
    ): "doctor's report is incomplete; run codex doctor on the machine.",
    (
        "inconclusive",
        "unknown_wording",
    ): "doctor says something this collection does not know; run codex doctor on the machine.",
    ("inconclusive", "refused_alike"): (
        "HTTP is answered by something that is not the service (region, account or a captive "
        "portal), "
        "where no transport helps; open the service in a browser."
    ),
    (
        "inconclusive",
        "credentials_rejected",
    ): "The service rejects this login; log in again with codex login.",
    (
        "inconclusive",
        "proxy_credentials",
    ): "The proxy wants credentials for WebSockets; check the proxy URL.",
    ("inconclusive", "proxy_not_checked"): (
        "The WebSocket fails behind a configured proxy; check first that the proxy URL begins "
        "with http://."
    ),
    (
        "inconclusive",
        "rate_limited",
    ): "The service limits the rate (429); that is no transport failure: wait.",
    (
        "inconclusive",
        "service_error",
    ): (
        "The service or a proxy answers WebSockets with a server error; "
        "look again later (issue 35323)."
    ),
    (
        "inconclusive",
        "intermittent",
    ): "The WebSocket failed once and worked the next time; look again later.",
    ("inconclusive", "probes_disagree"): "Two probes saw different failures; look again later.",
    ("inconclusive", "auth_not_shown"): (
        "WebSockets are off, but whether this provider sends a login cannot be seen; check "
        "where it is defined."
    ),
    ("inconclusive", "login_not_shown"): (
        "Doctor does not show that the login is in order, as with a locked keyring; "
        "run codex doctor in a session of that user."
    ),
}

VERDICTS_AND_CAUSES = frozenset(_ADVICE)
"""Every pair that a diagnosis can carry."""


def advice_for(verdict: str, cause: str) -> str:
    """The sentence for a verdict and its cause; a pair not in the table is a defect (KeyError)."""
    return _ADVICE[(verdict, cause)]
