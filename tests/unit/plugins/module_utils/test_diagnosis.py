# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all that was seen on a machine means, step by step, and what it can never mean."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import hypothesis
import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._advice import (
    VERDICTS_AND_CAUSES,
    advice_for,
)
from ansible_collections.devfleet.codex.plugins.module_utils._diagnosis import (
    Observed,
    diagnose,
    diagnose_without_doctor,
)
from ansible_collections.devfleet.codex.plugins.module_utils._judgement import judge
from ansible_collections.devfleet.codex.plugins.module_utils._live import read_turn
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._observations import LogEvidence
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from ansible_collections.devfleet.codex.plugins.module_utils._verdicts import Diagnosis
from hypothesis import strategies
from support import diagnosis_cases, log_database
from support.diagnosis_cases import (
    BY_CERTIFICATES,
    BY_LOGIN,
    BY_PROXIES,
    BY_SNIPPET,
    Case,
    seen,
)
from support.doctor_cases import BLOCKED, GATEWAY, ONE_RUN, WITHOUT_A_RUN, Pair
from support.doctor_samples import BUILT_IN, OPEN, recorded, report
from support.generated_runs import PROVIDERS, RUNS, counted_failure
from support.history_cases import (
    BY_EARLIER_RUNS,
    BY_LOGS,
    LOG_CAUSES,
    PROVEN,
    WITHOUT_DOCTOR,
    logged,
    unread,
)
from support.recorded_reports import LOGGED, RECORDED, RECORDED_BESIDE

STEPS: dict[str, dict[str, Case]] = {
    "login": BY_LOGIN,
    "snippet": BY_SNIPPET,
    "proxies": BY_PROXIES,
    "certificates": BY_CERTIFICATES,
    "logs": BY_LOGS,
    "earlier runs": BY_EARLIER_RUNS,
}
CASES = {f"{step}: {name}": case for step, table in STEPS.items() for name, case in table.items()}


def pair(diagnosis: Diagnosis) -> Pair:
    return diagnosis.verdict, diagnosis.cause


@pytest.mark.parametrize("case", CASES)
def test_every_step(case: str) -> None:
    observed, expected = CASES[case]
    assert pair(diagnose(observed)) == expected


@pytest.mark.parametrize("case", WITHOUT_DOCTOR)
def test_a_client_without_doctor_is_judged_by_its_log(case: str) -> None:
    logs, expected = WITHOUT_DOCTOR[case]
    found = diagnose_without_doctor("0.130.0", logs)
    assert pair(found) == expected
    assert found.evidence[-1].startswith("logged: ") is bool(logs.fallbacks)


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_beside_a_recorded_report_changes_nothing(name: str) -> None:
    provider, expected = RECORDED[name]
    assert pair(diagnose(seen(recorded(name), provider))) == expected


@pytest.mark.parametrize("name", RECORDED_BESIDE)
def test_a_recorded_report_with_what_was_beside_it(name: str) -> None:
    provider, _alone = RECORDED[name]
    beside, expected = RECORDED_BESIDE[name]
    assert pair(diagnose(seen(recorded(name), provider, **beside))) == expected


def test_every_recorded_session_is_in_the_table() -> None:
    assert sorted(LOGGED) == sorted(path.stem for path in log_database.RECORDED.glob("*.jsonl"))


@pytest.mark.parametrize("session", LOGGED)
def test_a_recorded_session_three_times_over(tmp_path: Path, session: str) -> None:
    rows = log_database.recorded(session, time.time() - 3600)
    thrice = [row for number in (1, 2, 3) for row in log_database.copied(rows, number)]
    log_database.write(tmp_path / "logs_2.sqlite", thrice)
    logs = read_logs(str(tmp_path), 0.0)
    assert logs.outcome == "read"
    assert pair(diagnose(seen(report(OPEN), logs=logs))) == LOGGED[session]


EXEC = Path(__file__).resolve().parents[3] / "fixtures/exec"
TURNS = {
    # Lines of reconnecting, and whether the client says that it fell back: 0.136.0 does not.
    "0.136.0.ws-http-403": (4, False),
    "0.169.0.supports_websockets-false.server-ws-http-403": (0, False),
    "0.169.0.ws-hang": (4, True),
    "0.169.0.ws-http-403": (4, True),
}


def test_every_recorded_turn_is_in_the_table() -> None:
    assert sorted(TURNS) == sorted(path.stem for path in EXEC.glob("*.jsonl"))


@pytest.mark.parametrize("name", TURNS)
def test_a_recorded_turn(name: str) -> None:
    live = read_turn(Outcome("exit", 0, (EXEC / f"{name}.jsonl").read_bytes(), b"", 7.0))
    assert (live.answered, live.problem) == (True, "")
    assert (live.reconnect_lines, live.fell_back) == TURNS[name]


REMEDIES = {
    "websocket_blocked": "http_provider",
    "http_only_broken": "http_provider",
    "proxy_misconfigured": "proxy_env",
    **dict.fromkeys(("healthy", "http_only", "not_installed", "unsupported_version"), "none"),
}


def reached() -> set[Pair]:
    """Return the pairs of all tables, for the tests above hold each of them to the code."""
    return {
        *(expected for _observed, expected in CASES.values()),
        *(expected for _logs, expected in WITHOUT_DOCTOR.values()),
        *(expected for _provider, expected in RECORDED.values()),
        *(expected for _beside, expected in RECORDED_BESIDE.values()),
        *(expected for _run, _provider, expected in ONE_RUN.values()),
        *LOGGED.values(),
        *WITHOUT_A_RUN.values(),
        ("inconclusive", "probes_disagree"),
    }


def test_the_tables_reach_every_verdict_and_cause_and_no_other() -> None:
    assert reached() == VERDICTS_AND_CAUSES


@pytest.mark.parametrize(("verdict", "cause"), sorted(VERDICTS_AND_CAUSES))
def test_every_verdict_has_a_remedy_and_one_line_of_advice(verdict: str, cause: str) -> None:
    found = Diagnosis(verdict, cause, ())
    assert found.remedy == REMEDIES.get(verdict, "investigate")
    assert found.advice == advice_for(verdict, cause)
    assert found.advice.endswith(".") and found.advice.isprintable()
    assert len(found.advice) <= SHORT


@pytest.mark.parametrize("case", CASES)
def test_every_line_of_evidence_is_kept(case: str) -> None:
    observed, _expected = CASES[case]
    alone = judge(observed.runs, observed.provider).evidence
    assert diagnose(observed).evidence[: len(alone)] == alone


# What the published facts say of a doctor that warns, or a log that tells of fallbacks, while no
# WebSocket is blocked.
FALSE_POSITIVES: dict[str, Observed] = {
    **{
        name: seen(recorded(f"0.169.0/{file}.json"), RECORDED[f"0.169.0/{file}.json"][0], **beside)
        for name, file, beside in (
            (
                "no credentials, and so 401",
                "openai-builtin.no-credentials.ws-401.FALSE-POSITIVE",
                {},
            ),
            ("426, which costs no time", "full.ws-http-426", {}),
            ("426, and a log full of it", "full.ws-http-426", {"logs": PROVEN}),
            ("a rejected login", "full.ws-http-401", {}),
            ("a server error (35323)", "full.ws-http-502", {}),
            (
                "HTTP is dead as well: refused by the proxy",
                "openai-builtin.apikey.proxy-refuses-connect.everything-down",
                {},
            ),
            (
                "HTTP is dead as well: hangs",
                "openai-builtin.apikey.proxy-hangs-connect.everything-down",
                {},
            ),
            ("the configuration is broken", "config-malformed.websocket-check-ABSENT", {}),
            (
                "SOCKS, where HTTP only cuts off (20844)",
                "openai-builtin.socks5-proxy.ws-ok-http-fails",
                {"proxies": diagnosis_cases.proxies("socks")},
            ),
            (
                "a proxy without a scheme",
                "openai-builtin.proxy-url-without-scheme.http-ok-ws-fails",
                {"proxies": diagnosis_cases.proxies("no_scheme")},
            ),
            ("a locked keyring", "network-only.keyring-unavailable.ws-401", {}),
            ("auth.json cannot be read", "full.auth-json-broken.ws-401", {}),
        )
    },
    **{
        f"beside a recorded report: {name}": seen(recorded(name), RECORDED[name][0], **beside)
        for name, (beside, expected) in RECORDED_BESIDE.items()
        if "logs" not in beside and expected != BLOCKED
    },
    **{
        name: CASES[case][0]
        for name, case in {
            "https:// proxy": "proxies: https_scheme-explains",
            "HTTP_PROXY alone": "proxies: http_proxy_only-explains",
            "a dead proxy (38885)": "proxies: dead_port-explains",
            "a proxy setting nobody could read": "proxies: unreadable-and-refused",
            "two kinds of credentials": "login: CODEX_API_KEY-beside-a-login",
            "sub-agents alone (24475)": "logs: only-in-subagents",
            "after idle hours alone": "logs: only-after-idle",
            "a managed provider": "logs: proof-and-managed",
            "no login, whatever the log says": "logs: proof-and-no-login",
            "the account or region": "logs: proof-and-another-http-answer",
            "works again": "logs: completed-since",
            "an outage that is over (35323)": "logs: cause-server_error-and-the-handshake-works",
        }.items()
    },
    **{
        name: seen(run, provider)
        for name, (run, provider) in {
            case: ONE_RUN[case][:2]
            for case in ("refused-429", "refused-407", "both-refused-403", "portal-for-both")
        }.items()
    },
}


@pytest.mark.parametrize("name", FALSE_POSITIVES)
def test_no_false_websocket_blocked_where_the_facts_know_a_false_positive(name: str) -> None:
    assert diagnose(FALSE_POSITIVES[name]).verdict != "websocket_blocked"


@pytest.mark.parametrize(
    "session",
    [session for session, (verdict, _cause) in LOGGED.items() if verdict != "websocket_blocked"],
)
def test_no_false_websocket_blocked_by_what_else_leaves_rows_in_a_log(
    tmp_path: Path, session: str
) -> None:
    rows = log_database.recorded(session, time.time() - 3600)
    many = [row for number in range(1, 10) for row in log_database.copied(rows, number)]
    log_database.write(tmp_path / "logs_2.sqlite", many)
    logs = read_logs(str(tmp_path), 0.0)
    assert diagnose(seen(report(OPEN), logs=logs)).verdict != "websocket_blocked"
    assert diagnose_without_doctor("0.130.0", logs).verdict != "websocket_blocked"


# Doctor is green for all of these.
FALSE_NEGATIVES: dict[str, tuple[str, Pair]] = {
    "closed on the first message (13041, 32366)": (
        "close-after",
        ("websocket_blocked", "logged_closed"),
    ),
    "cut in the middle of an answer (30933)": ("drop", ("websocket_blocked", "logged_cut")),
    "silent after the handshake (27625)": ("silent", ("websocket_blocked", "logged_silent")),
}


@pytest.mark.parametrize("flavour", ["full", "network-only"])
@pytest.mark.parametrize("name", FALSE_NEGATIVES)
def test_no_healthy_where_the_facts_know_a_false_negative_and_the_log_has_the_evidence(
    tmp_path: Path, name: str, flavour: str
) -> None:
    mode, expected = FALSE_NEGATIVES[name]
    rows = log_database.recorded(mode, time.time() - 3600)
    log_database.write(tmp_path / "logs_2.sqlite", [*rows, *log_database.copied(rows, 1)])
    logs = read_logs(str(tmp_path), 0.0)
    run = recorded(f"0.169.0/{flavour}.ws-{mode}.json")
    assert judge([run], GATEWAY).verdict == "healthy"
    assert pair(diagnose(seen(run, GATEWAY, logs=logs))) == expected


@pytest.mark.parametrize("name", [name for name in RECORDED if "looks-ok" in name])
def test_no_healthy_for_a_snippet_for_which_doctor_is_green(name: str) -> None:
    provider, expected = RECORDED[name]
    assert expected[0] == "http_only_broken"
    assert pair(diagnose(seen(recorded(name), provider))) == expected


_BESIDE: dict[str, list[t.Any]] = {
    "proxies": [observed.proxies for observed, _expected in BY_PROXIES.values()],
    "routes": [observed.routes for observed, _expected in BY_PROXIES.values()],
    "login": [observed.login for observed, _expected in BY_LOGIN.values()],
    "certificates": [(), diagnosis_cases.FILE],
    "snippet": [None, *diagnosis_cases.SNIPPETS.values()],
    "service_error_since": [None, 60.0, 7200.0],
    "holds_old_environment": [False, False, True],
}
_LOGS = strategies.builds(
    LogEvidence,
    strategies.sampled_from(["read", "read", "read", "locked", "off", "absent"]),
    strategies.integers(0, 4),
    strategies.integers(0, 3),
    strategies.none(),
    strategies.sampled_from([*LOG_CAUSES, "proxy_scheme"]),
    strategies.integers(0, 1),
    strategies.sampled_from([False, False, True]),
    strategies.sampled_from([False, False, True]),
)
_OBSERVED = strategies.builds(
    lambda runs, provider, logs, beside: Observed(tuple(runs), provider, logs=logs, **beside),
    strategies.lists(RUNS | strategies.just(report(OPEN)), min_size=1, max_size=3),
    PROVIDERS | strategies.just(BUILT_IN),
    _LOGS,
    strategies.fixed_dictionaries(
        {key: strategies.sampled_from(values) for key, values in _BESIDE.items()}
    ),
)


def proven_by_log(logs: LogEvidence) -> bool:
    return (
        logs.outcome == "read"
        and logs.fallbacks >= 3
        and logs.threads >= 2
        and not (logs.completed_since or logs.only_subagents or logs.only_after_idle)
    )


@hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(_OBSERVED)
def test_a_blocked_machine_needs_failures_of_every_run_or_the_log(observed: Observed) -> None:
    found = diagnose(observed)
    assert pair(found) in VERDICTS_AND_CAUSES
    assert all(isinstance(line, str) for line in found.evidence)
    if found.verdict != "websocket_blocked":
        return
    if found.cause.startswith("logged_"):
        assert proven_by_log(observed.logs) and observed.snippet is None
        assert not observed.holds_old_environment
        error_now = judge(observed.runs[-1:], observed.provider).cause == "service_error"
        assert (observed.logs.cause == "server_error") <= error_now
    else:
        lasting = found.cause == "server_error_lasting" and observed.service_error_since == 7200.0
        assert lasting or all(counted_failure(run) for run in observed.runs)
        assert observed.proxies.readable and observed.snippet is None


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(_OBSERVED)
def test_what_was_read_beside_doctor_never_makes_a_failure_of_the_network_a_cure(
    observed: Observed,
) -> None:
    alone = judge(observed.runs, observed.provider).verdict
    found = diagnose(observed).verdict
    if alone in ("network_unreachable", "auth_missing", "managed_elsewhere"):
        assert found not in ("websocket_blocked", "http_only_broken", "healthy", "http_only")
    if alone == "inconclusive":
        assert found not in ("healthy", "http_only", "http_only_broken")


def test_nothing_read_beside_doctor_leaves_its_word() -> None:
    for run, provider, expected in ONE_RUN.values():
        assert pair(diagnose(seen(run, provider))) == expected


@pytest.mark.parametrize(
    ("logs", "told"),
    [
        pytest.param(logged(3, 2), "logged: 3 fallbacks in 2 threads", id="proven"),
        pytest.param(
            logged(3, 2, 1), "logged: 3 fallbacks in 2 threads, 1 completed since", id="completed"
        ),
        pytest.param(unread("locked"), "the client's log database: locked", id="locked"),
    ],
)
def test_the_log_is_told_in_the_evidence(logs: LogEvidence, told: str) -> None:
    assert diagnose(seen(report(OPEN), logs=logs)).evidence[-1] == told
