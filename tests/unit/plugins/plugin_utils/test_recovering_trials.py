# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What probes make of a recovery, and what the beginning of a trial does."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    checked_result,
    is_unfinished,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import render
from ansible_collections.devfleet.codex.plugins.plugin_utils._recovering import (
    after_trials,
    trial_begun,
    websockets_probed,
)
from support.cure_values import HOSTILE, Value, changed
from support.recovery_values import AFTER_A_DAY, HEALTHY, OPEN, PATH, codex, decided, known

AGAINST = "without the cure: websocket_blocked (upgrade_refused)"


def well(**others: t.Any) -> Value:
    return {"codex": {**codex(None, HEALTHY), **others}}


FAILED: Value = {"failed": True, "msg": "no Python"}
BLOCKED: Value = {"codex": codex(None, {})}
ELSEWHERE: Value = well(provider={"active": "corp", "websockets": True})
OTHER_LOGIN: Value = {
    "codex": changed(codex(None, HEALTHY), "doctor.http.mode", "API key auth"),
}
NO_MODE: Value = {"codex": changed(codex(None, HEALTHY), "doctor.http", None)}
FALLING_BACK: Value = {"codex": codex(None, {"verdict": "healthy", "cause": "http_only"})}

LOOKS: dict[str, tuple[list[Value], str]] = {
    "the-first-fails": ([BLOCKED, well()], AGAINST),
    "the-second-fails": ([well(), BLOCKED], AGAINST),
    "both-fail-alike": ([BLOCKED, BLOCKED], AGAINST),
    "two-reasons": ([FAILED, BLOCKED], f"no Python; {AGAINST}"),
    "a-failed-module": ([well(), FAILED], "no Python"),
    "a-wordless-module": ([{}, well()], "codex_info failed without a word"),
    "nonsense": ([{"codex": None}, {"codex": {"diagnosis": []}}], "codex_info answered nonsense"),
    "nonsense-about-the-login": (
        [{"codex": changed(codex(None, HEALTHY), "doctor", "none")}, well()],
        "codex_info answered nonsense",
    ),
    "one-probe": ([well()], "doctor was asked less than twice"),
    "no-probe": ([], "doctor was asked less than twice"),
    "another-provider": ([well(), ELSEWHERE], "active provider: corp, not openai"),
    "another-login": (
        [OTHER_LOGIN, well()],
        "kind of login: API key auth, under the cure ChatGPT auth",
    ),
    "no-login": ([NO_MODE, well()], "kind of login: None, under the cure ChatGPT auth"),
    "healthy-for-another-reason": ([well(), FALLING_BACK], "without the cure: healthy (http_only)"),
}


def on_its_way() -> Value:
    return decided(codex(AFTER_A_DAY), OPEN)


def test_two_probes_that_succeed_are_a_reason_for_a_trial() -> None:
    before = on_its_way()
    assert websockets_probed(before, OPEN, [well(), well()]) == before
    assert before["recovery"]["event"] is None


@pytest.mark.parametrize(("probes", "why"), LOOKS.values(), ids=list(LOOKS))
def test_one_probe_in_vain_is_enough_to_wait(probes: list[Value], why: str) -> None:
    result = websockets_probed(on_its_way(), OPEN, probes)
    assert (result["action"], result["message"]) == ("probe_failed", why)
    assert (result["recovery"]["event"], result["recovery"]["why"]) == ("probe_failed", why)
    assert f"stays on HTTP: {why}" in render("Recovery", {"laptop": checked_result(result)})


def test_what_probes_say_is_one_printable_line() -> None:
    hostile = {"codex": codex(None, {"verdict": HOSTILE, "cause": HOSTILE})}
    result = websockets_probed(on_its_way(), OPEN, [hostile, {"msg": HOSTILE}, {"msg": [HOSTILE]}])
    assert result["message"].isprintable() and len(result["message"]) <= 300


SPENT: Value = {"recovery": known("trial", 2, 0.0, revision=6)}
TAKEN_BACK: Value = {"changed": True, "msg": "openai_http is no longer the active provider."}


def begun(looked: Value) -> Value:
    result = trial_begun(on_its_way(), OPEN, SPENT, TAKEN_BACK, looked)
    checked = checked_result(result)
    assert checked["recovery"] == result["recovery"]
    assert result["restart_required"] is True
    assert result["codex"]["recovery"]["revision"] == 6
    return result


def test_a_trial_that_begins_well() -> None:
    result = begun(well())
    assert result["action"] == "trial_started"
    assert result["message"] == "trial 2 of 3; openai_http is no longer the active provider."
    told = result["recovery"]
    assert (told["state"], told["attempts"], told["event"]) == ("trial", 2, None)
    said = render("Recovery", {"laptop": checked_result(result)})
    assert f"WebSockets are on trial, by {PATH}: trial 2 of 3" in said
    assert "On the machines whose trial has begun: restart Codex." in said


@pytest.mark.parametrize(
    ("looked", "why"),
    [
        pytest.param(BLOCKED, AGAINST, id="blocked"),
        pytest.param(ELSEWHERE, "active provider: corp, not openai", id="another-provider"),
        pytest.param(FAILED, "no Python", id="failed-look"),
        pytest.param({}, "codex_info failed without a word", id="wordless-look"),
        pytest.param({"codex": 1}, "codex_info answered nonsense", id="nonsense"),
    ],
)
def test_a_trial_that_begins_ill_ends_at_once(looked: Value, why: str) -> None:
    result = begun(looked)
    assert result["action"] == "would_apply"
    told = result["recovery"]
    assert (told["kind"], told["event"], told["why"]) == ("cure_again", "fell_back", why)
    assert (told["state"], told["attempts"]) == ("trial", 2)


def test_a_cure_that_came_back_is_told_with_its_reason() -> None:
    back = {**begun(BLOCKED), "action": "applied"}
    said = render("Recovery", {"laptop": checked_result(back)})
    assert f"openai_http uses HTTP only, by {PATH}; {AGAINST}" in said
    for kind in ("mend", None):
        other = {**back, "recovery": {**back["recovery"], "kind": kind}}
        assert AGAINST not in render("Recovery", {"laptop": checked_result(other)})
    hostile = {**back, "recovery": HOSTILE}
    assert "uses HTTP only" in render("Recovery", {"laptop": checked_result(hostile)})


def test_who_has_a_trial_is_told_to_restart() -> None:
    lines = ["On the machines whose trial has begun: restart Codex."]
    assert after_trials([{"action": "none"}, {"action": "trial_started"}]) == lines
    assert after_trials([{"action": "on_trial"}, {}]) == []


def test_who_is_lost_before_or_in_a_trial_is_unfinished() -> None:
    assert is_unfinished(on_its_way())
    assert not is_unfinished(begun(well()))
    assert not is_unfinished(websockets_probed(on_its_way(), OPEN, [BLOCKED, BLOCKED]))
