# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every arrow of the recovery, on laptops with the real client.

The cooldown is a variable, so that no test waits for it; what the client logs of its turns are rows
of its real sessions.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

import pytest
from support import log_database
from support.laptop import Laptop, api_key_login
from support.laptop_playbooks import Controller, PlaybookRun, host_variables

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

COOLED: t.Mapping[str, t.Any] = {"reconnect_recovery_cooldown": 0}
"""The variables of a machine whose cooldown is over; without them it is a day."""
ONCE: t.Mapping[str, t.Any] = {**COOLED, "reconnect_recovery_budget": 1}
NEW_TRIALS: t.Mapping[str, t.Any] = {**ONCE, "reconnect_recovery_reset": True}
OURS = b'model_provider = "openai_http"\n'
THEIRS = b"""model_provider = "corp"
model_providers.corp = {name = "Corp", base_url = "https://api.openai.com/v1", env_key = "CORP_KEY"}
"""

Outcome = tuple[str, str, int]
"""What was done, and the state and the trials that are remembered."""


@dataclasses.dataclass(frozen=True)
class Step:
    """What one run did to one laptop."""

    run: PlaybookRun
    result: dict[str, t.Any]
    changed: int
    config: bytes
    record: dict[str, t.Any] | None
    websockets: int
    """How many upgrades the service was asked for."""

    @property
    def outcome(self) -> Outcome:
        record = self.record or {}
        return self.result["action"], record.get("state", ""), record.get("attempts", -1)


Steps = dict[str, dict[str, Step]]
"""By round, then by laptop."""


class Laptops:
    """The laptops by name, and the rounds that are played on some or all of them."""

    def __init__(self, laptops: t.Mapping[str, Laptop], ansible: Controller) -> None:
        self._laptops = laptops
        self._ansible = ansible
        self.steps: Steps = {}

    def play(
        self, title: str, playbook: str, *arguments: str, **variables: t.Mapping[str, t.Any]
    ) -> None:
        """Run `playbook` on the laptops that `variables` names, each with its own."""
        asked = {name: self._asked(name) for name in variables}
        hosts = {
            name: {**host_variables(self._laptops[name]), "reconnect_probe_interval": 0, **mine}
            for name, mine in variables.items()
        }
        run = self._ansible.run(playbook, [], *arguments, others=hosts)
        self.steps[title] = {
            name: Step(
                run,
                run.hosts[name],
                run.changed[name],
                self._laptops[name].config.read_bytes(),
                self._record(name),
                self._asked(name) - asked[name],
            )
            for name in variables
        }

    def network(self, websocket: str, *names: str) -> None:
        """Let the networks of these laptops treat WebSockets so from now on."""
        for name in names:
            self._laptops[name].service.websocket = websocket

    def log(self, name: str, session: str | None, moment: float = 0.0) -> None:
        """Let the client's log hold one session that ended at `moment`, or none."""
        path = self._laptops[name].codex_home / "logs_2.sqlite"
        path.unlink(missing_ok=True)
        if session is not None:
            log_database.write(path, log_database.recorded(session, moment))

    def rewrite(self, name: str, config: bytes) -> None:
        self._laptops[name].config.write_bytes(config)

    def _asked(self, name: str) -> int:
        requests = self._laptops[name].service.requests
        return sum(one.transport == "websocket" for one in requests)

    def _record(self, name: str) -> dict[str, t.Any] | None:
        path = self._laptops[name].codex_home / ".devfleet/recovery.json"
        return t.cast("dict[str, t.Any]", json.loads(path.read_bytes())) if path.exists() else None


@pytest.fixture(scope="module")
def steps(make_laptop: LaptopFactory, ansible: Controller) -> Steps:
    """Of `story` all arrows from the cure to the next one; of `spent` a budget of one trial; of
    `dropped` a cure that somebody removes; of `chosen` one that somebody replaces; of `untouched` a
    blocked machine that nobody has cured."""
    names = ("story", "spent", "dropped", "chosen", "untouched")
    laptops = Laptops(
        {
            name: make_laptop(f"recovery-{name}", login=api_key_login(), websocket="http-403")
            for name in names
        },
        ansible,
    )
    play, network, log = laptops.play, laptops.network, laptops.log
    play("cure", "remediate", story={}, spent={}, dropped={}, chosen={})
    cured = laptops.steps["cure"]["dropped"].config
    laptops.rewrite("dropped", cured.replace(OURS, b""))
    laptops.rewrite("chosen", THEIRS + cured.replace(OURS, b""))
    network("ok", "spent", "chosen")
    play("wait", "recover", story={}, spent=ONCE, dropped=COOLED, chosen=COOLED, untouched=COOLED)
    network("http-403", "spent")
    laptops.rewrite("dropped", cured.replace(OURS, b""))
    network("ok", "dropped")
    play("probe in vain", "recover", story=COOLED, spent=ONCE, dropped=COOLED)
    network("ok", "story", "spent")
    play("wait again", "recover", story={}, spent=ONCE)
    play("would try", "recover", "--check", story=COOLED)
    play("try", "recover", story=COOLED, spent=NEW_TRIALS)
    log("story", "close-after", time.time() - 600)
    play("watch", "recover", story=COOLED)
    log("story", "close-after.second-turn", time.time() + 2)
    play("would cure again", "recover", "--check", story=COOLED)
    play("cure again", "recover", story=COOLED)
    log("story", None)
    play("try again", "recover", story=COOLED)
    log("story", "ok", time.time() + 2)
    play("recover", "recover", story=COOLED)
    play("leave alone", "recover", story=COOLED)
    log("story", None)
    network("http-403", "story")
    play("cure anew", "remediate", story={})
    return laptops.steps


STORY: dict[str, Outcome] = {
    "cure": ("applied", "cured", 0),
    "wait": ("cooling_down", "cured", 0),
    "probe in vain": ("probe_failed", "cured", 0),
    "wait again": ("cooling_down", "cured", 0),
    "would try": ("would_try_websockets", "cured", 0),
    "try": ("trial_started", "trial", 1),
    "watch": ("on_trial", "trial", 1),
    "would cure again": ("would_apply", "trial", 1),
    "cure again": ("applied", "cured", 1),
    "try again": ("trial_started", "trial", 2),
    "recover": ("recovered", "recovered", 0),
    "leave alone": ("none", "recovered", 0),
    "cure anew": ("applied", "cured", 0),
}
OTHERS: dict[tuple[str, str], Outcome] = {
    ("wait", "spent"): ("trial_started", "trial", 1),
    ("probe in vain", "spent"): ("applied", "spent", 1),
    ("wait again", "spent"): ("trials_spent", "spent", 1),
    ("try", "spent"): ("trial_started", "trial", 1),
    ("wait", "dropped"): ("applied", "cured", 0),
    ("probe in vain", "dropped"): ("none", "cured", 0),
    ("wait", "chosen"): ("user_choice", "cured", 0),
    ("wait", "untouched"): ("none", "", -1),
}
ARROWS = {**{(title, "story"): outcome for title, outcome in STORY.items()}, **OTHERS}
WRITES = {
    *((title, "story") for title in ("cure", "try", "cure again", "try again", "cure anew")),
    *(("wait", "spent"), ("probe in vain", "spent"), ("try", "spent"), ("wait", "dropped")),
}
FORETOLD = ("would cure again", "story")


@pytest.mark.parametrize(("title", "name"), ARROWS)
def test_each_arrow(steps: Steps, title: str, name: str) -> None:
    step = steps[title][name]
    assert step.run.returncode == 0, step.run.stdout
    assert step.outcome == ARROWS[title, name]


@pytest.mark.parametrize(("title", "name"), ARROWS)
def test_only_an_arrow_between_the_transports_changes_anything(
    steps: Steps, title: str, name: str
) -> None:
    assert steps[title][name].changed == ((title, name) in {*WRITES, FORETOLD})


def test_the_cure_is_away_in_a_trial_and_after_a_recovery_alone(steps: Steps) -> None:
    away = [title for title in STORY if OURS not in steps[title]["story"].config]
    until, again = list(STORY).index("cure again"), list(STORY).index("cure anew")
    trial = list(STORY)[list(STORY).index("try") : until]
    assert away == [*trial, *list(STORY)[until + 1 : again]]


@pytest.mark.parametrize(
    ("title", "name", "asked"),
    [
        pytest.param("wait", "story", 0, id="in-the-cooldown"),
        pytest.param("probe in vain", "story", 2, id="probed"),
        pytest.param("wait again", "story", 0, id="in-the-cooldown-after-a-probe"),
        pytest.param("try", "story", 3, id="probed-and-proven"),
        pytest.param("wait again", "spent", 0, id="spent"),
    ],
)
def test_the_provider_behind_the_cure_is_probed_where_it_is_time(
    steps: Steps, title: str, name: str, asked: int
) -> None:
    assert steps[title][name].websockets == asked


def test_a_probe_in_vain_costs_a_later_next_try_alone(steps: Steps) -> None:
    before, after = steps["wait"]["story"].record, steps["probe in vain"]["story"].record
    assert before is not None and after is not None
    assert (after["since"], after["attempts"]) == (before["since"], 0)
    assert after["tried"] > after["since"]


def test_every_change_is_recorded_with_its_reason(steps: Steps) -> None:
    record = steps["cure anew"]["story"].record
    assert record is not None
    told = [(one["event"], one["why"]) for one in record["history"]]
    assert told == [
        ("applied", "websocket_blocked (upgrade_refused)"),
        ("probe_failed", "without the cure: websocket_blocked (upgrade_refused)"),
        ("trial_started", "two probes of openai succeeded"),
        ("fell_back", "2 fallbacks to HTTP in the trial"),
        ("trial_started", "two probes of openai succeeded"),
        ("completed", "a stream has completed over a WebSocket"),
        ("applied", "websocket_blocked (upgrade_refused)"),
    ]


@pytest.mark.parametrize(
    ("title", "before"), [("would try", "wait again"), ("would cure again", "watch")]
)
def test_check_mode_writes_nothing(steps: Steps, title: str, before: str) -> None:
    now, then = steps[title]["story"], steps[before]["story"]
    assert (now.config, now.record) == (then.config, then.record)


def test_a_setting_that_is_gone_while_websockets_fail_is_told_as_drift(steps: Steps) -> None:
    step = steps["wait"]["dropped"]
    assert step.result["drift"] and OURS in step.config


TOLD = {
    ("wait", "story"): "24.0 hours of the cooldown are left",
    ("probe in vain", "story"): "without the cure: websocket_blocked (upgrade_refused)",
    ("wait again", "spent"): "1 of 1 trials are spent",
    ("try", "story"): "trial 1 of 3",
    ("watch", "story"): "waiting for a turn that completes over a WebSocket",
    ("cure again", "story"): "2 fallbacks to HTTP in the trial",
    ("recover", "story"): "a stream has completed over a WebSocket",
    ("wait", "chosen"): "somebody has chosen the provider corp",
    ("wait", "untouched"): "left alone: left to the playbook remediate",
}


@pytest.mark.parametrize(("title", "name"), TOLD)
def test_the_summary_says_why(steps: Steps, title: str, name: str) -> None:
    lines = steps[title][name].run.summary
    line = next(one for one in lines if f" recovery-{name} " in one or f" {name} " in one)
    assert TOLD[title, name] in line
