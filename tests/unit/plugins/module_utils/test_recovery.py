# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state with every event, and how a record stands later."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    MOST_ENTRIES,
    STATES,
    Entry,
    Recovery,
    Standing,
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
        "cure_failed": ("cured", 1, BEGAN, NOW),
        "reset": ("cured", 0, BEGAN, TRIED),
    },
    "trial": {
        "applied": ("cured", 1, NOW, None),
        "fell_back": ("cured", 1, NOW, None),
        "not_made": ("cured", 1, NOW, None),
        "cure_failed": ("trial", 1, BEGAN, NOW),
        "completed": ("recovered", 0, NOW, None),
        "reset": ("trial", 0, BEGAN, TRIED),
    },
    "recovered": {"adopted": NEW, "applied": NEW},
    "spent": {
        "applied": ("spent", 1, NOW, None),
        "cure_failed": ("spent", 1, BEGAN, NOW),
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


def test_a_trial_of_a_clock_that_was_wrong_is_dated_anew() -> None:
    after = step(known("trial", 2, since=NOW + 9 * HOUR), "adopted", "because", NOW, 3)
    assert reached(after) == ("trial", 2, NOW, TRIED)
    # Only since when the log counts must be right; to lose what it says would be a loss.
    before = known("trial", 2, tried=NOW + 9 * HOUR)
    assert step(before, "adopted", "because", NOW, 3) is before


def test_the_provider_on_trial_is_remembered_until_the_trial_ends() -> None:
    found = step(known("cured"), "trial_started", "because", NOW, 3, provider="corp\x1b" * 50)
    assert found is not None and found.provider is not None
    assert found.provider.startswith("corp corp ") and len(found.provider) == 80
    for event in ("cure_failed", "reset"):
        found = step(found, event, "because", NOW, 3, provider="other")
        assert found is not None and found.provider is not None
    for event in ("fell_back", "not_made", "applied", "completed"):
        ended = step(found, event, "because", NOW, 3, provider="other")
        assert ended is not None and (ended.state, ended.provider) != ("trial", "other")
        assert ended.provider is None
    unnamed = step(known("cured"), "trial_started", "because", NOW, 3)
    assert unnamed is not None and unnamed.provider is None


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


def test_how_a_record_stands_now() -> None:
    assert standing(None, NOW) == Standing(None, 0, 0.0, None)
    assert standing(known("cured", 2), NOW) == Standing(
        "cured", 2, 30 * HOUR, 5 * HOUR, "applied", None
    )
    trial = known("trial", tried=None, provider="corp")
    assert standing(trial, NOW) == Standing("trial", 1, 30 * HOUR, None, "applied", "corp")
    assert standing(known("cured", since=NOW + 1, tried=NOW + 2), NOW).age == -1
    odd = standing(known("cured", since=0.0, tried=1e11), NOW)
    assert (odd.age, odd.tried_age) == (1e9, -1e9)
