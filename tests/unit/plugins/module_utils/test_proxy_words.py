# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a proxy that does not serve, word for word."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv, _proxy_lines
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_lines import LostLine, lost
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_url import (
    covered_transports,
    holds_no_secret,
    refusal,
    split_proxy,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_wanted import (
    Unwanted,
    Wanted,
    precedence_notes,
    refuse_without_effect,
    wanted_of,
)

URL = "http://h:1"
NAMES = ("HTTPS_PROXY", "NO_PROXY")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty; write it as http://host:port"),
        ("http://a b", "holds a blank or a control character; write it as http://host:port"),
        ("http://a\x7f", "holds a blank or a control character; write it as http://host:port"),
        (
            "http://",
            "names no host, or a port that does not exist; write it as http://host:port",
        ),
        ("h:1", "has no scheme that Codex's WebSocket takes; write http://h:1"),
        (
            "https://h",
            "is an https:// proxy, which Codex's WebSocket cannot use; write http://host:port, "
            "which carries https requests too",
        ),
        (
            "socks5h://h:1",
            "is a SOCKS proxy, which Codex's HTTP requests cannot use; name the HTTP port of the "
            "same program, as http://host:port",
        ),
        (
            "http://u:p@ss@h:1",
            "has a character in its user name or password that must be percent-encoded, such as "
            "%40 for @ and %2F for /",
        ),
        ("http://h:1/x", "has something behind the host; write http://h:1"),
        (
            "http://h:1X",
            "names no host, or a port that does not exist; write it as http://host:port",
        ),
        ("http://h:65535", None),
        (
            "http://h:65536",
            "names no host, or a port that does not exist; write it as http://host:port",
        ),
    ],
)
def test_a_proxy_is_refused_in_these_words(text: str, told: str | None) -> None:
    assert refusal(text) == told


@pytest.mark.parametrize("sign", ["@", "?", "#"])
def test_a_setting_with_a_place_for_a_secret_holds_one_perhaps(sign: str) -> None:
    assert holds_no_secret("http://host:1/x,y")
    assert not holds_no_secret(f"http://host{sign}x")


@pytest.mark.parametrize(("after", "host"), [("X", "hX"), ("/X", "h"), ("?X", "h"), ("#X", "h")])
def test_the_host_ends_where_the_path_begins(after: str, host: str) -> None:
    parts = split_proxy(f"http://h{after}")
    assert parts is not None
    assert (parts.url.host, parts.rest) == (host, after if host == "h" else "")


def test_the_port_of_an_entry_stands_behind_its_last_colon() -> None:
    assert covered_transports(("::1:443",), "::1") == {"websocket"}
    assert covered_transports(("::1:444",), "::1") == set()
    assert covered_transports(("::1:444",), "::1", 444) == {"websocket"}


NO_ENTRY = "cannot be used: write a host name, a domain such as .example.com, or an address"


@pytest.mark.parametrize(
    ("proxies", "no_proxy", "told"),
    [
        ({}, [], "give at least one of https_proxy, http_proxy and all_proxy"),
        ({"HTTPS_PROXY": None}, [], "give at least one of https_proxy, http_proxy and all_proxy"),
        ({"HTTP_PROXY": ""}, [], "http_proxy is empty; write it as http://host:port"),
        ({"HTTPS_PROXY": URL}, ["a b"], f"no_proxy entry 'a b' {NO_ENTRY}"),
        ({"HTTPS_PROXY": URL}, ["a\tb"], f"no_proxy entry 'a b' {NO_ENTRY}"),
        ({"HTTPS_PROXY": URL}, ["é"], f"no_proxy entry 'é' {NO_ENTRY}"),
        ({"HTTPS_PROXY": URL}, ["x" * 256], f"no_proxy entry '{'x' * 77}...' {NO_ENTRY}"),
        (
            {"HTTPS_PROXY": URL},
            ["a, .openai.com"],
            "no_proxy entry '.openai.com' covers api.openai.com, so Codex would go past the "
            "proxy; leave it out",
        ),
    ],
)
def test_options_are_refused_in_these_words(
    proxies: dict[str, str | None], no_proxy: list[str], told: str
) -> None:
    with pytest.raises(Unwanted) as caught:
        wanted_of(proxies, no_proxy, False, "align")
    assert str(caught.value) == told
    assert caught.value.line is None


def test_the_longest_entry_is_taken() -> None:
    wanted = wanted_of({"HTTPS_PROXY": URL}, ["x" * 255, "a,b", "a"], False, "keep")
    assert wanted == Wanted({"HTTPS_PROXY": URL}, ("x" * 255, "a", "b"), False, "keep")
    assert not wanted.has_credentials


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            {"HTTP_PROXY": URL},
            "with HTTP_PROXY alone Codex sends its WebSockets through the proxy and its HTTPS "
            "requests past it; give https_proxy too",
        ),
        (
            {"https_proxy": "h:1"},
            "HTTPS_PROXY, which takes precedence there, has no scheme that Codex's WebSocket "
            "takes; write http://h:1",
        ),
        (
            {"HTTPS_PROXY": URL, "NO_PROXY": "a,*"},
            "NO_PROXY holds '*', which covers api.openai.com, so Codex would go past the proxy; "
            "take the entry out, or replace the list with no_proxy_exclusive: true",
        ),
    ],
)
def test_what_has_no_effect_is_refused_in_these_words(after: dict[str, str], told: str) -> None:
    with pytest.raises(Unwanted) as caught:
        refuse_without_effect(after)
    assert str(caught.value) == told


def test_a_proxy_that_another_one_beats_is_told_in_these_words() -> None:
    wanted = Wanted({"ALL_PROXY": URL}, (), False, "align")
    assert list(precedence_notes(wanted, {"ALL_PROXY": URL, "HTTPS_PROXY": "http://o:1"})) == [
        "HTTPS_PROXY is set there too and takes precedence over ALL_PROXY"
    ]


DOLLAR = (
    "Codex takes a $ in the value for the name of a variable, and so reads another value than the "
    "one written; put it between single quotes, or write %24 for $"
)


@pytest.mark.parametrize(
    ("data", "meant", "detail"),
    [
        (
            b"A=1\nHTTPS_PROXY='http://h:1\n",
            "http://h:1",
            "line 2 sets nothing: the quote in line 2 is not closed; close it",
        ),
        (
            b"HTTPS_PROXY: http://h:1 # x\n",
            "http://h:1",
            "line 1 sets nothing: no = follows the name; write NAME=value",
        ),
        (b"HTTPS_PROXY=" + b"x" * 4094 + b" y\n", "x" * 4094 + " y", None),
        (b"HTTPS_PROXY=" + b"x" * 4095 + b" y\n", "x" * 4093 + "...", None),
        (b"HTTPS_PROXY=http://u:p$w@h:1\n", "http://u:p$w@h:1", DOLLAR),
        (b"B=x\nHTTPS_PROXY=$B\n", None, None),
        (b"B=u:1\nHTTPS_PROXY=http://$B@h:1\n", None, None),
    ],
)
def test_a_lost_line_is_told_in_these_words(
    data: bytes, meant: str | None, detail: str | None
) -> None:
    found = lost(data, {}, NAMES)
    if meant is None:
        assert found == ()
        return
    (line,) = found
    assert line == LostLine("HTTPS_PROXY", meant, detail or line.detail)


def test_a_reference_that_spoils_a_proxy_is_lost() -> None:
    data = b"A=b\nHTTPS_PROXY=http://h:1$A\n"
    assert lost(data, {}, NAMES) == ()
    data = b"w=x@y\nHTTPS_PROXY=http://u:p$w@h:1\n"
    assert lost(data, {}, NAMES) == (LostLine("HTTPS_PROXY", "http://u:p$w@h:1", DOLLAR),)


def test_every_reason_for_a_lost_line_has_its_words() -> None:
    assert set(_proxy_lines._REASONS) == set(_dotenv.REASONS)
