# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SOCKS5 proxy on loopback that knows a few hosts, by name, and refuses all else."""

from __future__ import annotations

import asyncio
import ipaddress
import typing as t

from .proxy import Address, _copy
from .service_thread import EventLoopThread

_REFUSED = b"\x05\x02\x00\x01" + bytes(6)
_GRANTED = b"\x05\x00\x00\x01" + bytes(6)


class SocksProxy:
    """The proxy; use it as a context manager. `tunnelled` holds `host:port` of each connection."""

    def __init__(self, routes: t.Mapping[str, Address]) -> None:
        for target, address in routes.items():
            if not ipaddress.ip_address(address[0]).is_loopback:
                raise ValueError(f"the route of {target} leaves the machine: {address[0]}")
        self._routes = dict(routes)
        self.tunnelled: list[str] = []
        self.not_socks = 0
        self._thread = EventLoopThread("socks")
        self._port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> SocksProxy:
        self._thread.start()
        self._server = self._thread.run(asyncio.start_server(self._handle, "127.0.0.1", 0))
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close(self._server)
        self._thread.stop()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version, methods = await reader.readexactly(2)
        if version != 5:
            self.not_socks += 1
            return
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _version, _command, _reserved, kind = await reader.readexactly(4)
        if kind != 3:
            # An address that the client looked up itself; the tests know names alone.
            writer.write(_REFUSED)
            return
        (length,) = await reader.readexactly(1)
        host = (await reader.readexactly(length)).decode("ascii")
        target = f"{host}:{int.from_bytes(await reader.readexactly(2), 'big')}"
        address = self._routes.get(target)
        if address is None:
            writer.write(_REFUSED)
            return
        self.tunnelled.append(target)
        far_reader, far_writer = await asyncio.open_connection(*address)
        writer.write(_GRANTED)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
