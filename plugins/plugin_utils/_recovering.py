# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the entry point ``recover`` does on one machine, and what it says of it. Pure.

This plugin util is PRIVATE to the collection. Values are those that the
modules return: plain JSON types from a machine that is not trusted. The state
machine itself is ``_recovery``.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    STATES,
    Move,
    Policy,
    Seen,
    Standing,
    next_move,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import NEEDS_PROVIDER
from ._proof import ANSWERED_NONSENSE, login_mode

Value = t.Mapping[str, t.Any]

_MOST_COUNTED = 1e9
_LAST = 140
"""Characters of the reason for the last step."""
_PROBES = 2
_LEFT = "left to the playbook remediate"
_NEVER = "reconnect_apply is never"
_WRITES = ("probe", "cure_again", "mend")
"""The kinds of move that are about to change the user's file."""
_OTHER_SCOPE = (
    "what is remembered here is of another configuration: run this with reconnect_scope={scope}"
)
_SCOPES = ("user", "system")

_ACTIONS = {
    "adopt": "cooling_down",
    "wait": "cooling_down",
    "probe": "would_try_websockets",
    "cannot_be_tried": "cannot_be_tried",
    "spent": "trials_spent",
    "observe": "on_trial",
    "recovered": "recovered",
    "cure_again": "would_apply",
    "mend": "would_apply",
    "not_made": "cooling_down",
    "users_choice": "user_choice",
    "nothing": "none",
}
"""The value of ``action`` for each kind of move, until something has come of it."""

DONE = {
    "cooling_down": "stays on HTTP: {message}",
    "would_try_websockets": "would put WebSockets on trial: two probes succeeded",
    "probe_failed": "stays on HTTP: {message}",
    "of_other_scope": "left alone: {message}",
    "trials_spent": "stays on HTTP: {message}",
    "cannot_be_tried": "stays on HTTP: {message}",
    "trial_started": "WebSockets are on trial, by {path}: {message}",
    "on_trial": "WebSockets are on trial: {message}",
    "recovered": "recovered: {message}",
}
"""What is said of a machine after each ``action`` that is of the recovery alone."""


@dataclasses.dataclass(frozen=True)
class Way:
    """The way back to what was there before the cure, as http_provider works it out."""

    is_open: bool
    """Whether there is a cure of ours to take back."""
    can_be_tried: bool
    """Whether doctor can be asked about it before."""


def recovery_move(
    result: Value,
    way_back: Value,
    policy: Policy,
    planned: Value | None = None,
    renewed: Value | None = None,
    scope: str = "user",
    apply: str = "when_detected",
) -> dict[str, t.Any]:
    """``result`` with what is to be done on this machine, and why.

    ``way_back`` is http_provider with ``state=absent`` in check mode,
    ``planned`` the same with ``state=present``, where there is nothing to take
    back, and ``renewed`` what the module recovery returned, if the budget was
    renewed. What is remembered of another ``scope`` is of another file, and counts for nothing.
    Under the ``apply`` of never what would write is not done, and held back.
    ``recovery`` is added: state, attempts, budget, kind, event, why.
    Raises KeyError, TypeError or ValueError for anything those do not return.
    """
    codex = {**result["codex"], **({"recovery": renewed["recovery"]} if renewed else {})}
    other = _other_scope(codex["recovery"], scope)
    if other:
        codex["recovery"] = None
    standing, way = _standing(codex["recovery"]), _way(way_back)
    seen = _seen(codex, way, _chosen(planned, codex["provider"]["active"]))
    move = next_move(standing, seen, policy)
    if move.kind == "observe":
        move = dataclasses.replace(move, why=move.why + _without_log(codex["logs"]))
    elif move.kind == "nothing" and other:
        move = dataclasses.replace(move, why=_OTHER_SCOPE.format(scope=other))
    elif move.kind == "wait" and not way.is_open:
        last = clean(codex["recovery"]["why"], _LAST)
        move = dataclasses.replace(move, why=clean(f"{move.why} ({last})"))
    action = _action(move, standing, way, other)
    held_back = _held_back(action, move, result, apply)
    if held_back:
        move = dataclasses.replace(move, event=None)
    return {
        **result,
        "codex": codex,
        "path": way_back["path"],
        "provider_id": way_back["provider_id"],
        "remedy": "http_provider",
        "held_back": held_back or result.get("held_back"),
        "action": "none" if held_back else action,
        "message": _message(move, seen),
        "recovery": {
            "state": standing.state if standing else None,
            "attempts": standing.attempts if standing else 0,
            "budget": policy.budget,
            "kind": move.kind,
            "event": move.event,
            "why": move.why,
        },
    }


def websockets_probed(
    result: Value, way_back: Value, probes: t.Sequence[Value]
) -> dict[str, t.Any]:
    """``result`` after codex_info looked at the provider behind the cure.

    ``probes`` are its answers; there are two, and each must speak for a trial.
    """
    problems = trial_problems(probes, result["codex"], way_back["overrides_provider"])
    if len(probes) < _PROBES:
        problems.append("doctor was asked less than twice")
    if not problems:
        return dict(result)
    why = clean("; ".join(problems))
    recovery = {**result["recovery"], "event": "probe_failed", "why": why}
    return {**result, "action": "probe_failed", "message": why, "recovery": recovery}


def trial_begun(
    result: Value, way_back: Value, spent: Value, taken_back: Value, looked: Value
) -> dict[str, t.Any]:
    """``result`` after the cure was taken back on trial and doctor was asked again.

    ``spent`` is the answer of recovery, ``taken_back`` of http_provider and
    ``looked`` of codex_info. Where doctor does not see what the probes saw,
    the cure is to be made again.
    """
    remembered = spent["recovery"]
    problems = trial_problems([looked], result["codex"], way_back["overrides_provider"])
    trials = f"trial {remembered['attempts']} of {result['recovery']['budget']}"
    recovery = {
        **result["recovery"],
        "state": remembered["state"],
        "attempts": remembered["attempts"],
    }
    begun = {
        **result,
        "codex": {**result["codex"], "recovery": remembered},
        "restart_required": True,
    }
    if not problems:
        message = clean(f"{trials}; {taken_back['msg']}")
        return {**begun, "action": "trial_started", "message": message, "recovery": recovery}
    why = clean("; ".join(problems))
    again = {**recovery, "kind": "cure_again", "event": "fell_back", "why": why}
    return {**begun, "action": "would_apply", "recovery": again}


def trial_problems(looks: t.Sequence[Value], before: Value, provider: str) -> list[str]:
    """Why these looks of codex_info do not speak for WebSockets under ``provider``; empty if they
    do. ``before`` is the value ``codex`` under the cure."""
    problems = (_trial_problem(look, before, provider) for look in looks)
    return list(dict.fromkeys(clean(problem) for problem in problems if problem))


def _trial_problem(look: Value, before: Value, provider: str) -> t.Any:
    if "codex" not in look:
        return look.get("msg") or "codex_info failed without a word"
    one = look["codex"]
    try:
        verdict, cause = one["diagnosis"]["verdict"], one["diagnosis"]["cause"]
        active, mode = one["provider"]["active"], login_mode(one["doctor"])
    except (KeyError, TypeError, AttributeError):
        return ANSWERED_NONSENSE
    if (verdict, cause) != ("healthy", "handshake_ok"):
        return f"without the cure: {verdict} ({cause})"
    if active != provider:
        return f"active provider: {active}, not {provider}"
    if mode != login_mode(before["doctor"]):
        return f"kind of login: {mode}, under the cure {login_mode(before['doctor'])}"
    return None


def _action(move: Move, standing: Standing | None, way: Way, other: str | None) -> str:
    if move.kind == "nothing" and other:
        return "of_other_scope"
    if move.kind == "wait" and not way.is_open:
        return "on_trial" if standing and standing.state == "trial" else "none"
    return _ACTIONS[move.kind]


def _held_back(action: str, move: Move, result: Value, apply: str) -> str | None:
    """What keeps ``move`` from being made, or the machine from being cured."""
    if move.kind in _WRITES and apply == "never":
        return _NEVER
    if action == "none" and move.kind == "wait":
        return move.why
    if action == "none" and result["action"] == "would_apply":
        return _LEFT
    return None


def _message(move: Move, seen: Seen) -> str:
    # The summary has the words around the name of a choice.
    if move.kind == "users_choice":
        return seen.user_choice or clean(seen.active, 80)
    return move.why


def _standing(recovery: Value | None) -> Standing | None:
    if recovery is None:
        return None
    if recovery["state"] not in STATES:
        raise ValueError("a state of recovery that this collection does not know")
    event, provider = recovery["event"], recovery["provider"]
    if event not in EVENTS or not (provider is None or isinstance(provider, str)):
        raise ValueError("an event of recovery that this collection does not know")
    tried = recovery["tried_age"]
    return Standing(
        recovery["state"],
        int(_number(recovery["attempts"])),
        _number(recovery["age"]),
        None if tried is None else _number(tried),
        event,
        provider,
    )


def _other_scope(recovery: Value | None, scope: str) -> str | None:
    """The scope of a record that is not of ``scope``."""
    if recovery is None or recovery["scope"] == scope:
        return None
    if recovery["scope"] not in _SCOPES:
        raise ValueError("a scope of recovery that this collection does not know")
    return str(recovery["scope"])


def _without_log(logs: Value) -> str:
    """What is said of a trial whose end the client's log cannot show."""
    if logs["outcome"] == "read":
        return ""
    return (
        f", which only reconnect_live_check can show here (the client's log: "
        f"{clean(logs['outcome'], 40)})"
    )


def _way(way_back: Value) -> Way:
    # Ansible's own "changed" is what the task says of itself, and check mode changes nothing.
    return Way(way_back["restart_required"] is True, bool(way_back["overrides"]))


def _chosen(planned: Value | None, active: t.Any) -> str | None:
    """The provider that somebody has put in the place of ours, also where that cannot be cured."""
    if planned is None:
        return None
    chosen = planned.get("user_choice") if "overrides" in planned else active
    return clean(chosen, 80) if chosen not in (None, "openai") else None


def _seen(codex: Value, way: Way, chosen: str | None) -> Seen:
    verdict, logs, live = codex["diagnosis"]["verdict"], codex["logs"], codex["live"] or {}
    # A service that asks for HTTP (426) is healthy too, and its turns never use a WebSocket.
    handshake = (verdict, codex["diagnosis"]["cause"]) == ("healthy", "handshake_ok")
    read = logs["outcome"] == "read"
    fell_back = live.get("fell_back") is True
    completed = handshake and _completed(live)
    return Seen(
        cure_in_place=way.is_open,
        failing=verdict in NEEDS_PROVIDER,
        healthy=handshake,
        fallbacks=(int(_number(logs["fallbacks"])) if read else 0) + fell_back,
        completed=(int(_number(logs["completed_since"])) if read else 0) + completed,
        user_choice=chosen,
        active=_active(codex),
        can_be_tried=way.can_be_tried,
    )


def _active(codex: Value) -> str | None:
    """The provider in effect, unless the files that decide it could not be read."""
    provider = codex["provider"]
    is_known = codex["diagnosis"]["verdict"] != "config_invalid" and not provider.get("problems")
    return str(provider["active"]) if is_known else None


def _completed(live: Value) -> bool:
    """Whether a live turn was answered, and over the first connection."""
    return live.get("answered") is True and not (live["reconnect_lines"] or live["fell_back"])


def _number(value: t.Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("a number that is none")
    if not -_MOST_COUNTED <= value <= _MOST_COUNTED:
        raise ValueError("a number beyond all bounds")
    return float(value)


def again(result: Value) -> str:
    """What is said of a cure that was brought back: why it was, if that is known."""
    recovery = result.get("recovery")
    if not isinstance(recovery, dict) or recovery.get("kind") != "cure_again":
        return ""
    return f"; {clean(recovery.get('why'))}"


def after_trials(results: t.Iterable[Value]) -> list[str]:
    """The lines of the summary that say what is to be done where a trial was begun."""
    if not any(result.get("action") == "trial_started" for result in results):
        return []
    return ["On the machines whose trial has begun: restart Codex."]
