# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log that the real client writes in a terminal, read while the client still holds it.

What is closed on the first message is ok to doctor, and costs every turn its retries.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._observations import LogEvidence
from support.client import doctor
from support.laptop import CONFIG, Laptop, api_key_login, laptop
from support.terminal_session import SETTINGS, terminal_session, trusted

if t.TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from support.certificates import Certificates

# The client writes its log every few seconds (0.169.0: 10 s at most).
WRITTEN_WITHIN = 40


def evidence(made: Laptop, since: float = 0.0) -> LogEvidence:
    return read_logs(str(made.codex_home), since)


def test_the_log_tells_what_doctor_does_not_see(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, executable: Path
) -> None:
    folder = tmp_path_factory.mktemp("terminal")
    config = CONFIG + trusted(folder) + SETTINGS
    with laptop(
        folder,
        "spoiled",
        executable,
        certificates,
        login=api_key_login(),
        config=config,
        websocket="close-after",
    ) as made:
        assert evidence(made).outcome == "absent"
        websocket = doctor(made, "--network-only")["network.websocket_reachability"]
        assert websocket["status"] == "ok"

        with terminal_session(made, folder) as session:
            session.ask("HELLO")
            session.wait_until(
                lambda: evidence(made).fallbacks >= 2, WRITTEN_WITHIN, "a fallback in the log"
            )
            failed = evidence(made)
            made.service.websocket = "ok"
        with terminal_session(made, folder) as session:
            session.ask("HELLO")
            session.wait_until(
                lambda: evidence(made).completed_since > 0, WRITTEN_WITHIN, "a turn in the log"
            )
            worked = evidence(made)

        assert (failed.outcome, failed.cause, failed.completed_since) == ("read", "closed", 0)
        assert failed.last_seen is not None and failed.threads == failed.fallbacks
        assert abs(failed.last_seen - time.time()) < 300
        assert not failed.only_after_idle and not failed.only_subagents
        assert worked.outcome == "read" and worked.fallbacks >= failed.fallbacks
        assert worked.last_seen is not None
        assert evidence(made, worked.last_seen).fallbacks == 0
