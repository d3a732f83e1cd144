# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client should make of a `.env` file, as this collection reads it."""

from __future__ import annotations

from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv

from .dotenv_client import ENVIRONMENT, PANICKED, PROXY_NAMES, Seen
from .dotenv_files import SHOWN


def expected(data: bytes) -> Seen:
    """Return what `dotenv_client.see` returns if the reader is right about `data`."""
    reading = _dotenv.read(data, ENVIRONMENT)
    if any(dropped.reason == "nul_byte" for dropped in reading.dropped):
        return PANICKED
    values = _dotenv.effective(reading)
    proxies = frozenset(name for name in PROXY_NAMES if values.get(name))
    return Seen(False, values.get(SHOWN), proxies)
