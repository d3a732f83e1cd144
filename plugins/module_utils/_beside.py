# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a diagnosis rests on beside the answers of doctor.

This module util is PRIVATE to the collection. What is cheap is read on every
machine; what costs a process or a connection, only where something fails.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t
from urllib.parse import SplitResult, urlsplit

from ._certificate_files import unusable
from ._doctor import HTTP, WEBSOCKET, DoctorReport, DoctorRun
from ._dotenv import effective, read
from ._layers import SYSTEM_FOLDER, Layers, Provider, active_provider
from ._layers import effective as configured
from ._login import ask_status, login
from ._logs import read_logs
from ._observation_record import Observation, Observations, age, load
from ._observations import (
    NO_LOGS,
    CertificateFile,
    LogEvidence,
    Login,
    Process,
    Routes,
)
from ._processes import codex_processes
from ._profiles import profile_files
from ._proxy_cause import route_finding
from ._proxy_reading import Proxies, read_dotenv, read_proxies
from ._proxy_url import OPENAI_HOSTS
from ._routes import routes
from ._state import last_change
from ._transport import http_side, websocket_side

_HOUR = 3600.0
_CLOCK_SKEW = 300.0
_LONGEST_WINDOW = 8760 * _HOUR
"""Seconds."""
_ROUTE_TIMEOUT = 5.0
"""Seconds for the ways to the service; all of them are tried at once."""

_API_HOST = "api.openai.com"
_HOST_BY_MODE = {"ChatGPT auth": "chatgpt.com"}


@dataclasses.dataclass(frozen=True)
class Beside:
    """What is read on every machine."""

    variables: t.Mapping[str, str] = dataclasses.field(repr=False)
    """What Codex takes from ``.env``, secrets included: nothing of it leaves the machine."""
    proxies: Proxies
    processes: tuple[Process, ...] | None
    logs: LogEvidence
    fatal_line: int | None
    """The line of ``.env`` that ends every start of the client."""
    observed: Observations
    """What earlier runs of the role have seen."""
    service_error_since: float | None
    """Seconds since they first saw a server error; None where they did not within the window."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """What is read only where something fails."""

    routes: Routes | None
    routes_finding: str | None
    login: Login | None
    certificates: tuple[CertificateFile, ...]


NOT_READ = Failure(None, None, None, ())


def read_beside(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    trial_since: float | None = None,
) -> Beside:
    """Read what is cheap; ``log_window`` is in hours, 0 for no look into the client's log.

    ``trial_since`` is when a trial of WebSockets began, in seconds since the
    epoch: until it ends, all that is logged in it counts.
    """
    dotenv = read_dotenv(codex_home)
    reading = read(dotenv.data or b"", environment)
    variables = effective(reading)
    processes = codex_processes(os.geteuid())
    url = _base_url(active_provider(layers, None), layers)
    hosts = (url.hostname,) if url is not None and url.hostname else OPENAI_HOSTS
    merged = {**environment, **variables}
    observed = load(codex_home)
    return Beside(
        variables,
        read_proxies(dotenv, environment, _shell(processes or ()), hosts),
        processes,
        _logs(codex_home, layers, merged, log_window, trial_since),
        next((one.line for one in reading.dropped if one.reason == "nul_byte"), None),
        observed,
        _lasts(codex_home, layers, merged, log_window, observed.get("service_error")),
    )


def read_failure(
    beside: Beside,
    layers: Layers,
    provider: Provider,
    run: DoctorRun,
    executable: str,
    environment: t.Mapping[str, str],
) -> Failure:
    """Read what costs a connection or a process, after a doctor run that shows a failure."""
    found = read_login(beside, layers, executable, environment)
    certificates = unusable(environment, beside.variables)
    if not isinstance(run, DoctorReport) or not {HTTP, WEBSOCKET} <= run.checks.keys():
        return Failure(None, None, found, certificates)
    http, websocket = http_side(run.checks[HTTP]), websocket_side(run.checks[WEBSOCKET])
    ways = beside.proxies.ways
    host, port, scheme = endpoint(provider, layers, http.mode)
    tried = routes(host, port, ways.proxy, ways.other, _ROUTE_TIMEOUT, scheme)
    return Failure(tried, route_finding(tried, http, websocket), found, certificates)


def read_login(
    beside: Beside, layers: Layers, executable: str, environment: t.Mapping[str, str]
) -> Login:
    """Ask the client how its user is logged in, which costs a process."""
    status = ask_status(executable, environment)
    return login(configured(layers), beside.variables, environment, status)


def endpoint(provider: Provider, layers: Layers, mode: str) -> tuple[str, int, str]:
    """Host, port and scheme of the provider's turns; ``mode`` is doctor's reachability mode."""
    url = _base_url(provider, layers)
    if url is not None and url.hostname:
        return url.hostname, _port(url), url.scheme
    return _HOST_BY_MODE.get(mode, _API_HOST), 443, "https"


def _base_url(provider: Provider, layers: Layers) -> SplitResult | None:
    """Where the provider's turns go, if that is not the service itself."""
    url = (provider.table or {}).get("base_url")
    if url is None and provider.active == "openai":
        url = configured(layers).get("openai_base_url")
    try:
        return urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None


def _port(url: SplitResult) -> int:
    usual = 80 if url.scheme == "http" else 443
    try:
        return url.port or usual
    except ValueError:
        return usual


def _shell(processes: t.Sequence[Process]) -> t.Mapping[str, str] | None:
    # The newest stands last. A background server shows what it took from .env, a session does not.
    seen = [one.proxies for one in processes if one.kind == "session" and one.proxies is not None]
    return seen[-1] if seen else None


def _logs(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    trial_since: float | None,
) -> LogEvidence:
    if not log_window:
        return NO_LOGS
    now = time.time()
    if trial_since is None:
        since = max(now - log_window * _HOUR, _last_change(codex_home))
    else:
        # A cure in between that did not hold changed the file too; what it was for still counts.
        since = max(now - _LONGEST_WINDOW, trial_since)
    # Whatever has failed with another .env, which Codex never writes itself, tells of that one.
    dotenv_changed = _written(os.path.realpath(os.path.join(codex_home, ".env")))
    return _logged(codex_home, layers, environment, max(since, dotenv_changed))


def _lasts(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    seen: Observation | None,
) -> float | None:
    """For how many seconds a server error has been seen that has not passed in between."""
    since = age(seen, time.time(), log_window * _HOUR)
    if seen is None or since is None:
        return None
    logs = _logged(codex_home, layers, environment, seen.first)
    return None if logs.completed_since else since


def _logged(
    codex_home: str, layers: Layers, environment: t.Mapping[str, str], since: float
) -> LogEvidence:
    named = environment.get("CODEX_SQLITE_HOME") or configured(layers).get("sqlite_home")
    return read_logs(
        codex_home, since, sqlite_home=named if named and isinstance(named, str) else None
    )


def _last_change(codex_home: str) -> float:
    """When we last changed a file, in seconds since the epoch: each change is recorded."""
    changed = [
        os.path.join(codex_home, ".env"),
        os.path.join(codex_home, "config.toml"),
        os.path.join(SYSTEM_FOLDER, "config.toml"),
        *profile_files(codex_home),
    ]
    return max(_written(kept) for path in changed for kept in last_change(path))


def _written(path: str) -> float:
    """When this was written, in seconds since the epoch; 0 for never.

    A time ahead, which is of a clock that was wrong, counts as now, for what
    was logged before cannot be told from what was logged after. It costs the
    evidence of the log until that time has come; a handshake is believed all
    the same.
    """
    try:
        moment = os.lstat(path).st_mtime
    except OSError:
        return 0.0
    now = time.time()
    return moment if moment <= now + _CLOCK_SKEW else now
