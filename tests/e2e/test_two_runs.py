# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs of one playbook on one laptop at once: what is to happen once, happens once.

The client makes sure that each run has looked before the other changes anything.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import pathlib
import shlex
import typing as t

import pytest
from support import stubs
from support.laptop import CONFIG, Laptop, api_key_login
from support.laptop_playbooks import Controller, PlaybookRun, host_variables

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

NAME = "two-runs"
OURS = b'model_provider = "openai_http"\n'
OTHER = (
    "revision 1 was given, and revision 2 is in {path}: another run may have changed it meanwhile; "
    "run this again. Nothing was changed."
)


class Pair(t.NamedTuple):
    """Two runs at once, what the file held afterwards, and what is remembered."""

    runs: tuple[PlaybookRun, PlaybookRun]
    config: bytes
    record: dict[str, t.Any]

    def of(self, action: str) -> PlaybookRun:
        """Return the one run in which this became of the laptop."""
        (found,) = (one for one in self.runs if one.hosts[NAME]["action"] == action)
        return found


class Story(t.NamedTuple):
    """The laptop, both pairs, and the file in the end."""

    laptop: Laptop
    remediate: Pair
    recover: Pair
    end: bytes


def waiting(laptop: Laptop, real: pathlib.Path) -> Laptop:
    """Let the first two doctor runs that try another provider than the file's wait for each other.

    Those are the preflights of two cures, and then the first probes of two recoveries.
    """
    here = shlex.quote(str(laptop.home))
    client = stubs.script(
        laptop.home / "codex",
        f'case "$*" in doctor*model_provider=*) mktemp {here}/asking.XXXXXX >> {here}/asked',
        "n=0",
        f"while [ $(ls {here} | grep -c asking) -lt 2 ] && [ $n -lt 350 ]; do",
        "sleep 0.1; n=$((n+1)); done ;; esac",
        f'exec {shlex.quote(str(real))} "$@"',
    )
    return dataclasses.replace(laptop, executable=client)


@pytest.fixture(scope="module")
def story(
    make_laptop: LaptopFactory,
    ansible: Controller,
    executable: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    laptop = make_laptop(NAME, login=api_key_login(), websocket="http-403")
    laptop = waiting(laptop, executable)
    hosts = {NAME: {**host_variables(laptop), "reconnect_probe_interval": 0}}
    variables = {"reconnect_recovery_cooldown": 0, "reconnect_purge": True}
    controllers = [
        dataclasses.replace(ansible, folder=tmp_path_factory.mktemp("controller"))
        for _run in range(2)
    ]

    def both(playbook: str) -> Pair:
        for asking in laptop.home.glob("asking.*"):
            asking.unlink()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            started = [
                pool.submit(one.run, playbook, [], others=hosts, variables=variables)
                for one in controllers
            ]
            first, second = (one.result() for one in started)
        record = json.loads((laptop.codex_home / ".devfleet/recovery.json").read_bytes())
        return Pair((first, second), laptop.config.read_bytes(), record)

    remediate = both("remediate")
    laptop.service.websocket = "ok"
    recover = both("recover")
    ansible.run("rollback", [], others=hosts, variables=variables)
    return Story(laptop, remediate, recover, laptop.config.read_bytes())


def test_a_cure_is_made_once_and_found_once(story: Story) -> None:
    pair = story.remediate
    assert [one.returncode for one in pair.runs] == [0, 0], [one.stdout for one in pair.runs]
    assert pair.of("applied").changed == {NAME: 1}
    assert pair.of("already_applied").changed == {NAME: 0}
    assert pair.config.count(OURS) == 1
    assert [one["event"] for one in pair.record["history"]] == ["applied"]


def test_a_trial_is_begun_once_and_the_other_run_gives_up(story: Story) -> None:
    pair = story.recover
    assert pair.of("trial_started").returncode == 0
    refused = pair.of("failed")
    assert refused.returncode == 2
    path = story.laptop.codex_home / ".devfleet/recovery.json"
    assert refused.hosts[NAME]["message"] == OTHER.format(path=path)
    assert refused.changed == {NAME: 0}
    assert (pair.record["state"], pair.record["attempts"]) == ("trial", 1)
    assert [one["event"] for one in pair.record["history"]] == ["applied", "trial_started"]
    assert OURS not in pair.config


def test_both_had_looked_before_either_changed_anything(story: Story) -> None:
    """Else this would show no more than one run after the other."""
    asked = (story.laptop.home / "asked").read_text().splitlines()
    assert len(asked) == 2 + 4


def test_what_two_runs_have_made_is_taken_back(story: Story) -> None:
    assert story.end == CONFIG
