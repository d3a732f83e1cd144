# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is next on one machine, from what is remembered, what is seen, and the way back."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.filter.recovery_move import (
    recovery_move as move_filter,
)
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import KINDS, Policy
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import render
from ansible_collections.devfleet.codex.plugins.plugin_utils._recovering import recovery_move
from support.cure_values import CURED, HOSTILE, Value
from support.recovery_values import (
    AFTER_A_DAY,
    CLOSED,
    DAY,
    HEALTHY,
    HOUR,
    LIVE,
    LOG,
    NO_LOG,
    OPEN,
    OURS,
    PATH,
    SECRET,
    codex,
    decided,
    known,
)

CHOICE: Value = {"planned": {**OURS, "user_choice": "corp"}}

# What is seen, the way back, further arguments; the kind of move, the action, and the message.
MOVES: dict[str, tuple[Value, Value, Value, str, str, str]] = {
    "adopt": (codex(None), OPEN, {}, "adopt", "cooling_down", "nothing is remembered"),
    "wait": (codex(known("cured")), OPEN, {}, "wait", "cooling_down", "22.0 hours of the cooldown"),
    "probe": (codex(AFTER_A_DAY), OPEN, {}, "probe", "would_try_websockets", "cooldown is over"),
    "spent": (codex(known("spent", 3)), OPEN, {}, "spent", "trials_spent", "3 of 3 trials are"),
    "observe": (codex(known("trial"), HEALTHY), CLOSED, {}, "observe", "on_trial", "handshake suc"),
    "recovered": (
        codex(known("trial"), HEALTHY, logs={**LOG, "completed_since": 1}),
        CLOSED,
        {},
        "recovered",
        "recovered",
        "a stream has completed",
    ),
    "cure_again": (
        codex(known("trial"), HEALTHY, logs={**LOG, "fallbacks": 2, "completed_since": 4}),
        CLOSED,
        {},
        "cure_again",
        "would_apply",
        "2 fallbacks to HTTP in the trial",
    ),
    "mend": (
        codex(known("spent", 3), {}),
        CLOSED,
        {"planned": OURS},
        "mend",
        "would_apply",
        "gone",
    ),
    "not_made": (codex(known("trial")), OPEN, {}, "not_made", "cooling_down", "was not made"),
    "users_choice": (
        codex(known("cured"), {}),
        CLOSED,
        CHOICE,
        "users_choice",
        "user_choice",
        "corp",
    ),
    "nothing": (
        codex(known("recovered", 0), HEALTHY),
        CLOSED,
        {},
        "nothing",
        "none",
        "there is no cure of ours",
    ),
    "being-made": (
        codex(known("trial", age=HOUR - 1)),
        OPEN,
        {},
        "wait",
        "cooling_down",
        "within the last hour",
    ),
    "with-a-secret": (
        codex(AFTER_A_DAY),
        SECRET,
        {},
        "cannot_be_tried",
        "cannot_be_tried",
        "codex -c cannot say",
    ),
    "with-a-secret-in-its-cooldown": (
        codex(known("cured")),
        SECRET,
        {},
        "wait",
        "cooling_down",
        "22.0 hours",
    ),
    "choice-that-cannot-be-cured": (
        codex(known("cured"), {}, provider={"active": "ollama", "websockets": False}),
        CLOSED,
        {"planned": {"failed": True, "msg": "ollama is built in"}},
        "users_choice",
        "user_choice",
        "ollama",
    ),
    "original-that-cannot-be-cured": (
        codex(known("cured"), HEALTHY),
        CLOSED,
        {"planned": {"failed": True, "msg": "not UTF-8"}},
        "nothing",
        "none",
        "there is no cure",
    ),
    "wrong-proxy-instead-of-a-cure": (
        codex(
            known("cured"),
            {"verdict": "proxy_misconfigured", "cause": "dead_port"},
        ),
        CLOSED,
        {"planned": OURS},
        "nothing",
        "none",
        "there is no cure",
    ),
    "renewed": (
        codex(known("spent", 3, 25 * HOUR)),
        OPEN,
        {"renewed": {"recovery": known("cured", 0, 25 * HOUR, revision=6)}},
        "probe",
        "would_try_websockets",
        "the cooldown is over",
    ),
    "log-not-read": (
        codex(known("trial"), HEALTHY, logs={**LOG, "outcome": "off", "fallbacks": 9}),
        CLOSED,
        {},
        "observe",
        "on_trial",
        "only reconnect_live_check can show here (the client's log: off)",
    ),
    "live-turn-over-a-websocket": (
        codex(known("trial"), HEALTHY, logs=NO_LOG, live=LIVE),
        CLOSED,
        {},
        "recovered",
        "recovered",
        "a stream has completed",
    ),
    "live-turn-that-fell-back": (
        codex(known("trial"), HEALTHY, logs=NO_LOG, live={**LIVE, "fell_back": True}),
        CLOSED,
        {},
        "cure_again",
        "would_apply",
        "1 fallback to HTTP",
    ),
    "live-turn-that-reconnected": (
        codex(known("trial"), HEALTHY, logs=NO_LOG, live={**LIVE, "reconnect_lines": 1}),
        CLOSED,
        {},
        "observe",
        "on_trial",
        "waiting for a turn",
    ),
    "live-turn-without-an-answer": (
        codex(known("trial"), HEALTHY, logs=NO_LOG, live={**LIVE, "answered": False}),
        CLOSED,
        {},
        "observe",
        "on_trial",
        "waiting for a turn",
    ),
    "live-turn-whose-transport-is-not-known": (
        codex(known("trial"), {"verdict": "inconclusive", "cause": "doctor_timed_out"}, live=LIVE),
        CLOSED,
        {},
        "observe",
        "on_trial",
        "nothing speaks for WebSockets yet",
    ),
    "live-turn-that-the-service-wants-over-http": (
        codex(known("trial"), {"verdict": "healthy", "cause": "upgrade_required"}, live=LIVE),
        CLOSED,
        {},
        "observe",
        "on_trial",
        "nothing speaks for WebSockets yet",
    ),
    "record-of-another-scope": (
        codex(known("trial", scope="system"), {}, logs={**LOG, "fallbacks": 3}),
        CLOSED,
        {},
        "nothing",
        "of_other_scope",
        "run this with reconnect_scope=system",
    ),
    "record-of-another-scope-beside-a-cure": (
        codex(known("spent", 3, scope="system")),
        OPEN,
        {},
        "adopt",
        "cooling_down",
        "nothing is remembered",
    ),
    "record-of-this-scope": (
        codex(known("spent", 3, scope="system")),
        OPEN,
        {"scope": "system"},
        "spent",
        "trials_spent",
        "3 of 3",
    ),
}


@pytest.mark.parametrize(
    ("seen", "way_back", "more", "kind", "action", "said"), MOVES.values(), ids=list(MOVES)
)
def test_what_is_next(
    seen: Value, way_back: Value, more: Value, kind: str, action: str, said: str
) -> None:
    result = decided(seen, way_back, **more)
    assert (result["recovery"]["kind"], result["action"]) == (kind, action)
    assert said in result["message"]
    assert result["remedy"] == "http_provider"
    assert (result["path"], result["provider_id"]) == (PATH, "openai_http")
    assert result["message"] in render("Recovery", {"laptop": checked_result(result)}) or (
        action in ("none", "would_apply", "would_try_websockets")
    )


def test_every_kind_of_move_is_in_the_table() -> None:
    assert {row[3] for row in MOVES.values()} == set(KINDS)


def test_what_is_remembered_is_told_beside_the_reason() -> None:
    told = decided(codex(known("spent", 3)), OPEN, Policy(0, 4))["recovery"]
    assert told == {
        "state": "spent",
        "attempts": 3,
        "budget": 4,
        "kind": "spent",
        "event": None,
        "why": "an earlier budget is spent, by 3 trials: it stays on HTTP until "
        "reconnect_recovery_reset is true",
    }
    first = decided(codex(None), OPEN)["recovery"]
    assert (first["state"], first["attempts"], first["event"]) == (None, 0, "adopted")


def test_what_is_remembered_of_another_scope_is_gone_for_the_tasks_that_follow() -> None:
    other = codex(known("trial", scope="system"))
    assert decided(other, CLOSED)["codex"]["recovery"] is None
    assert decided(other, CLOSED, scope="system")["codex"]["recovery"] == known(
        "trial", scope="system"
    )


def test_a_renewed_budget_is_what_the_next_event_builds_on() -> None:
    renewed = known("cured", 0, 25 * HOUR, revision=6)
    result = decided(codex(known("spent", 3)), OPEN, renewed={"recovery": renewed})
    assert (result["codex"]["recovery"], result["recovery"]["attempts"]) == (renewed, 0)


def test_a_choice_is_told_by_its_name_alone() -> None:
    """The summary has the words around it, as for remediate."""
    result = decided(codex(known("cured"), {}), CLOSED, **CHOICE)
    assert result["message"] == "corp"
    assert result["recovery"]["why"] == "somebody has made corp the provider since"
    long: Value = {"planned": {**OURS, "user_choice": "c" * 500}}
    assert decided(codex(known("cured"), {}), CLOSED, **long)["message"] == "c" * 77 + "..."


def test_role_variables_may_be_text() -> None:
    seen = codex(known("cured", 0, HOUR))
    first = {**first_result(seen, Wanted()), "codex": seen}
    result = move_filter(first, OPEN, cooldown="1.5", budget="2")
    assert (result["message"], result["recovery"]["budget"]) == (
        "0.5 hours of the cooldown are left",
        2,
    )
    assert move_filter(first, OPEN, 24, 3, scope="system")["codex"]["recovery"] is None


IMPOSSIBLE: dict[str, tuple[Value, Value]] = {
    "state": (codex(known("healed")), OPEN),
    "state-that-is-a-list": (codex({**known("cured"), "state": ["cured"]}), OPEN),
    "attempts-that-are-text": (codex({**known("cured"), "attempts": "1"}), OPEN),
    "attempts-that-are-true": (codex(known("cured", attempts=True)), OPEN),
    "age-without-an-end": (codex(known("cured", age=float("inf"))), OPEN),
    "age-that-is-no-number": (codex(known("cured", age=float("nan"))), OPEN),
    "huge-tried-age": (codex(known("cured", tried_age=10**400)), OPEN),
    "no-age": (codex({"state": "cured", "attempts": 0, "scope": "user"}), OPEN),
    "no-scope": (codex({"state": "cured", "attempts": 0}), OPEN),
    "scope": (codex(known("cured", scope=HOSTILE)), OPEN),
    "huge-fallbacks": (codex(known("trial"), logs={**LOG, "fallbacks": 10**400}), CLOSED),
    "fallbacks-that-are-text": (codex(known("trial"), logs={**LOG, "fallbacks": "9"}), CLOSED),
    "completed-that-are-true": (
        codex(known("trial"), logs={**LOG, "completed_since": True}),
        CLOSED,
    ),
    "no-log": (codex(known("trial"), logs={}), CLOSED),
    "way-back-without-a-path": (codex(None), {}),
}
"""What modules do not return."""


@pytest.mark.parametrize(("seen", "way_back"), IMPOSSIBLE.values(), ids=list(IMPOSSIBLE))
def test_what_no_module_returns_decides_nothing(seen: Value, way_back: Value) -> None:
    first = {**first_result(CURED, Wanted()), "codex": seen}
    with pytest.raises((KeyError, TypeError, ValueError)):
        recovery_move(first, way_back, DAY)


def test_only_a_clear_word_opens_the_way_back() -> None:
    for word in (None, 1, "true", "yes"):
        way_back = {**OPEN, "restart_required": word}
        assert decided(codex(None), way_back)["recovery"]["kind"] == "nothing"


@pytest.mark.parametrize(
    ("seen", "more"),
    [
        (codex(known("cured"), {}), {"planned": {**OURS, "user_choice": HOSTILE}}),
        (codex(known("trial"), HEALTHY, logs={**NO_LOG, "outcome": HOSTILE}), {}),
    ],
    ids=["choice", "outcome"],
)
def test_what_a_machine_says_of_itself_is_one_printable_line(seen: Value, more: Value) -> None:
    message = decided(seen, CLOSED, **more)["message"]
    assert message.isprintable() and len(message) < 300
