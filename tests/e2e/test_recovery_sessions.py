# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two trials that end by what somebody does in a terminal: in a fallback, and in an answer.

What is closed right after the handshake is well to every probe, so only the turns can tell.
"""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._logs import read_logs
from ansible_collections.devfleet.codex.plugins.module_utils._observations import LogEvidence
from support.laptop import CONFIG, Laptop, api_key_login, laptop
from support.laptop_playbooks import Controller, PlaybookRun, host_variables
from support.terminal_session import SETTINGS, terminal_session, trusted

if t.TYPE_CHECKING:
    import pathlib

    from support.certificates import Certificates

# The client writes its log every few seconds (0.169.0: 10 s at most), after its retries.
WRITTEN_WITHIN = 60
ROUNDS = ("cure", "try", "fall back", "try again", "complete", "leave alone")
OUTCOMES = {
    "cure": ("applied", "cured", 0),
    "try": ("trial_started", "trial", 1),
    "fall back": ("applied", "cured", 1),
    "try again": ("trial_started", "trial", 2),
    "complete": ("recovered", "recovered", 0),
    "leave alone": ("none", "recovered", 0),
}
ON_HTTP = ("cure", "fall back")


class Round(t.NamedTuple):
    """One run, what it left in config.toml, and what is remembered afterwards."""

    run: PlaybookRun
    config: bytes
    record: dict[str, t.Any]


def said_hello(made: Laptop, ended: t.Callable[[LogEvidence], bool], what: str) -> None:
    """Let somebody ask something in a terminal, until the log holds what `ended` looks for."""
    since = time.time()
    with terminal_session(made, made.home) as session:
        session.ask("HELLO")
        session.wait_until(
            lambda: ended(read_logs(str(made.codex_home), since)), WRITTEN_WITHIN, what
        )


@pytest.fixture(scope="module")
def rounds(
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    executable: pathlib.Path,
    ansible: Controller,
) -> dict[str, Round]:
    folder = tmp_path_factory.mktemp("sessions")
    # A session asks for more hosts than the other tests let a laptop ask for.
    with laptop(
        folder, "one", executable, certificates, login=api_key_login(), websocket="close-after"
    ) as made:
        return played(made, ansible)


def played(made: Laptop, ansible: Controller) -> dict[str, Round]:
    made.config.write_bytes(CONFIG + trusted(made.home) + SETTINGS)
    hosts = {
        made.name: {
            **host_variables(made),
            "reconnect_probe_interval": 0,
            "reconnect_recovery_cooldown": 0,
        }
    }
    found: dict[str, Round] = {}

    def play(title: str, playbook: str, **variables: t.Any) -> None:
        run = ansible.run(playbook, [], others=hosts, variables=variables)
        record = json.loads((made.codex_home / ".devfleet/recovery.json").read_bytes())
        found[title] = Round(run, made.config.read_bytes(), record)

    play("cure", "remediate", reconnect_apply="always")
    play("try", "recover")
    said_hello(made, lambda log: log.fallbacks > 0, "a fallback in the log")
    play("fall back", "recover")
    made.service.websocket = "ok"
    play("try again", "recover")
    said_hello(made, lambda log: log.completed_since > 0, "a turn in the log")
    play("complete", "recover")
    play("leave alone", "recover")
    return found


@pytest.mark.parametrize("title", ROUNDS)
def test_a_trial_ends_as_its_turns_do(rounds: dict[str, Round], title: str) -> None:
    found = rounds[title]
    (result,) = found.run.hosts.values()
    outcome = result["action"], found.record["state"], found.record["attempts"]
    assert outcome == OUTCOMES[title], found.run.stdout
    assert (b'\nmodel_provider = "openai_http"\n' in b"\n" + found.config) == (title in ON_HTTP)


def test_the_reasons_are_those_of_the_turns(rounds: dict[str, Round]) -> None:
    told = [(one["event"], one["why"]) for one in rounds["complete"].record["history"]]
    assert told[2][0] == "fell_back" and "to HTTP in the trial" in told[2][1]
    assert told[4] == ("completed", "a stream has completed over a WebSocket")
