# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One proxy URL and one NO_PROXY list, as Codex understands them. Pure.

This module util is PRIVATE to the collection. What the client does was
measured with 0.169.0. No function returns a user name or a password.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ._observations import OPENAI_HOSTS, ProxyUrl
from ._text import clean

HTTP_TRANSPORT = "http"
WEBSOCKET_TRANSPORT = "websocket"

DEFAULT_PORTS = {"": 80, "http": 80, "https": 443}

_LONGEST = 4096
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,20}")
_PORT = re.compile(r"[0-9]{1,5}")
_ENTRY = re.compile(
    r"(?:[A-Za-z0-9_.*-]+|\[?[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\]?)(?::[0-9]{1,5}|/[0-9]{1,3})?"
)
_USERINFO = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")


class Parts(t.NamedTuple):
    """A proxy URL with its secret, for whoever talks to the proxy; never for an output."""

    url: ProxyUrl
    userinfo: str | None
    """User name and password as they are written; None without an ``@``."""
    rest: str
    """Path, query and fragment."""


def split_proxy(text: str) -> Parts | None:
    """Read ``text`` as tolerantly as Codex; None where it names no host or no possible port."""
    if len(text) > _LONGEST:
        return None
    scheme = _SCHEME.match(text)
    after = text[scheme.end() :] if scheme else text
    # Whatever stands before the last @ may be a password that nobody encoded.
    userinfo, at, authority = after.rpartition("@")
    end = next((index for index, char in enumerate(authority) if char in "/?#"), len(authority))
    host, port = _host_and_port(authority[:end])
    if host is None or port == 0:
        return None
    url = ProxyUrl(scheme[1].lower() if scheme else "", host, port, bool(at and userinfo))
    return Parts(url, userinfo if at else None, authority[end:])


def parse_proxy(text: str) -> ProxyUrl | None:
    """Return what is not secret in a proxy setting; None where Codex can make nothing of it."""
    parts = split_proxy(text)
    return parts.url if parts else None


def address_of(url: ProxyUrl) -> str:
    """Return ``host:port``, or ``host`` where the URL names no port."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port is None else f"{host}:{url.port}"


def is_socks(url: ProxyUrl) -> bool:
    """Whether the URL is one of a SOCKS proxy."""
    return url.scheme.startswith("socks")


def problem_of(url: ProxyUrl) -> str | None:
    """Return ``no_scheme``, ``https_scheme``, ``socks``, or None for a URL in order.

    A scheme that nobody knows counts as none: the WebSocket refuses both alike.
    """
    if is_socks(url):
        return "socks"
    if url.scheme == "https":
        return "https_scheme"
    return None if url.scheme == "http" else "no_scheme"


def shown(text: str) -> str:
    """Return a proxy setting for a person: a user name and password as ``***``, no path.

    A setting that cannot be read may be part of a password: nothing of it is shown.
    """
    url = parse_proxy(text)
    return "***" if url is None else _written(url, url.scheme)


def repaired(text: str) -> str | None:
    """Return the URL to write instead, masked as in ``shown``.

    None where nothing is wrong and where no better value follows: the HTTP port
    of a SOCKS proxy is not known, nor is the port of ``https://proxy``.
    """
    url = parse_proxy(text)
    if url is None or problem_of(url) in (None, "socks"):
        return None
    if url.scheme == "https" and url.port is None:
        return None
    return _written(url, "http")


def refusal(text: str) -> str | None:
    """Say why ``text`` is not a proxy that serves both transports; None for one that does.

    The phrase follows the name of an option: ``... has no scheme; write http://127.0.0.1:7890``.
    """
    if not text:
        return "is empty; write it as http://host:port"
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text):
        return "holds a blank or a control character; write it as http://host:port"
    parts = split_proxy(text)
    if parts is None:
        return "names no host, or a port that does not exist; write it as http://host:port"
    problem = problem_of(parts.url)
    if problem is not None:
        return _REFUSALS[problem].format(better=repaired(text) or "http://host:port")
    if parts.userinfo is not None and not _USERINFO.fullmatch(parts.userinfo):
        return (
            "has a character in its user name or password that must be percent-encoded, such as "
            "%40 for @ and %2F for /"
        )
    if parts.rest not in ("", "/"):
        return f"has something behind the host; write {_written(parts.url, 'http')}"
    return None


def holds_no_secret(text: str) -> bool:
    """Whether a setting may be shown as a whole: it has no place for a password or a key."""
    return not set("@?#") & set(text)


def no_proxy_entries(text: str) -> tuple[str, ...]:
    """Return the entries of a NO_PROXY value, for people: bounded and printable.

    What looks like no host may be a proxy's URL with its password, and is ``***``.
    """
    entries = (entry.strip() for entry in text[:_LONGEST].split(","))
    return tuple(
        clean(entry, 100) if _ENTRY.fullmatch(entry) else "***" for entry in entries if entry
    )


def covered_transports(entries: t.Sequence[str], host: str, port: int = 443) -> frozenset[str]:
    """Return the transports that go past the proxy on their way to ``host`` (lower case).

    Measured with 0.169.0, whose transports disagree. Both: ``openai.com`` and
    ``.openai.com`` cover api.openai.com, ``*.openai.com`` and addresses do not.
    HTTP alone: in any case of letters; ``*`` anywhere in the list. WebSocket
    alone: ``host:port``; ``*`` only as the whole list.
    """
    found = set()
    for entry in entries:
        if entry == "*" or _covers(entry.lower(), host):
            found.add(HTTP_TRANSPORT)
        name, colon, number = entry.rpartition(":")
        if _covers(name if colon and number == str(port) else entry, host):
            found.add(WEBSOCKET_TRANSPORT)
    if tuple(entries) == ("*",):
        found.add(WEBSOCKET_TRANSPORT)
    return frozenset(found)


def covers(entries: t.Sequence[str], host: str) -> bool:
    """Whether NO_PROXY keeps a transport from the proxy on its way to ``host``."""
    return bool(covered_transports(entries, host))


def without_service(
    entries: t.Sequence[str], hosts: t.Collection[str] = OPENAI_HOSTS
) -> tuple[str, ...]:
    """Return the entries that cover none of ``hosts``, each one taken by itself."""
    return tuple(entry for entry in entries if not any(covers((entry,), host) for host in hosts))


_REFUSALS = {
    "no_scheme": "has no scheme that Codex's WebSocket takes; write {better}",
    "https_scheme": (
        "is an https:// proxy, which Codex's WebSocket cannot use; write {better}, which carries "
        "https requests too"
    ),
    "socks": (
        "is a SOCKS proxy, which Codex's HTTP requests cannot use; name the HTTP port of the same "
        "program, as http://host:port"
    ),
}


def _covers(entry: str, host: str) -> bool:
    domain = entry[1:] if entry.startswith(".") else entry
    return bool(domain) and (host == domain or host.endswith("." + domain))


def _host_and_port(authority: str) -> tuple[str | None, int | None]:
    """Return host and port; no host for what is neither, port 0 for one that cannot be."""
    if authority.startswith("["):
        host, bracket, after = authority[1:].partition("]")
        if not bracket or not _is_ipv6(host) or (after and after[0] != ":"):
            return None, None
        colon, number = after[:1], after[1:]
    else:
        host, colon, number = authority.partition(":")
        if not _HOST.fullmatch(host):
            return None, None
    if not number:
        return host, None
    if not colon or not _PORT.fullmatch(number) or int(number) > 65535:
        return host, 0
    return host, int(number)


def _is_ipv6(host: str) -> bool:
    address, percent, zone = host.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return not percent or _ZONE.fullmatch(zone) is not None


def _written(url: ProxyUrl, scheme: str) -> str:
    before = f"{scheme}://" if scheme else ""
    return f"{before}{'***@' if url.has_credentials else ''}{address_of(url)}"
