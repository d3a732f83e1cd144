# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three pretend laptops of the demonstration."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from . import client
from .certificates import Certificates
from .laptop import Laptop, api_key_login, laptop

# Of each laptop's network: what becomes of WebSockets, and what of HTTP.
NETWORKS = {
    "blocked": ("http-403", "ok"),
    "healthy": ("ok", "ok"),
    "http-down": ("reset", "reset"),
}


@contextlib.contextmanager
def three_laptops(
    folder: pathlib.Path, certificates: Certificates
) -> t.Iterator[dict[str, Laptop]]:
    """Make their homes in `folder` and run their networks; yield them by name.

    The homes stay. Raises ClientMissing, and FileExistsError where there is such a home already.
    """
    with contextlib.ExitStack() as networks:
        yield {
            name: networks.enter_context(
                laptop(
                    folder,
                    name,
                    client.executable(),
                    certificates,
                    login=api_key_login(),
                    websocket=websocket,
                    http=http,
                )
            )
            for name, (websocket, http) in NETWORKS.items()
        }
