# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every standing with all that may be seen beside it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    KINDS,
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

QUIET = Seen(False, False, False, 0, 0, None)
CURED = dataclasses.replace(QUIET, cure_in_place=True)
DAY = Policy(24 * HOUR, 3)


def seen(**others: t.Any) -> Seen:
    return dataclasses.replace(QUIET, **others)


def on_http(age: float, tried: float | None = None, attempts: int = 0) -> Standing:
    return Standing("cured", attempts, age * HOUR, None if tried is None else tried * HOUR)


IN_TRIAL = Standing("trial", 1, HOUR, None)
OF_CORP = dataclasses.replace(IN_TRIAL, provider="corp")
AHEAD = Standing("trial", 1, -HOUR, None)
ALWAYS = dataclasses.replace(DAY, respects_choice=False)


def in_vain(state: str, hours: float | None, event: str = "cure_failed") -> Standing:
    """Return how a machine stands on which the cure did not hold so many `hours` ago."""
    return Standing(state, 1, 99 * HOUR, None if hours is None else hours * HOUR, event)


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
    pytest.param(
        on_http(99),
        seen(cure_in_place=True, can_be_tried=False),
        DAY,
        "cannot_be_tried",
        None,
        "codex -c cannot say what was there before the cure",
        id="cannot-be-tried",
    ),
    pytest.param(
        on_http(9),
        seen(cure_in_place=True, can_be_tried=False),
        DAY,
        "wait",
        None,
        "15.0 hours",
        id="cannot-be-tried-yet",
    ),
    pytest.param(
        in_vain("cured", 23),
        seen(failing=True),
        DAY,
        "wait",
        None,
        "the setting is gone, and WebSockets fail; the cure did not hold, and is made again in 1.0",
        id="mended-in-vain",
    ),
    pytest.param(
        in_vain("trial", 0),
        seen(fallbacks=1),
        DAY,
        "wait",
        None,
        "1 fallback to HTTP in the trial; the cure did not hold, and is made again in 24.0 hours",
        id="cured-again-in-vain",
    ),
    pytest.param(
        in_vain("trial", 23),
        seen(failing=True, completed=1),
        DAY,
        "wait",
        None,
        "WebSockets fail again; the cure did not hold",
        id="blocked-and-cured-in-vain",
    ),
    pytest.param(
        in_vain("trial", 1), seen(completed=1), DAY, "recovered", "completed", "", id="in-vain-well"
    ),
    pytest.param(in_vain("cured", 1), QUIET, DAY, "nothing", None, "no cure", id="in-vain-quiet"),
    pytest.param(
        in_vain("spent", 24), seen(failing=True), DAY, "mend", "applied", "is gone", id="once-more"
    ),
    pytest.param(
        in_vain("trial", 24), seen(fallbacks=1), DAY, "cure_again", "fell_back", "", id="and-again"
    ),
    pytest.param(
        in_vain("cured", -1), seen(failing=True), DAY, "mend", "applied", "", id="in-vain-ahead"
    ),
    pytest.param(
        in_vain("trial", 1, "reset"),
        seen(failing=True),
        DAY,
        "cure_again",
        "fell_back",
        "",
        id="in-vain-and-renewed",
    ),
    pytest.param(
        AHEAD, seen(completed=1), DAY, "observe", "adopted", "clock", id="trial-ahead-that-is-well"
    ),
    pytest.param(
        AHEAD, seen(fallbacks=1), DAY, "observe", "adopted", "clock", id="trial-ahead-that-falls"
    ),
    pytest.param(
        AHEAD,
        seen(failing=True, fallbacks=1),
        DAY,
        "cure_again",
        "fell_back",
        "WebSockets fail again",
        id="trial-ahead-that-is-blocked",
    ),
    pytest.param(
        OF_CORP,
        seen(active="openai", completed=1),
        DAY,
        "users_choice",
        None,
        "made openai the",
        id="another-provider-than-the-one-on-trial",
    ),
    pytest.param(
        OF_CORP,
        seen(active="openai", failing=True, fallbacks=1),
        DAY,
        "users_choice",
        None,
        "made openai the",
        id="another-provider-that-fails",
    ),
    pytest.param(
        OF_CORP, seen(active="corp", fallbacks=1), DAY, "cure_again", "fell_back", "", id="the-same"
    ),
    pytest.param(OF_CORP, QUIET, DAY, "observe", None, "", id="provider-in-effect-not-known"),
    pytest.param(
        IN_TRIAL, seen(active="corp"), DAY, "observe", None, "", id="provider-on-trial-not-known"
    ),
    pytest.param(
        OF_CORP,
        seen(active="openai_http", cure_in_place=True),
        DAY,
        "not_made",
        "not_made",
        "",
        id="ours-in-a-trial",
    ),
    pytest.param(
        on_http(1),
        seen(user_choice="corp", failing=True),
        ALWAYS,
        "mend",
        "applied",
        "somebody has made corp the provider since, and WebSockets fail",
        id="choice-that-fails",
    ),
    pytest.param(
        OF_CORP,
        seen(active="openai", failing=True),
        ALWAYS,
        "mend",
        "applied",
        "openai",
        id="choice-in-a-trial-that-fails",
    ),
    pytest.param(
        in_vain("cured", 1),
        seen(user_choice="corp", failing=True),
        ALWAYS,
        "wait",
        None,
        "corp",
        id="choice-that-fails-with-the-cure-too",
    ),
    pytest.param(
        on_http(1), seen(user_choice="corp"), ALWAYS, "users_choice", None, "", id="choice-well"
    ),
    pytest.param(
        Standing(None, 0, 0, None),
        seen(user_choice="corp", failing=True),
        ALWAYS,
        "users_choice",
        None,
        "corp",
        id="choice-where-nothing-is-remembered",
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


def test_a_clock_that_was_set_back_does_not_put_the_probe_off() -> None:
    """A record of next year is dated anew, and a day later its cooldown is over."""
    later = NOW + 9000 * HOUR
    found: Recovery | None = Recovery(
        "cured", 2, later, None, 7, (Entry(later, "applied", "cured", "before"),)
    )
    moves: list[Move] = []
    for hours in (0, 23, 24):
        now = NOW + hours * HOUR
        moves.append(next_move(standing(found, now), CURED, DAY))
        if moves[-1].event:
            found = step(found, moves[-1].event, moves[-1].why, now, 3)
    assert [move.kind for move in moves] == ["adopt", "wait", "probe"]
    assert found is not None and found.attempts == 2


def test_a_trial_of_a_clock_that_was_wrong_heals() -> None:
    later = NOW + 9000 * HOUR
    found: Recovery | None = Recovery(
        "trial", 2, later, None, 7, (Entry(later, "trial_started", "trial", "before"),), "openai"
    )
    kinds = []
    for hours in (0, 1):
        now = NOW + hours * HOUR
        move = next_move(standing(found, now), seen(completed=1, active="openai"), DAY)
        kinds.append(move.kind)
        found = step(found, move.event or "", move.why, now, 3)
    assert kinds == ["observe", "recovered"]
    assert found is not None and found.history[-2].event == "adopted"
