# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a cure holds, by what codex_info says with and without it. Pure.

This plugin util is PRIVATE to the collection. The same criteria judge a cure
that is tried before anything is written and one that stands in the file.
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._login import OVERRULING_VARIABLES
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import NEEDS_PROVIDER, NEEDS_PROXY, Value

_AUTH_CONFIGURED = "auth is configured"
_LOGINS = ("chatgpt", "api_key")
"""What ``codex login status`` says of a user who is logged in."""

_NO_ENDPOINT = "no HTTP endpoint"
"""What doctor says, with the status ok, of a provider that it has not probed (0.169.0)."""

_DECIDES = {"network_unreachable": "HTTP: ", "websocket_blocked": "WebSocket: "}
"""The transport whose failure a verdict rests on, as its line of evidence begins."""

_BY_THE_PROXY = (*_DECIDES, "proxy_misconfigured", "inconclusive")
"""The verdicts under a new proxy that it may be to blame for."""

_NONSENSE = (KeyError, TypeError, ValueError, AttributeError)
ANSWERED_NONSENSE = "codex_info answered nonsense"

_VERDICT = 80
_SEEN = 160


def cure_problems(after: Value, before: Value, provider_id: str) -> list[str]:
    """Why doctor's answer under the cure does not prove it; empty where it does.

    ``before`` and ``after`` are values of codex_info. The three published
    criteria (config loaded, WebSocket not enabled, endpoints reachable over
    HTTP, which is more than that none was probed) and four more, for doctor is
    green without them as well (measured with 0.169.0): a login is configured,
    it is really sent, to the same place as before, and the provider that was
    written is the one in effect. What codex_info never returns proves nothing.
    """
    try:
        return _cure_problems(after, before, provider_id)
    except _NONSENSE:
        return [ANSWERED_NONSENSE]


def _cure_problems(after: Value, before: Value, provider_id: str) -> list[str]:
    diagnosis, provider = after["diagnosis"], after["provider"]
    problems: list[str | None] = []
    if diagnosis["verdict"] != "http_only":
        problems.append(f"verdict under the cure: {diagnosis['verdict']} ({diagnosis['cause']})")
    problems.append(_config_problem(after["doctor"], before["doctor"]))
    if provider["websockets"] is not False:
        problems.append("doctor does not say that WebSockets are off for the active provider")
    problems.append(_http_problem(after["doctor"]))
    problems.append(_login_problem(after, before))
    was_broken = before["diagnosis"]["verdict"] == "http_only_broken"
    if login_mode(after["doctor"]) != login_mode(before["doctor"]) and not was_broken:
        modes = login_mode(after["doctor"]), login_mode(before["doctor"])
        problems.append("kind of login: {}, before {}".format(*modes))
    if provider["active"] != provider_id:
        problems.append(f"active provider: {provider['active']}, not {provider_id}")
    return [clean(problem) for problem in problems if problem]


def proxy_problems(after: Value, before: Value) -> list[str]:
    """Why doctor's answer under the new proxy does not prove it; empty where it does.

    Both are values of codex_info. A WebSocket that is refused beyond a proxy
    which works at last is the next cause, not a failed cure. The sentence
    holds what was seen, and fits into a line of the summary as a whole.
    """
    try:
        return _proxy_problems(after, before)
    except _NONSENSE:
        return [ANSWERED_NONSENSE]


def verdict_of(seen: Value) -> str:
    """The verdict of a value of codex_info, or of what is none."""
    try:
        return clean(seen["diagnosis"]["verdict"], _VERDICT)
    except _NONSENSE:
        return "inconclusive"


def _proxy_problems(after: Value, before: Value) -> list[str]:
    verdict, cause = after["diagnosis"]["verdict"], after["diagnosis"]["cause"]
    proven = ["healthy", "http_only"]
    if before["diagnosis"]["verdict"] in NEEDS_PROXY:
        proven += NEEDS_PROVIDER
    if verdict in proven:
        return []
    parts = [clean(f"verdict under the proxy: {verdict} ({cause})", _VERDICT)]
    parts += [clean(line, _SEEN) for line in _decisive(verdict, after["diagnosis"]["evidence"])]
    advice = "; check reconnect_proxy" if verdict in _BY_THE_PROXY else ""
    return [": ".join(parts) + advice]


def _config_problem(after: Value, before: Value) -> str | None:
    status = _check(after, "config").get("status")
    if status not in ("ok", "warning"):
        return "doctor does not say that Codex loads its configuration"
    if status == "warning" and _check(before, "config").get("status") == "ok":
        return "Codex warns about its configuration, and did not before"
    return None


def _http_problem(doctor: Value) -> str | None:
    http = _check(doctor, "http")
    if http.get("status") == "ok" and _NO_ENDPOINT not in str(http.get("summary")):
        return None
    return f"the endpoints are not shown to be reachable over HTTP: {http.get('summary')}"


def _login_problem(after: Value, before: Value) -> str | None:
    """A provider with credentials of its own needs no login of the user."""
    if login_mode(after["doctor"]) == "provider auth":
        return None
    told = _check(after["doctor"], "auth").get("summary")
    if told is not None:
        return None if told == _AUTH_CONFIGURED else f"doctor says of the login: {told}"
    login = after["login"] or {}
    variables = login.get("api_key_variables") or ()
    if login.get("status") in _LOGINS or set(variables) & set(OVERRULING_VARIABLES):
        return None
    now, then = login.get("status"), (before["login"] or {}).get("status")
    # A keyring may be closed to this session while doctor, which was asked before, sees the login.
    if now != "none" and then in (now, None):
        return None
    return f"codex login status: {now}, before {then}"


def _decisive(verdict: str, evidence: t.Sequence[t.Any]) -> list[t.Any]:
    """The one line of the evidence that says why, if there is any."""
    transport = _DECIDES.get(verdict, "")
    of_transport = [line for line in evidence if str(line).startswith(transport)]
    return (of_transport or list(evidence))[-1:]


def login_mode(doctor: Value) -> t.Any:
    """Which kind of login doctor's look at the endpoints went by."""
    return _check(doctor, "http").get("mode")


def _check(doctor: Value, check: str) -> Value:
    return doctor.get(check) or {}
