# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of a recovery return for one machine, and what is decided on it."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._recovery import Policy
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._recovering import recovery_move

from .cure_values import CURED, SEEN, Value

HOUR = 3600.0
DAY = Policy(24 * HOUR, 3)
PATH = "/home/dev/.codex/config.toml"
NO_LOG: Value = {"outcome": "absent", "fallbacks": 0, "completed_since": 0}
LOG: Value = {**NO_LOG, "outcome": "read"}
HEALTHY: Value = {"verdict": "healthy", "cause": "handshake_ok"}
LIVE: Value = {
    "answered": True,
    "seconds": 1.2,
    "reconnect_lines": 0,
    "fell_back": False,
    "problem": "",
}
OPEN: Value = {
    "path": PATH,
    "provider_id": "openai_http",
    "restart_required": True,
    "overrides": ['model_provider="openai"'],
    "overrides_provider": "openai",
}
SECRET: Value = {**OPEN, "overrides": []}
CLOSED: Value = {**OPEN, "restart_required": False, "overrides": []}
OURS: Value = {"overrides": ['model_provider="openai_http"'], "user_choice": None}


def known(state: str, attempts: int = 1, age: float = 2 * HOUR, **others: t.Any) -> Value:
    """Return what is remembered; `age` is in seconds."""
    return {
        "state": state,
        "attempts": attempts,
        "age": age,
        "tried_age": None,
        "revision": 5,
        "scope": "user",
        "provider": None,
        "event": "applied",
        "why": "before",
        **others,
    }


def codex(recovery: Value | None, diagnosis: Value | None = None, **others: t.Any) -> Value:
    """Return what codex_info says; under the cure, unless `diagnosis` says otherwise."""
    seen = CURED if diagnosis is None else {**SEEN, "diagnosis": {**SEEN["diagnosis"], **diagnosis}}
    return {**seen, "logs": LOG, "recovery": recovery, **others}


def decided(seen: Value, way_back: Value, policy: Policy = DAY, **more: t.Any) -> Value:
    """Return the result with the next move, whose inputs stay and which a summary can show."""
    first = {**first_result(seen, Wanted()), "codex": seen}
    before = json.dumps([first, way_back])
    result = recovery_move(first, way_back, policy, **more)
    assert json.dumps([first, way_back]) == before
    assert checked_result(result)["recovery"] == result["recovery"]
    return result


AFTER_A_DAY = known("cured", 0, 25 * HOUR)
