# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fallbacks prove a blocked network only in a row: on a good one some WebSockets break as well."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._diagnosis import Observed, diagnose
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from support import log_database
from support.doctor_samples import BUILT_IN, OPEN, report

MINUTE = 60.0
HEALTHY = ("healthy", "handshake_ok")
BLOCKED = ("websocket_blocked", "logged_closed")
IN_DOUBT = ("inconclusive", "intermittent")

# The sessions in their order: one that fails leaves two fallbacks, in a thread each.
SERIES = {
    "": HEALTHY,
    "fails": HEALTHY,
    "fails fails": BLOCKED,
    "works fails fails": BLOCKED,
    "fails works fails": IN_DOUBT,
    "fails works fails works fails": IN_DOUBT,
    "fails fails works fails": IN_DOUBT,
    "fails works fails fails": BLOCKED,
    "fails fails works": HEALTHY,
}
RECORDED = {"fails": "close-after", "works": "ok"}


@pytest.mark.parametrize("series", SERIES)
def test_fallbacks_count_from_the_last_turn_that_worked(tmp_path: Path, series: str) -> None:
    sessions = series.split()
    rows = [
        row
        for number, kind in enumerate(sessions, 1)
        for row in log_database.copied(
            log_database.recorded(
                RECORDED[kind], time.time() - (len(sessions) + 1 - number) * 5 * MINUTE
            ),
            number,
        )
    ]
    log_database.write(tmp_path / "logs_2.sqlite", rows)
    logs = read_logs(str(tmp_path), 0.0)
    assert logs.fallbacks == 2 * sessions.count("fails")
    found = diagnose(Observed((report(OPEN),), BUILT_IN, logs=logs))
    assert (found.verdict, found.cause) == SERIES[series]
    assert not logs.fallbacks or found.evidence[-1].startswith(f"logged: {logs.fallbacks} fallback")
