# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state with every event, and every standing with all that may be seen beside it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    KINDS,
    MOST_ENTRIES,
    STATES,
    Entry,
    Move,
    Policy,
    Recovery,
    Seen,
    Standing,
    next_move,
    step,
)
from ansible_collections.devfleet.codex.plugins.module_utils._recovery_record import standing

NOW = 1_780_000_000.0
HOUR = 3600.0
BEGAN = NOW - 30 * HOUR
TRIED = NOW - 5 * HOUR


def known(state: str, attempts: int = 1, **others: t.Any) -> Recovery:
    history = (Entry(BEGAN, "applied", state, "before"),)
    return dataclasses.replace(Recovery(state, attempts, BEGAN, TRIED, 7, history), **others)


def reached(found: Recovery | None) -> tuple[str, int, float, float | None] | None:
    return None if found is None else (found.state, found.attempts, found.since, found.tried)


# By state: what each event makes of it, as state, attempts, since and tried; an event that is not
# named changes nothing. One trial has been made, and there are three.
NEW = ("cured", 0, NOW, None)
AFTER: dict[str | None, dict[str, tuple[str, int, float, float | None]]] = {
    None: {"adopted": NEW, "applied": NEW},
    "cured": {
        "applied": ("cured", 1, NOW, None),
        "probe_failed": ("cured", 1, BEGAN, NOW),
        "trial_started": ("trial", 2, NOW, None),
        "reset": ("cured", 0, BEGAN, TRIED),
    },
    "trial": {
        "applied": ("cured", 1, NOW, None),
        "fell_back": ("cured", 1, NOW, None),
        "not_made": ("cured", 1, NOW, None),
        "completed": ("recovered", 0, NOW, None),
        "reset": ("trial", 0, BEGAN, TRIED),
    },
    "recovered": {"adopted": NEW, "applied": NEW},
    "spent": {
        "applied": ("spent", 1, NOW, None),
        "reset": ("cured", 0, BEGAN, TRIED),
    },
}


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "taken_back"])
@pytest.mark.parametrize("state", [None, *STATES])
def test_every_event_in_every_state(state: str | None, event: str) -> None:
    before = None if state is None else known(state, attempts=0 if state == "recovered" else 1)
    after = step(before, event, "because", NOW, 3)
    expected = AFTER[state].get(event)
    if expected is None:
        assert after is before
        return
    assert after is not None
    assert reached(after) == expected
    assert after.revision == (before.revision + 1 if before else 1)
    history = before.history if before else ()
    assert after.history == (*history, Entry(NOW, event, expected[0], "because"))


@pytest.mark.parametrize("before", [None, *(known(state) for state in STATES)])
def test_what_is_taken_back_is_forgotten(before: Recovery | None) -> None:
    assert step(before, "taken_back", "because", NOW, 3) is None


@pytest.mark.parametrize("event", ["applied", "fell_back", "not_made"])
@pytest.mark.parametrize(
    ("attempts", "budget", "state"),
    [(1, 3, "cured"), (2, 3, "cured"), (3, 3, "spent"), (2, 1, "spent"), (1, 0, "spent")],
)
def test_the_last_trial_that_failed_is_the_last(
    event: str, attempts: int, budget: int, state: str
) -> None:
    after = step(known("trial", attempts), event, "because", NOW, budget)
    assert reached(after) == (state, attempts, NOW, None)


@pytest.mark.parametrize(("attempts", "budget"), [(3, 3), (3, 1), (0, 0)])
def test_no_trial_beyond_the_budget(attempts: int, budget: int) -> None:
    before = known("cured", attempts)
    assert step(before, "trial_started", "because", NOW, budget) is before


def test_a_reset_without_anything_to_reset_is_none() -> None:
    for state in ("cured", "trial", "recovered"):
        before = known(state, 0)
        assert step(before, "reset", "because", NOW, 3) is before
    assert reached(step(known("spent", 0), "reset", "x", NOW, 3)) == ("cured", 0, BEGAN, TRIED)


@pytest.mark.parametrize("state", ["cured", "spent"])
@pytest.mark.parametrize("later", [{"since": NOW + 9 * HOUR}, {"tried": NOW + 9 * HOUR}])
def test_a_clock_that_was_set_back_begins_anew(state: str, later: dict[str, float]) -> None:
    after = step(known(state, 2, **later), "adopted", "because", NOW, 3)
    assert reached(after) == (state, 2, NOW, None)


def test_the_history_is_bounded_and_its_reasons_are_printable() -> None:
    found: Recovery | None = None
    for number in range(50):
        event = "probe_failed" if found else "applied"
        found = step(found, event, f"{number}\x1b[31m" + "x" * 500, NOW, 3)
    assert found is not None
    assert (len(found.history), found.revision) == (MOST_ENTRIES, 50)
    assert found.history[-1].why.startswith("49 [31mxxx")
    assert max(len(entry.why) for entry in found.history) == 300
    assert all(entry.why.isprintable() for entry in found.history)


QUIET = Seen(False, False, False, 0, 0, None)
CURED = dataclasses.replace(QUIET, cure_in_place=True)
DAY = Policy(24 * HOUR, 3)


def seen(**others: t.Any) -> Seen:
    return dataclasses.replace(QUIET, **others)


def on_http(age: float, tried: float | None = None, attempts: int = 0) -> Standing:
    return Standing("cured", attempts, age * HOUR, None if tried is None else tried * HOUR)


IN_TRIAL = Standing("trial", 1, HOUR, None)

MOVES = [
    pytest.param(None, QUIET, DAY, "nothing", None, "no cure of ours", id="nothing-at-all"),
    pytest.param(None, CURED, DAY, "adopt", "adopted", "nothing is remembered", id="adopt"),
    pytest.param(
        Standing(None, 0, 0, None), CURED, DAY, "adopt", "adopted", "nothing", id="adopt-none"
    ),
    pytest.param(
        Standing("recovered", 0, 9, None), CURED, DAY, "adopt", "adopted", "again", id="adopt-again"
    ),
    pytest.param(on_http(0), CURED, DAY, "wait", None, "24.0 hours", id="wait-all"),
    pytest.param(on_http(23), CURED, DAY, "wait", None, "1.0 hours", id="wait-an-hour"),
    pytest.param(on_http(99, tried=1), CURED, DAY, "wait", None, "23.0 hours", id="wait-probed"),
    pytest.param(on_http(24), CURED, DAY, "probe", None, "is over", id="probe"),
    pytest.param(on_http(99, tried=24), CURED, DAY, "probe", None, "is over", id="probe-again"),
    pytest.param(on_http(0), CURED, Policy(0, 3), "probe", None, "is over", id="no-cooldown"),
    pytest.param(on_http(99, attempts=2), CURED, DAY, "probe", None, "is over", id="last-trial"),
    pytest.param(on_http(99, attempts=3), CURED, DAY, "spent", None, "3 of 3", id="spent"),
    pytest.param(
        on_http(99, attempts=2), CURED, Policy(1, 1), "spent", None, "2 of 1", id="budget-lowered"
    ),
    pytest.param(on_http(99), CURED, Policy(1, 0), "spent", None, "0 of 0", id="no-budget"),
    pytest.param(
        Standing("spent", 3, 1e9, None),
        CURED,
        Policy(1, 9),
        "spent",
        None,
        "an earlier budget is spent, by 3 trials: it stays on HTTP until reconnect_recovery_reset",
        id="for-good",
    ),
    pytest.param(on_http(-1), CURED, DAY, "adopt", "adopted", "clock", id="clock-set-back"),
    pytest.param(
        on_http(99, tried=-1), CURED, DAY, "adopt", "adopted", "clock", id="clock-since-probe"
    ),
    pytest.param(on_http(99), QUIET, DAY, "nothing", None, "no cure", id="cure-is-gone"),
    pytest.param(on_http(0), seen(failing=True), DAY, "mend", "applied", "is gone", id="drift"),
    pytest.param(
        Standing("spent", 3, HOUR, None),
        seen(failing=True),
        DAY,
        "mend",
        "applied",
        "is gone",
        id="drift-when-spent",
    ),
    pytest.param(
        None, seen(failing=True), DAY, "nothing", None, "no cure", id="failing-without-a-cure"
    ),
    pytest.param(
        Standing("recovered", 0, 9, None),
        seen(failing=True, fallbacks=9),
        DAY,
        "nothing",
        None,
        "no cure",
        id="recovered",
    ),
    pytest.param(IN_TRIAL, QUIET, DAY, "observe", None, "nothing speaks", id="observe"),
    pytest.param(
        IN_TRIAL, seen(healthy=True), DAY, "observe", None, "handshake succeeds", id="handshake"
    ),
    pytest.param(
        IN_TRIAL, seen(completed=1), DAY, "recovered", "completed", "has completed", id="recovers"
    ),
    pytest.param(
        IN_TRIAL,
        seen(completed=9, healthy=True),
        DAY,
        "recovered",
        "completed",
        "has completed",
        id="recovers-well",
    ),
    pytest.param(
        IN_TRIAL, seen(fallbacks=1), DAY, "cure_again", "fell_back", "1 fallback to", id="falls"
    ),
    pytest.param(
        IN_TRIAL,
        seen(fallbacks=2, completed=9, healthy=True),
        DAY,
        "cure_again",
        "fell_back",
        "2 fallbacks to",
        id="a-fallback-is-more-than-a-turn",
    ),
    pytest.param(
        IN_TRIAL, seen(failing=True), DAY, "cure_again", "fell_back", "fail again", id="blocked"
    ),
    pytest.param(
        IN_TRIAL,
        seen(failing=True, completed=1),
        DAY,
        "cure_again",
        "fell_back",
        "fail again",
        id="blocked-since",
    ),
    pytest.param(
        IN_TRIAL,
        seen(cure_in_place=True, completed=1),
        DAY,
        "not_made",
        "not_made",
        "not made",
        id="trial-without-a-change",
    ),
    pytest.param(
        Standing("trial", 1, -1, None),
        CURED,
        DAY,
        "not_made",
        "not_made",
        "not made",
        id="trial-without-a-change-in-the-future",
    ),
    pytest.param(
        Standing("trial", 1, HOUR - 1, None),
        seen(cure_in_place=True, completed=1, failing=True),
        DAY,
        "wait",
        None,
        "within the last hour",
        id="trial-that-another-run-may-be-making",
    ),
    pytest.param(
        IN_TRIAL,
        seen(user_choice="corp", fallbacks=1),
        DAY,
        "users_choice",
        None,
        "corp",
        id="choice-in-the-trial",
    ),
    pytest.param(
        on_http(99),
        seen(user_choice="a\x1bb"),
        DAY,
        "users_choice",
        None,
        "made a b the",
        id="choice",
    ),
    pytest.param(
        None, seen(user_choice="corp"), DAY, "users_choice", None, "corp", id="choice-of-old"
    ),
]


@pytest.mark.parametrize(("standing_", "seen_", "policy", "kind", "event", "why"), MOVES)
def test_what_is_to_be_done(
    standing_: Standing | None, seen_: Seen, policy: Policy, kind: str, event: str | None, why: str
) -> None:
    move = next_move(standing_, seen_, policy)
    assert (move.kind, move.event) == (kind, event)
    assert why in move.why


def test_every_kind_of_move_is_in_the_table() -> None:
    assert {str(row.values[3]) for row in MOVES} == set(KINDS)


def test_how_a_record_stands_now() -> None:
    assert standing(None, NOW) == Standing(None, 0, 0.0, None)
    assert standing(known("cured", 2), NOW) == Standing("cured", 2, 30 * HOUR, 5 * HOUR)
    assert standing(known("trial", tried=None), NOW) == Standing("trial", 1, 30 * HOUR, None)
    assert standing(known("cured", since=NOW + 1, tried=NOW + 2), NOW).age == -1
    assert standing(known("cured", since=0.0, tried=1e11), NOW) == Standing("cured", 1, 1e9, -1e9)


def test_a_clock_that_was_set_back_does_not_put_the_probe_off() -> None:
    """A record of next year is dated anew, and a day later its cooldown is over."""
    found: Recovery | None = known("cured", 2, since=NOW + 9000 * HOUR)
    moves: list[Move] = []
    for hours in (0, 23, 24):
        now = NOW + hours * HOUR
        moves.append(next_move(standing(found, now), CURED, DAY))
        if moves[-1].event:
            found = step(found, moves[-1].event, moves[-1].why, now, 3)
    assert [move.kind for move in moves] == ["adopt", "wait", "probe"]
    assert found is not None and found.attempts == 2
