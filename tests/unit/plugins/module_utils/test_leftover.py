# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose the bytes of a temporary file are, by its name and what is in its file's place."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._leftover import (
    Leftover,
    owner,
    parsed,
    prefix,
)

OLD, NEW, OTHER, NEWER = b"old = 1\n", b"new = 1\n", b"other = 1\n", b"newer = 1\n"


def left(before: bytes | None, after: bytes | None) -> Leftover:
    found = parsed(f"{prefix('http.config.toml', before, after)}k_3x9aab.devfleet")
    assert found
    assert found.name == "http.config.toml"
    return found


@pytest.mark.parametrize(
    ("after", "data", "there", "expected"),
    [
        pytest.param(NEW, NEW, OLD, "ours", id="not-displaced"),
        pytest.param(NEW, NEW[:4], OLD, "ours", id="halfway-written"),
        pytest.param(NEW, NEW, NEWER, "ours", id="not-displaced-and-written-by-others-since"),
        pytest.param(NEW, b"", NEWER, "ours", id="begun-and-written-by-others-since"),
        pytest.param(NEW, OLD, NEW, "ours", id="displaced"),
        pytest.param(NEW, OLD, NEWER, "ours", id="displaced-and-written-by-others-since"),
        pytest.param(NEW, OLD, None, "ours", id="displaced-and-removed-since"),
        pytest.param(NEW, OTHER, NEW, "theirs", id="theirs-displaced"),
        pytest.param(NEW, b"", NEW, "theirs", id="emptied-by-others-and-displaced"),
        pytest.param(NEW, OTHER, NEWER, "unknown", id="theirs-displaced-and-written-since"),
        pytest.param(NEW, OTHER, None, "unknown", id="theirs-displaced-and-removed-since"),
        pytest.param(None, OLD, None, "ours", id="removed"),
        pytest.param(None, OTHER, None, "theirs", id="theirs-removed"),
        pytest.param(None, OTHER, NEWER, "unknown", id="theirs-removed-and-written-since"),
    ],
)
def test_whose_bytes_they_are(
    after: bytes | None, data: bytes, there: bytes | None, expected: str
) -> None:
    assert owner(left(OLD, after), data, there) == expected


def test_what_displaces_nothing_is_ours() -> None:
    assert owner(left(None, NEW), OTHER, NEW) == "ours"


@pytest.mark.parametrize("name", ["config.toml", ".config.toml", ".config.toml.swp"])
def test_other_names_are_none_of_a_temporary_file(name: str) -> None:
    assert parsed(name) is None
