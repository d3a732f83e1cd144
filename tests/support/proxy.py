# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CONNECT proxy on loopback that knows a few hosts and refuses all others.

It never opens a connection that leaves the machine: a route leads to a loopback address or is
refused when it is made, and a host without a route is answered with 403 and recorded, in
`probed` where the collection asked for it and not the client. With `tls`
it is spoken to by TLS; with `credentials` (`user:password`) it answers all others with 407.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
import typing as t

from .service_thread import EventLoopThread

Address = tuple[str, int]


class Proxy:
    """The proxy; use it as a context manager. Without routes it refuses everything."""

    def __init__(
        self,
        routes: t.Mapping[str, Address] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        credentials: str | None = None,
    ) -> None:
        self._routes: dict[str, Address] = {}
        self._tls = tls
        self._secret = base64.b64encode(credentials.encode()).decode() if credentials else ""
        for target, address in (routes or {}).items():
            if not ipaddress.ip_address(address[0]).is_loopback:
                raise ValueError(f"the route of {target} leaves the machine: {address[0]}")
            self._routes[target] = address
        self.tunnelled: list[str] = []
        self.refused: list[str] = []
        self.probed: list[str] = []
        self._thread = EventLoopThread("proxy")
        self._port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._server = self._thread.run(
            asyncio.start_server(self._handle, "127.0.0.1", 0, ssl=self._tls)
        )
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close(self._server)
        self._thread.stop()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target = head.decode("latin-1").split(" ", 2)[:2]
        if self._secret and f"basic {self._secret}".lower() not in head.decode("latin-1").lower():
            self.refused.append(target)
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'proxy-authenticate: Basic realm="test"\r\n'
                b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        address = self._routes.get(target) if method == "CONNECT" else None
        if address is None:
            # The collection's own probes say who they are; they go through every proxy there is.
            (self.probed if b"\r\nUser-Agent: devfleet.codex\r\n" in head else self.refused).append(
                target
            )
            writer.write(
                b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        self.tunnelled.append(target)
        far_reader, far_writer = await asyncio.open_connection(*address)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        # One side was cut; closing the other below is the faithful answer.
        pass
    finally:
        writer.close()
