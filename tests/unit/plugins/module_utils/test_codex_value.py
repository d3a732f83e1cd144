# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever was seen, what codex_info returns is printable, bounded and plain."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _codex_value as values
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Layers, Provider
from ansible_collections.devfleet.codex.plugins.module_utils._live import Live
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    Finding,
    LogEvidence,
    Login,
    ProxyProblem,
    ProxySettings,
    ProxyUrl,
    Routes,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from ansible_collections.devfleet.codex.plugins.module_utils._verdicts import Diagnosis

EVIL = "\x1b[2J\u202e\udcff\n" + "x" * 5000
URL = ProxyUrl(EVIL, EVIL, 1, True)
PROBLEM = ProxyProblem("no_scheme", EVIL, "dotenv", EVIL, EVIL)
PROXIES = ProxySettings("dotenv", URL, URL, URL, (EVIL,) * 1000, (PROBLEM,) * 1000, False, EVIL)

HOSTILE: dict[str, t.Any] = {
    "proxy": values.proxy_value(PROXIES),
    "routes": values.routes_value(Routes(EVIL, True, False, None)),
    "finding": values.finding_value(Finding("network", EVIL, EVIL)),
    "live": values.live_value(Live(True, 1.0, 4, True, EVIL)),
    "diagnosis": values.diagnosis_value(Diagnosis("inconclusive", "intermittent", (EVIL,) * 9)),
    "provider": values.provider_value(Provider(EVIL, "user", None, ""), Layers({}, ()), None),
}


def texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", HOSTILE)
def test_every_string_is_printable_and_bounded(name: str) -> None:
    found = list(texts(HOSTILE[name]))
    assert found
    assert all(text.isprintable() and len(text) <= SHORT for text in found)
    json.dumps(HOSTILE[name]).encode("utf-8")


def test_lists_are_bounded() -> None:
    assert len(HOSTILE["proxy"]["no_proxy"]) == len(HOSTILE["proxy"]["problems"]) == 50


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, None),
        (0.0, "1970-01-01T00:00:00Z"),
        (1780477964.9, "2026-06-03T09:12:44Z"),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_times_are_utc_or_none(seconds: float | None, shown: str | None) -> None:
    logs = LogEvidence("read", 4, 2, seconds, "closed", 0)
    assert values.logs_value(logs) == {
        "outcome": "read",
        "fallbacks": 4,
        "threads": 2,
        "last_seen": shown,
        "cause": "closed",
        "completed_since": 0,
    }


def test_what_was_not_looked_at_is_none() -> None:
    assert values.routes_value(None) is None
    assert values.login_value(None) is None
    assert values.live_value(None) is None


def test_of_a_login_only_names_are_told() -> None:
    assert values.login_value(Login("keyring", "chatgpt", ("CODEX_API_KEY",))) == {
        "store": "keyring",
        "status": "chatgpt",
        "api_key_variables": ["CODEX_API_KEY"],
    }
