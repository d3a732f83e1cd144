# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a failure makes worth a connection or a process.

This module util is PRIVATE to the collection. ``_beside`` reads what every machine tells.
"""

from __future__ import annotations

import typing as t

from ._beside import Beside
from ._certificate_files import unusable
from ._doctor import HTTP, WEBSOCKET, DoctorReport, DoctorRun
from ._layers import Layers, Provider, base_url, effective
from ._login import ask_status, login
from ._observations import Failure, Login
from ._proxy_cause import route_finding
from ._routes import routes
from ._transport import http_side, websocket_side

if t.TYPE_CHECKING:
    from urllib.parse import SplitResult

_ROUTE_TIMEOUT = 5.0
"""Seconds for the ways to the service; all of them are tried at once."""

_API_HOST = "api.openai.com"
_HOST_BY_MODE = {"ChatGPT auth": "chatgpt.com"}


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
    return login(effective(layers), beside.variables, environment, status)


def endpoint(provider: Provider, layers: Layers, mode: str) -> tuple[str, int, str]:
    """Host, port and scheme of the provider's turns; ``mode`` is doctor's reachability mode."""
    url = base_url(provider, layers)
    if url is not None and url.hostname:
        return url.hostname, _port(url), url.scheme
    return _HOST_BY_MODE.get(mode, _API_HOST), 443, "https"


def _port(url: SplitResult) -> int:
    usual = 80 if url.scheme == "http" else 443
    try:
        return url.port or usual
    except ValueError:
        return usual
