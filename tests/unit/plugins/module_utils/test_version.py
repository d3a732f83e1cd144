# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client versions: what is one, which is newer, and what each can do."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._version import (
    doctor_flavour,
    parse_version,
    reads_profile_files,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("codex-cli 0.169.0\n", "0.169.0"),
        ("codex-cli 0.166.0-alpha.3", "0.166.0-alpha.3"),
        ("codex 1.2.3", "1.2.3"),
        ("v0.131.0", "0.131.0"),
        ("WARNING: proceeding\ncodex-cli 0.130.0\n", "0.130.0"),
        ("openai.chatgpt-0.4.15-linux-x64/bin", "0.4.15-linux-x64"),
        ("", None),
        ("codex-cli", None),
        ("0.169", None),
        ("127.0.0.1", None),
        ("1.2.3.4.5", None),
        ("0.169.0rc1", None),
        ("codex-cli 9999999.0.0", None),
        ("\u0660.\u0661.\u0662", None),
    ],
)
def test_parse(text: str, version: str | None) -> None:
    parsed = parse_version(text)
    assert (parsed.text if parsed else None) == version


def test_versions_sort_by_number_and_a_release_after_its_pre_releases() -> None:
    texts = ["0.9.0", "0.99.0", "0.131.0-alpha.1", "0.131.0", "0.131.10", "0.166.0", "1.0.0"]
    parsed = [version for text in texts for version in [parse_version(text)] if version]
    assert len(parsed) == len(texts)
    assert sorted(parsed, key=lambda version: version[:4]) == parsed


@pytest.mark.parametrize(
    ("text", "flavour", "profile_files"),
    [
        ("0.115.0", "none", False),
        ("0.130.9", "none", False),
        ("0.131.0-alpha.4", "none", False),
        ("0.131.0", "full", False),
        ("0.133.0", "full", False),
        ("0.134.0", "full", True),
        ("0.165.0", "full", True),
        ("0.166.0-alpha.2", "full", True),
        ("0.166.0", "network-only", True),
        ("0.169.0", "network-only", True),
        ("1.0.0", "network-only", True),
    ],
)
def test_what_a_version_can_do(text: str, flavour: str, profile_files: bool) -> None:
    version = parse_version(text)
    assert version is not None
    assert doctor_flavour(version) == flavour
    assert reads_profile_files(version) is profile_files
