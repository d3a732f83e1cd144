# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variables are set and removed, and which would be in vain."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._dotenv import read
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_wanted import (
    Unwanted,
    Wanted,
    assignments,
    described,
    precedence_notes,
    refuse_without_effect,
    wanted_of,
)

URL = "http://h:1"
OLD = "http://old:1"


@pytest.mark.parametrize(
    ("options", "data", "values", "gone"),
    [
        pytest.param({}, b"", {"HTTPS_PROXY": URL}, (), id="set"),
        pytest.param(
            {}, b"https_proxy=x\n", {"HTTPS_PROXY": URL, "https_proxy": URL}, (), id="align"
        ),
        pytest.param(
            {"lowercase": "remove"},
            b"https_proxy=x\nhttp_proxy=x\n",
            {"HTTPS_PROXY": URL},
            ("https_proxy",),
            id="remove",
        ),
        pytest.param(
            {"lowercase": "keep"}, b"https_proxy=x\n", {"HTTPS_PROXY": URL}, (), id="keep"
        ),
        pytest.param(
            {"no_proxy": ["b"]},
            b"NO_PROXY=a\nno_proxy=c\n",
            {"HTTPS_PROXY": URL, "NO_PROXY": "a,b", "no_proxy": "a,b"},
            (),
            id="hosts",
        ),
        pytest.param(
            {"no_proxy": ["b"]},
            b"NO_PROXY=a\nNO_PROXY=\nno_proxy=c\n",
            {"HTTPS_PROXY": URL, "NO_PROXY": "c,b", "no_proxy": "c,b"},
            (),
            id="the-last-one-is-empty",
        ),
        pytest.param(
            {"no_proxy": ["A"]},
            b"NO_PROXY=a,$X\n",
            {"HTTPS_PROXY": URL, "NO_PROXY": "a,"},
            (),
            id="references-that-need-no-change",
        ),
        pytest.param(
            {"no_proxy": ["b"], "no_proxy_exclusive": True},
            b"NO_PROXY=a,$X\n",
            {"HTTPS_PROXY": URL, "NO_PROXY": "b"},
            (),
            id="exclusive",
        ),
        pytest.param(
            {"no_proxy": ["b", "c"], "no_proxy_exclusive": True},
            b"",
            {"HTTPS_PROXY": URL, "NO_PROXY": "b,c"},
            (),
            id="exclusive-list",
        ),
        pytest.param(
            {"no_proxy": ["b", "c"]},
            b"",
            {"HTTPS_PROXY": URL, "NO_PROXY": "b,c"},
            (),
            id="the-first-list",
        ),
        pytest.param(
            {"no_proxy_exclusive": True},
            b"NO_PROXY=a\n",
            {"HTTPS_PROXY": URL, "NO_PROXY": ""},
            (),
            id="exclusive-and-empty",
        ),
    ],
)
def test_assignments(
    options: dict[str, t.Any], data: bytes, values: dict[str, str], gone: tuple[str, ...]
) -> None:
    given = {"no_proxy": [], "no_proxy_exclusive": False, "lowercase": "align", **options}
    wanted = wanted_of({"HTTPS_PROXY": URL, "ALL_PROXY": None}, **given)
    assert assignments(wanted, read(data, {})) == (values, gone)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param({"HTTPS_PROXY": URL}, None, id="https"),
        pytest.param({"all_proxy": URL}, None, id="all"),
        pytest.param({"HTTPS_PROXY": URL, "https_proxy": "x"}, None, id="upper-case-wins"),
        pytest.param({"HTTPS_PROXY": URL, "ALL_PROXY": "x"}, None, id="https-wins"),
        pytest.param({"HTTP_PROXY": URL}, "with HTTP_PROXY alone", id="http-alone"),
        pytest.param({"HTTP_PROXY": URL, "HTTPS_PROXY": ""}, "with HTTP_PROXY", id="empty"),
        pytest.param({"HTTPS_PROXY": "", "https_proxy": "h:1"}, "has no scheme", id="lower-case"),
        pytest.param({"ALL_PROXY": "socks5://h:1"}, "ALL_PROXY, which takes", id="socks"),
        pytest.param({"HTTPS_PROXY": URL, "NO_PROXY": "a,b.openai.com"}, None, id="other-hosts"),
        pytest.param({"HTTPS_PROXY": URL, "NO_PROXY": " a , * "}, "holds '*'", id="everything"),
        pytest.param(
            {"HTTPS_PROXY": URL, "NO_PROXY": "a", "no_proxy": "*"}, None, id="upper-case-list-wins"
        ),
        pytest.param(
            {"HTTPS_PROXY": URL, "NO_PROXY": "", "no_proxy": "chatgpt.com"},
            "holds 'chatgpt.com'",
            id="lower-case-list",
        ),
    ],
)
def test_what_has_no_effect_is_refused(after: dict[str, str], reason: str | None) -> None:
    if reason is None:
        refuse_without_effect(after)
        return
    with pytest.raises(Unwanted) as caught:
        refuse_without_effect(after)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("proxies", "after", "count"),
    [
        ({"ALL_PROXY": URL}, {"ALL_PROXY": URL, "https_proxy": OLD}, 1),
        ({"ALL_PROXY": URL}, {"ALL_PROXY": URL, "HTTPS_PROXY": URL}, 0),
        ({"ALL_PROXY": URL}, {"ALL_PROXY": URL, "HTTP_PROXY": OLD}, 0),
        ({"ALL_PROXY": URL, "HTTPS_PROXY": OLD}, {"ALL_PROXY": URL, "HTTPS_PROXY": OLD}, 0),
    ],
)
def test_a_proxy_that_another_one_beats_is_told(
    proxies: dict[str, str], after: dict[str, str], count: int
) -> None:
    assert len(list(precedence_notes(Wanted(proxies, (), False, "align"), after))) == count


def test_only_proxies_are_described_and_nothing_secret() -> None:
    values = {"HTTPS_PROXY": "HTTP://u:s3cret@H:1", "NO_PROXY": "a", "TOKEN": "b", "http_proxy": ""}
    assert described(values) == {
        "HTTPS_PROXY": {"scheme": "http", "host": "H", "port": 1, "has_credentials": True}
    }
    assert described({"all_proxy": URL}).keys() == {"all_proxy"}
