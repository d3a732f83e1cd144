# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a trial of a cure says before anything is written. Pure.

This plugin util is PRIVATE to the collection. The value ``preflight`` of
``reconnect_result`` is ``tried`` (whether the cure was tried), ``works``,
``problems`` (a list of phrases that speak against it) and ``not_tried`` (what
could not be tried and why; empty for nothing).
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import Value


def foreseen(problems: t.Sequence[str], left: str = "") -> dict[str, t.Any]:
    """What of ``reconnect_result`` a trial decides; without problems the cure works.

    ``left`` is what could not be tried and why.
    """
    preflight = {
        "tried": True,
        "works": not problems,
        "problems": [clean(problem) for problem in problems],
        "not_tried": clean(left),
    }
    return {"preflight": preflight, **(_refused(problems) if problems else {})}


def impossible(why: t.Any) -> dict[str, t.Any]:
    """What of ``reconnect_result`` it decides that the cure cannot even be tried."""
    said = clean(why or "the trial failed without a word")
    preflight = {"tried": False, "works": False, "problems": [said], "not_tried": ""}
    return {"preflight": preflight, **_refused([said])}


def not_tried(why: str) -> dict[str, t.Any]:
    """What of ``reconnect_result`` is said of a cure that its proof alone can judge."""
    return {
        "preflight": {"tried": False, "works": False, "problems": [], "not_tried": clean(why)},
    }


def lost(answer: Value) -> str | None:
    """What is said of a machine that Ansible has lost during the trial, or None."""
    if not answer.get("unreachable"):
        return None
    return f"contact was lost: {answer.get('msg')}"


def _refused(problems: t.Sequence[str]) -> dict[str, t.Any]:
    return {
        "action": "refused",
        "message": clean(f"the cure would not work here: {'; '.join(problems)}"),
    }


def trial_said(result: Value) -> str:
    """What the line of a machine that would be cured says of the trial, for its end."""
    preflight = result.get("preflight")
    if not isinstance(preflight, dict):
        return ""
    left = clean(preflight.get("not_tried") or "")
    if preflight.get("works") is not True:
        return f"; the cure could not be tried: {left}" if left else ""
    return "; the cure would work here" + (f" as far as it could be tried: {left}" if left else "")
