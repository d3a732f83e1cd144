# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the two cures is taken, whether another proxy holds, and what else a machine tells."""

from __future__ import annotations

import copy
import itertools
import json
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT, clean
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
    is_unfinished,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._proof import proxy_problems
from ansible_collections.devfleet.codex.plugins.plugin_utils._role_options import specification
from support.cure_values import HOSTILE, Value

APPLY, REMEDIES = (specification()[f"reconnect_{name}"]["choices"] for name in ("apply", "remedy"))
PROBLEM = {
    "name": "no_scheme",
    "variable": "HTTPS_PROXY",
    "source": "dotenv",
    "detail": "without a scheme",
    "repaired": "http://127.0.0.1:7890",
}
FINDING = {"name": "several_versions", "detail": "0.169.0 and 0.150.0", "advice": "Update."}
LIVE = {
    "answered": True,
    "seconds": 7.26,
    "reconnect_lines": 4,
    "fell_back": True,
    "problem": "",
}
SEEN: Value = {
    "version": "0.169.0",
    "provider": {"active": "openai"},
    "http_only_profiles": [],
    "proxy": {"problems": [PROBLEM]},
    "findings": [FINDING],
    "live": LIVE,
    "doctor": {},
    "diagnosis": {
        "verdict": "proxy_misconfigured",
        "cause": "no_scheme",
        "evidence": [],
        "remedy": "proxy_env",
        "advice": "Write http:// before it.",
    },
}
CAUSES = dict(sorted(VERDICTS_AND_CAUSES, reverse=True))


def diagnosed(verdict: str, cause: str | None = None) -> Value:
    seen = copy.deepcopy(SEEN)
    seen["diagnosis"].update(verdict=verdict, cause=cause or CAUSES[verdict])
    return seen


def cure(verdict: str, wanted: Wanted) -> str | None:
    """The module that the role would use."""
    result = first_result(diagnosed(verdict), wanted)
    return str(result["remedy"]) if result["action"] == "would_apply" else None


PROXY, BLOCKED, HEALTHY = "proxy_misconfigured", "websocket_blocked", "healthy"


@pytest.mark.parametrize(
    ("verdict", "remedy", "has_proxy", "expected"),
    [
        (PROXY, "auto", True, "proxy_env"),
        (PROXY, "auto", False, None),
        (PROXY, "proxy_env", True, "proxy_env"),
        (PROXY, "http_provider", True, None),
        (BLOCKED, "auto", True, "http_provider"),
        (BLOCKED, "auto", False, "http_provider"),
        (BLOCKED, "http_provider", True, "http_provider"),
        (BLOCKED, "proxy_env", True, None),
        ("http_only_broken", "auto", True, "http_provider"),
        ("http_only_broken", "proxy_env", True, None),
        (HEALTHY, "auto", True, None),
        (HEALTHY, "proxy_env", True, None),
        ("network_unreachable", "auto", True, None),
        ("inconclusive", "auto", True, None),
    ],
)
def test_the_smaller_cure_comes_first_and_only_where_its_cause_is_proven(
    verdict: str, remedy: str, has_proxy: bool, expected: str | None
) -> None:
    assert cure(verdict, Wanted("when_detected", remedy, has_proxy=has_proxy)) == expected
    assert cure(verdict, Wanted("never", remedy, has_proxy=has_proxy)) is None


@pytest.mark.parametrize(
    ("verdict", "remedy", "has_proxy", "expected"),
    [
        (HEALTHY, "auto", True, "http_provider"),
        (HEALTHY, "proxy_env", True, "proxy_env"),
        (PROXY, "auto", True, "proxy_env"),
        ("http_only", "proxy_env", True, "proxy_env"),
        ("http_only", "auto", True, None),
        ("managed_elsewhere", "auto", True, None),
        ("config_invalid", "proxy_env", True, None),
        ("not_installed", "proxy_env", True, None),
        ("auth_missing", "auto", True, None),
    ],
)
def test_always_is_what_was_asked_for_and_no_more(
    verdict: str, remedy: str, has_proxy: bool, expected: str | None
) -> None:
    assert cure(verdict, Wanted("always", remedy, has_proxy=has_proxy)) == expected


@pytest.mark.parametrize(
    ("verdict", "wanted", "expected"),
    [
        (PROXY, Wanted("never", has_proxy=True), "reconnect_apply is never"),
        (
            PROXY,
            Wanted(remedy="http_provider", has_proxy=True),
            "reconnect_remedy is http_provider",
        ),
        (PROXY, Wanted(remedy="http_provider"), None),
        (PROXY, Wanted("never"), None),
        (PROXY, Wanted(has_proxy=True), None),
        (BLOCKED, Wanted(), None),
        (BLOCKED, Wanted("never"), "reconnect_apply is never"),
        (BLOCKED, Wanted("never", "proxy_env", has_proxy=True), "reconnect_apply is never"),
        (BLOCKED, Wanted(remedy="proxy_env", has_proxy=True), "reconnect_remedy is proxy_env"),
        (HEALTHY, Wanted("never", "proxy_env", has_proxy=True), None),
        ("inconclusive", Wanted("never"), None),
    ],
)
def test_what_holds_a_cure_back_is_told(verdict: str, wanted: Wanted, expected: str | None) -> None:
    result = first_result(diagnosed(verdict), wanted)
    assert result["held_back"] == expected
    assert checked_result(result)["held_back"] == expected


@pytest.mark.parametrize("verdict", CAUSES)
def test_without_a_proxy_to_set_none_is_set(verdict: str) -> None:
    for apply, remedy in itertools.product(APPLY, REMEDIES):
        assert cure(verdict, Wanted(apply, remedy)) != "proxy_env"
    for apply in APPLY:
        assert cure(verdict, Wanted(apply, "proxy_env", has_proxy=True)) != "http_provider"
        assert cure(verdict, Wanted(apply, "http_provider", has_proxy=True)) != "proxy_env"


def test_a_profile_in_place_is_no_reason_to_leave_a_proxy_wrong() -> None:
    seen = {**SEEN, "http_only_profiles": ["http"]}
    result = first_result(seen, Wanted(profile="http", has_proxy=True))
    assert (result["action"], result["remedy"]) == ("would_apply", "proxy_env")


def test_the_better_value_is_named_with_its_variable() -> None:
    assert first_result(SEEN, Wanted())["repaired"] == "HTTPS_PROXY=http://127.0.0.1:7890"


@pytest.mark.parametrize(
    "problems",
    [
        pytest.param([], id="none"),
        pytest.param([{**PROBLEM, "name": "socks"}], id="of-another-cause"),
        pytest.param([{**PROBLEM, "repaired": None}], id="without-a-value"),
    ],
)
def test_no_value_is_named_where_none_is_known(problems: list[Value]) -> None:
    assert first_result({**SEEN, "proxy": {"problems": problems}}, Wanted())["repaired"] is None


def test_a_problem_that_explains_nothing_has_no_better_value() -> None:
    assert first_result(diagnosed(BLOCKED), Wanted())["repaired"] is None
    unproven = diagnosed("inconclusive", "proxy_credentials")
    unproven["proxy"]["problems"] = [{**PROBLEM, "name": "proxy_credentials"}]
    assert first_result(unproven, Wanted())["repaired"] is None


def test_findings_and_the_live_turn_are_kept() -> None:
    result = first_result(SEEN, Wanted())
    assert result["findings"] == [FINDING]
    assert result["live"] == {**LIVE, "seconds": 7.3}
    assert first_result({**SEEN, "live": None}, Wanted())["live"] is None


@pytest.mark.parametrize(
    "hostile",
    [
        {"findings": [{"name": HOSTILE, "detail": HOSTILE, "advice": [HOSTILE] * 9}] * 500},
        {"live": {**LIVE, "problem": HOSTILE, "answered": HOSTILE, "fell_back": [HOSTILE]}},
        {"live": {**LIVE, "reconnect_lines": "7", "seconds": "1e3"}},
        {"proxy": {"problems": [{**PROBLEM, "variable": HOSTILE, "repaired": HOSTILE}] * 500}},
    ],
)
def test_whatever_a_machine_tells_of_itself_is_made_harmless(hostile: Value) -> None:
    result = first_result({**SEEN, **hostile}, Wanted())
    assert len(result["findings"]) <= 100
    assert isinstance(result["live"]["answered"], bool)
    assert isinstance(result["live"]["reconnect_lines"], int)
    texts = [result["repaired"], result["live"]["problem"]]
    texts += [text for finding in result["findings"] for text in finding.values()]
    assert all(text.isprintable() and len(text) <= SHORT for text in texts)
    assert checked_result(result) == result


@pytest.mark.parametrize(
    "nonsense",
    [
        {"findings": None},
        {"findings": {"a": 1}},
        {"findings": ["text"]},
        {"findings": [{}]},
        {"live": "turn"},
        {"live": {}},
        {"live": {**LIVE, "seconds": "long"}},
        {"live": {**LIVE, "reconnect_lines": None}},
        {"live": {**LIVE, "reconnect_lines": float("inf")}},
        {"live": {**LIVE, "seconds": float("nan")}},
        {"proxy": None},
        {"proxy": {"problems": 7}},
        {"proxy": {"problems": [None]}},
        {"proxy": {"problems": [{}]}},
    ],
    ids=str,
)
def test_nonsense_about_proxies_findings_and_turns_is_an_error(nonsense: Value) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        first_result({**SEEN, **nonsense}, Wanted())


@pytest.mark.parametrize("verdict", CAUSES)
def test_what_proves_another_proxy(verdict: str) -> None:
    after = diagnosed(verdict)
    problems = proxy_problems(after, SEEN)
    if verdict in ("healthy", "http_only", "websocket_blocked", "http_only_broken"):
        assert problems == []
    else:
        (problem,) = problems
        assert problem.startswith(f"verdict under the proxy: {verdict} ({CAUSES[verdict]})")


WEBSOCKET, HTTP, LOG = "WebSocket: http 403", "HTTP: status 502 from the proxy", "the log: nothing"
CHECK = "; check reconnect_proxy"


@pytest.mark.parametrize(
    ("verdict", "evidence", "told"),
    [
        ("network_unreachable", [WEBSOCKET, "HTTP: first", WEBSOCKET, HTTP, LOG], HTTP + CHECK),
        ("network_unreachable", [LOG], LOG + CHECK),
        ("inconclusive", [WEBSOCKET, HTTP, LOG], LOG + CHECK),
        (PROXY, [WEBSOCKET, HTTP, LOG], LOG + CHECK),
        ("auth_missing", [WEBSOCKET, "codex login status: none"], "codex login status: none"),
    ],
)
def test_a_proxy_that_does_not_cure_is_told_with_what_was_seen(
    verdict: str, evidence: list[str], told: str
) -> None:
    after = diagnosed(verdict)
    after["diagnosis"]["evidence"] = evidence
    said = f"verdict under the proxy: {verdict} ({CAUSES[verdict]}): {told}"
    assert proxy_problems(after, SEEN) == [said]


def test_a_websocket_that_an_idle_proxy_blocks_is_told_by_its_own_line() -> None:
    after = diagnosed(BLOCKED)
    after["diagnosis"]["evidence"] = [WEBSOCKET, HTTP]
    (problem,) = proxy_problems(after, diagnosed(HEALTHY))
    assert problem.endswith(f": {WEBSOCKET}{CHECK}")


@pytest.mark.parametrize("verdict", ["healthy", "http_only", "websocket_blocked"])
def test_a_proxy_that_was_set_without_need_must_not_block_anything(verdict: str) -> None:
    problems = proxy_problems(diagnosed(verdict), diagnosed(HEALTHY))
    assert bool(problems) is (verdict == "websocket_blocked")


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), 10**4000, -1e30])
def test_a_number_that_nobody_can_read_costs_nobody_the_report(number: float) -> None:
    fact = {**first_result(SEEN, Wanted()), "live": {**LIVE, "seconds": number}}
    checked = checked_result(fact)
    seconds = json.loads(json.dumps(checked, allow_nan=False))["live"]["seconds"]
    assert isinstance(seconds, str) and len(seconds) <= SHORT


def test_what_a_proxy_leads_to_is_told_without_harm() -> None:
    for verdict in (HOSTILE, "network_unreachable", "inconclusive"):
        after = diagnosed(verdict, HOSTILE)
        after["diagnosis"]["evidence"] = [HOSTILE, [HOSTILE] * 9, {HOSTILE: HOSTILE}, HOSTILE]
        (problem,) = proxy_problems(after, SEEN)
        line = f"doctor does not prove the cure: {problem}"
        assert line.isprintable() and clean(line) == line
        assert problem.endswith(CHECK) is (verdict != HOSTILE)


@pytest.mark.parametrize(
    ("action", "proof", "expected"),
    [
        ("would_apply", None, True),
        ("applied", None, True),
        ("applied", {"proven": False}, True),
        ("applied", {"proven": "no"}, True),
        ("applied", "proven", True),
        ("applied", {"proven": True}, False),
        ("undone", {"proven": False}, False),
        ("none", None, False),
        ("already_applied", None, False),
        ("rolled_back", None, False),
    ],
)
def test_a_cure_is_unfinished_until_it_is_proven(action: str, proof: t.Any, expected: bool) -> None:
    assert is_unfinished({"action": action, "proof": proof}) is expected
