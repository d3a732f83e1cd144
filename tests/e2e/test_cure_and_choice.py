# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cure that meets an earlier one, a user's own choice, or a doctor who does not confirm it.

One fleet lives through all of it once; every test looks at one machine. Stand-ins are the clients.
"""

from __future__ import annotations

import dataclasses
import pathlib
import stat
import typing as t

import pytest
from support.curable_machines import BLOCKED, CONFIG, CurableMachine, curable_machine
from support.laptop_config import cured, meaning
from support.laptop_playbooks import Controller, PlaybookRun

QUICK = {"reconnect_probe_interval": 0}
CURED_AT_FIRST = ("chooses", "drops", "returns", "returns-and-edits", "half-way")
TAKEN_BACK = ("returns", "returns-and-edits", "half-way")
FAILING = ("half-way", "first-cure", "stuck")
ROOT = b'model_provider = "openai_http"\n'
LATER_LINE = b'model_reasoning_effort = "high"\n'

Files = dict[str, dict[str, tuple[int, t.Optional[bytes]]]]


class Story(t.NamedTuple):
    """The fleet, what it held before the run in question, that run, and what it held after it."""

    machines: dict[str, CurableMachine]
    first: PlaybookRun
    before: Files
    run: PlaybookRun
    after: Files
    always: PlaybookRun
    at_last: Files


def play(
    ansible: Controller, playbook: str, machines: t.Mapping[str, CurableMachine], **options: t.Any
) -> PlaybookRun:
    hosts = {name: one.variables for name, one in machines.items()}
    run = ansible.run(playbook, [], others=hosts, variables={**QUICK, **options})
    assert "Traceback" not in run.stdout + run.stderr
    return run


def held(machines: t.Mapping[str, CurableMachine]) -> Files:
    """Return mode and bytes of all there is in every Codex home."""
    return {
        name: {
            str(path.relative_to(one.folder)): (
                stat.S_IMODE(path.stat().st_mode),
                path.read_bytes() if path.is_file() else None,
            )
            for path in sorted(one.config.parent.rglob("*"))
        }
        for name, one in machines.items()
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, ansible: Controller) -> Story:
    folder = tmp_path_factory.mktemp("homes")
    names = (*CURED_AT_FIRST, "first-cure", "refuses")
    machines = {name: curable_machine(folder / name) for name in names}
    machines["stuck"] = curable_machine(folder / "stuck", "chmod 0400 .codex/config.toml")

    first = play(ansible, "remediate", {name: machines[name] for name in CURED_AT_FIRST})
    taken_back = play(ansible, "rollback", {name: machines[name] for name in TAKEN_BACK})
    assert set(taken_back.changed.values()) == {1}, taken_back.stdout
    for name, instead in {"chooses": b'model_provider = "openai"\n', "drops": b""}.items():
        config = machines[name].config
        assert ROOT in config.read_bytes()
        config.write_bytes(config.read_bytes().replace(ROOT, instead))
    edited = machines["returns-and-edits"].config
    edited.write_bytes(LATER_LINE + edited.read_bytes())
    for name in FAILING:
        machines[name].answer(proof=BLOCKED)
    machines["refuses"].answer(preflight=BLOCKED)

    before = held(machines)
    run = play(ansible, "remediate", machines)
    after = held(machines)
    always = play(ansible, "remediate", {"chooses": machines["chooses"]}, reconnect_apply="always")
    return Story(machines, first, before, run, after, always, held(machines))


def line_of(run: PlaybookRun, host: str) -> str:
    (line,) = [line for line in run.summary if line.split()[:1] == [host]]
    return line


@pytest.mark.parametrize("host", CURED_AT_FIRST)
def test_the_first_cure_is_neither_drift_nor_choice(story: Story, host: str) -> None:
    assert story.first.hosts[host]["action"] == "applied"
    assert story.first.hosts[host]["drift"] is False
    assert "cured: openai_http" in line_of(story.first, host)


def test_the_users_choice_of_a_provider_is_respected_and_named(story: Story) -> None:
    assert story.after["chooses"] == story.before["chooses"]
    assert story.run.changed["chooses"] == 0
    assert story.run.hosts["chooses"]["action"] == "user_choice"
    assert "left alone: somebody has chosen the provider openai" in line_of(story.run, "chooses")


def test_the_users_choice_yields_where_the_cure_is_wanted_always(story: Story) -> None:
    assert story.always.hosts["chooses"]["action"] == "applied"
    assert story.always.changed == {"chooses": 1}
    assert ROOT in (story.at_last["chooses"][".codex/config.toml"][1] or b"")


def test_a_setting_that_somebody_has_dropped_is_set_again_and_told_of(story: Story) -> None:
    assert ROOT in (story.after["drops"][".codex/config.toml"][1] or b"")
    assert (story.run.hosts["drops"]["action"], story.run.hosts["drops"]["drift"]) == (
        "applied",
        True,
    )
    assert "cured again" in line_of(story.run, "drops")


@pytest.mark.parametrize("host", ["returns", "returns-and-edits"])
def test_after_a_rollback_the_cure_is_neither_drift_nor_choice(story: Story, host: str) -> None:
    earlier, now = (files[host][".codex/config.toml"][1] or b"" for files in story[2:5:2])
    assert meaning(now) == cured(earlier)
    assert (story.run.hosts[host]["action"], story.run.hosts[host]["drift"]) == ("applied", False)
    assert "cured: openai_http" in line_of(story.run, host)


@pytest.mark.parametrize("host", ["half-way", "first-cure"])
def test_a_cure_that_does_not_cure_leaves_what_this_run_found(story: Story, host: str) -> None:
    config = ".codex/config.toml"
    assert story.after[host][config] == story.before[host][config]
    assert story.run.hosts[host]["action"] == "undone"
    assert story.run.hosts[host]["proof"]["proven"] is False
    assert "NOT cured, the change was undone" in line_of(story.run, host)


def test_the_undoing_of_a_first_cure_leaves_no_trace(story: Story) -> None:
    assert story.after["first-cure"] == {".codex/config.toml": (0o640, CONFIG)}


def test_the_undoing_of_a_later_cure_keeps_the_table_for_its_chats(story: Story) -> None:
    kept = story.after["half-way"][".codex/config.toml"][1] or b""
    assert b"[model_providers.openai_http]" in kept
    assert ROOT not in kept
    assert story.machines["half-way"].state.is_dir()


def test_an_undoing_that_fails_is_told_with_the_place_and_what_stays(story: Story) -> None:
    config = story.machines["stuck"].config
    result = story.run.hosts["stuck"]
    assert result["action"] == "not_undone"
    assert ROOT in config.read_bytes()
    told = line_of(story.run, "stuck")
    assert f"NOT cured, and the change in {config} could not be undone" in told
    assert str(config) in result["message"]
    assert "the change stays" in result["message"]
    assert "Nothing was changed" not in told


def test_a_preflight_that_fails_leaves_everything_untouched(story: Story) -> None:
    assert story.after["refuses"] == story.before["refuses"]
    assert not story.machines["refuses"].state.exists()
    assert story.run.hosts["refuses"]["action"] == "refused"
    assert story.run.changed["refuses"] == 0
    assert "NOT cured, nothing was changed" in line_of(story.run, "refuses")


def test_machines_that_are_not_cured_fail_and_no_other(story: Story) -> None:
    assert story.run.returncode != 0
    failed = {host for host, counters in story.run.recap.items() if counters["failed"]}
    assert failed == set(FAILING)
    assert f"{len(FAILING)} failed" in "\n".join(story.run.summary)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"ANSIBLE_STRATEGY": "free"}, id="free"),
        pytest.param({"ANSIBLE_ANY_ERRORS_FATAL": "true"}, id="any-errors-fatal"),
    ],
)
def test_what_ansible_is_set_to_changes_nothing_of_the_outcome(
    tmp_path: pathlib.Path, ansible: Controller, settings: dict[str, str]
) -> None:
    machines = {name: curable_machine(tmp_path / name) for name in ("a-fails", "b-works")}
    machines["a-fails"].answer(proof=BLOCKED)
    ansible_so_set = dataclasses.replace(ansible, settings=settings)

    run = play(ansible_so_set, "remediate", machines)

    actions = {host: result["action"] for host, result in run.hosts.items()}
    assert actions == {"a-fails": "undone", "b-works": "applied"}, run.stdout
    assert run.recap["a-fails"]["failed"] == 1
    assert run.recap["b-works"]["failed"] == 0
    assert machines["a-fails"].config.read_bytes() == CONFIG
    assert "Totals: 1 cured, 1 failed" in run.summary


@pytest.mark.parametrize(
    ("report", "why"),
    [
        ("report.txt", "must end in .json, .yml or .yaml"),
        ("/no/such/folder/report.json", "cannot be written: /no/such/folder is no directory"),
        ("folder.json", "cannot be written: it is a directory"),
    ],
)
def test_a_rollback_whose_report_cannot_work_takes_nothing_back(
    tmp_path: pathlib.Path, ansible: Controller, report: str, why: str
) -> None:
    (ansible.folder / "folder.json").mkdir(exist_ok=True)
    one = curable_machine(tmp_path / "one")
    one.config.write_bytes(
        ROOT + b'[model_providers.openai_http]\nname = "x"\nsupports_websockets = false\n'
    )
    before = held({"one": one})

    run = play(ansible, "rollback", {"one": one}, reconnect_report=report)

    assert run.returncode != 0
    assert f"reconnect_report {report} {why}" in " ".join(run.stdout.split())
    assert held({"one": one}) == before


@pytest.mark.parametrize("report", ["", "~/there.yml"], ids=["none", "home"])
def test_a_rollback_takes_the_report_paths_that_an_audit_takes(
    tmp_path: pathlib.Path, ansible: Controller, report: str
) -> None:
    one = curable_machine(tmp_path / "one")
    run = play(ansible, "rollback", {"one": one}, reconnect_report=report)
    assert run.returncode == 0, run.stdout
