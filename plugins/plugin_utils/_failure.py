# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task that failed has made of one machine. Pure.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import Value, not_examined
from ._wording import of_the_role, without_claim

_PROBLEMS = 90
"""Characters, for the reason of the failure is to be told beside them."""


def failed_result(result: Value, failure: Value, applied: Value, undone: Value) -> dict[str, t.Any]:
    """``result``, as far as there is one, after a task has failed.

    ``failure`` is what the task returned. ``applied`` is the last answer of the
    module that writes a cure and ``undone`` of the one that takes it back again;
    each is empty where there was none. ``action`` becomes

    * ``failed`` where no cure was written,
    * ``undone`` where one was written, not proven and taken back,
    * ``not_undone`` where it stays.

    A cure that is proven holds whatever fails after it, and all that comes after
    it is to remember it: ``action`` stays, and ``not_remembered`` says why not.
    """
    known = {**_unknown(), **result}
    said = of_the_role(str(failure.get("msg") or "see the output above"))
    if _is_proven(known):
        return _not_remembered(known, said)
    if not _is_written(known, applied):
        is_touched = known.get("restart_required") or known.get("proxy_set")
        message = clean(without_claim(said) if is_touched else said)
        return {**known, "action": "failed", "message": message}
    if _is_done(undone):
        restart = bool(known.get("proxy_set"))
        message = clean(without_claim(said) if restart else said)
        return {**known, "action": "undone", "message": message, "restart_required": restart}
    message = clean(f"{_unproven(known)}: {without_claim(said)}")
    return {**known, "action": "not_undone", "message": message}


def unremembered(result: Value) -> str:
    """What the line of a machine says of a record that could not be written, for its end."""
    why = result.get("not_remembered")
    return f"; what is remembered of it could not be written: {clean(why)}" if why else ""


def _unknown() -> dict[str, t.Any]:
    return {**not_examined("inconclusive", ""), "evidence": [], "advice": ""}


def _is_proven(result: Value) -> bool:
    proof = result.get("proof")
    proven = isinstance(proof, dict) and proof.get("proven") is True
    return proven and result["action"] in ("applied", "already_applied")


def _not_remembered(result: dict[str, t.Any], said: str) -> dict[str, t.Any]:
    if result.get("not_remembered"):
        return result
    why = clean(without_claim(said))
    told = f"{result.get('message') or ''} What is remembered of it could not be written: {why}"
    return {**result, "not_remembered": why, "message": clean(told.strip())}


def _is_written(result: Value, applied: Value) -> bool:
    # A proxy that holds is a change of its own, and the cure in question comes after it.
    return bool(applied.get("changed")) and applied.get("path") != result.get("proxy_set")


def _is_done(answer: Value) -> bool:
    not_done = answer.get("failed") or answer.get("skipped") or answer.get("unreachable")
    return bool(answer) and not not_done


def _unproven(result: Value) -> str:
    proof = result.get("proof")
    found = proof.get("problems") if isinstance(proof, dict) else None
    problems = clean("; ".join(map(str, found or [])), _PROBLEMS)
    because = f" ({problems})" if problems else ""
    return f"the cure was not proven{because}, and the change stays until rollback is run"
