# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether this process is on a network of loopback alone, as scripts/offline.py makes it."""

from __future__ import annotations

import socket


def is_isolated() -> bool:
    return [name for _index, name in socket.if_nameindex()] == ["lo"]
