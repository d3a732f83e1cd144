# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cure that does not hold when it is brought back, and what a recovery must leave alone.

One laptop is put on trial and falls back; all others begin as copies of it.
"""

from __future__ import annotations

import dataclasses
import pathlib
import time
import typing as t

import pytest
from support import log_database
from support.laptop import Laptop, api_key_login
from support.laptop_playbooks import Controller, HostVariables, PlaybookRun, host_variables
from support.recovering_laptops import copied, document, let_hours_pass
from support.stubs import script

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

THEIRS = b"""model_provider = "corp"
model_providers.corp = {name = "Corp", base_url = "https://api.openai.com/v1", env_key = "CORP_KEY"}
"""
NAMES = ("in-vain", "never", "chosen")
QUICK: HostVariables = {"reconnect_probe_interval": 0}
COOLED: HostVariables = {**QUICK, "reconnect_recovery_cooldown": 0}

Left = tuple[bytes, t.Optional[dict[str, t.Any]]]


class Story(t.NamedTuple):
    """The runs in their order, and the file and the record of every laptop before and after."""

    runs: list[PlaybookRun]
    left: list[dict[str, Left]]


def mute_under_the_cure(laptop: Laptop, real: pathlib.Path) -> Laptop:
    """Let the laptop's doctor say nothing once the cure is written; to its trial it answers."""
    client = script(
        laptop.home / "codex",
        f'[ "$1" = doctor ] && grep -q "^model_provider" {laptop.config} && exit 3',
        f'exec {real} "$@"',
    )
    return dataclasses.replace(laptop, executable=client)


@pytest.fixture(scope="module")
def story(make_laptop: LaptopFactory, ansible: Controller, executable: pathlib.Path) -> Story:
    laptops = {
        name: make_laptop(f"vain-{name}", login=api_key_login(), websocket="ok")
        for name in ("model", *NAMES)
    }
    model = laptops.pop("model")
    model.service.websocket = "http-403"
    one: dict[str, HostVariables] = {"model": {**host_variables(model), **COOLED}}
    ansible.run("remediate", [], others=one)
    model.service.websocket = "ok"
    ansible.run("recover", [], others=one)
    let_hours_pass(model)
    rows = log_database.recorded("close-after", time.time() + 2)
    log_database.write(model.codex_home / "logs_2.sqlite", rows)
    for laptop in laptops.values():
        copied(model, laptop)
    laptops["in-vain"] = mute_under_the_cure(laptops["in-vain"], executable)
    chosen = laptops["chosen"].config
    chosen.write_bytes(THEIRS + chosen.read_bytes())
    hosts = {name: {**host_variables(laptop), **QUICK} for name, laptop in laptops.items()}
    hosts["never"]["reconnect_apply"] = "never"

    def left() -> dict[str, Left]:
        return {name: (one.config.read_bytes(), document(one)) for name, one in laptops.items()}

    found = Story([], [left()])
    for variables in (QUICK, QUICK, COOLED):
        others = {name: {**mine, **variables} for name, mine in hosts.items()}
        found.runs.append(ansible.run("recover", [], others=others))
        found.left.append(left())
    return found


def test_a_cure_that_does_not_hold_is_made_once_in_a_cooldown(story: Story) -> None:
    actions = [run.hosts["in-vain"]["action"] for run in story.runs]
    assert actions == ["undone", "on_trial", "undone"], story.runs[0].stdout
    assert [run.changed["in-vain"] > 0 for run in story.runs] == [True, False, True]
    files, records = zip(*(left["in-vain"] for left in story.left))
    assert len(set(files)) == 1
    events = [[one["event"] for one in record["history"][2:]] for record in records]
    assert events == [[], ["cure_failed"], ["cure_failed"], ["cure_failed"] * 2]
    why = records[-1]["history"][-1]["why"]
    assert why.startswith("2 fallbacks to HTTP in the trial; doctor does not prove the cure: ")
    assert [record["state"] for record in records] == ["trial"] * 4
    (line,) = (one for one in story.runs[1].summary if one.startswith("  in-vain "))
    assert "the cure did not hold, and is made again in" in line
    assert story.runs[0].hosts["in-vain"]["recovery"]["event"] == "cure_failed"


@pytest.mark.parametrize(
    ("name", "action", "said"),
    [
        ("never", "none", "left alone: reconnect_apply is never"),
        ("chosen", "user_choice", "somebody has chosen the provider corp"),
    ],
)
def test_what_is_left_alone_is_as_it_was(story: Story, name: str, action: str, said: str) -> None:
    for run in story.runs:
        assert (run.hosts[name]["action"], run.changed[name]) == (action, 0), run.stdout
        (line,) = (one for one in run.summary if one.startswith(f"  {name} "))
        assert said in line
    assert [left[name] for left in story.left] == [story.left[0][name]] * 4


def test_the_provider_on_trial_is_remembered(story: Story) -> None:
    record = story.left[0]["never"][1]
    assert record is not None and record["provider"] == "openai"
