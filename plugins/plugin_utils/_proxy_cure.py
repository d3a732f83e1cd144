# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the answers of the modules to what is known of a cure by another proxy. Pure.

This plugin util is PRIVATE to the collection. A ``reconnect_result`` goes in
with what tasks have registered, and a new one comes out.
"""

from __future__ import annotations

import typing as t

from ._decision import NEEDS_PROVIDER, Value
from ._preflight import foreseen, impossible, lost, not_tried
from ._proof import proxy_problems
from ._wording import of_the_role

_COVERS = "no_proxy_covers_service"
_HALF_TRIED = "; HTTP answers through the proxy, and whether WebSockets do its proof will show"
_NO_ANSWER = "the service does not answer HTTP through the proxy; check reconnect_proxy"


def proxy_tried(result: Value, looked: Value) -> dict[str, t.Any]:
    """``result`` after codex_info was to look through the proxy, which may have failed."""
    gone = lost(looked)
    if gone:
        return {**result, **not_tried(gone)}
    trial = looked.get("trial")
    if trial is None:
        return {**result, **impossible(of_the_role(str(looked.get("msg") or "")))}
    if trial["by"] == "none":
        return {**result, **not_tried(trial["reason"])}
    if trial["by"] == "doctor":
        return {**result, **foreseen(proxy_problems(looked["codex"], result["codex"]))}
    if trial["answered"]:
        return {**result, **foreseen([], trial["reason"] + _HALF_TRIED)}
    return {**result, **foreseen([_NO_ANSWER], trial["reason"])}


def repaired_no_proxy(result: Value) -> list[str]:
    """The entries that are to stand in NO_PROXY instead; empty where it is not to be replaced.

    Where it covers the service and no better list is known, proxy_env refuses
    to set a proxy that would have no effect.
    """
    if result["cause"] != _COVERS:
        return []
    problems = result["codex"]["proxy"]["problems"]
    found = next((one["repaired"] for one in problems if one["name"] == _COVERS), None)
    return [entry for entry in (found or "").split(",") if entry]


def proxy_proven(before: Value, applied: Value, looked: Value) -> dict[str, t.Any]:
    """What is known after the proxy was set and the machine was looked at again.

    ``before`` is the ``reconnect_result`` from before, ``applied`` proxy_env,
    ``looked`` what reconnect_gather has returned, which may have failed: a look
    that fails is no proof. A WebSocket that is refused beyond the proxy has a
    cure of its own, and that comes next, if the provider may be set at all.
    """
    seen = looked.get("codex")
    if seen is None:
        problems = list(looked.get("evidence") or [looked.get("msg") or "the look failed"])
    else:
        problems = proxy_problems(seen, before["codex"])
    verdict = looked.get("verdict", "inconclusive")
    restart = {"restart_required": applied["restart_required"]}
    if not problems and verdict in NEEDS_PROVIDER:
        action = looked["action"] if looked["remedy"] == "http_provider" else "none"
        kept = {"preflight": before["preflight"], "proxy_set": applied["path"]}
        return {**looked, **restart, **kept, "action": action}
    return {
        **before,
        **restart,
        "path": applied["path"],
        "action": "applied" if applied["changed"] else "already_applied",
        "message": applied["msg"],
        "live": looked.get("live"),
        "findings": before["findings"] if problems else looked["findings"],
        "proof": {"proven": not problems, "verdict": verdict, "problems": problems},
    }
