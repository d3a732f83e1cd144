# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with proxy settings, by name, with the better value and without any password."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_PROXIES,
    OPENAI_HOSTS,
    PROXY_PROBLEMS,
    ProxyUrl,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxies import (
    loopback_addresses,
    settings,
    unreadable,
    ways,
)
from hypothesis import given
from hypothesis import strategies as st

GOOD, OTHER = "http://10.0.0.1:1", "http://10.0.0.2:2"
SECRET = "http://dev:s3cret@10.0.0.1:1"


def judged(
    dotenv: str | bytes = "",
    environment: t.Mapping[str, str] | None = None,
    shell: t.Mapping[str, str] | None = None,
) -> list[tuple[str, str, str, str | None]]:
    """Return name, variable, source and repaired value of every problem."""
    data = dotenv if isinstance(dotenv, bytes) else dotenv.encode()
    found = settings(data, environment or {}, shell, OPENAI_HOSTS)
    assert "s3cret" not in repr(found)
    return [(one.name, one.variable, one.source, one.repaired) for one in found.problems]


PLAIN = {
    "HTTPS_PROXY=http://10.0.0.1:1": (GOOD, None),
    "https_proxy=http://10.0.0.1:1": (GOOD, None),
    "ALL_PROXY=http://10.0.0.1:1": (GOOD, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nALL_PROXY=http://10.0.0.2:2": (GOOD, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nALL_PROXY=socks5://10.0.0.2:2": (GOOD, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nHTTP_PROXY=http://10.0.0.2:2": (GOOD, None),
    "HTTPS_PROXY=\nALL_PROXY=http://10.0.0.1:1": (GOOD, None),
    "HTTP_PROXY=http://10.0.0.1:1\nALL_PROXY=http://10.0.0.1:1/": (GOOD, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nhttps_proxy=": (GOOD, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nhttps_proxy=HTTP://10.0.0.1:1/": (GOOD, None),
    "NO_PROXY=*": (None, None),
    "HTTPS_PROXY=http://10.0.0.1:1\nNO_PROXY=\nno_proxy=*": (GOOD, None),
    "H=10.0.0.1\nHTTPS_PROXY=http://${H}:1": (GOOD, None),
    "bad line\nHTTPS_PROXY=http://10.0.0.1:1": (GOOD, None),
}


@pytest.mark.parametrize("dotenv", PLAIN)
def test_settings_in_order_have_no_problem(dotenv: str) -> None:
    expected, other = PLAIN[dotenv]
    text = dotenv + "\n"
    assert judged(text) == []
    found = ways(text.encode(), {}, None, OPENAI_HOSTS)
    assert (found.proxy and found.proxy.rstrip("/"), found.other) == (expected, other)


HTTPS = "HTTPS_PROXY"
WRONG: dict[str, list[tuple[str, str, str, str | None]]] = {
    "HTTPS_PROXY=dev:s3cret@10.0.0.1:1\n": [
        ("no_scheme", HTTPS, "dotenv", "http://***@10.0.0.1:1")
    ],
    "HTTPS_PROXY=htp://10.0.0.1:1\n": [("no_scheme", HTTPS, "dotenv", GOOD)],
    "HTTPS_PROXY='s3cret word'\n": [("no_scheme", HTTPS, "dotenv", None)],
    "HTTPS_PROXY=' http://10.0.0.1:1 '\n": [("no_scheme", HTTPS, "dotenv", GOOD)],
    "https_proxy=https://10.0.0.1:1\n": [("https_scheme", "https_proxy", "dotenv", GOOD)],
    "ALL_PROXY=socks5h://10.0.0.1:1\n": [("socks", "ALL_PROXY", "dotenv", None)],
    "HTTP_PROXY=http://dev:s3cret@10.0.0.1:1\n": [
        ("http_proxy_only", "HTTP_PROXY", "dotenv", "http://***@10.0.0.1:1")
    ],
    "HTTP_PROXY=10.0.0.1:1\n": [
        ("no_scheme", "HTTP_PROXY", "dotenv", GOOD),
        ("http_proxy_only", "HTTP_PROXY", "dotenv", GOOD),
    ],
    "http_proxy=http://10.0.0.1:1\nALL_PROXY=http://10.0.0.2:2\n": [
        ("http_proxy_only", "http_proxy", "dotenv", GOOD)
    ],
    "HTTPS_PROXY=http://10.0.0.1:1\nNO_PROXY=localhost,openai.com\n": [
        ("no_proxy_covers_service", "NO_PROXY", "dotenv", "localhost")
    ],
    "HTTPS_PROXY=http://10.0.0.1:1\nno_proxy=*\n": [
        ("no_proxy_covers_service", "no_proxy", "dotenv", "localhost,127.0.0.1,::1")
    ],
    "HTTPS_PROXY=http://10.0.0.1:1\nhttps_proxy=http://dev:s3cret@10.0.0.2:2\n": [
        ("case_disagrees", HTTPS, "dotenv", "http://***@10.0.0.2:2")
    ],
    "HTTPS_PROXY=\nhttps_proxy=http://10.0.0.2:2\n": [("case_disagrees", HTTPS, "dotenv", OTHER)],
    "HTTPS_PROXY=http://dev:s3cret@10.0.0.1:1\nhttps_proxy=http://dev:s3cret2@10.0.0.1:1\n": [
        ("case_disagrees", HTTPS, "dotenv", "http://***@10.0.0.1:1")
    ],
    "\ufeffHTTPS_PROXY=http://dev:s3cret@10.0.0.1:1\n": [
        ("line_dropped", HTTPS, "dotenv", "http://***@10.0.0.1:1")
    ],
    "HTTPS_PROXY='http://10.0.0.1:1\n": [("line_dropped", HTTPS, "dotenv", GOOD)],
    "A='x\nexport HTTPS_PROXY=http://10.0.0.1:1 # here\n": [
        ("line_dropped", HTTPS, "dotenv", GOOD)
    ],
    "HTTPS_PROXY=10.0.0.1:1 ": [("line_dropped", HTTPS, "dotenv", GOOD)],
    "HTTPS_PROXY=http://10.0.0.1:1 oops\n": [("line_dropped", HTTPS, "dotenv", None)],
    "NO_PROXY='localhost\n": [("line_dropped", "NO_PROXY", "dotenv", "localhost")],
    'HTTPS_PROXY="http://dev:s3cret$HOMEx@10.0.0.1:1"\n': [
        ("line_dropped", HTTPS, "dotenv", "'http://***@10.0.0.1:1'")
    ],
    'D=/a/b\nHTTPS_PROXY="http://dev:s3cret$D@10.0.0.1:1"\n': [
        ("line_dropped", HTTPS, "dotenv", "'http://***@10.0.0.1:1'")
    ],
    "HTTPS_PROXY=http://dev:s3cret\\n@10.0.0.1:1 oops\n": [("line_dropped", HTTPS, "dotenv", None)],
    "HTTPS_PROXY=http://dev:s3cret\\q@10.0.0.1:1\n": [
        ("line_dropped", HTTPS, "dotenv", "'http://***@10.0.0.1:1'")
    ],
    'HTTPS_PROXY=http://dev:s3"cret@10.0.0.1:1\n': [
        ("line_dropped", HTTPS, "dotenv", "'http://***@10.0.0.1:1'")
    ],
    "HTTPS_PROXY=http://dev:s3cret$HOMEx'@10.0.0.1:1\n": [
        ("line_dropped", HTTPS, "dotenv", "http://***@10.0.0.1:1")
    ],
}


@pytest.mark.parametrize("dotenv", WRONG)
def test_each_problem_has_its_name_and_its_better_value(dotenv: str) -> None:
    assert judged(dotenv) == WRONG[dotenv]


def test_a_lost_line_that_is_made_good_later_is_no_problem() -> None:
    assert judged("\ufeffHTTPS_PROXY=http://10.0.0.1:1\nHTTPS_PROXY=http://10.0.0.1:1\n") == []


def test_a_lost_line_names_itself_and_the_quote_to_blame() -> None:
    found = settings(f"A=1\nB='x\n{HTTPS}={SECRET}\n".encode(), {}, None, ())
    (problem,) = found.problems
    assert "line 3" in problem.detail and "line 2" in problem.detail
    assert "s3cret" not in problem.detail


DISAGREEING: list[
    tuple[str, dict[str, str], dict[str, str] | None, list[tuple[str, str, str, str | None]], str]
] = [
    (f"{HTTPS}={GOOD}\n", {HTTPS: SECRET.replace("0.1", "0.2")}, None,
     [("shell_disagrees", HTTPS, "environment", "http://***@10.0.0.2:1")], "dotenv"),
    (f"{HTTPS}={GOOD}\n", {}, {"https_proxy": OTHER},
     [("shell_disagrees", "https_proxy", "shell", OTHER)], "dotenv"),
    ("", {}, {"ALL_PROXY": OTHER}, [("shell_disagrees", "ALL_PROXY", "shell", OTHER)], "none"),
    (f"{HTTPS}=\n", {HTTPS: OTHER}, None,
     [("shell_disagrees", HTTPS, "environment", OTHER)], "none"),
    (f"{HTTPS}={GOOD}\n", {HTTPS: OTHER}, {HTTPS: OTHER},
     [("shell_disagrees", HTTPS, "shell", OTHER)], "dotenv"),
    (f"{HTTPS}={GOOD}\n", {}, {}, [], "dotenv"),
    ("", {HTTPS: GOOD}, {HTTPS: GOOD + "/"}, [], "environment"),
    ("", {}, None, [], "none"),
]  # fmt: skip


@pytest.mark.parametrize("row", DISAGREEING, ids=range(len(DISAGREEING)))
def test_other_places_that_say_otherwise_are_named(row: t.Any) -> None:
    dotenv, environment, shell, expected, source = row
    assert judged(dotenv, environment, shell) == expected
    assert settings(dotenv.encode(), environment, shell, ()).source == source
    other = ways(dotenv.encode(), environment, shell, ()).other
    assert (other is not None) == bool(expected)


def test_the_other_way_is_that_of_the_first_problem_and_stays_secret() -> None:
    text = f"{HTTPS}={SECRET}\nhttps_proxy={OTHER}\n".encode()
    found = ways(text, {HTTPS: "http://10.0.0.3:3"}, None, OPENAI_HOSTS)
    assert (found.proxy, found.other) == (SECRET, OTHER)
    assert "s3cret" not in repr(found)


def test_the_host_of_a_gateway_is_taken_out_of_no_proxy_as_well() -> None:
    text = f"{HTTPS}={GOOD}\nNO_PROXY=localhost,example.com\n".encode()
    (problem,) = settings(text, {}, None, ["gateway.example.com"]).problems
    assert (problem.name, problem.repaired) == ("no_proxy_covers_service", "localhost")
    assert "gateway.example.com" in problem.detail


def test_http_requests_do_not_go_through_http_proxy() -> None:
    found = ways(f"HTTP_PROXY={GOOD}\n".encode(), {}, None, ())
    assert (found.proxy, found.other) == (None, GOOD)


def test_a_disagreement_names_both_places() -> None:
    (problem,) = settings(f"{HTTPS}={GOOD}\n".encode(), {}, {HTTPS: OTHER}, ()).problems
    assert problem.detail == (
        f"{HTTPS} is {OTHER} in the shell of a codex process, but .env has {GOOD}"
    )


def test_a_tls_proxy_is_also_tried_as_a_plain_one() -> None:
    assert ways(b"HTTPS_PROXY=https://u:p@h:1\n", {}, None, ()).other == "http://u:p@h:1"


def test_only_proxies_of_this_machine_are_asked_whether_they_listen() -> None:
    text = (
        b"HTTPS_PROXY=http://localhost:7\nHTTP_PROXY=http://[::1]\nALL_PROXY=http://127.0.0.1:9\n"
    )
    found = settings(text, {}, None, ())
    assert loopback_addresses(found) == (("localhost", 7), ("::1", 80))
    assert loopback_addresses(settings(b"HTTPS_PROXY=http://10.0.0.1:1\n", {}, None, ())) == ()


def test_a_dead_port_is_a_problem_of_the_proxy_in_use() -> None:
    text = b"HTTPS_PROXY=127.0.0.1:7\n"
    found = settings(text, {}, None, (), dead=[("127.0.0.1", 7)])
    assert [one.name for one in found.problems] == ["no_scheme", "dead_port"]
    assert found.problems[1].repaired is None and "127.0.0.1:7" in found.problems[1].detail


def test_what_is_set_is_told_without_secrets() -> None:
    text = f"ALL_PROXY={SECRET}\nhttp_proxy={SECRET}\nNO_PROXY='a, b'\n".encode()
    found = settings(text, {}, None, ())
    url = ProxyUrl("http", "10.0.0.1", 1, True)
    assert (found.https, found.http, found.all, found.no_proxy) == (url, url, url, ("a", "b"))
    assert settings(None, {}, None, ()) == NO_PROXIES


def test_an_unreadable_file_leaves_the_settings_unknown() -> None:
    found = unreadable("It is a directory.", {HTTPS: SECRET.replace("http:", "https:")})
    assert (found.readable, found.dotenv_problem, found.problems) == (
        False, "It is a directory.", (),
    )  # fmt: skip
    assert found.source == "environment"


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"HTTPS_PROXY=", b"NO_PROXY=", b"\nHTTP_PROXY='"]),
)
def test_no_bytes_are_an_error(data: bytes, before: bytes) -> None:
    found = settings(before + data, {}, None, OPENAI_HOSTS)
    names = [PROXY_PROBLEMS.index(one.name) for one in found.problems]
    assert names == sorted(names)
    ways(before + data, {}, None, OPENAI_HOSTS)
    assert all(len(one.detail) < 1500 and one.detail.isprintable() for one in found.problems)
