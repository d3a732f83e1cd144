# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the answers of the modules to what is known of a cure by the HTTP-only provider. Pure.

This plugin util is PRIVATE to the collection. Every function takes the value
``reconnect_result`` and what tasks have registered, and returns a new
``reconnect_result``.
"""

from __future__ import annotations

import typing as t

from ._decision import Value
from ._preflight import foreseen, impossible, lost, not_tried
from ._proof import cure_problems, verdict_of

_NO_OVERRIDES = (
    "the provider's base_url may hold a password, which no command line may show, so its proof "
    "alone judges the cure"
)


def provider_tried(result: Value, planned: Value, looked: Value, apply: str) -> dict[str, t.Any]:
    """``result`` after the cure was worked out and tried by its overrides.

    ``planned`` is http_provider in check mode and ``looked`` codex_info under
    its overrides; a failed one has neither ``overrides`` nor ``codex``.
    Whoever has put another provider in the place of ours has meant it, unless
    ``apply`` is ``always``.
    """
    gone = lost(planned) or lost(looked)
    if gone:
        return {**result, **not_tried(gone)}
    if "overrides" not in planned:
        return {**result, **impossible(planned.get("msg"))}
    known = {
        **result,
        "drift": planned["drift"],
        "path": planned["path"],
        "provider_id": planned["provider_id"],
    }
    if planned["user_choice"] is not None and apply != "always":
        return {**known, "action": "user_choice", "message": planned["user_choice"]}
    if not planned["overrides"]:
        return {**known, **not_tried(_NO_OVERRIDES)}
    if "codex" not in looked:
        return {**known, **impossible(looked.get("msg"))}
    problems = cure_problems(looked["codex"], result["codex"], planned["overrides_provider"])
    return {**known, **foreseen(problems)}


def provider_proven(
    result: Value, applied: Value, looked: Value, provider_id: str
) -> dict[str, t.Any]:
    """``result`` after the cure was written and doctor was asked again.

    ``applied`` is http_provider, ``looked`` codex_info afterwards, which may
    have failed: a look that fails is no proof. ``provider_id`` is the provider
    that the cure makes active.
    """
    seen = looked.get("codex")
    if not isinstance(seen, dict):
        seen, problems = {}, [looked.get("msg") or "codex_info failed without a word"]
    else:
        problems = cure_problems(seen, result["codex"], provider_id)
    return {
        **result,
        "action": "applied" if applied["changed"] else "already_applied",
        "message": applied["msg"],
        "previous_provider": applied["previous_provider"],
        "restart_required": applied["restart_required"] or bool(result.get("restart_required")),
        "live": seen.get("live"),
        "findings": result["findings"] if problems else seen.get("findings", []),
        "proof": {"proven": not problems, "verdict": verdict_of(seen), "problems": problems},
    }
