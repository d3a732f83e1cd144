# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is cured next, and what stops a roll-out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import not_examined
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import (
    Next,
    Policy,
    next_hosts,
    order,
    stopped,
    suspected_outage,
    told_order,
    told_step,
)
from hypothesis import given
from hypothesis import strategies as st

Results = dict[str, dict[str, t.Any]]


def result(action: str, *, proven: bool | None = None, **more: t.Any) -> dict[str, t.Any]:
    proof = None if proven is None else {"proven": proven}
    fact = {"verdict": "websocket_blocked", "cause": "upgrade_refused", "proof": proof}
    return {**fact, "action": action, **more}


# A letter for what became of a machine.
KINDS = {
    "w": result("would_apply"),
    "h": result("applied", proven=True),
    "a": result("already_applied", proven=True),
    "p": result("none", proxy_set="/home/dev/.codex/.env"),
    "f": result("failed"),
    "u": result("undone", proven=False),
    "n": result("not_undone", proven=False),
    "r": result("refused"),
    "l": result("lost"),
    "x": result("applied", proven=False),
    "c": result("user_choice"),
    "-": result("none", verdict="healthy", cause="handshake_ok"),
    "o": result("none", verdict="http_only", cause="websockets_off"),
    "z": not_examined("unreachable", "no route"),
}


def fleet(kinds: str) -> Results:
    """A machine for each letter, called by its place in the play and what became of it."""
    return {f"{number}{kind}": KINDS[kind] for number, kind in enumerate(kinds)}


def taken(kinds: str, tried: str, policy: Policy) -> Next:
    """The next step where the machines at the places ``tried`` have been let go, in that order."""
    results = fleet(kinds)
    hosts = list(results)
    return next_hosts(results, [hosts[int(place)] for place in tried], policy)


TWO = Policy(canaries=2)
NONE = Policy(canaries=0)

CASES: dict[str, tuple[str, str, Policy, str, str]] = {
    # What became of all, who was tried, the policy; then who is next and who waits.
    "nobody": ("", "", Policy(), "", ""),
    "nobody-to-cure": ("-z-", "", Policy(), "", ""),
    "one-canary": ("-wwz-w", "", Policy(), "1", "25"),
    "two-canaries": ("www", "", TWO, "01", "2"),
    "fewer-than-canaries": ("w", "", TWO, "0", ""),
    "canary-holds": ("hww", "0", Policy(), "12", ""),
    "canary-held-before": ("aww", "0", Policy(), "12", ""),
    "proxy-alone-holds": ("pww", "0", Policy(), "12", ""),
    "both-hold": ("hhww", "01", TWO, "23", ""),
    "one-of-two-holds": ("hfww", "01", TWO, "2", "3"),
    "canary-fails": ("fww", "0", Policy(), "1", "2"),
    "canary-undone": ("uww", "0", Policy(), "1", "2"),
    "canary-not-undone": ("nww", "0", Policy(), "1", "2"),
    "canary-refuses": ("rww", "0", Policy(), "1", "2"),
    "canary-lost": ("lww", "0", Policy(), "1", "2"),
    "canary-unproven": ("xww", "0", Policy(), "1", "2"),
    "canary-gone-before-its-turn": ("zww", "0", Policy(), "1", "2"),
    "canary-well-before-its-turn": ("-ww", "0", Policy(canary_replacements=0), "1", "2"),
    "well-before-its-turn": (
        "h-w",
        "01",
        Policy(serial="1", max_fail_percentage=0),
        "2",
        "",
    ),
    "canary-without-a-word": ("www", "0", Policy(), "1", "2"),
    "canary-chose-otherwise": ("cww", "0", Policy(canary_replacements=0), "1", "2"),
    "replacement-holds": ("fhww", "01", Policy(), "23", ""),
    "last-replacement": ("ffww", "01", Policy(), "2", "3"),
    "last-replacement-holds": ("ffhww", "012", Policy(), "34", ""),
    "all-canaries-tried": ("fff", "012", Policy(), "", ""),
    "all-tried": ("hhh", "012", Policy(), "", ""),
    "no-canaries": ("www", "", NONE, "012", ""),
    "batch": ("hwww", "0", Policy(serial="2"), "12", "3"),
    "last-batch": ("hhhw", "012", Policy(serial="2"), "3", ""),
    "batch-larger-than-all": ("hww", "0", Policy(serial="10"), "12", ""),
    "no-canaries-and-a-batch": ("www", "", Policy(canaries=0, serial="1"), "0", "12"),
    # Of five to be cured: one.
    "percentage": ("h-wwww", "0", Policy(serial="39%"), "2", "345"),
    "percentage-of-all-to-be-cured": ("hhhhw-w", "0123", Policy(serial="34%"), "46", ""),
    "small-percentage": ("hww", "0", Policy(serial="1%"), "1", "2"),
    "all-of-them": ("hww", "0", Policy(serial="100%"), "12", ""),
    "a-quarter-failed": ("hhhhfw", "01234", Policy(serial="1"), "5", ""),
    "failures-allowed": ("hffw", "012", Policy(serial="1", max_fail_percentage=100), "3", ""),
    "canaries-do-not-count": (
        "fhww",
        "01",
        Policy(serial="1", max_fail_percentage=0),
        "2",
        "3",
    ),
    "choice-is-no-failure": (
        "hcw",
        "01",
        Policy(serial="1", max_fail_percentage=0),
        "2",
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_next(case: str) -> None:
    kinds, tried, policy, hosts, waiting = CASES[case]
    step = taken(kinds, tried, policy)
    assert step.stopped is None
    assert "".join(host[0] for host in step.hosts) == hosts
    assert "".join(host[0] for host in step.waiting) == waiting


STOPS: dict[str, tuple[str, str, Policy, str, str, str]] = {
    # As above; then who waits in vain, which variable says so, and who is named.
    "too-many-canaries": ("fffww", "012", Policy(), "34", "canary_replacements is 2", "0f, 1f, 2f"),
    "no-replacement": (
        "fw",
        "0",
        Policy(canary_replacements=0),
        "1",
        "canary_replacements is 0",
        "0f",
    ),
    "without-a-word": (
        "ww",
        "0",
        Policy(canary_replacements=0),
        "1",
        "canary_replacements is 0",
        "0w",
    ),
    "two-of-two": (
        "frw",
        "01",
        Policy(canaries=2, canary_replacements=1),
        "2",
        "canary_replacements is 1",
        "0f, 1r",
    ),
    "too-many-of-a-batch": (
        "hhhfuw",
        "01234",
        Policy(serial="4"),
        "5",
        "max_fail_percentage is 25",
        "3f, 4u",
    ),
    "one-is-too-many": (
        "hlw",
        "01",
        Policy(serial="1", max_fail_percentage=0),
        "2",
        "max_fail_percentage is 0",
        "1l",
    ),
    "gone-before-its-turn": (
        "hzw",
        "01",
        Policy(serial="1", max_fail_percentage=0),
        "2",
        "max_fail_percentage is 0",
        "1z",
    ),
    "after-two-canaries": (
        "hhffw",
        "0123",
        TWO,
        "4",
        "max_fail_percentage is 25",
        "2f, 3f",
    ),
    "share-without-canaries": (
        "hfw",
        "01",
        Policy(canaries=0, serial="2", max_fail_percentage=49.5),
        "2",
        "max_fail_percentage is 49.5",
        "1f",
    ),
}


@pytest.mark.parametrize("case", STOPS)
def test_what_stops_it(case: str) -> None:
    kinds, tried, policy, waiting, variable, named = STOPS[case]
    step = taken(kinds, tried, policy)
    assert step.hosts == ()
    assert "".join(host[0] for host in step.waiting) == waiting
    assert step.stopped is not None
    assert step.stopped.startswith("roll_out_stopped: ")
    assert f"reconnect_{variable}" in step.stopped
    assert step.stopped.endswith(f": {named}")


@pytest.mark.parametrize(
    ("kinds", "tried", "policy", "said"),
    [
        ("fw", "0", Policy(canary_replacements=0), ": 1 canary has failed, and reconnect_"),
        ("fffw", "012", Policy(), ": 3 canaries have failed, and reconnect_"),
        ("hfw", "01", Policy(), ": 1 machine has failed of 1 after the canaries, and"),
        ("hffw", "012", Policy(), ": 2 machines have failed of 2 after the canaries, and"),
    ],
)
def test_a_stop_counts_who_has_failed(kinds: str, tried: str, policy: Policy, said: str) -> None:
    assert said in str(taken(kinds, tried, policy).stopped)


def test_canaries_are_told_from_those_after_them() -> None:
    assert taken("www", "", Policy()).canaries is True
    assert taken("hww", "0", Policy()).canaries is False


@pytest.mark.parametrize("policy", [Policy(), Policy(canaries=0, serial="300")])
def test_a_stop_says_what_to_do_however_many_and_long_the_names(policy: Policy) -> None:
    results = {f"{number:03}{'n' * 400}": KINDS["f"] for number in range(300)}
    step = next_hosts({**results, "waits": KINDS["w"]}, list(results), policy)
    assert step.stopped is not None
    assert "run this again: 000nnn" in step.stopped[:SHORT]


def ill(affected: int, others: int, *more: dict[str, t.Any]) -> Results:
    kinds = [KINDS["w"]] * affected + [KINDS["-"]] * others + list(more)
    return {f"m{number}": kind for number, kind in enumerate(kinds)}


CANNOT_TELL = (
    *("not_installed", "unsupported_version", "managed_elsewhere", "auth_missing"),
    *("auth_conflict", "config_invalid", "inconclusive", "network_unreachable"),
)

OUTAGES: dict[str, tuple[Results, int, float, bool]] = {
    # The fleet, how many of its first machines were affected before, the share; whether it brakes.
    "all-of-ten": (ill(10, 0), 0, 0.9, True),
    "all-of-nine": (ill(9, 0), 0, 0.9, False),
    "nine-and-asleep": (ill(9, 0, KINDS["z"]), 0, 0.9, False),
    "nine-and-not-looked-at": (ill(9, 0, not_examined("inconclusive", "")), 0, 0.9, False),
    "exactly-the-share": (ill(9, 1), 0, 0.9, False),
    "more-than-the-share": (ill(19, 2), 0, 0.9, True),
    "asleep-counts-for-nothing": (ill(19, 2, *[KINDS["z"]] * 9), 0, 0.9, True),
    "share-of-one": (ill(300, 0), 0, 1, False),
    "share-of-none": (ill(1, 9), 0, 0, True),
    "none-affected": (ill(0, 10), 0, 0, False),
    "half": (ill(6, 5), 0, 0.5, True),
    "exactly-29-of-100": (ill(29, 71), 0, 0.29, False),
    "known-before": (ill(10, 0), 10, 0.9, False),
    "too-few-new-ones": (ill(12, 0), 3, 0.9, False),
    "all-but-a-few-known-ones": (ill(20, 0), 3, 0.9, True),
    "known-and-healthy": (ill(12, 8), 3, 0.9, False),
    "by-profile": (ill(9, 0, *[result("profile_in_place")] * 3), 0, 0.9, False),
    "all-but-those-by-profile": (ill(10, 0, *[result("profile_in_place")] * 3), 0, 0.9, True),
    "all-but-the-cured": (ill(260, 0, *[KINDS["o"]] * 40), 0, 0.9, True),
    "nine-and-many-cured": (ill(9, 0, *[KINDS["o"]] * 40), 0, 0.5, False),
    **{
        verdict: (ill(270, 0, *[result("none", verdict=verdict)] * 30), 0, 0.9, True)
        for verdict in CANNOT_TELL
    },
    "by-its-proxy": (
        ill(0, 0, *[result("none", verdict="proxy_misconfigured")] * 10),
        0,
        0.9,
        True,
    ),
}


@pytest.mark.parametrize("case", OUTAGES)
def test_what_looks_like_an_outage(case: str) -> None:
    results, before, share, brakes = OUTAGES[case]
    known = frozenset(list(results)[:before])
    why = suspected_outage(results, known, Policy(outage_share=share))
    assert (why is not None) is brakes
    if why is not None:
        assert why.startswith("suspected_outage: ")
        assert "set reconnect_outage_share to 1 to go on" in why
        assert ("but for those of reconnect_baseline" in why) is bool(before)
        assert len(why) < SHORT - 80


def test_an_outage_counts_what_it_names() -> None:
    why = suspected_outage(ill(20, 1, KINDS["z"]), frozenset(["m0", "elsewhere"]), Policy())
    assert why is not None
    assert "19 of 20 machines that use WebSockets and could be reached, but for those of" in why


def test_the_order_is_that_of_the_play() -> None:
    waves = order(fleet("-wwzwww"), Policy(canaries=2, serial="2"))
    assert waves == [("1w", "2w"), ("4w", "5w"), ("6w",)]
    assert told_order(waves, 2) == (
        "Roll-out, in this order: 1w, 2w (canaries); then 4w, 5w; then 6w"
    )
    assert told_order(order(fleet("www"), Policy()), 1).endswith("0w (canary); then 1w, 2w")
    assert told_order(order(fleet("ww"), NONE), 0) == "Roll-out, in this order: 0w, 1w"
    assert told_order(order(ill(30, 0), Policy(serial="1")), 1).endswith("; then 22 batches more")


def test_a_step_is_one_line() -> None:
    assert told_step(Next(("a",), ("b", "c"), canaries=True)) == "Roll-out, canary: a; 2 waiting"
    assert told_step(Next(("a", "b"))) == "Roll-out, next: a, b; 0 waiting"
    assert told_step(Next((), ("b",), stopped="why")) == "Roll-out: stopped, 1 machine held back"
    assert told_step(Next(())) == ""


def test_a_run_that_was_stopped_says_why() -> None:
    why = "suspected_outage: so many"
    assert stopped({"a": KINDS["-"], "b": result("none", held_back=why)}) == why
    assert stopped({"a": result("none", held_back="roll_out_stopped: b")}) == "roll_out_stopped: b"
    for other in (None, "reconnect_apply is never", "suspected_outage", 7):
        assert stopped({"a": result("none", held_back=other), "b": KINDS["w"]}) is None


OUTCOMES = "hapfunrlxcw"
POLICIES = st.builds(
    Policy,
    canaries=st.integers(0, 4),
    canary_replacements=st.integers(0, 3),
    serial=st.sampled_from([None, "1", "2", "5", "10%", "50%"]),
    max_fail_percentage=st.sampled_from([0.0, 25.0, 50.0, 100.0]),
)


@given(st.lists(st.tuples(st.sampled_from("w-z"), st.sampled_from(OUTCOMES))), POLICIES)
def test_a_roll_out_ends_and_leaves_nobody_unaccounted_for(
    machines: list[tuple[str, str]], policy: Policy
) -> None:
    results = {f"m{number}": KINDS[at_first] for number, (at_first, _then) in enumerate(machines)}
    outcomes = {f"m{number}": KINDS[then] for number, (_at_first, then) in enumerate(machines)}
    to_cure = [host for host, fact in results.items() if fact["action"] == "would_apply"]
    tried: list[str] = []
    step = next_hosts(results, tried, policy)
    while step.hosts:
        assert step.stopped is None
        assert not set(step.hosts) & set(tried)
        tried += step.hosts
        results.update({host: outcomes[host] for host in step.hosts})
        assert len(tried) <= len(to_cure)
        step = next_hosts(results, tried, policy)

    assert sorted([*tried, *step.waiting]) == sorted(to_cure)
    assert bool(step.waiting) is (step.stopped is not None)
    assert tried == [host for host in to_cure if host in tried]

    held = [host for host in tried if results[host] in [KINDS[kind] for kind in "hap"]]
    touched = [host for host in tried if results[host] != KINDS["c"]]
    if len(held) < policy.canaries:
        assert len(touched) <= policy.canaries + policy.canary_replacements


@given(st.integers(0, 30), POLICIES)
def test_where_every_cure_holds_all_are_cured(machines: int, policy: Policy) -> None:
    results = ill(machines, 3)
    waves = order(results, policy)
    assert [host for wave in waves for host in wave] == list(results)[:machines]
    assert all(waves)
    if policy.canaries and machines:
        assert len(waves[0]) == min(policy.canaries, machines)
