# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a recovery does not do: what it is forbidden, what is not its own, what has just failed."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.filter.recovery_move import (
    recovery_move as move_filter,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import render
from support.cure_values import Value
from support.recovery_values import (
    AFTER_A_DAY,
    CLOSED,
    HEALTHY,
    HOUR,
    LOG,
    OPEN,
    OURS,
    codex,
    decided,
    known,
)

FALLEN: Value = {**LOG, "fallbacks": 1}
WELL: Value = {**LOG, "completed_since": 1}
BLOCKED: Value = {}
ELSEWHERE: Value = {"active": "other", "websockets": True, "origin": "user", "problems": []}
NEVER = "reconnect_apply is never"

FORBIDDEN: dict[str, tuple[Value, Value, Value | None]] = {
    "probe": (codex(AFTER_A_DAY), OPEN, None),
    "cure_again": (codex(known("trial"), HEALTHY, logs=FALLEN), CLOSED, None),
    "mend": (codex(known("cured"), BLOCKED), CLOSED, OURS),
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_would_write_is_held_back_under_never(kind: str) -> None:
    seen, way_back, planned = FORBIDDEN[kind]
    result = decided(seen, way_back, planned=planned, apply="never")
    told = result["recovery"]
    assert (told["kind"], told["event"]) == (kind, None)
    assert (result["action"], result["held_back"]) == ("none", NEVER)
    assert f"left alone: {NEVER}" in render("Recovery", {"laptop": checked_result(result)})
    assert decided(seen, way_back, planned=planned)["action"] in (
        "would_apply",
        "would_try_websockets",
    )


@pytest.mark.parametrize(
    ("seen", "way_back", "event"),
    [
        pytest.param(codex(None), OPEN, "adopted", id="adopted"),
        pytest.param(codex(known("trial")), OPEN, "not_made", id="not-made"),
        pytest.param(codex(known("trial"), HEALTHY, logs=WELL), CLOSED, "completed", id="well"),
    ],
)
def test_what_is_remembered_alone_is_not_held_back(
    seen: Value, way_back: Value, event: str
) -> None:
    result = decided(seen, way_back, apply="never")
    assert (result["recovery"]["event"], result["held_back"]) == (event, None)


def test_a_choice_that_fails_is_mended_under_always_alone() -> None:
    seen, planned = codex(known("cured"), BLOCKED), {**OURS, "user_choice": "corp"}
    first = {**first_result(seen, Wanted()), "codex": seen}
    kinds = {
        apply: move_filter(first, CLOSED, 24, 3, planned=planned, apply=apply)["recovery"]["kind"]
        for apply in ("when_detected", "always", "never")
    }
    assert kinds == {
        "when_detected": "users_choice",
        "always": "mend",
        "never": "users_choice",
    }


def test_a_failure_without_a_cure_is_left_to_the_other_playbook() -> None:
    left = decided(codex(known("recovered", 0), BLOCKED), CLOSED)
    assert (left["action"], left["held_back"]) == ("none", "left to the playbook remediate")
    assert left["recovery"]["kind"] == "nothing"
    fine = decided(codex(known("recovered", 0), HEALTHY), CLOSED)
    assert (fine["action"], fine["held_back"]) == ("none", None)
    other = decided(codex(known("trial", scope="system"), BLOCKED), CLOSED)
    assert (other["action"], other["held_back"]) == ("of_other_scope", None)


IN_VAIN: Value = {"event": "cure_failed", "tried_age": HOUR, "why": "doctor: no login"}


def test_a_cure_that_did_not_hold_is_not_made_again_at_once() -> None:
    trial = decided(codex(known("trial", **IN_VAIN), HEALTHY, logs=FALLEN), CLOSED)
    assert (trial["recovery"]["kind"], trial["action"]) == ("wait", "on_trial")
    said = "the cure did not hold, and is made again in 23.0 hours (doctor: no login)"
    assert said in trial["message"]
    gone = decided(codex(known("spent", **IN_VAIN), BLOCKED), CLOSED, planned=OURS)
    assert (gone["recovery"]["kind"], gone["action"]) == ("wait", "none")
    assert said in gone["held_back"]
    assert f"{said}" in render("Recovery", {"laptop": checked_result(gone)})
    endless = known("trial", **{**IN_VAIN, "why": "w" * 500})
    long = decided(codex(endless, HEALTHY, logs=FALLEN), CLOSED)
    assert long["message"].endswith("w...)")
    cured = decided(codex(known("cured", **IN_VAIN)), OPEN)
    assert (cured["action"], cured["message"], cured["held_back"]) == (
        "cooling_down",
        "23.0 hours of the cooldown are left",
        None,
    )


def test_the_turns_of_another_provider_than_the_one_on_trial_are_no_evidence() -> None:
    on_trial = known("trial", provider="openai")
    for logs in (WELL, FALLEN):
        result = decided(codex(on_trial, HEALTHY, logs=logs, provider=ELSEWHERE), CLOSED)
        assert (result["action"], result["message"]) == ("user_choice", "other")
        assert result["recovery"]["event"] is None
    said = render("Recovery", {"laptop": checked_result(result)})
    assert "somebody has chosen the provider other" in said
    unnamed = decided(codex(known("trial"), HEALTHY, logs=WELL, provider=ELSEWHERE), CLOSED)
    assert unnamed["action"] == "recovered"


@pytest.mark.parametrize(
    ("diagnosis", "problems"),
    [({"verdict": "config_invalid", "cause": "not_loadable"}, []), (HEALTHY, ["not readable"])],
    ids=["not-loaded", "not-read"],
)
def test_what_cannot_be_read_is_nobodys_choice(diagnosis: Value, problems: list[str]) -> None:
    seen = codex(
        known("trial", provider="openai"),
        diagnosis,
        provider={**ELSEWHERE, "problems": problems},
    )
    assert decided(seen, CLOSED)["recovery"]["kind"] == "observe"
