# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a trial and a proof of the HTTP-only provider make of a machine's result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
    is_unfinished,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._preflight import trial_said
from ansible_collections.devfleet.codex.plugins.plugin_utils._provider_cure import (
    provider_proven,
    provider_tried,
)
from support.cure_values import CURED, HOSTILE, SEEN, Value, changed

RESULT: Value = {**first_result(SEEN, Wanted()), "codex": SEEN}
PLANNED: Value = {
    "overrides": ['model_provider="openai_http"'],
    "overrides_provider": "openai_http",
    "user_choice": None,
    "drift": False,
    "path": "/home/dev/.codex/config.toml",
    "provider_id": "openai_http",
}
SKIPPED: Value = {"skipped": True, "changed": False}
REFUSES = "/home/dev/.codex/config.toml line 3: no. Nothing was changed."
BLOCKED = "verdict under the cure: websocket_blocked (upgrade_refused)"


def tried(planned: Value | None = None, looked: Value | None = None, **more: t.Any) -> Value:
    given = {"codex": CURED} if looked is None else looked
    plan = PLANNED if planned is None else planned
    result = provider_tried(RESULT, plan, given, **{"apply": "when_detected", **more})
    assert checked_result(result)["preflight"] == result["preflight"]
    return result


def test_a_cure_that_works_is_applied_and_said_to_work() -> None:
    result = tried()
    assert result == {
        **RESULT,
        "preflight": {"tried": True, "works": True, "problems": [], "not_tried": ""},
        "drift": False,
        "path": PLANNED["path"],
        "provider_id": "openai_http",
    }
    assert result["action"] == "would_apply"
    assert trial_said(result) == "; the cure would work here"


def test_a_cure_under_which_nothing_is_better_is_refused() -> None:
    looked = changed(CURED, "diagnosis", SEEN["diagnosis"])
    result = tried(looked={"codex": looked})
    assert result["preflight"] == {
        "tried": True,
        "works": False,
        "problems": [BLOCKED],
        "not_tried": "",
    }
    assert result["action"] == "refused"
    assert result["message"] == f"the cure would not work here: {BLOCKED}"


@pytest.mark.parametrize(
    ("planned", "looked", "said"),
    [
        pytest.param({"msg": REFUSES}, SKIPPED, REFUSES, id="not-to-be-worked-out"),
        pytest.param(PLANNED, {"msg": "no Python"}, "no Python", id="not-to-be-asked"),
        pytest.param({}, SKIPPED, "the trial failed without a word", id="wordless"),
    ],
)
def test_a_cure_that_cannot_be_tried_at_all_is_refused_with_the_reason(
    planned: Value, looked: Value, said: str
) -> None:
    result = tried(planned, looked)
    assert (result["action"], result["preflight"]["tried"]) == ("refused", False)
    assert result["preflight"]["problems"] == [said]
    assert result["message"].endswith(said)


def test_a_cure_that_no_command_line_may_show_is_left_to_its_proof() -> None:
    result = tried({**PLANNED, "overrides": []}, SKIPPED)
    assert result["action"] == "would_apply"
    assert (result["preflight"]["tried"], result["preflight"]["works"]) == (False, False)
    assert trial_said(result).startswith("; the cure could not be tried: the provider's base_url")


@pytest.mark.parametrize(
    ("planned", "looked"),
    [
        pytest.param({"unreachable": True, "msg": "gone"}, SKIPPED, id="at-first"),
        pytest.param(PLANNED, {"unreachable": True, "msg": "gone"}, id="then"),
    ],
)
def test_a_machine_that_is_lost_in_the_trial_is_still_an_affected_one(
    planned: Value, looked: Value
) -> None:
    result = tried(planned, looked)
    assert (result["action"], result["verdict"]) == ("would_apply", "websocket_blocked")
    assert trial_said(result) == "; the cure could not be tried: contact was lost: gone"


@pytest.mark.parametrize(
    ("apply", "action"), [("when_detected", "user_choice"), ("always", "would_apply")]
)
def test_whoever_has_chosen_another_provider_has_meant_it(apply: str, action: str) -> None:
    result = tried({**PLANNED, "user_choice": "corp"}, apply=apply)
    assert result["action"] == action
    if action == "user_choice":
        assert (result["message"], result["preflight"]) == ("corp", None)


def test_what_a_trial_says_is_harmless() -> None:
    for result in (
        tried({"msg": HOSTILE}, SKIPPED),
        tried(looked={"codex": changed(CURED, "provider.active", HOSTILE)}),
        tried(PLANNED, {"msg": HOSTILE}),
        tried({"unreachable": True, "msg": HOSTILE}, SKIPPED),
    ):
        texts = [*result["preflight"]["problems"], result["preflight"]["not_tried"]]
        assert all(text.isprintable() and len(text) <= 300 for text in texts)
        assert trial_said({"preflight": {"not_tried": HOSTILE}}).isprintable()


@pytest.mark.parametrize("preflight", [None, "yes", {}, {"works": "yes"}])
def test_nothing_is_said_of_a_trial_that_was_none(preflight: t.Any) -> None:
    assert trial_said({"preflight": preflight}) == ""


APPLIED: Value = {
    "changed": True,
    "msg": "openai_http is now the active provider.",
    "restart_required": True,
    "provider_id": "openai_http",
    "previous_provider": "openai",
}


def proven(looked: Value, applied: Value | None = None, **more: t.Any) -> Value:
    made = APPLIED if applied is None else applied
    return provider_proven({**RESULT, **more}, made, looked, provider_id="openai_http")


def test_a_cure_that_is_proven_is_finished() -> None:
    finding = {"name": "several_versions", "detail": "two", "advice": "Remove one."}
    result = proven({"codex": {**CURED, "findings": [finding]}})
    assert result["proof"] == {"proven": True, "verdict": "http_only", "problems": []}
    assert (result["action"], result["restart_required"]) == ("applied", True)
    assert result["previous_provider"] == "openai"
    assert result["findings"] == [finding]
    assert not is_unfinished(result)


def test_a_cure_that_was_there_already_is_proven_as_well() -> None:
    applied = {**APPLIED, "changed": False, "restart_required": False}
    assert proven({"codex": CURED}, applied)["action"] == "already_applied"
    assert proven({"codex": CURED}, applied, restart_required=True)["restart_required"] is True


@pytest.mark.parametrize(
    ("looked", "problem"),
    [
        ({"codex": changed(CURED, "provider.active", "openai")}, "active provider: openai, not"),
        ({"msg": "the timeout was over"}, "the timeout was over"),
        ({}, "codex_info failed without a word"),
        ({"codex": "text", "msg": "odd"}, "odd"),
        ({"codex": {"diagnosis": [], "findings": 7}}, "codex_info answered nonsense"),
    ],
)
def test_a_look_that_does_not_prove_is_no_proof(looked: Value, problem: str) -> None:
    result = proven(looked)
    assert result["proof"]["proven"] is False
    assert result["proof"]["problems"][0].startswith(problem)
    assert result["findings"] == RESULT["findings"]
    assert is_unfinished(result)
