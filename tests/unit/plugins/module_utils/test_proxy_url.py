# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One proxy URL and one NO_PROXY list; the rows of the latter were measured with client 0.169.0."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    OPENAI_HOSTS,
    ProxyUrl,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_url import (
    covered_transports,
    covers,
    no_proxy_entries,
    parse_proxy,
    problem_of,
    refusal,
    repaired,
    shown,
    without_service,
)
from hypothesis import given
from hypothesis import strategies as st

PARSED = {
    "http://127.0.0.1:7890": ProxyUrl("http", "127.0.0.1", 7890, False),
    "HTTP://proxy.example.com:80/": ProxyUrl("http", "proxy.example.com", 80, False),
    "http://proxy.example.com": ProxyUrl("http", "proxy.example.com", None, False),
    "127.0.0.1:7890": ProxyUrl("", "127.0.0.1", 7890, False),
    "localhost": ProxyUrl("", "localhost", None, False),
    "https://dev:pa@ss/w#rd@proxy:8443/x?y": ProxyUrl("https", "proxy", 8443, True),
    "dev:secret@proxy:1": ProxyUrl("", "proxy", 1, True),
    "http://@proxy:1": ProxyUrl("http", "proxy", 1, False),
    "socks5h://[::1]:1080": ProxyUrl("socks5h", "::1", 1080, False),
    "http://[fe80::1%eth0]": ProxyUrl("http", "fe80::1%eth0", None, False),
    "http://": None,
    "http://:7890": None,
    "http://proxy:port": None,
    "http://proxy:0": None,
    "http://proxy:65536": None,
    "http://proxy:1:2": None,
    "http://[::1": None,
    "http://[:0]:1": None,
    "http://[::1.2.3]:1": None,
    "http://[::1%]:1": None,
    "http://[::1%eth 0]:1": None,
    "http://[::1]7890": None,
    "http://pro xy:1": None,
    " http://proxy:1": None,
    "http://proxy\n:1": None,
    "": None,
    "http://" + "a" * 5000: None,
}


@pytest.mark.parametrize("text", PARSED)
def test_a_setting_is_read_without_its_secret(text: str) -> None:
    assert parse_proxy(text) == PARSED[text]


SHOWN = {
    "http://dev:secret@proxy:1/secret?secret": "http://***@proxy:1",
    "http://a@secret@proxy": "http://***@proxy",
    "dev:secret@[::1]:1": "***@[::1]:1",
    "HTTP://proxy:1": "http://proxy:1",
    "http://dev:secret": "***",
    "secret word": "***",
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_person_sees_no_password(text: str) -> None:
    assert shown(text) == SHOWN[text]


@given(st.text(max_size=30), st.text(max_size=10))
def test_no_text_before_an_at_sign_is_ever_shown(secret: str, behind: str) -> None:
    mark = "S3CR3TS3CR3T"
    text = f"http://{secret}{mark}@{behind.replace('@', '')}"
    for said in (shown(text), repaired(text), refusal(text), repr(parse_proxy(text))):
        assert mark not in str(said)


REPAIRED = {
    "127.0.0.1:7890": ("no_scheme", "http://127.0.0.1:7890"),
    "dev:secret@proxy": ("no_scheme", "http://***@proxy"),
    "htp://proxy:1": ("no_scheme", "http://proxy:1"),
    "https://proxy:1": ("https_scheme", "http://proxy:1"),
    "https://proxy": ("https_scheme", None),
    "socks5://127.0.0.1:1080": ("socks", None),
    "socks5h://127.0.0.1:1080": ("socks", None),
    "http://proxy:1": (None, None),
}


@pytest.mark.parametrize("text", REPAIRED)
def test_the_better_value_is_named_where_one_follows(text: str) -> None:
    problem, better = REPAIRED[text]
    url = parse_proxy(text)
    assert url is not None
    assert (problem_of(url), repaired(text)) == (problem, better)


REFUSED = {
    "127.0.0.1:7890": "http://127.0.0.1:7890",
    "https://dev:secret@proxy:1": "http://***@proxy:1",
    "https://proxy": "http://host:port",
    "socks5://127.0.0.1:1080": "HTTP port",
    "": "empty",
    "http://proxy:1 ": "blank",
    "http://pro\x00xy:1": "control",
    "http://:1": "no host",
    "http://proxy:99999": "port",
    "http://proxy:1/path": "write http://proxy:1",
    "http://proxy:1?q": "write http://proxy:1",
    "http://dev:pa/ss@proxy:1": "%2F",
    "http://dev:pa@ss@proxy:1": "%40",
    "http://dev:p%zz@proxy:1": "percent-encoded",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_setting_that_cannot_serve_is_refused_with_the_right_form(text: str) -> None:
    said = refusal(text)
    assert said is not None and REFUSED[text] in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "text",
    [
        "http://proxy:1",
        "http://proxy:1/",
        "HTTP://proxy",
        "http://[::1]:1",
        "http://dev:p%40ss$w@proxy.example.com:8080",
        "http://dev@proxy:1",
    ],
)
def test_a_setting_that_serves_is_taken(text: str) -> None:
    assert refusal(text) is None


BOTH, HTTP, WEBSOCKET, NONE = {"http", "websocket"}, {"http"}, {"websocket"}, set[str]()
# What keeps which transport from the proxy on its way to api.openai.com.
MEASURED = {
    "api.openai.com": BOTH,
    ".api.openai.com": BOTH,
    ".openai.com": BOTH,
    "openai.com": BOTH,
    "com": BOTH,
    ".com": BOTH,
    "x, openai.com , y": BOTH,
    "*": BOTH,
    "  *  ": BOTH,
    "OPENAI.COM": HTTP,
    "API.OpenAI.com": HTTP,
    "localhost,*": HTTP,
    "api.openai.com:443": WEBSOCKET,
    "openai.com:443": WEBSOCKET,
    "api.openai.com:80": NONE,
    "*.openai.com": NONE,
    "*openai.com": NONE,
    "penai.com": NONE,
    "i.openai.com": NONE,
    "api.openai.com.": NONE,
    "x openai.com": NONE,
    "x;openai.com": NONE,
    "https://api.openai.com": NONE,
    "'openai.com'": NONE,
    "0.0.0.0/0": NONE,
    "": NONE,
    ",,": NONE,
}


@pytest.mark.parametrize("text", MEASURED)
def test_no_proxy_covers_what_the_client_takes_it_to_cover(text: str) -> None:
    entries = no_proxy_entries(text)
    assert covered_transports(entries, "api.openai.com") == MEASURED[text]
    assert covers(entries, "api.openai.com") == bool(MEASURED[text])


def test_of_a_list_of_hosts_only_what_looks_like_one_is_kept() -> None:
    hosts = ("localhost", "127.0.0.1", "::1", "[::1]:80", "10.0.0.0/8", "*", "*.x-y.z", "a_b:443")
    assert no_proxy_entries(",".join(hosts)) == hosts
    others = ("http://me:secret@h:1", "me:secret", "me:secret@h", "h/secret", "se cret", "h:123456")
    assert no_proxy_entries(",".join(others)) == ("***",) * len(others)


def test_the_entries_that_cover_no_host_of_the_service_stay() -> None:
    entries = no_proxy_entries("localhost,*,OPENAI.com,chatgpt.com:443,example.com,*.openai.com")
    left = without_service(entries)
    assert left == ("localhost", "example.com", "*.openai.com")
    assert not any(covers(left, host) for host in OPENAI_HOSTS)
