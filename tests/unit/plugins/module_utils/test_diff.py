# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A diff shows our lines and nobody's secrets."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._diff import changed_lines

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
