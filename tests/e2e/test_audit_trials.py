# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit says of affected machines whether the cure would work; stand-ins are the clients."""

from __future__ import annotations

import typing as t

import pytest
from support.curable_machines import BLOCKED, CurableMachine, curable_machine
from support.failing_machines import unreachable_once
from support.laptop import snapshot
from support.laptop_playbooks import Controller, PlaybookRun

BROKEN = b"model = \n"
SAID = {
    "works": "would set the HTTP-only provider; the cure would work here",
    "no-better": "NOT cured, nothing was changed: the cure would not work here: verdict under the "
    "cure: websocket_blocked (upgrade_refused)",
    "not-to-be-worked-out": "the cure would not work here: {config} line 1: ",
    "lost": "would set the HTTP-only provider; the cure could not be tried: contact was lost: ",
    "held-back": "left alone: reconnect_apply is never",
}
WORKS = {
    "works": (True, True),
    "no-better": (True, False),
    "not-to-be-worked-out": (False, False),
    "lost": (False, False),
    "held-back": None,
}


class Story(t.NamedTuple):
    """The machines and their audit, which has left all of them alone."""

    machines: dict[str, CurableMachine]
    run: PlaybookRun


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, ansible: Controller) -> Story:
    folder = tmp_path_factory.mktemp("homes")
    machines = {name: curable_machine(folder / name) for name in SAID}
    hosts = {name: dict(one.variables) for name, one in machines.items()}
    machines["no-better"].answer(preflight=BLOCKED)
    machines["not-to-be-worked-out"].config.write_bytes(BROKEN)
    hosts["held-back"]["reconnect_apply"] = "never"
    lost = machines["lost"].folder
    client = (
        (lost / "codex").read_text().replace("#!/bin/sh\n", f"#!/bin/sh\ntouch {folder}/seen\n")
    )
    (lost / "codex").write_text(client)
    hosts["lost"].update(unreachable_once(lost, f"[ -e {folder}/seen ]"))
    before = {name: snapshot(one.folder) for name, one in machines.items()}
    run = ansible.run("audit", [], others=hosts, variables={"reconnect_probe_interval": 0})
    assert {name: snapshot(one.folder) for name, one in machines.items()} == before
    return Story(machines, run)


@pytest.mark.parametrize("host", SAID)
def test_the_line_of_a_machine_says_whether_the_cure_would_work(story: Story, host: str) -> None:
    (line,) = [line for line in story.run.summary if line.split()[:1] == [host]]
    assert SAID[host].format(config=story.machines[host].config) in line


@pytest.mark.parametrize("host", WORKS)
def test_the_report_holds_the_trial(story: Story, host: str) -> None:
    preflight = story.run.hosts[host]["preflight"]
    found = preflight and (preflight["tried"], preflight["works"])
    assert found == WORKS[host]


def test_an_audit_fails_nowhere_and_changes_nothing(story: Story) -> None:
    assert story.run.returncode == 0, story.run.stdout
    assert set(story.run.changed.values()) == {0}
    assert f"Totals: {len(SAID)} affected" in story.run.summary
    assert "Traceback" not in story.run.stdout + story.run.stderr
