# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What doctor printed, read into typed values, whatever it printed."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    APP_SERVER,
    AUTH,
    CONFIG,
    HTTP,
    NETWORK_ENV,
    WEBSOCKET,
    Check,
    DoctorReport,
    NoReport,
    doctor_arguments,
    read_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from support.doctor_samples import FOLDER, NAMES, printed, recorded


def told(checks: t.Any, version: t.Any = 1) -> bytes:
    return json.dumps({"schemaVersion": version, "checks": checks}).encode()


def websocket_of(raw: t.Any) -> Check:
    run = read_run(printed(told({WEBSOCKET: raw})), "full")
    assert isinstance(run, DoctorReport)
    return run.checks[WEBSOCKET]


def detail_of(value: t.Any) -> str:
    return websocket_of({"details": {"key": value}}).details["key"]


@pytest.mark.parametrize(
    ("flavour", "overrides", "arguments"),
    [
        ("full", [], ["doctor", "--json"]),
        ("network-only", [], ["doctor", "--json", "--network-only"]),
        (
            "full",
            ['a="b"', "c=1"],
            ["doctor", "--json", "-c", 'a="b"', "-c", "c=1"],
        ),
    ],
)
def test_the_command_line(flavour: str, overrides: list[str], arguments: list[str]) -> None:
    assert doctor_arguments(flavour, overrides) == arguments


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_report_is_read(name: str) -> None:
    run = recorded(name)
    assert isinstance(run, DoctorReport)
    network = {HTTP, NETWORK_ENV, WEBSOCKET}
    if "malformed" in name:
        # What is probed then is a default that nobody configured; 0.166.0 leaves it out.
        assert {CONFIG} <= run.checks.keys() <= {CONFIG, HTTP, NETWORK_ENV, APP_SERVER, AUTH}
    else:
        assert {CONFIG, *network} <= run.checks.keys() <= {CONFIG, *network, APP_SERVER, AUTH}


@pytest.mark.parametrize("minor", [131, 136, 150, 164])
def test_the_error_body_of_older_clients_stays_where_it_was(minor: int) -> None:
    name = f"versions/doctor.0.{minor}.0.ws-http-403.json"
    assert b"refused by fake policy" in (FOLDER / name).read_bytes()
    run = recorded(name)
    assert isinstance(run, DoctorReport)
    assert run.checks[WEBSOCKET].details["handshake transport error"] == "http 403 Forbidden"
    assert "fake policy" not in repr(run)


@pytest.mark.parametrize(
    ("stdout", "cause"),
    [
        pytest.param(b"", "doctor_not_json", id="nothing"),
        pytest.param(b"\xff\xfe{}", "doctor_not_json", id="not-utf-8"),
        pytest.param(b"Segmentation fault\n", "doctor_not_json", id="a-crash"),
        pytest.param(told({})[:-3], "doctor_not_json", id="half-a-document"),
        pytest.param(told({}) * 2, "doctor_not_json", id="two-documents"),
        pytest.param(b"[" * 1_000_000, "doctor_not_json", id="deep-and-half"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "doctor_not_json", id="deep"),
        pytest.param(b"[]", "doctor_unknown_schema", id="a-list"),
        pytest.param(b"null", "doctor_unknown_schema", id="null"),
        pytest.param(b"NaN", "doctor_unknown_schema", id="nan"),
        pytest.param(b'"schemaVersion"', "doctor_unknown_schema", id="a-string"),
        pytest.param(b"{}", "doctor_unknown_schema", id="no-schema"),
        pytest.param(told({}, 2), "doctor_unknown_schema", id="schema-2"),
        pytest.param(told({}, "1"), "doctor_unknown_schema", id="schema-as-text"),
        pytest.param(told({}, [1]), "doctor_unknown_schema", id="schema-as-list"),
        pytest.param(told({}, float("nan")), "doctor_unknown_schema", id="schema-nan"),
        pytest.param(told([]), "doctor_unknown_schema", id="checks-as-list"),
        pytest.param(told(None), "doctor_unknown_schema", id="checks-null"),
        pytest.param(b'{"schemaVersion": 1}', "doctor_unknown_schema", id="no-checks"),
    ],
)
def test_no_report(stdout: bytes, cause: str) -> None:
    run = read_run(printed(stdout, stderr=b"thread 'main' panicked\x1b[0m"), "full")
    assert isinstance(run, NoReport)
    assert run.cause == cause
    assert run.detail.isprintable()
    assert len(run.detail) <= SHORT


@pytest.mark.parametrize(
    ("ended", "cause"),
    [("timeout", "doctor_timed_out"), ("output", "doctor_printed_too_much")],
)
def test_a_run_that_was_ended_gives_no_report(ended: str, cause: str) -> None:
    run = read_run(printed(told({WEBSOCKET: {"status": "ok"}}), ended), "full")
    assert isinstance(run, NoReport)
    assert run.cause == cause


@pytest.mark.parametrize("raw", [None, [], "ok", 7, True, float("inf")])
def test_a_check_that_is_none_is_left_out(raw: t.Any) -> None:
    run = read_run(printed(told({WEBSOCKET: raw, "strange": {"status": "ok"}})), "full")
    assert isinstance(run, DoctorReport)
    assert run.checks == {}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({}, id="empty"),
        pytest.param({"status": None, "summary": [], "details": None}, id="null"),
        pytest.param({"status": {}, "summary": 1e300, "details": []}, id="other-types"),
        pytest.param({"status": 10**4000, "summary": -1, "details": "text"}, id="huge-number"),
        pytest.param({"status": "x" * 10**6, "summary": "y" * 10**6, "details": {}}, id="long"),
    ],
)
def test_a_check_of_wrong_types_proves_nothing(raw: t.Any) -> None:
    check = websocket_of(raw)
    assert check.status not in ("ok", "warning", "fail")
    assert len(check.status) <= 20
    assert len(check.summary) <= SHORT
    assert check.details == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("plain", "plain", id="text"),
        pytest.param(True, "True", id="boolean"),
        pytest.param(["a", "b"], "a, b", id="list"),
        pytest.param([["a"], {"b": 1}], "['a'], {'b': 1}", id="nested"),
        pytest.param("\ud800\x1b]0;title\x07", "  ]0;title ", id="escapes"),
        pytest.param(["a\nb"], "a b", id="escapes-in-a-list"),
        pytest.param('http 403 Forbidden: Some("a: b")', "http 403 Forbidden", id="body"),
        pytest.param("http 403 Forbidden: one\ntwo", "http 403 Forbidden", id="body-of-two-lines"),
        pytest.param("http 403: PLANTED", "http 403", id="body-at-once"),
        pytest.param("http 502 Bad Gateway <p>PLANTED", "http 502 Bad Gateway", id="body-of-html"),
        pytest.param("network error: PLANTED", "network error", id="body-of-the-network"),
        pytest.param("network error: [redacted]", "network error", id="redacted"),
        pytest.param(
            "network error: invalid peer certificate: UnknownIssuer",
            "network error: invalid peer certificate: UnknownIssuer",
            id="certificate",
        ),
        pytest.param(
            'network error: invalid peer certificate: "PLANTED"',
            "network error: invalid peer certificate",
            id="certificate-and-more",
        ),
        pytest.param(
            "network error: URL error: Proxy URL scheme not supported: PLANTED",
            "network error: URL error: Proxy URL scheme not supported",
            id="proxy-scheme",
        ),
        pytest.param(
            "network error: URL error: Proxy connection failed: HTTP CONNECT failed with status 407"
            " PLANTED",
            "network error: URL error: Proxy connection failed: HTTP CONNECT failed with status "
            "407",
            id="status-of-the-proxy",
        ),
        pytest.param("network error: URL error: PLANTED", "network error", id="other-url-error"),
        pytest.param('http 499 <unknown>: Some("a")', "http 499", id="odd-status"),
        pytest.param(
            "https://me:secret@gw/v1 reachable (HTTP 404)",
            "https://gw/v1 reachable (HTTP 404)",
            id="password",
        ),
        pytest.param(
            ["http://gw/v1?api-key=secret reachable"], "http://gw/v1 reachable", id="key-in-query"
        ),
    ],
)
def test_a_detail(value: t.Any, shown: str) -> None:
    assert detail_of(value) == shown


@pytest.mark.parametrize("as_list", [False, True])
def test_a_password_that_is_cut_short_is_not_kept(as_list: bool) -> None:
    url = f"https://me:{'secret' * 100}@gw/v1 reachable"
    assert "secret" not in detail_of([url, "b"] if as_list else url)


def test_a_report_is_bounded() -> None:
    details = {str(number) * 100: ["x" * 1000] * 30 for number in range(200)}
    assert len(repr(websocket_of({"details": details}))) < 100_000
