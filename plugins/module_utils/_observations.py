# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read on a machine beside the answers of its doctor, as typed values. Data only.

This module util is PRIVATE to the collection. Readers make these values,
``_diagnosis`` and ``_findings`` judge them. No value holds a credential; every
string from the machine has gone through ``_text.clean``.
"""

from __future__ import annotations

import typing as t


class ProxyUrl(t.NamedTuple):
    """A proxy setting without what is secret in it."""

    scheme: str
    """In lower case; '' where the setting has none."""
    host: str
    port: int | None
    has_credentials: bool


class ProxyProblem(t.NamedTuple):
    """One thing that is wrong with a proxy setting, whether or not it explains a failure."""

    name: str
    """One of ``PROXY_PROBLEMS``."""
    variable: str
    """The variable as it is spelled where it stands, such as ``HTTPS_PROXY``."""
    source: str
    """``dotenv``, ``environment`` (of the task) or ``shell`` (of a codex process that runs)."""
    detail: str
    """What is wrong, as a phrase for a person: hosts and ports, no credential."""
    repaired: str | None
    """The value to write instead, a user name and password as ``***``; None where none follows
    from what is there."""


PROXY_PROBLEMS = (
    "line_dropped",
    "no_scheme",
    "https_scheme",
    "socks",
    "dead_port",
    "no_proxy_covers_service",
    "http_proxy_only",
    "case_disagrees",
    "shell_disagrees",
)
"""Every problem, the one that explains a failure best first."""


class ProxySettings(t.NamedTuple):
    """The proxies that a client started by this task goes through."""

    source: str
    """Where the setting that decides about HTTPS comes from: dotenv, environment or none."""
    https: ProxyUrl | None
    """What HTTPS requests go through: HTTPS_PROXY, else ALL_PROXY, upper case first."""
    http: ProxyUrl | None
    all: ProxyUrl | None
    no_proxy: tuple[str, ...]
    problems: tuple[ProxyProblem, ...]
    readable: bool = True
    """False where ``.env`` is there and could not be read: then its settings are not known."""
    dotenv_problem: str | None = None
    """Why ``.env`` could not be read."""


NO_PROXIES = ProxySettings("none", None, None, None, (), ())

PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""What Codex reads, in upper or in lower case."""

OPENAI_HOSTS = ("api.openai.com", "chatgpt.com", "auth.openai.com")
"""The hosts of the service: for API keys, for ChatGPT logins, and for logging in."""


class Ways(t.NamedTuple):
    """Raw proxy URLs, with their passwords: for ``_routes`` alone, and never shown."""

    proxy: str | None
    """What the client's HTTP requests go through."""
    other: str | None
    """What the first problem that names another proxy would have them go through."""

    def __repr__(self) -> str:
        return "Ways(...)"


class Routes(t.NamedTuple):
    """Whether the service's host answers HTTP at all, on each way to it; None: not tried.

    Any HTTP status is an answer. Asked only of machines that are not healthy.
    """

    host: str
    direct: bool | None
    proxy: bool | None
    """Through the proxy that the client uses; None also where it uses none."""
    other: bool | None
    """Through the proxy that is set beside it and does not take effect, if there is one."""


NETWORK = "network"
PROXY_NOT_USED = "proxy_not_used"
AUTH_OR_CLIENT_VERSION = "auth_or_client_version"
ROUTES_FINDINGS = (NETWORK, PROXY_NOT_USED, AUTH_OR_CLIENT_VERSION)
"""What asking the service's host on each way to it can show."""


class LogEvidence(t.NamedTuple):
    """What the client's own log database tells of WebSockets that failed, since ``since``."""

    outcome: str
    """read, off, absent, locked, unreadable, unknown_schema, timed_out or no_sqlite."""
    fallbacks: int
    """Fallbacks to HTTP for a reason that is one of the transport."""
    threads: int
    """In how many threads they happened."""
    last_seen: float | None
    """When the last one happened, in seconds since the epoch."""
    cause: str
    """The commonest reason: closed, cut, silent, refused, server_error, proxy_scheme, certificate
    or other; empty for none."""
    completed_since: int
    """Threads whose turn was completed over a WebSocket after the last fallback."""
    only_subagents: bool = False
    """Whether all fallbacks happened in threads of sub-agents."""
    only_after_idle: bool = False
    """Whether every fallback followed an hour or more without a request in its thread."""
    in_a_row: tuple[int, int] | None = None
    """How many fallbacks happened since a turn of any thread was completed over a WebSocket, and in
    how many threads; None where the log was not read."""


NO_LOGS = LogEvidence("off", 0, 0, None, "", 0)


class Login(t.NamedTuple):
    """How the user is logged in, told without opening ``auth.json``."""

    store: str
    """``cli_auth_credentials_store``: file, keyring, auto or ephemeral."""
    status: str
    """What ``codex login status`` says: chatgpt, api_key, none, unknown, or not_asked."""
    api_key_variables: tuple[str, ...]
    """The variables that hold an API key, by name, whether set by the environment or ``.env``."""


class CertificateFile(t.NamedTuple):
    """A file of certificate authorities that cannot be used."""

    variable: str
    path: str
    problem: str


class Process(t.NamedTuple):
    """A running process of a Codex client of this user."""

    kind: str
    """session, app_server, ide or other."""
    started: float | None
    """Seconds since the epoch."""
    proxies: t.Mapping[str, str] | None
    """Its proxy variables, raw, for ``_proxies`` alone; None where they cannot be seen."""


class Surroundings(t.NamedTuple):
    """What ``_findings`` needs of the machine."""

    wsl: str
    """'' (no WSL), wsl1, wsl2, or wsl2_mirrored."""
    home_on_windows_drive: bool
    processes: tuple[Process, ...] | None
    """None where they could not be listed."""
    settings_changed: float | None
    """When config.toml or ``.env`` was last written, in seconds since the epoch."""
    mcp_servers: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    """Every installation's path and version text."""
    ide_clients: tuple[str, ...]
    """The paths of clients that belong to an IDE extension."""
    misplaced_keys: tuple[str, ...]
    """Keys of the file's root that stand in a table, where Codex ignores them; dotted."""
    environment_changed: float | None = None
    """When ``.env`` was last written, in seconds since the epoch."""


class Failure(t.NamedTuple):
    """What is read only where something fails."""

    routes: Routes | None
    routes_finding: str | None
    """One of ``ROUTES_FINDINGS``."""
    login: Login | None
    certificates: tuple[CertificateFile, ...]


NOT_READ = Failure(None, None, None, ())


class Finding(t.NamedTuple):
    """Something that no configuration cures, told with advice."""

    name: str
    detail: str
    advice: str
