# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of all machines of a run."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import not_examined
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import (
    GROUPS,
    failing,
    group_of,
    render,
    totals,
)


def result(verdict: str | None, action: str = "none", **more: t.Any) -> dict[str, t.Any]:
    fact = {
        "verdict": verdict,
        "cause": verdict and f"{verdict}_cause",
        "evidence": ["seen"],
        "advice": verdict and f"Advice on {verdict}.",
        "action": action,
        "path": "/home/dev/.codex/config.toml",
        "provider_id": "openai_http",
        "message": "the reason",
    }
    return {**fact, **more}


BLOCKED = "websocket_blocked"

TABLE: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "blocked": (result(BLOCKED), "affected", "left alone"),
    "broken": (result("http_only_broken"), "affected", "left alone"),
    "predicted": (result(BLOCKED, "would_apply"), "affected", "would set the HTTP-only provider"),
    "refused": (
        result(BLOCKED, "refused"),
        "affected",
        "NOT cured, nothing was changed: the reason",
    ),
    "applied": (
        result(BLOCKED, "applied"),
        "cured",
        "cured: openai_http uses HTTP only, by /home/dev/.codex/config.toml",
    ),
    "already": (
        result(BLOCKED, "already_applied"),
        "cured",
        "cured before: openai_http uses HTTP only, by /home/dev/.codex/config.toml",
    ),
    "profile": (
        result(BLOCKED, "profile_in_place", profile="quiet"),
        "cured",
        "cured before: codex --profile quiet uses HTTP only",
    ),
    "by-profile": (
        result(BLOCKED, "applied", profile="quiet"),
        "cured",
        "cured: codex --profile quiet uses HTTP only, by /home/dev/.codex/config.toml",
    ),
    "by-profile-again": (
        result(BLOCKED, "applied", profile="quiet", drift=True),
        "cured",
        "cured again, for the setting was gone: codex --profile quiet, by "
        "/home/dev/.codex/config.toml",
    ),
    "by-profile-before": (
        result(BLOCKED, "already_applied", profile="quiet"),
        "cured",
        "cured before: codex --profile quiet uses HTTP only, by /home/dev/.codex/config.toml",
    ),
    "undone": (
        result(BLOCKED, "undone"),
        "failed",
        "NOT cured, the change was undone: the reason",
    ),
    "lost": (
        result(BLOCKED, "lost"),
        "failed",
        "contact was lost during the cure; run this again",
    ),
    "failed": (result("inconclusive", "failed"), "failed", "FAILED: the reason"),
    "healthy": (result("healthy"), "fine", "nothing to do"),
    "http-only": (result("http_only"), "fine", "nothing to do"),
    "no-codex": (result("not_installed"), "fine", "nothing to do"),
    "old": (result("unsupported_version"), "fine", "nothing to do"),
    "unsure": (result("inconclusive"), "inconclusive", "left alone"),
    "net": (result("network_unreachable"), "inconclusive", "left alone"),
    "login": (result("auth_missing"), "inconclusive", "left alone"),
    "misnamed": (
        result("not_installed", cause="executable_missing"),
        "inconclusive",
        "left alone",
    ),
    "config": (
        result("config_invalid", evidence=["doctor's word", "config.toml: line 1: the reason"]),
        "inconclusive",
        "left alone: config.toml: line 1: the reason",
    ),
    "managed": (result("managed_elsewhere"), "inconclusive", "left alone"),
    "asleep": (not_examined("unreachable", "no route"), "unreachable", "not examined: no route"),
    "back": (
        result(None, "rolled_back"),
        "taken_back",
        "taken back: openai_http in /home/dev/.codex/config.toml; its table stays for its chats",
    ),
    "gateway-back": (
        result(None, "rolled_back", provider_id="corp", table="restored"),
        "taken_back",
        "taken back: corp in /home/dev/.codex/config.toml uses WebSockets again, with its own "
        "chats",
    ),
    "purged": (
        result(None, "purged"),
        "taken_back",
        "taken back, table and all: openai_http in /home/dev/.codex/config.toml",
    ),
    "would-back": (
        result(None, "would_roll_back"),
        "fine",
        "would take openai_http in /home/dev/.codex/config.toml back",
    ),
    "nothing": (
        result(None, "nothing_to_take_back"),
        "fine",
        "nothing to take back in /home/dev/.codex/config.toml",
    ),
}
RESULTS = {host: fact for host, (fact, _group, _words) in TABLE.items()}


@pytest.mark.parametrize("host", TABLE)
def test_the_group(host: str) -> None:
    fact, group, _words = TABLE[host]
    assert group_of(fact) == group


@pytest.mark.parametrize("host", TABLE)
def test_one_line_a_host(host: str) -> None:
    fact, _group, words = TABLE[host]
    line = render("Title", {host: fact}).splitlines()[1]
    verdict = fact["verdict"] or ""
    assert line.split()[0] == host
    assert verdict in line
    assert line.endswith(words)


@pytest.mark.parametrize("group", GROUPS)
def test_the_hosts_that_make_a_run_fail(group: str) -> None:
    wanted = sorted(host for host, (_fact, one, _words) in TABLE.items() if one == group)
    assert wanted
    assert failing(RESULTS, [group]) == wanted


def test_nothing_makes_a_run_fail_unless_asked_for() -> None:
    assert failing(RESULTS, []) == []
    everything = failing(RESULTS, GROUPS)
    assert everything == sorted(set(everything))
    assert not {"healthy", "applied", "failed"} & set(everything)


def test_hosts_are_sorted_and_aligned_and_totals_add_up() -> None:
    lines = render("Title", dict(reversed(RESULTS.items()))).splitlines()
    assert lines[0] == f"Title: {len(TABLE)} hosts"
    hosts = lines[1 : len(TABLE) + 1]
    assert [line.split()[0] for line in hosts] == sorted(TABLE)
    width = max(map(len, TABLE))
    assert all(line[2 + width : 4 + width] == "  " and line[:2] == "  " for line in hosts)
    assert lines[len(TABLE) + 1] == (
        "Totals: 6 cured, 3 taken back, 4 affected, 6 fine, 6 to look into, 1 unreachable, 3 failed"
    )
    assert totals(RESULTS) == {
        "affected": 4,
        "cured": 6,
        "failed": 3,
        "fine": 6,
        "inconclusive": 6,
        "taken_back": 3,
        "unreachable": 1,
    }
    assert sum(totals(RESULTS).values()) == len(TABLE)


def test_totals_name_only_what_there_is() -> None:
    text = render("Title", {"a": result("healthy")})
    assert text.splitlines()[0] == "Title: 1 host"
    assert text.splitlines()[-1] == "Totals: 1 fine"
    assert totals({"a": result("healthy")}) == {"fine": 1}
    assert totals({}) == {}


def test_advice_is_told_once_and_only_where_something_is_left_to_do() -> None:
    text = render("Title", {**RESULTS, "again": result(BLOCKED)})
    lines = text.partition("What it means:\n")[2].splitlines()
    advice = [line for line in lines if line.startswith("  ")]
    assert advice == sorted(set(advice))
    assert sum(f"Advice on {BLOCKED}." in line for line in advice) == 1
    assert not any("healthy" in line or "http_only " in line for line in advice)
    assert any("(executable_missing)" in line for line in advice)


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (result(BLOCKED), True),
        (result(BLOCKED, "would_apply"), True),
        (result(BLOCKED, "undone"), False),
        (result("healthy", "undone"), False),
        (result("inconclusive", "failed"), False),
        (result(BLOCKED, "lost"), False),
        (result("auth_missing"), True),
        (not_examined("unreachable", "no route"), True),
        (result(BLOCKED, "refused"), False),
        (result(BLOCKED, "applied"), False),
        (result(BLOCKED, "profile_in_place"), False),
        (result(None, "rolled_back", advice="Advice."), False),
        (result("healthy"), False),
    ],
    ids=lambda value: f"{value['verdict']}-{value['action']}" if isinstance(value, dict) else "",
)
def test_whom_advice_is_for(fact: dict[str, t.Any], told: bool) -> None:
    assert ("What it means:" in render("Title", {"a": fact})) is told


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        pytest.param(["applied"], 1, id="cured"),
        pytest.param(["applied", "applied", "none"], 1, id="told-once"),
        pytest.param(["would_apply", "refused", "undone", "failed"], 0, id="not-cured"),
        pytest.param(["already_applied", "profile_in_place"], 0, id="cured-before"),
    ],
)
def test_older_chats_are_told_of_where_a_cure_was_applied(actions: list[str], told: int) -> None:
    results = {f"host-{number}": result(BLOCKED, one) for number, one in enumerate(actions)}
    text = render("Title", results)
    assert text.count("restart Codex") == text.count("codex resume -c model_provider=") == told
    assert not told or "restart Codex" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        pytest.param(["corp"], False, id="in-place"),
        pytest.param(["openai"], True, id="switched"),
        pytest.param(["corp", "openai"], True, id="one-of-each"),
    ],
)
def test_chats_are_told_of_where_another_provider_is_active_now(
    before: list[str], told: bool
) -> None:
    results = {
        one: result(
            BLOCKED,
            "applied",
            previous_provider=one,
            provider_id="corp" if one == "corp" else "openai_http",
        )
        for one in before
    }
    last = render("Title", results).splitlines()[-1]
    assert last.startswith("On the cured machines: restart Codex.")
    assert ("Chats that were started before" in last) is told


@pytest.mark.parametrize("action", ["rolled_back", "purged", "would_roll_back"])
def test_a_restart_is_asked_for_where_something_was_taken_back(action: str) -> None:
    text = render("Title", {"a": result(BLOCKED, action)})
    assert text.count("restart Codex") == (action != "would_roll_back")


def test_a_run_without_hosts_has_a_summary() -> None:
    assert render("Title", {}).splitlines()[0] == "Title: 0 hosts"


@pytest.mark.parametrize(
    "action", ["applied", "undone", "refused", "failed", "rolled_back", "purged"]
)
def test_what_a_machine_says_is_neither_formatted_nor_obeyed(action: str) -> None:
    hostile = "\x1b[2J{path} {0} {{ x }} %s\n\u202e"
    fact = result(BLOCKED, action, path=hostile, provider_id=hostile, message=hostile)
    line = render("Title", {"a": fact}).splitlines()[1]
    assert line.isprintable()
    assert "{path} {0} {{ x }} %s" in line


def test_a_reason_of_ssh_is_told_to_its_end() -> None:
    said = "Failed to connect to the host via ssh: " + "x" * 90 + ": Connection timed out"
    assert render("Title", {"a": not_examined("unreachable", said)}).splitlines()[1].endswith(said)


def test_a_reason_that_nobody_would_read_is_cut() -> None:
    fact = not_examined("unreachable", "x" * 10_000)
    assert len(render("Title", {"a": fact}).splitlines()[1]) < 200


@pytest.mark.parametrize("evidence", ["{0} {path} {{ x }}", "x" * 10_000], ids=["braces", "long"])
def test_the_reason_for_a_broken_config_is_neither_formatted_nor_endless(evidence: str) -> None:
    line = render("Title", {"a": result("config_invalid", evidence=[evidence])}).splitlines()[1]
    assert evidence[:18] in line
    assert len(line) < 500


def test_what_stopped_a_roll_out_is_told_once_and_in_short_for_each_host() -> None:
    why = "suspected_outage: 2 of 2 are affected; set it to 1"
    held = {host: result(BLOCKED, held_back=why) for host in ("a", "b")}
    lines = render("Title", {**held, "c": result("healthy")}).splitlines()
    assert [line for line in lines if "suspected_outage" in line] == [
        *(line for line in lines[1:3] if line.endswith("  left alone: suspected_outage")),
        f"STOPPED, {why}",
    ]
    assert lines[4].startswith("Totals: ")
    never = render("Title", {"a": result(BLOCKED, held_back="reconnect_apply is: never")})
    assert never.splitlines()[1].endswith("left alone: reconnect_apply is: never")
    assert "STOPPED" not in never
