# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All playbooks over machines that mean harm to whoever runs them; one machine among them does not.

What they say stays as it is where it is printable: a report is JSON or YAML, which knows no
formulas, and a value that begins with "=" is the text that the machine gave.
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import typing as t

import pytest
import yaml
from support.hostile_machines import hostile_fleet, silent_machine
from support.hostile_text import UNPRINTABLE
from support.laptop_playbooks import Controller, PlaybookRun

if t.TYPE_CHECKING:
    from support.figures import Effort, Figures

STEPS = {
    "remediate": ("remediate", "json", ("-vvv", "--diff")),
    "rollback": ("rollback", "yml", ()),
    "audit": ("audit", "yml", ()),
    "wordy audit": ("audit", "json", ("-vvv", "--diff")),
    "plain remediate": ("remediate", "yml", ()),
    "recover": ("recover", "json", ()),
    "wordy recover": ("recover", "yml", ("-vvv", "--diff")),
    "wordy rollback": ("rollback", "json", ("-vvv", "--diff")),
}
"""The playbook, the kind of report and the arguments."""

USUAL = 2
LONGEST = 300
"""Characters of a string in the report, as in the summary."""

LARGEST_REPORT = 20_000
LARGEST_OUTPUT = 1_000_000
"""Characters for one machine."""

MOST_MEMORY = 700 * 1024
"""KiB of the largest process: 50 MB of an answer are held there more than once."""


class Story(t.NamedTuple):
    """The runs by their names, with the text of each report."""

    folder: pathlib.Path
    runs: dict[str, tuple[PlaybookRun, str]]


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, ansible: Controller, effort: Effort, figures: Figures
) -> Story:
    folder = tmp_path_factory.mktemp("hostile")
    fleet = hostile_fleet(folder)
    runs = {}
    for name in list(STEPS)[: effort(USUAL, len(STEPS))]:
        playbook, kind, arguments = STEPS[name]
        report = ansible.folder / f"report.{kind}"
        run = ansible.run(
            playbook,
            [],
            *arguments,
            others=fleet,
            variables={
                "reconnect_report": f"{{{{ wanted_report }}}}.{kind}",
                "reconnect_probes": 1,
                "reconnect_canaries": 0,
                "reconnect_max_fail_percentage": 100,
                "reconnect_outage_share": 1,
                "reconnect_recovery_cooldown": 0,
                "reconnect_probe_interval": 0,
            },
        )
        runs[name] = run, report.read_text()
        report.unlink()
        figures.add("visits to hostile machines by whole playbooks", len(fleet) - 1)
    return Story(folder, runs)


def said(story: Story) -> t.Iterator[tuple[str, str]]:
    for name, (run, _report) in story.runs.items():
        yield name, run.stdout
        yield name, run.stderr


def hosts(report: str) -> dict[str, t.Any]:
    document = (
        json.loads(report, parse_constant=pytest.fail)
        if report.startswith("{")
        else yaml.safe_load(report)
    )
    found: dict[str, t.Any] = document["hosts"]
    return found


def strings(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *strings(item))
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
    else:
        assert value is None or isinstance(value, (bool, int, float))


def test_nothing_of_what_they_say_is_run_or_taken_for_a_template(story: Story) -> None:
    assert not (story.folder / "touched").exists()


def test_no_fact_of_theirs_counts_on_the_controller(story: Story) -> None:
    assert sorted(path.name for path in story.folder.iterdir() if path.is_file()) == []
    for name, (run, _report) in story.runs.items():
        assert "reconnect_fail_on" not in run.stdout.partition("Totals: ")[2], name


def test_nothing_of_it_moves_the_cursor_colours_or_forges_a_line(story: Story) -> None:
    for name, text in said(story):
        assert UNPRINTABLE.findall(text.replace("\n", "")) == [], name
        assert [line for line in text.splitlines() if line.startswith("forged")] == [], name
        assert "Traceback" not in text, name


def test_what_is_told_of_them_is_bounded(story: Story, figures: Figures) -> None:
    for name, text in said(story):
        assert len(text) <= LARGEST_OUTPUT * 14, name
        figures.add("characters of output searched for control characters", len(text))


def test_the_report_is_whole_and_bounded(story: Story) -> None:
    for name, (_run, report) in story.runs.items():
        found = hosts(report)
        assert len(found) == 14, name
        assert len(report) <= LARGEST_REPORT * len(found), name
        for text in strings(found):
            assert len(text) <= LONGEST and not UNPRINTABLE.search(text), (name, text)


def test_what_they_say_is_there_to_be_read(story: Story) -> None:
    """The tests above would pass if it were simply not told."""
    looked = hosts(story.runs["remediate"][1])
    assert "hostile" in looked["breaking"]["message"]
    assert looked["a-facts"]["action"] == looked["typed"]["action"] == "applied"
    shown = story.runs["remediate"][0].stdout
    for host in ("a-facts", "words"):
        assert any(
            "hostile" in answer.partition("\n}\n")[0]
            for answer in shown.split(f"ok: [{host}] => ")[1:]
        )
    assert "[WARNING]: hostile" in shown + story.runs["remediate"][0].stderr
    for host in ("evading", "flooding", "pouring", "nested"):
        assert looked[host]["action"] == "failed"
    assert "larger than any answer" in looked["flooding"]["message"]
    assert "larger than any answer" in looked["pouring"]["message"]
    assert looked["endless"]["cause"] == "doctor_printed_too_much"
    assert looked["numbers"]["cause"] == "doctor_not_json"
    assert looked["words"]["cause"] == "unknown_wording"
    assert looked["files"]["action"] == "refused"


def test_the_honest_machine_is_cured_and_taken_back(story: Story) -> None:
    actions = {
        name: hosts(report)["honest"]["action"] for name, (_run, report) in story.runs.items()
    }
    assert actions["remediate"] == "applied"
    assert actions["rollback"] == "rolled_back"


def test_nothing_of_theirs_runs_on(story: Story) -> None:
    children = (story.folder / "endless/children").read_text().split()
    assert children
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)


def test_the_controller_needs_no_more_memory_than_it_has(story: Story, figures: Figures) -> None:
    assert story.runs
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= MOST_MEMORY


def test_a_machine_that_says_nothing_holds_up_nobody_for_ever(
    tmp_path: pathlib.Path, ansible: Controller
) -> None:
    run = ansible.run(
        "audit",
        [],
        others={"silent": silent_machine(tmp_path / "silent")},
        variables={
            "reconnect_report": str(tmp_path / "report.json"),
            "__reconnect_longest_task": 5,
        },
    )
    told = hosts((tmp_path / "report.json").read_text())["silent"]
    assert told["action"] == "failed"
    assert "Timed out after 5 second" in told["message"]
    assert "Traceback" not in run.stdout + run.stderr
