# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a trial and a proof of another proxy make of a machine's result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._preflight import trial_said
from ansible_collections.devfleet.codex.plugins.plugin_utils._proxy_cure import (
    proxy_proven,
    proxy_tried,
    repaired_no_proxy,
)
from support import cure_values
from support.cure_values import HOSTILE, Value

WANTED = Wanted(has_proxy=True)
BEATEN = ".env sets HTTPS_PROXY, which beats whatever a trial can set"
NO_ANSWER = "the service does not answer HTTP through the proxy; check reconnect_proxy"


def diagnosed(verdict: str, cause: str, **more: t.Any) -> Value:
    diagnosis = {**cure_values.SEEN["diagnosis"], "verdict": verdict, "cause": cause}
    return {**cure_values.SEEN, "diagnosis": diagnosis, **more}


SEEN = diagnosed("proxy_misconfigured", "no_scheme")
BEFORE: Value = {**first_result(SEEN, WANTED), "codex": SEEN}
HEALTHY = diagnosed("healthy", "handshake_ok")
BLOCKED = diagnosed("websocket_blocked", "upgrade_refused")
DOWN = diagnosed("network_unreachable", "connect")


def trial(by: str, reason: str = "", answered: bool | None = None, **more: t.Any) -> Value:
    return {"trial": {"by": by, "reason": reason, "answered": answered}, **more}


@pytest.mark.parametrize(
    ("looked", "action", "tried", "works", "problem", "left"),
    [
        pytest.param(trial("doctor", codex=HEALTHY), "would_apply", True, True, "", "", id="well"),
        pytest.param(trial("doctor", codex=BLOCKED), "would_apply", True, True, "", "", id="next"),
        pytest.param(
            trial("doctor", codex=DOWN),
            "refused",
            True,
            False,
            "verdict under the proxy: network_unreachable (connect)",
            "",
            id="no-better",
        ),
        pytest.param(
            trial("route", BEATEN, answered=True), "would_apply", True, True, "", BEATEN, id="way"
        ),
        pytest.param(
            trial("route", BEATEN, answered=False),
            "refused",
            True,
            False,
            NO_ANSWER,
            BEATEN,
            id="no-way",
        ),
        pytest.param(
            trial("none", "no .env"), "would_apply", False, False, "", "no .env", id="none"
        ),
        pytest.param(
            {"msg": "https_proxy has no scheme. Nothing was changed."},
            "refused",
            False,
            False,
            "reconnect_proxy has no scheme. Nothing was changed.",
            "",
            id="unusable",
        ),
        pytest.param(
            {"unreachable": True, "msg": "gone"},
            "would_apply",
            False,
            False,
            "",
            "contact was lost: gone",
            id="lost",
        ),
    ],
)
def test_what_a_trial_decides(
    looked: Value, action: str, tried: bool, works: bool, problem: str, left: str
) -> None:
    result = proxy_tried(BEFORE, looked)
    found = result["preflight"]
    assert result["action"] == action
    assert (found["tried"], found["works"]) == (tried, works)
    assert " ".join(found["problems"]).startswith(problem) and bool(found["problems"]) is bool(
        problem
    )
    assert found["not_tried"].startswith(left) and bool(found["not_tried"]) is bool(left)
    assert checked_result(result)["preflight"] == found


def test_what_could_not_be_tried_is_told_beside_what_could() -> None:
    said = trial_said(proxy_tried(BEFORE, trial("route", BEATEN, answered=True)))
    assert said.startswith(f"; the cure would work here as far as it could be tried: {BEATEN}")
    assert "whether WebSockets do" in said


def test_what_a_trial_says_is_harmless() -> None:
    for looked in (
        {"msg": HOSTILE},
        trial("none", HOSTILE),
        trial("route", HOSTILE, answered=False),
    ):
        found = proxy_tried(BEFORE, looked)["preflight"]
        assert all(text.isprintable() for text in [*found["problems"], found["not_tried"]])


COVERS = {"name": "no_proxy_covers_service", "repaired": ".corp.example,localhost"}


@pytest.mark.parametrize(
    ("cause", "problems", "expected"),
    [
        ("no_proxy_covers_service", [COVERS], [".corp.example", "localhost"]),
        ("no_proxy_covers_service", [{**COVERS, "repaired": None}], []),
        ("no_proxy_covers_service", [], []),
        ("no_scheme", [COVERS], []),
    ],
)
def test_a_list_is_replaced_only_where_it_covers_the_service(
    cause: str, problems: list[Value], expected: list[str]
) -> None:
    codex = {**SEEN, "proxy": {"problems": problems}}
    assert repaired_no_proxy({**BEFORE, "cause": cause, "codex": codex}) == expected


APPLIED: Value = {
    "changed": True,
    "path": "/home/dev/.codex/.env",
    "msg": "HTTPS_PROXY: Codex reads it as wanted.",
    "restart_required": True,
}
TRIED = proxy_tried(BEFORE, trial("route", BEATEN, answered=True))


def looked_at(codex: Value, wanted: Wanted = WANTED) -> Value:
    return {**first_result(codex, wanted), "codex": codex}


def test_a_proxy_that_cures_is_proven() -> None:
    result = proxy_proven(TRIED, APPLIED, looked_at(HEALTHY))
    assert result["proof"] == {"proven": True, "verdict": "healthy", "problems": []}
    assert (result["action"], result["verdict"]) == ("applied", "proxy_misconfigured")
    assert (result["path"], result["restart_required"]) == (APPLIED["path"], True)
    assert result["preflight"] == TRIED["preflight"]
    unchanged = {**APPLIED, "changed": False}
    assert proxy_proven(TRIED, unchanged, looked_at(HEALTHY))["action"] == "already_applied"


@pytest.mark.parametrize(
    ("wanted", "action"),
    [
        pytest.param(WANTED, "would_apply", id="may-set-provider"),
        pytest.param(Wanted(remedy="proxy_env", has_proxy=True), "none", id="may-not"),
        pytest.param(Wanted("always", "proxy_env", has_proxy=True), "none", id="always-the-proxy"),
    ],
)
def test_a_websocket_that_is_refused_beyond_the_proxy_comes_next(
    wanted: Wanted, action: str
) -> None:
    result = proxy_proven(TRIED, APPLIED, looked_at(BLOCKED, wanted))
    assert (result["verdict"], result["action"], result["proof"]) == (
        "websocket_blocked",
        action,
        None,
    )
    assert (result["proxy_set"], result["restart_required"]) == (APPLIED["path"], True)
    assert result["preflight"] == TRIED["preflight"]


@pytest.mark.parametrize(
    ("looked", "problem"),
    [
        pytest.param(looked_at(DOWN), "verdict under the proxy: network_unreach", id="down"),
        pytest.param({"msg": "no Python"}, "no Python", id="failed"),
        pytest.param({}, "the look failed", id="wordless"),
        pytest.param({"verdict": "unreachable", "evidence": ["gone"]}, "gone", id="unreachable"),
    ],
)
def test_a_look_that_does_not_prove_is_no_proof(looked: Value, problem: str) -> None:
    result = proxy_proven(TRIED, APPLIED, looked)
    assert result["proof"]["proven"] is False
    assert result["proof"]["problems"][0].startswith(problem)
    assert result["findings"] == BEFORE["findings"]
