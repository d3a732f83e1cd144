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
    ("http_only_broken", "root_key_in_table"): (
        "model_provider stands below a table's header, where Codex ignores it, so the snippet that "
        "was pasted there has no effect; devfleet.codex.remediate sets it at the root."
    ),
    ("http_only_broken", "legacy_profile"): (
        "Codex refuses profiles in config.toml since 0.134.0 (issue 21580), so the snippet keeps "
        "it from starting with or without --profile; devfleet.codex.remediate replaces it."
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
    ("websocket_blocked", "server_error_lasting"): (
        "WebSockets have been answered with a server error for more than an hour while HTTP works "
        "(issue 35323); devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_closed"): (
        "The handshake works, yet the client's log shows WebSockets closed before the answer was "
        "complete (issues 13041, 32366); devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_cut"): (
        "The handshake works, yet the client's log shows WebSockets cut in the middle of an answer "
        "(issue 30933); devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_silent"): (
        "The handshake works, yet the client's log shows WebSockets that fall silent (issues "
        "27625, 28295); devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_refused"): (
        "The handshake works now, yet the client's log shows it refused again and again, as on "
        "another network; devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_server_error"): (
        "The client's log shows WebSockets answered with server errors again and again while HTTP "
        "works (issue 35323); devfleet.codex.remediate switches to HTTP only."
    ),
    ("websocket_blocked", "logged_other"): (
        "The handshake works, yet the client's log shows it falling back to HTTP again and again; "
        "devfleet.codex.remediate switches to HTTP only."
    ),
    ("proxy_misconfigured", "line_dropped"): (
        "A line of ~/.codex/.env that sets the proxy is not read by Codex as it is written, for "
        "the reason in the evidence; write it as shown, quotes included, or give reconnect_proxy."
    ),
    ("proxy_misconfigured", "no_scheme"): (
        "The proxy's URL has no scheme, with which HTTP works and WebSockets fail; write http:// "
        "before it, or give reconnect_proxy. Do not turn WebSockets off for it."
    ),
    ("proxy_misconfigured", "https_scheme"): (
        "The proxy's URL begins with https://, which WebSockets cannot use; write http://, or give "
        "reconnect_proxy. Do not turn WebSockets off for it."
    ),
    ("proxy_misconfigured", "socks"): (
        "Codex speaks SOCKS for WebSockets and not for HTTP, so HTTP only would cut this user off "
        "(issue 20844); give the proxy's HTTP port in reconnect_proxy. TUN mode is not needed."
    ),
    ("proxy_misconfigured", "dead_port"): (
        "Nothing listens on the port of the proxy that is set (issue 38885); start the proxy, or "
        "give the right one in reconnect_proxy."
    ),
    ("proxy_misconfigured", "no_proxy_covers_service"): (
        "NO_PROXY names the service's hosts, so Codex goes past a proxy that works; take them out "
        "of NO_PROXY."
    ),
    ("proxy_misconfigured", "http_proxy_only"): (
        "With HTTP_PROXY alone WebSockets go through that proxy and HTTPS goes past it, and one of "
        "the two fails; give a proxy that works in reconnect_proxy, which sets HTTPS_PROXY."
    ),
    ("proxy_misconfigured", "case_disagrees"): (
        "The proxy is set twice, and Codex takes the upper-case variable, which fails where the "
        "other works; make them the same, or give reconnect_proxy."
    ),
    ("proxy_misconfigured", "shell_disagrees"): (
        "~/.codex/.env beats the shell's proxy, and fails where that one works (issue 38885); "
        "correct .env, or give reconnect_proxy."
    ),
    ("proxy_misconfigured", "proxy_credentials"): (
        "The proxy refuses the user name and password in its URL, or wants some where there are "
        "none; correct them, with special characters percent-encoded (%40 for @), or give "
        "reconnect_proxy."
    ),
    ("proxy_misconfigured", "logged_proxy_scheme"): (
        "The client's log shows a proxy whose URL has no scheme that WebSockets can use, as in a "
        "shell's start-up file; write http:// before it there, or give reconnect_proxy. Do not "
        "turn WebSockets off for it."
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
    ("network_unreachable", "certificate_file"): (
        "The file of certificate authorities that is named cannot be used; correct "
        "CODEX_CA_CERTIFICATE or SSL_CERT_FILE where it is set."
    ),
    ("auth_missing", "no_credentials"): (
        "Codex has no usable login for this user, so its transports cannot be judged; run codex "
        "login as that user."
    ),
    ("auth_conflict", "api_key_beside_login"): (
        "CODEX_API_KEY or CODEX_ACCESS_TOKEN overrules the stored login here, so a session may "
        "fare otherwise than what was tried; unset it, or codex logout. Do not delete auth.json."
    ),
    ("config_invalid", "not_loadable"): (
        "Codex cannot load its configuration and does not start; mend what is named."
    ),
    ("config_invalid", "dotenv_nul_byte"): (
        "A NUL byte in a value of ~/.codex/.env ends Codex at every start; write that line anew."
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
        "The WebSocket fails and the proxy's settings cannot be read, which may be the reason; "
        "mend what is named first."
    ),
    ("inconclusive", "certificate_file"): (
        "The WebSocket fails and the file of certificate authorities that is named cannot be "
        "used; correct CODEX_CA_CERTIFICATE or SSL_CERT_FILE where it is set."
    ),
    ("inconclusive", "certificate_trust"): (
        "The WebSocket does not trust the certificate that HTTP accepts; name the company's "
        "certificate authority in CODEX_CA_CERTIFICATE, in the real environment and not in .env."
    ),
    ("inconclusive", "restart_required"): (
        "The client's log shows fallbacks, but a running Codex still holds an earlier .env; leave "
        "it everywhere, run codex app-server daemon stop, start again and look again later."
    ),
    ("inconclusive", "logs_not_read"): (
        "The handshake works, but the client's log, which alone shows what fails after it, cannot "
        "be read; look at the file that is named, or set reconnect_log_window to 0."
    ),
    ("inconclusive", "only_in_subagents"): (
        "WebSockets failed in threads of sub-agents alone, which a blocked network does not "
        "explain (issue 24475); repeat the task without sub-agents."
    ),
    ("inconclusive", "only_after_idle"): (
        "WebSockets failed after an hour or more of idleness alone, which a blocked network does "
        "not explain; start Codex anew after a long pause."
    ),
    ("inconclusive", "store_keyring"): (
        "The login is in a keyring, which only the user's desktop session opens; run codex doctor "
        "there. To log out, codex logout: deleting auth.json does not."
    ),
    ("inconclusive", "store_auto"): (
        "The login may be in a keyring, which only the user's desktop session opens, or missing; "
        "run codex login status there."
    ),
    ("inconclusive", "store_ephemeral"): (
        "Logins are kept in memory alone, so none can be seen from here; run codex doctor where "
        "the user is logged in."
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
