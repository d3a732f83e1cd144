# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a machine on which a task has failed."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._failure import (
    failed_result,
    unremembered,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import group_of, render
from support.cure_values import HOSTILE, SEEN, Value

CONFIG, DOTENV = "/home/dev/.codex/config.toml", "/home/dev/.codex/.env"
RECORD = "/home/dev/.codex/.devfleet/recovery.json"
LOOKED: Value = first_result(SEEN, Wanted())
PROVEN = {"proven": True, "verdict": "http_only", "problems": []}
UNPROVEN = {"proven": False, "verdict": "healthy", "problems": ["active provider: openai"]}
CURED: Value = {**LOOKED, "action": "applied", "restart_required": True, "message": "Cured."}
WRITTEN: Value = {"changed": True, "path": CONFIG}
SET: Value = {"changed": True, "path": DOTENV}
REFUSES = f"{CONFIG} line 3: no. Nothing was changed."
FULL = f"{RECORD}: no space left on device. Nothing was changed."
DISPROVEN = "doctor does not prove the cure: active provider: openai"
STAYS = "the cure was not proven (active provider: openai), and the change stays until rollback is"
GONE = {"changed": True}
UNTOUCHED = {"changed": False}
SKIPPED = {"changed": False, "skipped": True}

TABLE: dict[str, tuple[Value, str, Value, Value, str, str]] = {
    # What was known, what failed, what was written and undone; the action and the message.
    "no-look": ({}, REFUSES, {}, {}, "failed", REFUSES),
    "look-that-fails": ({"failed": True, "msg": "no"}, "no", {}, {}, "failed", "no"),
    "nothing-written": (LOOKED, REFUSES, {}, {}, "failed", REFUSES),
    "nothing-to-write": (LOOKED, REFUSES, {"changed": False}, {}, "failed", REFUSES),
    "of-the-module": (
        LOOKED,
        "https_proxy has no scheme. Nothing was changed.",
        {},
        {},
        "failed",
        "reconnect_proxy has no scheme. Nothing was changed.",
    ),
    "proxy-stays": (
        {**LOOKED, "proxy_set": DOTENV, "restart_required": True},
        REFUSES,
        SET,
        SKIPPED,
        "failed",
        f"{CONFIG} line 3: no.",
    ),
    "trial-was-begun": (
        {**LOOKED, "restart_required": True},
        REFUSES,
        {},
        {},
        "failed",
        f"{CONFIG} line 3: no.",
    ),
    "undone": ({**CURED, "proof": UNPROVEN}, DISPROVEN, WRITTEN, GONE, "undone", DISPROVEN),
    "nothing-left-of-it": (
        {**CURED, "proof": UNPROVEN},
        DISPROVEN,
        WRITTEN,
        UNTOUCHED,
        "undone",
        DISPROVEN,
    ),
    "not-undone": (
        {**CURED, "proof": UNPROVEN},
        REFUSES,
        WRITTEN,
        {"failed": True, "changed": False},
        "not_undone",
        f"{STAYS} run: {CONFIG} line 3: no.",
    ),
    "proof-that-never-came": (
        LOOKED,
        "odd",
        WRITTEN,
        {},
        "not_undone",
        "the cure was not proven, and the change stays until rollback is run: odd",
    ),
    "undoing-that-never-came": (
        {**CURED, "proof": UNPROVEN},
        "odd",
        WRITTEN,
        SKIPPED,
        "not_undone",
        f"{STAYS} run: odd",
    ),
    "was-there-and-is-disproven": (
        {**CURED, "action": "already_applied", "proof": UNPROVEN},
        DISPROVEN,
        {"changed": False, "path": CONFIG},
        SKIPPED,
        "failed",
        DISPROVEN,
    ),
    "proven": (
        {**CURED, "proof": PROVEN},
        FULL,
        WRITTEN,
        SKIPPED,
        "applied",
        f"Cured. What is remembered of it could not be written: {RECORD}: no space left on device.",
    ),
    "proven-before": (
        {**CURED, "action": "already_applied", "proof": PROVEN},
        "odd",
        {"changed": False},
        SKIPPED,
        "already_applied",
        "Cured. What is remembered of it could not be written: odd",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_a_failure_makes_of_a_machine(case: str) -> None:
    known, said, applied, undone, action, message = TABLE[case]
    result = failed_result(known, {"failed": True, "msg": said}, applied, undone)
    assert (result["action"], result["message"]) == (action, message)
    assert checked_result(result)["message"] == message
    assert result["verdict"] == known.get("verdict", "inconclusive")
    assert group_of(result) == ("cured" if action in ("applied", "already_applied") else "failed")


def test_a_machine_that_could_not_be_looked_at_is_not_examined() -> None:
    result = failed_result({}, {}, {}, {})
    assert (result["cause"], result["remedy"]) == ("not_examined", "investigate")
    assert (result["evidence"], result["advice"]) == ([], "")
    assert result["message"] == "see the output above"


@pytest.mark.parametrize("proxy_set", [None, DOTENV])
def test_a_restart_is_wanted_for_what_stays(proxy_set: str | None) -> None:
    known = {**CURED, "proof": UNPROVEN, "proxy_set": proxy_set}
    undone = failed_result(known, {"msg": "no"}, WRITTEN, {"changed": True})
    assert undone["restart_required"] is bool(proxy_set)
    stays = failed_result(known, {"msg": "no"}, WRITTEN, {})
    assert stays["restart_required"] is True


def test_a_cure_that_could_not_be_remembered_is_a_cure_and_says_why() -> None:
    known = {**CURED, "proof": PROVEN, "path": CONFIG, "provider_id": "openai_http"}
    result = failed_result(known, {"msg": FULL}, WRITTEN, SKIPPED)
    assert (result["proof"], result["restart_required"]) == (PROVEN, True)
    assert unremembered(result) == (
        f"; what is remembered of it could not be written: {RECORD}: no space left on device."
    )
    line = render("Title", {"host": checked_result(result)}).splitlines()[1]
    assert line.endswith(f"cured: openai_http uses HTTP only, by {CONFIG}{unremembered(result)}")
    assert failed_result(result, {"msg": "another"}, WRITTEN, SKIPPED) == result
    assert unremembered(known) == ""


@pytest.mark.parametrize("proof", [PROVEN, UNPROVEN, None, "yes", {"problems": [HOSTILE]}])
def test_what_a_machine_says_is_harmless(proof: t.Any) -> None:
    known = {**CURED, "proof": proof, "message": HOSTILE}
    result = failed_result(known, {"msg": HOSTILE}, WRITTEN, {})
    assert result["message"].isprintable() and len(result["message"]) <= 300
    assert unremembered({"not_remembered": HOSTILE}).isprintable()
