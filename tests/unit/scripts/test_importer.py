# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which warnings of galaxy-importer are none for this project."""

from __future__ import annotations

import importer
import pytest

EXPECTED = (
    "WARNING: plugins/module_utils/_vendor/tomlkit/parser.py:20:5: F401 'x' imported but unused",
    "WARNING: plugins/module_utils/_wsl.py:87:9: W503 line break before binary operator",
    "WARNING: plugins/module_utils/_toml.py:87:9: E203 whitespace before ':'",
    "WARNING: tests/sanity/ignore-2.19.txt:1: sanity[cannot-ignore]: Ignore file contains a skip.",
    "WARNING: Ignore files skip ansible-test sanity tests, found ignore-2.19.txt with 7 statements",
)


def test_expected_warnings_are_let_pass() -> None:
    printed = "\n".join((*EXPECTED, "Linting collection via ansible-lint..."))
    warnings = importer.warnings_in(printed)
    assert len(warnings) == len(EXPECTED)
    assert importer.judge(warnings) == []


def test_a_reason_for_no_warning_is_told() -> None:
    assert importer.unused(importer.warnings_in("\n".join(EXPECTED))) == []
    assert importer.unused(importer.warnings_in("\n".join(EXPECTED[:-1]))) == [
        "^Ignore files skip ansible-test sanity tests, found ignore-"
    ]


def test_another_format_of_the_log_is_not_taken_for_no_warnings() -> None:
    printed = "\n".join(line.replace("WARNING: ", "[warning] ") for line in EXPECTED)
    assert importer.unused(importer.warnings_in(printed)) == list(importer.EXPECTED)


@pytest.mark.parametrize(
    "warning",
    [
        "plugins/module_utils/_wsl.py:87:9: F401 'os' imported but unused",
        "roles/reconnect/tasks/main.yml:3: fqcn[action-core]: Use FQCN for builtin module actions.",
        "No docs found for module devfleet.codex.codex_info",
    ],
)
@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_any_other_warning_is_not(level: str, warning: str) -> None:
    printed = "\n".join((EXPECTED[0], f"{level}: {warning}"))
    assert importer.judge(importer.warnings_in(printed)) == [warning]
