# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which problem of the proxy settings explains what doctor saw, and what the routes show. Pure.

This module util is PRIVATE to the collection. An upgrade that was refused with
an HTTP status is never explained here: somebody answered it, so the way there
is in order. The rules follow what each transport does with each setting, as
measured with 0.169.0; see ``_proxies``.
"""

from __future__ import annotations

import typing as t

from ._observations import (
    AUTH_OR_CLIENT_VERSION,
    NETWORK,
    PROXY_NOT_USED,
    PROXY_PROBLEMS,
    ProxyProblem,
    Routes,
)
from ._proxy_url import HTTP_TRANSPORT, WEBSOCKET_TRANSPORT, covered_transports
from ._transport import Http, WebSocket


def explaining(
    problems: t.Iterable[ProxyProblem],
    http: Http,
    websocket: WebSocket,
    routes: Routes | None,
    no_proxy: t.Sequence[str] = (),
) -> ProxyProblem | None:
    """Return the problem that explains the failure, None where nothing failed or nothing does.

    ``no_proxy`` is the list of ``ProxySettings``: what goes past a proxy does not fail for it.
    ``repaired`` is taken away from a problem whose better value was tried and does not work.
    """
    seen = _Seen(
        http.outcome == "failed",
        websocket.outcome in ("failed", "timed_out"),
        websocket.outcome == "failed",
        websocket.outcome == "open",
        routes or Routes("", None, None, None),
    )
    ordered = sorted(problems, key=lambda one: PROXY_PROBLEMS.index(one.name))
    if not (seen.http_failed or seen.websocket_failed):
        return None
    if not _fails_through_proxy(seen, no_proxy):
        ordered = [one for one in ordered if one.name != "dead_port"]
    dead = next((one for one in ordered if one.name == "dead_port"), None)
    if dead is not None and seen.http_failed and not seen.websocket_open:
        # Whatever else is wrong with its URL, a proxy that does not run comes first.
        ordered = [dead]
    for problem in ordered:
        if _RULES[problem.name](seen, problem):
            return _without_refuted_repair(seen, problem)
        if names_other(problem):
            # Routes.other was about that one alone.
            seen = seen._replace(routes=seen.routes._replace(other=None))
    return None


def names_other(problem: ProxyProblem) -> bool:
    """Whether the problem is about a second proxy; the first such one has ``Routes.other``."""
    if problem.name in ("line_dropped", "https_scheme"):
        return problem.repaired is not None and problem.variable.upper() != "NO_PROXY"
    return problem.name in ("http_proxy_only", "case_disagrees", "shell_disagrees")


def route_finding(routes: Routes, http: Http, websocket: WebSocket) -> str | None:
    """Name what the ways to the service show on a machine whose Codex fails; None for nothing.

    * ``network``: the service answers on no way.
    * ``proxy_not_used``: it answers through a proxy alone, which Codex does not use or not rightly.
    * ``auth_or_client_version``: it answers on both ways. Meant for a failure that nothing else
      explains, and so never given where the upgrade was refused with a status that tells more.
    """
    by_proxy = bool(routes.proxy or routes.other)
    http_failed = http.outcome == "failed"
    if http_failed and routes.direct is False:
        if by_proxy:
            return PROXY_NOT_USED
        return None if websocket.outcome == "open" else NETWORK
    if routes.direct and routes.proxy:
        refused = websocket.outcome == "refused" and websocket.status != 401
        return None if refused and not http_failed else AUTH_OR_CLIENT_VERSION
    return None


class _Seen(t.NamedTuple):
    http_failed: bool
    websocket_failed: bool
    """With a network error, or by silence."""
    websocket_at_once: bool
    """With a network error."""
    websocket_open: bool
    routes: Routes


def _fails_through_proxy(seen: _Seen, no_proxy: t.Sequence[str]) -> bool:
    past = covered_transports(no_proxy, seen.routes.host)
    return (seen.http_failed and HTTP_TRANSPORT not in past) or (
        seen.websocket_failed and WEBSOCKET_TRANSPORT not in past
    )


def _line_dropped(seen: _Seen, problem: ProxyProblem) -> bool:
    if problem.variable.upper() == "NO_PROXY":
        return False
    # Another proxy that takes the place of the lost one, and works, leaves nothing to explain.
    return seen.routes.other is not False and (
        seen.routes.proxy is None or bool(seen.routes.proxy is False and seen.routes.other)
    )


def _no_scheme(seen: _Seen, _problem: ProxyProblem) -> bool:
    if seen.http_failed and seen.routes.proxy is False:
        return False
    return seen.websocket_at_once or (seen.http_failed and seen.websocket_open)


def _https_scheme(seen: _Seen, _problem: ProxyProblem) -> bool:
    # HTTP goes through a proxy that is spoken to by TLS, and fails only where it is a plain one.
    return bool(seen.routes.other) if seen.http_failed else True


def _socks(seen: _Seen, _problem: ProxyProblem) -> bool:
    return seen.http_failed


def _dead_port(_seen: _Seen, _problem: ProxyProblem) -> bool:
    return True


def _no_proxy_covers_service(seen: _Seen, _problem: ProxyProblem) -> bool:
    if not seen.routes.proxy:
        return False
    return seen.websocket_failed or seen.routes.direct is False


def _http_proxy_only(seen: _Seen, _problem: ProxyProblem) -> bool:
    if seen.http_failed:
        return bool(seen.routes.other) and not seen.routes.direct
    # The WebSocket alone goes through that proxy, which leads nowhere.
    return seen.routes.other is False


def _disagrees(seen: _Seen, _problem: ProxyProblem) -> bool:
    stuck = seen.routes.proxy is False or (
        seen.routes.proxy is None and seen.routes.direct is False
    )
    return stuck and bool(seen.routes.other)


_RULES: dict[str, t.Callable[[_Seen, ProxyProblem], bool]] = {
    "line_dropped": _line_dropped,
    "no_scheme": _no_scheme,
    "https_scheme": _https_scheme,
    "socks": _socks,
    "dead_port": _dead_port,
    "no_proxy_covers_service": _no_proxy_covers_service,
    "http_proxy_only": _http_proxy_only,
    "case_disagrees": _disagrees,
    "shell_disagrees": _disagrees,
}


def _without_refuted_repair(seen: _Seen, problem: ProxyProblem) -> ProxyProblem:
    refuted = seen.routes.other is False and problem.name in ("https_scheme", "http_proxy_only")
    return problem._replace(repaired=None) if refuted else problem
