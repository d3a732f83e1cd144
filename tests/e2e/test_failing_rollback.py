# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback that comes to an end half-way, and what is told of it; stand-ins are the clients."""

from __future__ import annotations

import typing as t

import pytest
from support.curable_machines import CONFIG, CurableMachine, curable_machine
from support.failing_machines import unreachable_once
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun

CURED = b'model_provider = "openai_http"\n'
LATER = b'model_reasoning_effort = "high"\n'
HOSTS = ("well", "edited", "dotenv-fails", "config-fails", "lost", "never-cured")
BACK = "the provider in {config} was taken back all the same; the proxy: "


class Story(t.NamedTuple):
    """The machines, what the rollback was told to foresee, and the rollback."""

    machines: dict[str, CurableMachine]
    foreseen: PlaybookRun
    run: PlaybookRun


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, ansible: Controller) -> Story:
    folder = tmp_path_factory.mktemp("homes")
    machines = {name: curable_machine(folder / name) for name in HOSTS}
    hosts = {name: dict(one.variables) for name, one in machines.items()}
    cured = {name: variables for name, variables in hosts.items() if name != "never-cured"}
    options = {"reconnect_probe_interval": 0, "reconnect_canaries": 0}
    first = ansible.run("remediate", [], others=cured, variables=options)
    assert set(first.changed.values()) == {1}, first.stdout

    edited = machines["edited"].config
    edited.write_bytes(LATER + edited.read_bytes())
    (machines["dotenv-fails"].config.with_name(".env")).mkdir()
    machines["config-fails"].config.write_bytes(b"model = \n")
    gone = f"! grep -q '^model_provider' {machines['lost'].config}"
    hosts["lost"].update(unreachable_once(machines["lost"].folder, gone))
    everyone = {**hosts, "asleep": UNREACHABLE}
    kept = {name: one.config.read_bytes() for name, one in machines.items()}
    foreseen = ansible.run("rollback", [], "--check", "--diff", others=everyone)
    assert {name: one.config.read_bytes() for name, one in machines.items()} == kept
    return Story(machines, foreseen, ansible.run("rollback", [], others=everyone))


def line_of(run: PlaybookRun, host: str) -> str:
    (line,) = [line for line in run.summary if line.split()[:1] == [host]]
    return line


@pytest.mark.parametrize("host", ["well", "edited"])
def test_what_can_be_taken_back_is_and_what_was_added_stays(story: Story, host: str) -> None:
    config = story.machines[host].config
    content = config.read_bytes()
    assert CURED not in content
    assert content.startswith(LATER + CONFIG if host == "edited" else CONFIG)
    assert story.run.hosts[host]["action"] == "rolled_back"
    assert f"taken back: openai_http in {config}; its table stays" in line_of(story.run, host)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("dotenv-fails", "FAILED: " + BACK),
        ("lost", "FAILED: " + BACK + "Failed to set permissions"),
        ("config-fails", "FAILED: the provider: {config} line 1: "),
    ],
)
def test_what_was_taken_back_before_a_failure_is_told(story: Story, host: str, said: str) -> None:
    config = story.machines[host].config
    assert said.format(config=config) in line_of(story.run, host)
    assert story.run.hosts[host]["action"] == "failed"
    assert story.run.recap[host]["failed"] == 1
    assert (CURED in config.read_bytes()) is False


def test_who_was_not_reached_is_told_as_such(story: Story) -> None:
    assert story.run.hosts["asleep"]["verdict"] == "unreachable"
    assert "not examined: " in line_of(story.run, "asleep")
    assert "Nothing was taken back on this machine" in "\n".join(story.run.summary)


def test_who_was_never_cured_is_left_alone(story: Story) -> None:
    assert story.machines["never-cured"].config.read_bytes() == CONFIG
    assert "nothing to take back" in line_of(story.run, "never-cured")


def test_check_mode_foresees_it(story: Story) -> None:
    actions = {host: one["action"] for host, one in story.foreseen.hosts.items()}
    assert actions == {
        "well": "would_roll_back",
        "edited": "would_roll_back",
        "dotenv-fails": "failed",
        "config-fails": "failed",
        "lost": "would_roll_back",
        "never-cured": "nothing_to_take_back",
        "asleep": "none",
    }
    assert '-model_provider = "openai_http"' in story.foreseen.stdout


def test_chats_of_both_providers_are_told_how_to_be_resumed(story: Story) -> None:
    told = "\n".join(story.run.summary)
    assert "resumed with codex resume -c model_provider=openai_http, for its table stays" in told
    assert "earlier ones with codex resume again" in told


@pytest.mark.parametrize("run", ["foreseen", "run"])
def test_no_traceback_reaches_the_user(story: Story, run: str) -> None:
    played: PlaybookRun = getattr(story, run)
    assert "Traceback" not in played.stdout + played.stderr
