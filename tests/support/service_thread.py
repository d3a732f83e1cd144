# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An asyncio event loop in a thread of its own, for servers that live beside a blocking test."""

from __future__ import annotations

import asyncio
import threading
import typing as t

_T = t.TypeVar("_T")


class EventLoopThread:
    """Run coroutines from blocking code; every server of the tests owns one."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, coroutine: t.Coroutine[t.Any, t.Any, _T], timeout: float = 10) -> _T:
        """Return the coroutine's result; raise TimeoutError after `timeout` seconds."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout)

    def close(self, server: asyncio.Server) -> None:
        """Stop listening; in the loop, for a connection that ends meanwhile closes it as well."""
        self.run(_close(server))

    def stop(self) -> None:
        """Cancel what still runs (handlers that never answer), then end the thread."""
        self.run(_cancel_all_but_me())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()


async def _cancel_all_but_me() -> None:
    tasks = asyncio.all_tasks() - {t.cast("asyncio.Task[t.Any]", asyncio.current_task())}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
