# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake Responses service whose two transports fail in the ways real networks do.

It listens on loopback unless it is told otherwise. The WebSocket modes are those measured against
client 0.169.0:
  ok           the upgrade is accepted and every request answered
  http-NNN     the upgrade is refused with that status
  hang         the request is read and never answered
  reset        the connection is cut without an answer
  close-1008   accepted, then closed with code 1008 at once
  close-after  accepted, then closed with code 1008 on the first message
  drop         accepted, then cut after the first event of an answer
  silent       accepted, messages are read and never answered
  no-101       the upgrade is answered by a page, as a captive portal does
The HTTP modes are ok, http-NNN, hang and reset.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import ssl
import typing as t

from aiohttp import WSMsgType, web

from .service_thread import EventLoopThread

ANSWER = "HELLO from the local service"
ACCOUNT = "00000000-0000-4000-8000-000000000000"
WEBSOCKET_MODES = frozenset(
    ("ok", "hang", "reset", "close-1008", "close-after", "drop", "silent", "no-101")
)
HTTP_MODES = frozenset(("ok", "hang", "reset"))

Event = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Request:
    """One request as the service saw it; of a credential only its scheme is kept."""

    method: str
    path: str
    host: str
    transport: str
    authorization: str | None


class Service:
    """The service; use it as a context manager. `websocket` and `http` may be set while it runs."""

    def __init__(
        self,
        *,
        websocket: str = "ok",
        http: str = "ok",
        tls: ssl.SSLContext | None = None,
        listen: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.websocket = websocket
        self.http = http
        self.requests: list[Request] = []
        self._tls = tls
        self._turns = 0
        self._thread = EventLoopThread("service")
        self._listen = listen
        self._port = 0

    @property
    def websocket(self) -> str:
        return self._websocket

    @websocket.setter
    def websocket(self, mode: str) -> None:
        self._websocket = _known(mode, WEBSOCKET_MODES)

    @property
    def http(self) -> str:
        return self._http

    @http.setter
    def http(self, mode: str) -> None:
        self._http = _known(mode, HTTP_MODES)

    @property
    def address(self) -> tuple[str, int]:
        return self._listen[0], self._port

    def __enter__(self) -> Service:
        self._thread.start()
        self._runner, self._port = self._thread.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.run(self._runner.cleanup())
        self._thread.stop()

    async def _start(self) -> tuple[web.AppRunner, int]:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # The client compresses what it sends; nobody here reads it, so nobody need unpack it.
        runner = web.AppRunner(application, shutdown_timeout=0.1, auto_decompress=False)
        await runner.setup()
        site = web.TCPSite(runner, *self._listen, ssl_context=self._tls)
        await site.start()
        return runner, int(runner.addresses[0][1])

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        self.requests.append(_recorded(request, "websocket" if upgrade else "http"))
        mode = self.websocket if upgrade else self.http
        if mode == "hang":
            await asyncio.sleep(3600)
        if mode == "reset":
            return _cut(request)
        if mode.startswith("http-"):
            return _refusal(int(mode[len("http-") :]))
        if mode == "no-101":
            return web.Response(text="<html>Please sign in</html>", content_type="text/html")
        if upgrade:
            return await self._answer_websocket(request, mode)
        return await self._answer_http(request)

    async def _answer_http(self, request: web.Request) -> web.StreamResponse:
        endpoint = request.path.rpartition("/")[2]
        if endpoint == "models":
            return web.json_response({"object": "list", "data": [], "models": []})
        if request.path.endswith("/accounts/check"):
            return web.json_response(_accounts(request.host))
        if endpoint != "responses":
            return web.json_response({"error": {"message": "not found"}}, status=404)
        if request.method != "POST":
            return web.json_response({"error": {"message": "method not allowed"}}, status=405)
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in self._turn():
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        await response.write_eof()
        return response

    async def _answer_websocket(self, request: web.Request, mode: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=64 * 1024 * 1024)
        await socket.prepare(request)
        if mode == "close-1008":
            await socket.close(code=1008, message=b"policy")
            return socket
        async for message in socket:
            if message.type != WSMsgType.TEXT or mode == "silent":
                continue
            if mode == "close-after":
                await socket.close(code=1008, message=b"policy")
                return socket
            events = self._turn()
            if mode == "drop":
                await socket.send_json(events[0])
                _cut(request)
                return socket
            if json.loads(message.data).get("generate") is False:
                events = _without_answer(events)
            for event in events:
                await socket.send_json(event)
        return socket

    def _turn(self) -> list[Event]:
        """Return the fewest events that complete one turn of the client."""
        self._turns += 1
        item = {
            "type": "message",
            "id": f"msg_{self._turns}",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
        }
        response = {"id": f"resp_{self._turns}", "object": "response", "created_at": 0}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return [
            {"type": "response.created", "response": {**response, "status": "in_progress"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {
                "type": "response.completed",
                "response": {**response, "status": "completed", "output": [item], "usage": usage},
            },
        ]


def _accounts(host: str) -> Event:
    """Return what a client with a ChatGPT login asks before its first turn (client 0.169.0).

    Without an origin and an override it fails the turn: "workspace routing discovery failed".
    """
    account = {
        "id": ACCOUNT,
        "account_user_id": "user-example",
        "structure": "personal",
        "plan_type": "plus",
        "workspace_backend_origin": f"https://{host}",
        "account_routing_override": "us",
    }
    return {"accounts": [account], "account_ordering": [ACCOUNT], "default_account_id": ACCOUNT}


def _without_answer(events: t.Sequence[Event]) -> list[Event]:
    """Return what answers a pre-warming request (`generate` false): a turn without an item."""
    created, _item, completed = events
    return [created, {**completed, "response": {**completed["response"], "output": []}}]


def _known(mode: str, modes: frozenset[str]) -> str:
    if mode in modes or re.fullmatch(r"http-[1-5]\d\d", mode):
        return mode
    raise ValueError(f"mode {mode!r} is none of {', '.join(sorted(modes))} and http-NNN")


def _recorded(request: web.Request, transport: str) -> Request:
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    return Request(request.method, request.path, request.host, transport, scheme or None)


def _refusal(status: int) -> web.Response:
    headers = {"Upgrade": "websocket"} if status == 426 else {}
    return web.Response(status=status, headers=headers, text="refused by policy\n")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
