# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A diff shows our lines and nobody's secrets."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._diff import (
    changed_lines,
    changed_variables,
)

HIDDEN = "(a line that holds other settings too)\n"


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        pytest.param("a = 1\n", "a = 1\n", "", "", id="equal"),
        pytest.param(
            'token = "s3cret"\n',
            'model_provider = "openai_http"\ntoken = "s3cret"\n',
            "",
            'model_provider = "openai_http"\n',
            id="neighbour-not-shown",
        ),
        pytest.param(
            'model_provider = "corp"\n',
            'model_provider = "openai_http"\n',
            'model_provider = "corp"\n',
            'model_provider = "openai_http"\n',
            id="changed-value",
        ),
        pytest.param(
            "",
            '\n[model_providers.openai_http]\nname = "x"\nwire_api = "responses"\n'
            "requires_openai_auth = true\nsupports_websockets = false\n",
            "",
            '\n[model_providers.openai_http]\nname = "x"\nwire_api = "responses"\n'
            "requires_openai_auth = true\nsupports_websockets = false\n",
            id="table",
        ),
        pytest.param(
            "", 'a."b.c".name = "x"\n', "", 'a."b.c".name = "x"\n', id="dotted-and-quoted-key"
        ),
        pytest.param(
            "",
            'base_url = "https://me:s3cret@gw.example.com/v1"\n',
            "",
            'base_url = "https://***@gw.example.com/v1"\n',
            id="userinfo-masked",
        ),
        pytest.param(
            "",
            'base_url = "https://gw.example.com/v1"\n',
            "",
            'base_url = "https://gw.example.com/v1"\n',
            id="no-userinfo-to-mask",
        ),
        pytest.param(
            'base_url = "https://gw.example.com/v1?key=s3cret"\n',
            'base_url = "https://gw.example.com/v1#s3cret"\n',
            'base_url = "https://gw.example.com/v1?***"\n',
            'base_url = "https://gw.example.com/v1?***"\n',
            id="query-masked",
        ),
        pytest.param(
            "model_provider = 'a'\nx = 1\nname = 'a'\n",
            "model_provider = 'b'\nx = 1\nname = 'b'\n",
            "model_provider = 'a'\nname = 'a'\n",
            "model_provider = 'b'\nname = 'b'\n",
            id="two-places",
        ),
        pytest.param(
            "supports_websockets = true # s3cret\n",
            "supports_websockets = false # s3cret\n",
            "supports_websockets = true\n",
            "supports_websockets = false\n",
            id="trailing-comment-not-shown",
        ),
        pytest.param(
            'x = { name = "a", token = "s3cret" }\n',
            'x = { name = "b", token = "s3cret" }\n',
            HIDDEN,
            HIDDEN,
            id="inline-table",
        ),
        pytest.param(
            'model_provider = { token = "s3cret" }\n',
            'model_provider = "a"\n',
            HIDDEN,
            'model_provider = "a"\n',
            id="our-key-with-a-table",
        ),
        pytest.param('name = "a" , token = "s3cret"\n', "", HIDDEN, "", id="more-after-our-value"),
        pytest.param('my_name = "s3cret"\n', "", HIDDEN, "", id="key-that-ends-like-ours"),
        pytest.param('name = """s3cret\n"""\n', "", HIDDEN * 2, "", id="multi-line-string"),
        pytest.param('[a] token = "s3cret"\n', "", HIDDEN, "", id="more-after-a-header"),
        pytest.param("a = 1\r\n", "", HIDDEN, "", id="crlf"),
        pytest.param(
            'a\x85model_provider = "x"\n', "", HIDDEN + 'model_provider = "x"\n', "", id="NEL"
        ),
    ],
)
def test_changed_lines(before: str, after: str, gone: str, come: str) -> None:
    assert changed_lines(before, after) == (gone, come)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("HTTPS_PROXY=http://h:1", "HTTPS_PROXY=http://h:1\n", id="plain"),
        pytest.param(
            "export https_proxy = 'http://u:s3c@h:1' # s3c",
            "export https_proxy = 'http://***@h:1'\n",
            id="password-and-comment",
        ),
        pytest.param(
            'ALL_PROXY="http://u:p@s3c@h:1/s3c"', 'ALL_PROXY="http://***@h:1"\n', id="at-in-it"
        ),
        pytest.param("HTTP_PROXY=u:s3c@[::1]:1", "HTTP_PROXY=***@[::1]:1\n", id="no-scheme"),
        pytest.param("HTTPS_PROXY=http://u:s3c", "HTTPS_PROXY=***\n", id="no-host"),
        pytest.param("HTTPS_PROXY=", "HTTPS_PROXY=\n", id="empty"),
        pytest.param("NO_PROXY='a, .b,::1,*'", "NO_PROXY='a, .b,::1,*'\n", id="hosts"),
        pytest.param("no_proxy=u:s3c@h", "no_proxy=***\n", id="no-hosts"),
        pytest.param("HTTPS_PROXY=http://h:1 s3c", HIDDEN, id="more-behind-it"),
        pytest.param("HTTPS_PROXY='http://u:s3c", HIDDEN, id="open-quote"),
        pytest.param("MY_HTTPS_PROXY=s3c", HIDDEN, id="name-that-ends-like-ours"),
        pytest.param("HTTPS_PROXY_2=s3c", HIDDEN, id="name-that-begins-like-ours"),
        pytest.param("# HTTPS_PROXY=http://u:s3c@h", HIDDEN, id="comment"),
        pytest.param("\ufeffHTTPS_PROXY=http://u:s3c@h", HIDDEN, id="byte-order-mark"),
        pytest.param("TOKEN=s3c", HIDDEN, id="other-setting"),
        pytest.param("\t", "\n", id="blank"),
    ],
)
def test_changed_variables(line: str, shown: str) -> None:
    rest = b"A=\xff # s3c\n"
    assert changed_variables(rest, rest + line.encode()) == ("", shown)
    assert changed_variables(line.encode() + b"\n" + rest, rest) == (shown, "")


def test_a_file_that_is_made_or_removed() -> None:
    assert changed_variables(None, b"NO_PROXY=a\n") == ("", "NO_PROXY=a\n")
    assert changed_variables(b"NO_PROXY=a\n", None) == ("NO_PROXY=a\n", "")


def test_lines_that_repeat_themselves_are_no_change() -> None:
    many = b"A=1\n" * 300
    before = b"HTTPS_PROXY=http://a:1\n" + many
    assert changed_variables(before, before.replace(b"a:1", b"b:1")) == (
        "HTTPS_PROXY=http://a:1\n",
        "HTTPS_PROXY=http://b:1\n",
    )


def test_long_files_that_repeat_themselves_are_compared_line_by_line() -> None:
    many = b"A=1\n\n" * 20_000
    before = b"HTTPS_PROXY=http://a:1\n" + many + b"HTTP_PROXY=http://a:1\n" + many
    after = before.replace(b"http://a:1", b"http://b:1") + b"A=1\n"
    assert changed_variables(before, after) == (
        "HTTPS_PROXY=http://a:1\nHTTP_PROXY=http://a:1\n",
        "HTTPS_PROXY=http://b:1\nHTTP_PROXY=http://b:1\n" + HIDDEN,
    )
