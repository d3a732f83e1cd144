# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no configuration cures, told with advice. Pure.

This module util is PRIVATE to the collection. Numbers are issues of
openai/codex unless another repository is named. A machine on which all is
well has no finding.
"""

from __future__ import annotations

import typing as t

from ._observations import (
    NETWORK,
    PROXY_NOT_USED,
    Finding,
    LogEvidence,
    Login,
    Process,
    ProxySettings,
    Surroundings,
)
from ._text import clean
from ._version import Version, parse_version

MANY_SESSIONS = 5
"""Sessions at once that are worth a word: a chosen number, nobody has measured one."""

MANY_MCP_SERVERS = 5
"""MCP servers that are worth a word (issue 21318 says "many": a chosen number)."""

FEWEST_FALLBACKS = 3
"""Fallbacks that make a pattern, as many as the log needs to be evidence at all."""

_NOTHING_FAILS = ("healthy", "http_only", "not_installed", "unsupported_version")

_START_MARGIN = 2.0
"""Seconds: Linux tells when it was booted, and so when a process started, to the second."""

_MOST_SHOWN = 3
_DETAIL = 600
_RELEASES = "/packages/standalone/releases/"

_ADVICE = {
    "network": (
        "Mend the network first: no setting of Codex helps, and neither does installing it again."
    ),
    "proxy_not_used": (
        "Name the proxy in the .env of CODEX_HOME, which every start of Codex reads "
        "(reconnect_proxy does so; issue 18960); do not turn on a TUN mode, which reroutes every "
        "program of the machine."
    ),
    "auth_or_client_version": (
        "Compare codex login status with the login that is meant, log out and in again if they "
        "differ, and update an old client; do not delete auth.json."
    ),
    "wsl_loopback_proxy": (
        "A proxy of Windows cannot be reached at WSL's own loopback address: let it listen for "
        "the local network and name the address of Windows, or set networkingMode=mirrored below "
        "[wsl2] in .wslconfig, which counts once the user restarts WSL with all that runs in it "
        "(microsoft/WSL issue 10379)."
    ),
    "codex_home_on_windows_drive": (
        "Give Codex in WSL a home on the disk of WSL and log in there: its databases are locked "
        "and slow on a drive of Windows, and spoilt by a client of Windows that shares them "
        "(issue 31426)."
    ),
    "restart_required": (
        "Leave Codex in every terminal and IDE, run codex app-server daemon stop, and start again: "
        "an open chat keeps its provider (issue 16061), and the background server keeps the proxy "
        "it was started with, for new chats too."
    ),
    "below_minimum_version": (
        "Update the older client the way it was installed: npm, Homebrew (which may lag behind, "
        "issue 5601) or the standalone installer."
    ),
    "several_versions": (
        "What is reported is true of the first one; update or remove the others the way they were "
        "installed, for a terminal may start any of them (issue 13747)."
    ),
    "misplaced_keys": (
        "Codex ignores them there and warns at every start; move them above the first [table] of "
        "config.toml."
    ),
    "api_key_beside_login": (
        "Keep one of the two: take the variable out of the shell and of .env, or run codex logout "
        "and log in with the key; do not delete auth.json, which may not be where the login is."
    ),
    "fallbacks_in_subagents_only": (
        "Repeat the task without sub-agents; if that works it is issue 24475, which no setting "
        "cures: do not install Codex again for it."
    ),
    "fallbacks_after_idle": (
        "Start Codex anew after a long pause; a proxy, VPN or firewall that drops idle "
        "connections is the place to look, not the configuration of Codex."
    ),
    "many_codex_processes": (
        "Leave all of them, wait a minute and say HELLO in one session: if that works, their "
        "number was the cause, which no setting cures."
    ),
    "many_mcp_servers": (
        "Set enabled = false for all of them and turn them on one by one: servers that are slow to "
        "start hold up the first turn (issue 21318)."
    ),
    "ide_extension_client": (
        "Judge it apart from the client of the terminal: it has a version of its own, its proxy "
        "is the http.proxy of the IDE, and http.noProxy does not reach it (issue 6764)."
    ),
}

FINDINGS = tuple(_ADVICE)
"""Every name, in the order in which findings are told."""

_ROUTES = {
    "network": "the service's host answers neither directly nor through a proxy",
    "proxy_not_used": (
        "the service's host answers through the proxy alone, and Codex does not go through it"
    ),
    "auth_or_client_version": (
        "the service's host answers on every way to it, and Codex fails all the same"
    ),
}


def findings(
    surroundings: Surroundings,
    proxies: ProxySettings,
    logs: LogEvidence,
    login: Login | None,
    routes_finding: str | None,
    minimum_version: Version | None,
    version: Version | None,
    verdict: str,
    cause: str,
) -> tuple[Finding, ...]:
    """Every finding of one machine, in the order of ``FINDINGS``.

    ``routes_finding`` is one of ``ROUTES_FINDINGS``.
    ``version`` is that of the client that was asked, ``verdict`` and ``cause``
    are those of the diagnosis. Problems of proxies that explain nothing stand with the proxies
    and are not repeated.
    """
    pattern = logs.fallbacks >= FEWEST_FALLBACKS
    failing = verdict not in _NOTHING_FAILS or pattern
    unexplained = verdict == "inconclusive" or (verdict in _NOTHING_FAILS and pattern)
    details: dict[str, str | None] = {
        "wsl_loopback_proxy": _wsl_loopback_proxy(surroundings, proxies),
        "codex_home_on_windows_drive": _home_on_windows_drive(surroundings),
        "restart_required": _restart_required(surroundings),
        "below_minimum_version": _below(minimum_version, version, surroundings.versions),
        "several_versions": _several_versions(surroundings),
        "misplaced_keys": _misplaced_keys(surroundings.misplaced_keys),
    }
    if routes_finding is not None and _adds_to(verdict, cause, routes_finding):
        details[routes_finding] = _ROUTES[routes_finding]
    if pattern:
        details["fallbacks_in_subagents_only"] = _in_subagents(logs)
        details["fallbacks_after_idle"] = _after_idle(logs)
    if failing:
        details["api_key_beside_login"] = _api_key_beside_login(login)
        details["ide_extension_client"] = _ide_client(surroundings)
    if unexplained:
        details["many_codex_processes"] = _many_sessions(surroundings.processes or ())
        details["many_mcp_servers"] = _many_mcp_servers(surroundings.mcp_servers)
    return tuple(
        Finding(name, clean(detail, _DETAIL), _ADVICE[name])
        for name, detail in ((name, details.get(name)) for name in FINDINGS)
        if detail is not None
    )


def holds_old_environment(surroundings: Surroundings) -> bool:
    """Whether a client runs that was started before ``.env`` was last written.

    Its sessions go on with the old settings, and so do the fallbacks that they log.
    """
    changed, processes = surroundings.environment_changed, surroundings.processes or ()
    kinds = ("session", "app_server", "ide")
    return any(_started_before(changed, kind, processes) for kind in kinds)


def _adds_to(verdict: str, cause: str, routes_finding: str) -> bool:
    """Whether what the routes show is worth a word beside a verdict that may say better."""
    if routes_finding == NETWORK:
        return verdict == "network_unreachable" and cause != "certificate_file"
    if routes_finding == PROXY_NOT_USED:
        return verdict != "proxy_misconfigured"
    return verdict in ("inconclusive", "network_unreachable")


def _wsl_loopback_proxy(surroundings: Surroundings, proxies: ProxySettings) -> str | None:
    # What listens there is a proxy inside WSL, which is as good as any other.
    dead = any(problem.name == "dead_port" for problem in proxies.problems)
    used = proxies.https
    if surroundings.wsl != "wsl2" or not dead or used is None or not _is_loopback(used.host):
        return None
    port = "" if used.port is None else f":{used.port}"
    return f"the proxy is {used.host}{port} in a WSL 2 without mirrored networking"


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def _home_on_windows_drive(surroundings: Surroundings) -> str | None:
    if surroundings.wsl and surroundings.home_on_windows_drive:
        return "CODEX_HOME lies on a drive of Windows"
    return None


def _restart_required(surroundings: Surroundings) -> str | None:
    # Measured with 0.169.0: a background server reads config.toml anew for every session, and
    # keeps the environment and the .env of its own start for all of them.
    counts = [
        _counted(number, word)
        for kind, word, changed in (
            ("session", "session", surroundings.settings_changed),
            ("app_server", "background server", surroundings.environment_changed),
            ("ide", "client of an IDE", surroundings.settings_changed),
        )
        for number in (_started_before(changed, kind, surroundings.processes or ()),)
        if number
    ]
    return f"started before their settings were changed: {', '.join(counts)}" if counts else None


def _started_before(changed: float | None, kind: str, processes: t.Sequence[Process]) -> int:
    return sum(
        process.kind == kind
        and process.started is not None
        and changed is not None
        and process.started + _START_MARGIN < changed
        for process in processes
    )


def _below(
    minimum: Version | None, version: Version | None, versions: t.Sequence[tuple[str, str]]
) -> str | None:
    if minimum is None:
        return None
    parsed = [(parse_version(text), path) for path, text in versions]
    old = [f"{found.text} at {path}" for found, path in parsed if found and found[:4] < minimum[:4]]
    if not old and version is not None and version[:4] < minimum[:4]:
        old = [version.text]
    return f"older than {minimum.text}: {_listed(old)}" if old else None


def _several_versions(surroundings: Surroundings) -> str | None:
    told: dict[str, str] = {}
    releases = 0
    for path, version in surroundings.versions:
        # Its installer leaves earlier releases where they are; the newest comes first.
        releases += _RELEASES in path
        if path in surroundings.ide_clients or (_RELEASES in path and releases > 1):
            continue
        told.setdefault(version, path)
    if len(told) < 2:
        return None
    return _listed([f"{version} at {path}" for version, path in told.items()])


def _misplaced_keys(keys: t.Sequence[str]) -> str | None:
    return f"keys of the root that stand in a table: {_listed(keys)}" if keys else None


def _api_key_beside_login(login: Login | None) -> str | None:
    if login is None or login.status != "chatgpt" or not login.api_key_variables:
        return None
    return f"{_listed(login.api_key_variables)} set beside a ChatGPT login"


def _in_subagents(logs: LogEvidence) -> str | None:
    if not logs.only_subagents:
        return None
    return f"all {logs.fallbacks} fallbacks happened in threads of sub-agents"


def _after_idle(logs: LogEvidence) -> str | None:
    if not logs.only_after_idle:
        return None
    return f"all {logs.fallbacks} fallbacks came after an hour or more without a request"


def _many_sessions(processes: t.Sequence[Process]) -> str | None:
    sessions = sum(process.kind == "session" for process in processes)
    return f"{sessions} sessions run at once" if sessions >= MANY_SESSIONS else None


def _many_mcp_servers(names: t.Sequence[str]) -> str | None:
    if len(names) < MANY_MCP_SERVERS:
        return None
    return f"{len(names)} MCP servers are started with every session: {_listed(names)}"


def _ide_client(surroundings: Surroundings) -> str | None:
    if surroundings.ide_clients:
        return f"an IDE extension brings its own client: {_listed(surroundings.ide_clients)}"
    if any(process.kind == "ide" for process in surroundings.processes or ()):
        return "the client of an IDE extension is running"
    return None


def _counted(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    first, _of, rest = word.partition(" of ")
    return f"{number} {first}s of {rest}" if rest else f"{number} {word}s"


def _listed(names: t.Sequence[str]) -> str:
    shown = ", ".join(clean(name, 150) for name in names[:_MOST_SHOWN])
    more = len(names) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
