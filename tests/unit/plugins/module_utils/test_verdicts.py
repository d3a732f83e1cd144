# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts that need no doctor, word for word."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._verdicts import (
    Diagnosis,
    client_unusable,
    dotenv_stops_client,
    executable_missing,
    no_doctor,
    not_installed,
)


@pytest.mark.parametrize(
    ("found", "told", "verdict", "cause", "evidence", "remedy"),
    [
        (
            executable_missing,
            ("/opt/codex",),
            "not_installed",
            "executable_missing",
            "there is no file /opt/codex",
            "none",
        ),
        (not_installed, (), "not_installed", "not_found", "no codex executable was found", "none"),
        (
            no_doctor,
            ("0.130.0",),
            "unsupported_version",
            "no_doctor",
            "codex 0.130.0 has no doctor",
            "none",
        ),
        (
            client_unusable,
            ("it hangs",),
            "inconclusive",
            "client_not_runnable",
            "it hangs",
            "investigate",
        ),
        (
            dotenv_stops_client,
            ("/home/dev/.codex/.env", 3),
            "config_invalid",
            "dotenv_nul_byte",
            "/home/dev/.codex/.env line 3: a NUL byte",
            "investigate",
        ),
    ],
)
def test_a_machine_is_judged_without_doctor(
    found: t.Callable[..., Diagnosis],
    told: tuple[t.Any, ...],
    verdict: str,
    cause: str,
    evidence: str,
    remedy: str,
) -> None:
    diagnosis = found(*told)
    assert diagnosis == Diagnosis(verdict, cause, (evidence,))
    assert diagnosis.remedy == remedy
    assert diagnosis.advice
