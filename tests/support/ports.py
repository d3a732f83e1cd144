# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports of this machine where nothing listens."""

from __future__ import annotations

import contextlib
import socket
import typing as t


@contextlib.contextmanager
def dead_port() -> t.Iterator[int]:
    """Hold a port that refuses every connection; nobody else can take it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
