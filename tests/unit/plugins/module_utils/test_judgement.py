# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one doctor run means: every recorded report, and every verdict and cause there is."""

from __future__ import annotations

import typing as t

import hypothesis
import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    DoctorRun,
)
from ansible_collections.devfleet.codex.plugins.module_utils._judgement import (
    decided_elsewhere,
    judge,
    wants_second_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Provider
from ansible_collections.devfleet.codex.plugins.module_utils._verdicts import Diagnosis
from hypothesis import strategies
from support.diagnosis_cases import HANG
from support.doctor_cases import (
    BLOCKED,
    CONNECTION_CUT,
    CUT_BEHIND_PROXY,
    HEALTHY,
    ONE_RUN,
    SNIPPET_A,
    WITHOUT_A_RUN,
    Pair,
    no_report,
)
from support.doctor_samples import (
    BUILT_IN,
    NAMES,
    OFF,
    OPEN,
    answered,
    recorded,
    refused,
    report,
    unreachable,
    websocket,
)
from support.generated_runs import PROVIDERS, RUNS, counted_failure
from support.recorded_reports import RECORDED

CLOSED = websocket("closed immediately after handshake", immediate_close_code="1008")
INTERMITTENT = ("inconclusive", "intermittent")
DISAGREE = ("inconclusive", "probes_disagree")

PROBES: dict[str, tuple[list[DoctorRun], Pair]] = {
    "403+403": ([report(refused(403)), report(refused(403))], BLOCKED),
    "403+404": ([report(refused(403)), report(refused(404))], BLOCKED),
    "403+ok": ([report(refused(403)), report(OPEN)], INTERMITTENT),
    "503+ok": ([report(refused(503)), report(OPEN)], HEALTHY),
    "503+503": ([report(refused(503)), report(refused(503))], ("inconclusive", "service_error")),
    "503+403": ([report(refused(503)), report(refused(403))], DISAGREE),
    "403+503": ([report(refused(403)), report(refused(503))], DISAGREE),
    "403+426": ([report(refused(403)), report(refused(426))], INTERMITTENT),
    "hang+403": ([report(HANG), report(refused(403))], BLOCKED),
    "403+hang": (
        [report(refused(403)), report(HANG)],
        ("websocket_blocked", "handshake_timed_out"),
    ),
    "closed+cut": (
        [report(CLOSED), report(CONNECTION_CUT)],
        ("websocket_blocked", "connection_failed"),
    ),
    "portal+ok": ([report(refused(200), answered(200)), report(OPEN)], INTERMITTENT),
    "portal+403": ([report(refused(200), answered(200)), report(refused(403))], DISAGREE),
    "http-down+ok": ([report(refused(403), unreachable()), report(OPEN)], INTERMITTENT),
    "http-down+403": ([report(refused(403), unreachable()), report(refused(403))], DISAGREE),
    "http-down-twice": (
        [report(refused(403), unreachable()), report(HANG, unreachable("request timed out"))],
        ("network_unreachable", "timeout"),
    ),
    "403+garbage": ([report(refused(403)), no_report("doctor_not_json")], DISAGREE),
    "429+garbage": (
        [report(refused(429)), no_report("doctor_not_json")],
        ("inconclusive", "doctor_not_json"),
    ),
    "403+no-login": ([report(refused(403)), report(refused(401, auth_mode="none"))], DISAGREE),
    "cut-behind-proxy+403": ([report(CUT_BEHIND_PROXY), report(refused(403))], BLOCKED),
    "403+off": ([report(refused(403)), report(OFF)], DISAGREE),
    "403-403-ok": ([report(refused(403)), report(refused(403)), report(OPEN)], INTERMITTENT),
    "503-403-ok": ([report(refused(503)), report(refused(403)), report(OPEN)], INTERMITTENT),
    "403-ok-403": ([report(refused(403)), report(OPEN), report(refused(403))], DISAGREE),
}


def pair(diagnosis: Diagnosis) -> Pair:
    return diagnosis.verdict, diagnosis.cause


def test_every_recorded_report_is_in_the_table() -> None:
    assert sorted(RECORDED) == NAMES


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_report(name: str) -> None:
    provider, expected = RECORDED[name]
    assert pair(judge([recorded(name)], provider)) == expected


@pytest.mark.parametrize("case", ONE_RUN)
def test_one_run(case: str) -> None:
    run, provider, expected = ONE_RUN[case]
    assert pair(judge([run], provider)) == expected


@pytest.mark.parametrize("case", PROBES)
def test_several_runs(case: str) -> None:
    runs, expected = PROBES[case]
    assert pair(judge(runs, BUILT_IN)) == expected


WITHOUT_WEBSOCKETS: dict[str, tuple[list[DoctorRun], Pair]] = {
    "http-down+off": ([report(OFF, unreachable()), report(OFF)], ("http_only", "websockets_off")),
    "off+http-down": ([report(OFF), report(OFF, unreachable())], DISAGREE),
    "http-down-403-off": (
        [report(OFF, unreachable()), report(refused(403)), report(OFF)],
        DISAGREE,
    ),
    "garbage+off": ([no_report("doctor_not_json"), report(OFF)], DISAGREE),
}


@pytest.mark.parametrize("case", WITHOUT_WEBSOCKETS)
def test_several_runs_of_a_provider_without_websockets(case: str) -> None:
    runs, expected = WITHOUT_WEBSOCKETS[case]
    assert pair(judge(runs, SNIPPET_A)) == expected


@pytest.mark.parametrize("case", ["403+ok", "503+ok", "403+hang", "http-down+403"])
def test_the_evidence_of_every_run_is_kept(case: str) -> None:
    runs, _expected = PROBES[case]
    kept = judge(runs, BUILT_IN).evidence
    for run in runs:
        assert set(judge([run], BUILT_IN).evidence) <= set(kept)


@pytest.mark.parametrize(("diagnosis", "expected"), WITHOUT_A_RUN.items(), ids=str)
def test_without_a_run(diagnosis: Diagnosis, expected: Pair) -> None:
    assert pair(diagnosis) == expected


@pytest.mark.parametrize(
    ("run", "again"),
    [
        pytest.param(report(refused(403)), True, id="blocked"),
        pytest.param(report(HANG), True, id="hang"),
        pytest.param(report(refused(403), unreachable()), True, id="http-down"),
        pytest.param(report(refused(503)), True, id="service-error"),
        pytest.param(report(refused(429)), True, id="rate-limited"),
        pytest.param(report(refused(403), answered(403)), True, id="refused-alike"),
        pytest.param(report(CUT_BEHIND_PROXY), True, id="behind-proxy"),
        pytest.param(report(OPEN), False, id="healthy"),
        pytest.param(report(refused(426)), False, id="asks-for-http"),
        pytest.param(report(refused(401, auth_mode="none")), False, id="no-login"),
        pytest.param(no_report("doctor_timed_out"), False, id="doctor-timed-out"),
        pytest.param(no_report("doctor_not_json"), False, id="garbage"),
    ],
)
def test_a_second_run_is_made_only_where_it_can_tell(run: DoctorRun, again: bool) -> None:
    assert wants_second_run(judge([run], BUILT_IN)) is again


@hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(strategies.lists(RUNS, min_size=1, max_size=3), PROVIDERS)
def test_only_counted_failures_make_a_blocked_machine(
    runs: list[DoctorRun], provider: Provider
) -> None:
    diagnosis = judge(runs, provider)
    assert pair(diagnosis) in VERDICTS_AND_CAUSES
    assert all(isinstance(line, str) for line in diagnosis.evidence)
    if diagnosis.verdict == "websocket_blocked":
        assert all(counted_failure(run) for run in runs)


def test_the_generated_runs_reach_a_blocked_machine() -> None:
    reached: t.Any = hypothesis.find(
        strategies.lists(RUNS, min_size=2, max_size=3),
        lambda runs: judge(runs, BUILT_IN).verdict == "websocket_blocked",
        settings=hypothesis.settings(
            deadline=None, derandomize=True, database=None, phases=[hypothesis.Phase.generate]
        ),
    )
    assert all(counted_failure(run) for run in reached)


@pytest.mark.parametrize(
    ("provider", "layer"),
    [
        (Provider("corp", "managed", {}, "user"), "managed"),
        (Provider("openai", "requirements", None, ""), "requirements"),
        (Provider("corp", "user", {}, "system"), "system"),
        (Provider("corp", "user", None, ""), "unknown_layer"),
        (Provider("corp", "user", {}, "user"), None),
        (Provider("corp", "override", {}, "override"), None),
        (Provider("openai", "default", None, ""), None),
        (Provider("openai", "system", {}, "system"), None),
    ],
)
def test_the_layer_that_decides_elsewhere(provider: Provider, layer: str | None) -> None:
    assert decided_elsewhere(provider) == layer
