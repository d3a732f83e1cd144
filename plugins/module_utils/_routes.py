# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the service's host answers HTTP, directly and through a proxy.

This module util is PRIVATE to the collection. Every way is tried at once, by
threads that nobody waits for longer than the given time: a name may take long
to be looked up, and a peer may send its answer byte by byte. What is sent is
one request without credentials of the user, the proxy's own ones aside, and
only the first line of the answer is looked at.
"""

from __future__ import annotations

import base64
import re
import socket
import threading
import time
import typing as t
import urllib.parse

from ._observations import Routes
from ._proxy_url import DEFAULT_PORTS, Parts, is_socks, split_proxy

if t.TYPE_CHECKING:
    import ssl

_WHO = "User-Agent: devfleet.codex"
_LONGEST_HEAD = 16 * 1024
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_STATUS = re.compile(rb"HTTP/\d\.\d [1-5]\d\d\b")
_CONNECTED = re.compile(rb"HTTP/1\.[01] 2\d\d\b")


def routes(
    host: str,
    port: int,
    proxy: str | None,
    other: str | None,
    timeout: float,
    scheme: str = "https",
) -> Routes:
    """Ask ``scheme://host:port`` for any HTTP answer; return within ``timeout`` seconds.

    ``proxy`` and ``other`` are raw URLs of ``_proxies.Ways``. A SOCKS proxy and
    one that is spoken to by TLS are not tried. Nothing raises.
    """
    if not _HOST.fullmatch(host):
        return Routes(host, None, None, None)
    target = _Target(host, port, scheme, time.monotonic() + timeout)
    ways = {"proxy": _usable(proxy), "other": _usable(other)}
    attempts = {"direct": _begin(target, None)}
    attempts.update({way: _begin(target, parts) for way, parts in ways.items() if parts})
    answers = {way: attempt.result(target.deadline) for way, attempt in attempts.items()}
    return Routes(host, answers["direct"], answers.get("proxy"), answers.get("other"))


def is_listening(host: str, port: int, timeout: float) -> bool:
    """Whether something accepts connections there; meant for addresses of this machine.

    What cannot be told counts as listening: only a refusal proves a dead port.
    """
    try:
        socket.create_connection((host, port), timeout).close()
    except ConnectionRefusedError:
        return False
    except (OSError, ValueError, OverflowError):
        return True
    return True


class _Target(t.NamedTuple):
    host: str
    port: int
    scheme: str
    deadline: float

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Attempt(t.NamedTuple):
    thread: threading.Thread
    answered: list[bool]

    def result(self, deadline: float) -> bool:
        """Wait until ``deadline`` at the latest."""
        self.thread.join(max(0.0, deadline - time.monotonic()))
        return bool(self.answered)


def _usable(text: str | None) -> Parts | None:
    parts = split_proxy(text) if text else None
    if parts is None or is_socks(parts.url) or parts.url.scheme == "https":
        return None
    return parts


def _begin(target: _Target, proxy: Parts | None) -> _Attempt:
    answered: list[bool] = []

    def ask() -> None:
        try:
            if _answers(target, proxy):
                answered.append(True)
        except (OSError, ValueError):
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return _Attempt(thread, answered)


def _answers(target: _Target, proxy: Parts | None) -> bool:
    address = (target.host, target.port)
    if proxy is not None:
        address = (proxy.url.host, proxy.url.port or DEFAULT_PORTS["http"])
    connection = socket.create_connection(address, _left(target))
    try:
        if proxy is not None and not _tunnel(connection, target, proxy):
            return False
        if target.scheme == "https":
            connection.settimeout(_left(target))
            connection = _context().wrap_socket(connection, server_hostname=target.host)
        request = (
            f"HEAD / HTTP/1.1\r\nHost: {target.authority}\r\n{_WHO}\r\nConnection: close\r\n\r\n"
        )
        connection.settimeout(_left(target))
        connection.sendall(request.encode("ascii"))
        return bool(_STATUS.match(_read(connection, target, b"\n")))
    finally:
        connection.close()


def _context() -> ssl.SSLContext:
    # A machine on which nothing fails does without it.
    import ssl

    # The question is whether anything answers. A company's proxy may present a certificate that
    # Codex was told to trust and Python was not, and nothing secret is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _tunnel(connection: socket.socket, target: _Target, proxy: Parts) -> bool:
    lines = [f"CONNECT {target.authority} HTTP/1.1", f"Host: {target.authority}", _WHO]
    if proxy.userinfo is not None:
        secret = base64.b64encode(urllib.parse.unquote_to_bytes(_with_colon(proxy.userinfo)))
        lines.append(f"Proxy-Authorization: Basic {secret.decode('ascii')}")
    connection.settimeout(_left(target))
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    return bool(_CONNECTED.match(_read(connection, target, b"\r\n\r\n")))


def _with_colon(userinfo: str) -> str:
    return userinfo if ":" in userinfo else f"{userinfo}:"


def _read(connection: socket.socket, target: _Target, end: bytes) -> bytes:
    """Read byte by byte up to ``end``: what follows a proxy's answer is TLS, not ours to take."""
    data = bytearray()
    while not data.endswith(end) and len(data) < _LONGEST_HEAD:
        connection.settimeout(_left(target))
        byte = connection.recv(1)
        if not byte:
            break
        data += byte
    return bytes(data)


def _left(target: _Target) -> float:
    left = target.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left
