# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxies Codex goes through, and what is wrong with them. Pure.

This module util is PRIVATE to the collection. Measured with 0.169.0:

* ``.env`` overrides the environment, name by name, also with an empty value.
* Upper case hides lower case, even where the upper case one is empty.
* HTTP requests take HTTPS_PROXY, else ALL_PROXY; HTTP_PROXY is nothing to them.
* The WebSocket takes HTTPS_PROXY, else HTTP_PROXY, else ALL_PROXY.
* A setting that is no URL is skipped by HTTP requests, and stops the WebSocket.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from . import _dotenv, _proxy_lines
from ._observations import (
    OPENAI_HOSTS,
    PROXY_PROBLEMS,
    PROXY_VARIABLES,
    ProxyProblem,
    ProxySettings,
    ProxyUrl,
    Ways,
)
from ._proxy_url import (
    DEFAULT_PORTS,
    address_of,
    covers,
    no_proxy_entries,
    parse_proxy,
    problem_of,
    repaired,
    shown,
    split_proxy,
    without_service,
)

Address = tuple[str, int]

USUAL_NO_PROXY = "localhost,127.0.0.1,::1"
"""What proxy_env adds to NO_PROXY by default."""

_LONGEST_REPAIR = 1000


@dataclasses.dataclass(frozen=True)
class _Setting:
    variable: str
    source: str
    value: str = dataclasses.field(repr=False)


_View = t.Mapping[str, _Setting]
_Found = tuple[ProxyProblem, t.Optional[str]]


def settings(
    dotenv: bytes | None,
    environment: t.Mapping[str, str],
    shell: t.Mapping[str, str] | None,
    hosts: t.Collection[str],
    dead: t.Collection[Address] = (),
) -> ProxySettings:
    """Return the proxies of a client that is started with ``environment``.

    ``dotenv`` is the content of ``.env``; ``shell`` the raw proxy variables of a
    codex process that runs; ``hosts`` those of the service; ``dead`` the ones of
    ``loopback_addresses`` where nothing listens.
    """
    seen = _view(dotenv, environment)
    https, http, everything = (_readable(_one(seen, name)) for name in PROXY_VARIABLES[:3])
    deciding = _for_http(seen) or _one(seen, "HTTPS_PROXY")
    no_proxy = _one(seen, "NO_PROXY")
    found = _problems(dotenv, environment, shell, hosts, dead)
    return ProxySettings(
        deciding.source if deciding else "none",
        https or everything,
        http,
        everything,
        no_proxy_entries(no_proxy.value) if no_proxy else (),
        tuple(problem for problem, _other in found),
    )


def ways(
    dotenv: bytes | None,
    environment: t.Mapping[str, str],
    shell: t.Mapping[str, str] | None,
    hosts: t.Collection[str],
) -> Ways:
    """Return the raw URLs to try, for the same arguments as ``settings``."""
    proxy = _for_http(_view(dotenv, environment))
    found = _problems(dotenv, environment, shell, hosts, ())
    others = (other for _problem, other in found if other is not None)
    return Ways(proxy.value if proxy else None, next(others, None))


def unreadable(reason: str, environment: t.Mapping[str, str]) -> ProxySettings:
    """Return what is known while ``.env`` cannot be read: the environment, which it may override.

    ``reason`` is a sentence.
    """
    return settings(None, environment, None, ())._replace(
        problems=(), readable=False, dotenv_problem=reason
    )


def loopback_addresses(proxies: ProxySettings) -> tuple[Address, ...]:
    """Return host and port of the proxies in use that are on this machine, each one once."""
    used = (proxies.https, proxies.http if proxies.https != proxies.http else None)
    addresses = [(url.host, _port(url)) for url in used if url is not None and _is_loopback(url)]
    return tuple(dict.fromkeys(addresses))


def _view(dotenv: bytes | None, environment: t.Mapping[str, str]) -> _View:
    """Return the proxy variables that are set, as the client sees them, spelled as they stand."""
    written = _dotenv.effective(_dotenv.read(dotenv, environment)) if dotenv else {}
    found = {}
    for source, values in (("environment", environment), ("dotenv", written)):
        for name, value in values.items():
            if name in _SPELLINGS:
                found[name] = _Setting(name, source, value)
    return found


_SPELLINGS = frozenset(PROXY_VARIABLES) | {name.lower() for name in PROXY_VARIABLES}


def _one(seen: _View, name: str) -> _Setting | None:
    """Return the setting that takes effect under ``name``, None for an empty one."""
    found = seen.get(name) or seen.get(name.lower())
    return found if found is not None and found.value else None


def _for_http(seen: _View) -> _Setting | None:
    for name in ("HTTPS_PROXY", "ALL_PROXY"):
        found = _one(seen, name)
        if _readable(found):
            return found
    return None


def _for_websocket(seen: _View) -> _Setting | None:
    return _one(seen, "HTTPS_PROXY") or _one(seen, "HTTP_PROXY") or _one(seen, "ALL_PROXY")


def _readable(setting: _Setting | None) -> ProxyUrl | None:
    return parse_proxy(setting.value) if setting else None


def _problems(
    dotenv: bytes | None,
    environment: t.Mapping[str, str],
    shell: t.Mapping[str, str] | None,
    hosts: t.Collection[str],
    dead: t.Collection[Address],
) -> list[_Found]:
    """Return every problem with the raw URL of the other proxy it is about, the best first."""
    seen = _view(dotenv, environment)
    found = [
        *_lost_lines(dotenv, environment, seen),
        *_of_urls(seen, dead),
        *_of_no_proxy(seen, hosts),
        *_http_proxy_only(seen),
        *_case_disagrees(seen),
        *_shell_disagrees(seen, environment, shell),
    ]
    return sorted(found, key=lambda one: PROXY_PROBLEMS.index(one[0].name))


def _lost_lines(
    dotenv: bytes | None, environment: t.Mapping[str, str], seen: _View
) -> t.Iterator[_Found]:
    if not dotenv:
        return
    for lost in _proxy_lines.lost(dotenv, environment, _SPELLINGS):
        effective = _one(seen, lost.name.upper())
        if effective is not None and effective.value == lost.meant:
            continue
        is_url = lost.name.upper() != "NO_PROXY"
        better = _best(lost.meant) if is_url and parse_proxy(lost.meant) else None
        if better is not None and _needs_quotes(lost.meant):
            better = f"'{better}'"
        if not is_url:
            better = _list_of(without_service(no_proxy_entries(lost.meant)))
        problem = ProxyProblem("line_dropped", lost.name, "dotenv", lost.detail, better)
        yield problem, lost.meant if is_url and better else None


def _needs_quotes(value: str) -> bool:
    """Whether ``.env`` gives another value than the one written for want of single quotes."""
    return any(char in value for char in '$\\"') and "'" not in value


def _of_urls(seen: _View, dead: t.Collection[Address]) -> t.Iterator[_Found]:
    used = {one.variable: one for one in (_for_websocket(seen), _for_http(seen)) if one}
    for one in used.values():
        url = parse_proxy(one.value)
        if url is None:
            stripped = one.value.strip()
            better = _best(stripped) if parse_proxy(stripped) else None
            detail = f"{one.variable} is no URL that Codex can read"
            yield ProxyProblem("no_scheme", one.variable, one.source, detail, better), None
            continue
        name = problem_of(url)
        if name is not None:
            detail = f"{one.variable} is {shown(one.value)}, {_DETAILS[name]}"
            problem = ProxyProblem(name, one.variable, one.source, detail, repaired(one.value))
            # Whether the same address answers as a plain proxy tells a slip from a TLS proxy.
            yield problem, _as_http(one.value) if name == "https_scheme" else None
        if (url.host, _port(url)) in dead:
            detail = (
                f"{one.variable} names {address_of(url)} on this machine, where nothing listens"
            )
            yield ProxyProblem("dead_port", one.variable, one.source, detail, None), None


_DETAILS = {
    "no_scheme": "without a scheme that Codex's WebSocket takes",
    "https_scheme": "which Codex's WebSocket cannot go through",
    "socks": "a SOCKS proxy, which Codex's HTTP requests cannot go through",
}


def _of_no_proxy(seen: _View, hosts: t.Collection[str]) -> t.Iterator[_Found]:
    one = _one(seen, "NO_PROXY")
    if one is None or not (_for_http(seen) or _for_websocket(seen)):
        return
    entries = no_proxy_entries(one.value)
    covered = [host for host in sorted(hosts) if covers(entries, host)]
    if covered:
        detail = f"{one.variable} keeps Codex from the proxy on its way to {', '.join(covered)}"
        better = _list_of(without_service(entries, {*OPENAI_HOSTS, *covered}))
        yield (
            ProxyProblem("no_proxy_covers_service", one.variable, one.source, detail, better),
            None,
        )


def _http_proxy_only(seen: _View) -> t.Iterator[_Found]:
    one, everything = _one(seen, "HTTP_PROXY"), _one(seen, "ALL_PROXY")
    if one is None or _one(seen, "HTTPS_PROXY") or _same(one, everything):
        return
    way = f"through {everything.variable}" if everything else "past every proxy"
    detail = (
        f"{one.variable} is {shown(one.value)}, which Codex's WebSocket goes through, while its "
        f"HTTP requests go {way}; HTTPS_PROXY is what both go through"
    )
    yield (
        ProxyProblem("http_proxy_only", one.variable, one.source, detail, _best(one.value)),
        one.value,
    )


def _case_disagrees(seen: _View) -> t.Iterator[_Found]:
    used = {one.variable for one in (_for_http(seen), _for_websocket(seen)) if one}
    for name in PROXY_VARIABLES[:3]:
        upper, lower = seen.get(name), seen.get(name.lower())
        if upper is None or lower is None or not lower.value or _same(upper, lower):
            continue
        if upper.value and upper.variable not in used:
            continue
        detail = (
            f"{name} is {shown(upper.value) if upper.value else 'empty'} and hides "
            f"{name.lower()}, which is {shown(lower.value)}"
        )
        yield (
            ProxyProblem("case_disagrees", name, upper.source, detail, _best(lower.value)),
            lower.value,
        )


def _shell_disagrees(
    seen: _View, environment: t.Mapping[str, str], shell: t.Mapping[str, str] | None
) -> t.Iterator[_Found]:
    mine = _for_http(seen) or _for_websocket(seen)
    told: list[_Setting] = []
    for source, values in (("shell", shell or {}), ("environment", environment)):
        theirs = _for_http(_view(None, values))
        if theirs is None or _same(theirs, mine) or any(_same(theirs, one) for one in told):
            continue
        told.append(theirs)
        says = f"{_PLACES[mine.source]} has {shown(mine.value)}" if mine else "none takes effect"
        detail = f"{theirs.variable} is {shown(theirs.value)} in {_PLACES[source]}, but {says}"
        problem = ProxyProblem(
            "shell_disagrees", theirs.variable, source, detail, _best(theirs.value)
        )
        yield problem, theirs.value


_PLACES = {
    "dotenv": ".env",
    "environment": "the environment of this task",
    "shell": "the shell of a codex process",
}


def _same(one: _Setting, other: _Setting | None) -> bool:
    if other is None:
        return False
    left, right = split_proxy(one.value), split_proxy(other.value)
    if left is None or right is None:
        return one.value == other.value
    return (left.url, left.userinfo) == (right.url, right.userinfo)


def _best(value: str) -> str | None:
    """Return ``value``, masked, or what it should be; None where no good value follows."""
    url = parse_proxy(value)
    if url is None:
        return None
    return shown(value) if problem_of(url) is None else repaired(value)


def _as_http(value: str) -> str | None:
    return f"http://{value.partition('://')[2]}" if repaired(value) else None


def _list_of(entries: t.Sequence[str]) -> str | None:
    text = ",".join(entries) or USUAL_NO_PROXY
    return text if len(text) <= _LONGEST_REPAIR else None


def _port(url: ProxyUrl) -> int:
    return url.port or DEFAULT_PORTS.get(url.scheme, 1080)


def _is_loopback(url: ProxyUrl) -> bool:
    if url.host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False
