# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What codex_info says of one machine before a cure and under it, for whoever judges cures."""

from __future__ import annotations

import copy
import typing as t

Value = dict[str, t.Any]

HOSTILE = "\x1b]0;owned\x07{{ lookup('pipe', 'id') }} {0} \u202e\ud800" + "x" * 10_000
SEEN: Value = {
    "version": "0.169.0",
    "provider": {"active": "openai", "websockets": True},
    "proxy": {"problems": []},
    "login": {"status": "chatgpt", "api_key_variables": []},
    "http_only_profiles": [],
    "findings": [],
    "live": None,
    "doctor": {
        "http": {"status": "ok", "summary": "reachable over HTTP", "mode": "ChatGPT auth"},
        "config": {"status": "ok"},
        "auth": {"mode": "chatgpt", "summary": None},
    },
    "diagnosis": {
        "verdict": "websocket_blocked",
        "cause": "upgrade_refused",
        "evidence": ["WebSocket: http 403 Forbidden", "HTTP: HTTP 405"],
        "remedy": "http_provider",
        "advice": "Switch.",
    },
}
CURED: Value = {
    **SEEN,
    "provider": {"active": "openai_http", "websockets": False},
    "diagnosis": {**SEEN["diagnosis"], "verdict": "http_only", "cause": "websockets_off"},
}


def changed(value: Value, path: str, new: t.Any) -> Value:
    """Return `value` with the item at `path` (dotted) replaced."""
    copied = copy.deepcopy(value)
    *parents, last = path.split(".")
    place = copied
    for parent in parents:
        place = place[parent]
    place[last] = new
    return copied
