# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`.env` files of any kind; the reader, whose model is the client, judges the edit."""

from __future__ import annotations

from ansible_collections.devfleet.codex.plugins.module_utils._dotenv_edit import EditRefused
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from support.dotenv_client import ENVIRONMENT
from support.dotenv_promises import check_reading, checked_edit, has_a_reason

_PROXY = "http://127.0.0.1:7890"
_EDITS: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    ({"HTTPS_PROXY": _PROXY, "NO_PROXY": "localhost,127.0.0.1"}, ()),
    ({"HTTPS_PROXY": "http://u:it's%40$A@h:1"}, ("https_proxy",)),
    ({}, ("HTTPS_PROXY", "NO_PROXY", "A")),
    ({"A": " two words # and a sign\n"}, ()),
)


def read_dotenv(data: bytes) -> None:
    """Every part of the file is accounted for."""
    check_reading(data, ENVIRONMENT)


def edit_dotenv(data: bytes) -> None:
    """What is set is read as it was meant, the rest as before; else the edit is refused."""
    set_values, remove = _EDITS[len(data) % len(_EDITS)]
    try:
        checked_edit(data, set_values, remove, ENVIRONMENT)
    except EditRefused as refusal:
        assert refusal.reason == clean(refusal.reason, 1000)
        assert refusal.line is None or 1 <= refusal.line <= data.count(b"\n") + 1
        assert has_a_reason(data, {*set_values, *remove}, refusal)
