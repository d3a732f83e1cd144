# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a machine whose cure was to be taken back, whatever failed on the way."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import checked_result
from ansible_collections.devfleet.codex.plugins.plugin_utils._taking_back import (
    after_rollback,
    not_reached,
    taken_back,
)
from support.cure_values import HOSTILE

Value = dict[str, t.Any]

CONFIG, DOTENV = "/home/dev/.codex/config.toml", "/home/dev/.codex/.env"
BACK = "openai_http is no longer the active provider."
GONE: Value = {"unreachable": True, "msg": "no route"}
FAILS: Value = {"failed": True, "changed": True, "msg": f"{DOTENV}: no. Nothing was changed."}


def provider(changed: bool = True, table: str = "kept") -> Value:
    said = BACK if changed else "there is nothing of ours to take back."
    return {
        "changed": changed,
        "path": CONFIG,
        "provider_id": "openai_http",
        "table": table if changed else "none",
        "msg": said,
    }


def proxy(changed: bool = True) -> Value:
    return {"changed": changed, "path": DOTENV, "msg": "HTTPS_PROXY: as before our change."}


NOTES: Value = {"changed": False, "path": "observations.json", "msg": ""}


def result_of(*answers: Value, check_mode: bool = False, profile: str | None = None) -> Value:
    named = dict(zip(("http_provider", "proxy_env", "observation"), answers, strict=False))
    result = taken_back(named, check_mode=check_mode, profile=profile)
    assert checked_result(result)["action"] == result["action"]
    return result


@pytest.mark.parametrize(
    ("of_provider", "of_proxy", "table", "check_mode", "action"),
    [
        (True, True, "kept", False, "rolled_back"),
        (True, False, "kept", False, "rolled_back"),
        (True, False, "restored", False, "rolled_back"),
        (True, True, "removed", False, "purged"),
        (True, True, "kept", True, "would_roll_back"),
        (True, False, "removed", True, "would_roll_back"),
        (False, True, "none", False, "proxy_rolled_back"),
        (False, True, "none", True, "would_roll_back_proxy"),
        (False, False, "none", False, "nothing_to_take_back"),
        (False, False, "none", True, "nothing_to_take_back"),
    ],
)
def test_what_was_done_has_a_name(
    of_provider: bool, of_proxy: bool, table: str, check_mode: bool, action: str
) -> None:
    answers = provider(of_provider, table), proxy(of_proxy), NOTES
    result = result_of(*answers, check_mode=check_mode)
    assert (result["action"], result["table"]) == (action, table)
    assert result["changed"] is result["restart_required"] is (of_provider or of_proxy)
    assert result["proxy_set"] == (DOTENV if of_proxy else None)
    assert "failed" not in result
    assert (result["verdict"], result["path"]) == (None, CONFIG)


def test_the_message_is_that_of_what_was_done() -> None:
    assert result_of(provider(), proxy(), NOTES)["message"] == BACK
    assert result_of(provider(False), proxy(), NOTES)["message"].startswith("HTTPS_PROXY")
    assert result_of(provider(False), proxy(False), NOTES)["message"].startswith("there is nothing")


@pytest.mark.parametrize(
    ("answers", "changed", "message"),
    [
        pytest.param(
            (provider(), FAILS, NOTES),
            True,
            f"the provider in {CONFIG} was taken back all the same; the proxy: {DOTENV}: no.",
            id="proxy-fails",
        ),
        pytest.param(
            ({**FAILS, "msg": "config.toml line 1: no."}, proxy(), NOTES),
            True,
            f"the proxy in {DOTENV} was taken back all the same; "
            "the provider: config.toml line 1: no.",
            id="provider-fails",
        ),
        pytest.param(
            (provider(False), FAILS, NOTES), False, f"the proxy: {FAILS['msg']}", id="nothing-done"
        ),
        pytest.param(
            (provider(), GONE),
            True,
            f"the provider in {CONFIG} was taken back all the same; "
            "the proxy: contact was lost, run this again: no route",
            id="lost",
        ),
        pytest.param(
            (provider(), proxy(), {"failed": True}),
            True,
            f"the provider in {CONFIG} and the proxy in {DOTENV} was taken back all the same; "
            "what was seen: it failed without a word",
            id="notes-fail",
        ),
    ],
)
def test_a_failure_says_what_was_taken_back_all_the_same(
    answers: tuple[Value, ...], changed: bool, message: str
) -> None:
    result = result_of(*answers)
    assert (result["action"], result["failed"]) == ("failed", True)
    assert result["message"] == result["msg"] == message
    assert result["changed"] is result["restart_required"] is changed


def test_a_failure_in_check_mode_claims_nothing() -> None:
    message = result_of(provider(), FAILS, NOTES, check_mode=True)["message"]
    assert " would be taken back all the same" in message


def test_the_profile_is_kept() -> None:
    assert result_of(provider(), proxy(), NOTES, profile="http")["profile"] == "http"


def test_a_machine_that_was_not_reached_is_told_as_such() -> None:
    result = not_reached("no route")
    assert (result["verdict"], result["evidence"]) == ("unreachable", ["no route"])
    assert result["advice"].startswith("Nothing was taken back")


def test_what_a_machine_says_is_harmless() -> None:
    hostile = {"failed": True, "msg": HOSTILE}
    message = result_of({**provider(), "path": HOSTILE}, hostile, hostile)["message"]
    assert message.isprintable() and len(message) <= 300


def lines_after(*results: Value) -> str:
    return "\n".join(after_rollback({str(number): one for number, one in enumerate(results)}))


def done(action: str, provider_id: str = "openai_http", table: str = "kept") -> Value:
    return {"action": action, "provider_id": provider_id, "table": table}


def test_the_chats_of_a_gateway_are_not_affected() -> None:
    said = lines_after(done("rolled_back", "corp", "restored"))
    assert said == "Where something was taken back: restart Codex."


def test_chats_of_both_providers_are_told_how_to_be_resumed() -> None:
    said = lines_after(done("rolled_back"), done("rolled_back", "mine"), done("rolled_back"))
    assert said.count("restart Codex") == 1
    ours = "codex resume -c model_provider=mine, codex resume -c model_provider=openai_http"
    assert f"under the cure are resumed with {ours}, for its table stays" in said
    assert "earlier ones with codex resume again, or with codex resume -c model_provider=ID" in said


def test_a_table_that_is_gone_is_told() -> None:
    said = lines_after(done("purged"))
    assert "can be resumed only where it is defined again" in said
    assert "model_provider=openai_http" not in said


@pytest.mark.parametrize("action", ["nothing_to_take_back", "would_roll_back", "failed"])
def test_where_nothing_was_taken_back_nothing_is_asked_for(action: str) -> None:
    assert lines_after(done(action)) == ""


def test_a_proxy_concerns_no_chat() -> None:
    assert lines_after(done("proxy_rolled_back")).count("\n") == 0
