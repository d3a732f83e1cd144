# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proven cure that cannot be remembered, and machines that change before their turn comes.

One fleet lives through one roll-out; every test looks at one machine. Stand-ins are the clients.
"""

from __future__ import annotations

import json
import shlex
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _recovery_record
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import step
from support import stubs
from support.curable_machines import CONFIG, CurableMachine, curable_machine
from support.doctor_samples import OPEN, as_json, refused, report
from support.failing_machines import unreachable_once
from support.laptop_playbooks import Controller, PlaybookRun

ROOT = b'model_provider = "openai_http"\n'
SERVICE_ERROR = as_json(report(refused(503)))
NO_FOLDER = "mv .codex/.devfleet kept; echo mine > .codex/.devfleet"
NOT_WRITTEN = "what is remembered of it could not be written: "


class Story(t.NamedTuple):
    """The fleet, and what became of it."""

    machines: dict[str, CurableMachine]
    run: PlaybookRun

    def line_of(self, host: str) -> str:
        (line,) = [line for line in self.run.summary if line.split()[:1] == [host]]
        return line


def lasting(made: CurableMachine) -> None:
    """Let the service have answered with an error for two hours."""
    (made.folder / "blocked.json").write_bytes(SERVICE_ERROR)
    made.state.mkdir(mode=0o700)
    series = {"first": time.time() - 7200, "last": time.time() - 7200}
    document = {"format": 1, "observations": {"service_error": series}}
    (made.state / "observations.json").write_text(json.dumps(document))


def by_profile(made: CurableMachine) -> dict[str, t.Any]:
    """Let its folder go once the profile is written; return the variables for that cure."""
    stubs.script(
        made.folder / "codex",
        '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit',
        f"cd {shlex.quote(str(made.folder))} || exit",
        f"if [ -e .codex/http.config.toml ] && [ ! -e kept ]; then {NO_FOLDER}; fi",
        'case "$*" in *model_provider=*) exec cat proof.json ;; esac',
        "exec cat blocked.json",
    )
    return {"reconnect_scope": "profile", "reconnect_profile": "http"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, ansible: Controller) -> Story:
    folder = tmp_path_factory.mktemp("homes")
    other = folder / "other"
    (other / ".devfleet").mkdir(parents=True)
    _recovery_record.save(str(other), step(None, "applied", "by another run", time.time(), 3))
    events = {
        # Another run remembers something, one network is mended, and one laptop is closed.
        "first": f"cp {_recovery_record.record_path(str(other))} .codex/.devfleet/; "
        "cp ../open.json ../well/blocked.json; touch ../closed",
        "no-folder": NO_FOLDER,
    }
    (folder / "open.json").write_bytes(as_json(report(OPEN)))
    names = ("first", "gone", "no-folder", "profile", "simple", "well")
    machines = {name: curable_machine(folder / name, events.get(name, "")) for name in names}
    for name in ("no-folder", "profile"):
        lasting(machines[name])
    hosts = {name: one.variables for name, one in machines.items()}
    hosts["gone"] |= unreachable_once(machines["gone"].folder, f"[ -e {folder / 'closed'} ]")
    hosts["profile"] |= by_profile(machines["profile"])
    run = ansible.run("remediate", [], others=hosts, variables={"reconnect_probe_interval": 0})
    assert "Traceback" not in run.stdout + run.stderr
    return Story(machines, run)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("first", "{state}/recovery.json"),
        ("no-folder", "{state} is not a folder of this user; move it away."),
        ("profile", "{state} is not a folder of this user; move it away."),
    ],
)
def test_a_proven_cure_that_cannot_be_remembered_is_told_as_just_that(
    story: Story, host: str, why: str
) -> None:
    machine, found = story.machines[host], story.run.hosts[host]
    cured = {"profile": machine.config.with_name("http.config.toml")}.get(host, machine.config)
    assert ROOT in cured.read_bytes()
    assert (found["action"], found["proof"]["proven"]) == ("applied", True), found["message"]
    assert why.format(state=machine.state) in found["not_remembered"]
    assert f"W{NOT_WRITTEN[1:]}" in found["message"]
    assert found["restart_required"] is True
    assert NOT_WRITTEN + found["not_remembered"] in story.line_of(host)
    assert "  cured: " in story.line_of(host)
    assert "Nothing was changed" not in json.dumps(found)


def test_it_fails_no_machine_and_holds_as_a_canary(story: Story) -> None:
    assert {host for host, counters in story.run.recap.items() if counters["failed"]} == set()
    assert story.run.hosts["simple"]["action"] == "applied"
    assert not any(line.startswith("STOPPED") for line in story.run.summary)
    assert any("restart Codex" in line for line in story.run.summary)


def test_what_another_run_has_remembered_stays(story: Story) -> None:
    kept = _recovery_record.load(str(story.machines["first"].config.parent))
    assert kept is not None
    assert [one.why for one in kept.history] == ["by another run"]


def test_a_machine_that_got_well_before_its_turn_is_left_alone(story: Story) -> None:
    machine, found = story.machines["well"], story.run.hosts["well"]
    assert machine.config.read_bytes() == CONFIG
    assert not machine.state.exists()
    assert (found["verdict"], found["action"]) == ("healthy", "none")
    assert story.run.changed["well"] == 0
    assert story.line_of("well").endswith("nothing to do")


def test_a_machine_that_went_away_before_its_turn_is_told_as_such(story: Story) -> None:
    assert story.machines["gone"].config.read_bytes() == CONFIG
    assert story.run.hosts["gone"]["verdict"] == "unreachable"
    assert "not examined: " in story.line_of("gone")


def test_the_first_round_needs_no_second_look(story: Story) -> None:
    looks = "Look at Codex and ask its doctor]"
    at_all, later = (part.partition("TASK [")[0] for part in story.run.stdout.split(looks)[1:])
    assert "ok: [first]" in at_all
    assert "[first]" not in later
    assert "ok: [simple]" in later
