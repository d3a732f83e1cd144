# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of proxies, findings and live turns, for all machines of a run."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import group_of, render

DOTENV = "/home/dev/.codex/.env"
CONFIG = "/home/dev/.codex/config.toml"
ADVICE = "Write http:// before it."


def result(action: str, **more: t.Any) -> dict[str, t.Any]:
    return {
        "verdict": "proxy_misconfigured",
        "cause": "no_scheme",
        "evidence": ["seen"],
        "advice": ADVICE,
        "action": action,
        "remedy": "proxy_env",
        "path": DOTENV,
        "provider_id": "openai_http",
        "message": "the reason",
        **more,
    }


def line_of(fact: dict[str, t.Any]) -> str:
    return render("Title", {"host": fact}).splitlines()[1]


BOTH = {"remedy": "http_provider", "path": CONFIG, "proxy_set": DOTENV}
BEYOND = {"verdict": "websocket_blocked", "proxy_set": DOTENV}
NO_VERDICT = {"verdict": None, "cause": None, "remedy": "none"}

TABLE: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "repairable": (
        result("none", repaired="HTTPS_PROXY=http://a:1"),
        "affected",
        "left alone: wants HTTPS_PROXY=http://a:1",
    ),
    "not-repairable": (
        result("none", repaired=None),
        "affected",
        "left alone: wants reconnect_proxy",
    ),
    "predicted": (result("would_apply"), "affected", "would set the proxy"),
    "blocked-beyond": (
        result("none", **BEYOND),
        "affected",
        f"left alone; the proxy is set, by {DOTENV}",
    ),
    "held-back": (
        result("none", repaired="HTTPS_PROXY=http://a:1", held_back="reconnect_apply is never"),
        "affected",
        "left alone: reconnect_apply is never",
    ),
    "blocked-beyond-and-held-back": (
        result("none", **BEYOND, held_back="reconnect_remedy is proxy_env"),
        "affected",
        f"left alone: reconnect_remedy is proxy_env; the proxy is set, by {DOTENV}",
    ),
    "applied": (result("applied"), "cured", f"cured: the proxy is set, by {DOTENV}"),
    "again": (result("already_applied"), "cured", f"cured before: the proxy is set, by {DOTENV}"),
    "undone": (result("undone"), "failed", "NOT cured, the change was undone: the reason"),
    "not-undone": (
        result("not_undone"),
        "failed",
        f"NOT cured, and the change in {DOTENV} could not be undone: the reason",
    ),
    "both": (
        result("applied", **BOTH),
        "cured",
        f"cured: openai_http uses HTTP only, by {CONFIG}; the proxy too, by {DOTENV}",
    ),
    "second-undone": (
        result("undone", **BOTH),
        "failed",
        f"NOT cured, the change was undone: the reason; the proxy is set, by {DOTENV}",
    ),
    "second-refused": (
        result("refused", **BOTH, verdict="websocket_blocked", cause="upgrade_refused"),
        "affected",
        f"NOT cured, nothing was changed: the reason; the proxy is set, by {DOTENV}",
    ),
    "second-failed": (
        result("failed", **BOTH),
        "failed",
        f"FAILED: the reason; the proxy is set, by {DOTENV}",
    ),
    "profile-and-proxy": (
        result("applied", **BOTH, profile="quiet"),
        "cured",
        f"cured: codex --profile quiet uses HTTP only, by {CONFIG}; the proxy too, by {DOTENV}",
    ),
    "taken-back": (
        result("proxy_rolled_back", **NO_VERDICT, proxy_set=DOTENV),
        "taken_back",
        f"taken back: the proxy in {DOTENV}",
    ),
    "would-take-both-back": (
        result("would_roll_back", **NO_VERDICT, path=CONFIG, proxy_set=DOTENV),
        "fine",
        f"would take openai_http in {CONFIG} back; the proxy too, in {DOTENV}",
    ),
    "would-take-back": (
        result("would_roll_back_proxy", **NO_VERDICT, proxy_set=DOTENV),
        "fine",
        f"would take the proxy in {DOTENV} back",
    ),
    "both-taken-back": (
        result("purged", **NO_VERDICT, path=CONFIG, proxy_set=DOTENV),
        "taken_back",
        f"taken back, table and all: openai_http in {CONFIG}; the proxy too, in {DOTENV}",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_is_said_of_a_proxy(name: str) -> None:
    fact, group, words = TABLE[name]
    assert line_of(fact).endswith(f"  {words}")
    assert group_of(fact) == group


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        pytest.param(result("none"), True, id="left-alone"),
        pytest.param(result("undone"), False, id="undone"),
        pytest.param(result("not_undone"), False, id="not-undone"),
        pytest.param(result("failed"), False, id="refused-value"),
        pytest.param(result("undone", **BOTH), False, id="provider-undone"),
        pytest.param(result("failed", remedy="investigate"), False, id="failed-look"),
    ],
)
def test_nobody_is_advised_to_try_what_has_just_failed(fact: dict[str, t.Any], told: bool) -> None:
    assert (ADVICE in render("Title", {"host": fact})) is told


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (None, "left alone: wants reconnect_proxy"),
        ("nonsense", "left alone: wants reconnect_proxy"),
        ({"seconds": 7.3, "reconnect_lines": 4, "problem": ""}, "7.3 s, 4 reconnect lines"),
        ({"seconds": 1.0, "reconnect_lines": 1, "problem": ""}, "1.0 s, 1 reconnect line"),
        ({"seconds": 1.0, "reconnect_lines": 0, "problem": ""}, "1.0 s, 0 reconnect lines"),
        ({"seconds": 9.9, "reconnect_lines": 2, "problem": "no answer"}, "live turn: no answer"),
    ],
)
def test_the_live_turn_is_the_last_word_on_a_machine(live: t.Any, words: str) -> None:
    assert line_of(result("none", live=live)).endswith(words)


def finding(name: str, detail: str = "seen", advice: str = "Do this.") -> dict[str, str]:
    return {"name": name, "detail": detail, "advice": advice}


def also_seen(results: dict[str, dict[str, t.Any]]) -> list[str]:
    return render("Title", results).partition("Also seen:\n")[2].splitlines()


def test_a_finding_is_told_once_with_all_its_machines() -> None:
    results = {
        f"host-{number}": result("none", findings=[finding("network", f"detail {number}")])
        for number in range(7)
    }
    results["other"] = result("none", findings=[finding("a_first"), finding("network")])
    assert also_seen(results) == [
        "  a_first (other): Do this.",
        "  network (host-0, host-1, host-2, host-3, host-4 and 3 others): Do this.",
    ]
    assert also_seen({"host": result("none", findings=[])}) == []


HOSTILE = "\x1b[2J{path} {0} {{ x }} %s\n\u202e" + "x" * 10_000


@pytest.mark.parametrize(
    "fact",
    [
        result("none", repaired=HOSTILE),
        result("none", held_back=HOSTILE),
        result("applied", proxy_set=HOSTILE, path=HOSTILE),
        result("none", live={"seconds": HOSTILE, "reconnect_lines": HOSTILE, "problem": ""}),
        result("none", live={"seconds": 1.0, "reconnect_lines": 2, "problem": HOSTILE}),
        result("none", findings=[finding(HOSTILE, HOSTILE, HOSTILE)]),
    ],
)
def test_what_a_machine_says_is_neither_formatted_nor_endless(fact: dict[str, t.Any]) -> None:
    text = render("Title", {"host": fact})
    assert all(line.isprintable() and len(line) < 1500 for line in text.splitlines())
    assert "{path} {0}" in text


@pytest.mark.parametrize("found", [None, 7, "network", ["network"], [None], [{}]], ids=repr)
def test_findings_that_are_none_cost_nobody_the_summary(found: t.Any) -> None:
    assert "Totals: 1 affected" in render("Title", {"host": result("none", findings=found)})


def test_a_flood_of_findings_is_cut() -> None:
    flood = [finding(f"name-{number:03}") for number in range(100)]
    assert len(also_seen({"host": result("none", findings=flood)})) == 40


@pytest.mark.parametrize(
    ("facts", "restart", "chats"),
    [
        pytest.param([result("applied")], True, False, id="proxy"),
        pytest.param([result("applied", **BOTH)], True, True, id="both"),
        pytest.param([result("applied"), result("applied", **BOTH)], True, True, id="one-of-each"),
        pytest.param([result("already_applied")], False, False, id="set-before"),
        pytest.param(
            [result("applied", remedy="http_provider", profile="q")], False, False, id="profile"
        ),
        pytest.param([result("applied", **BOTH, profile="q")], True, False, id="profile-and-proxy"),
    ],
)
def test_a_restart_is_asked_for_and_chats_are_told_of_where_they_are_bound(
    facts: list[dict[str, t.Any]], restart: bool, chats: bool
) -> None:
    text = render("Title", {f"host-{number}": one for number, one in enumerate(facts)})
    assert ("restart Codex" in text, "codex resume" in text) == (restart, chats)
