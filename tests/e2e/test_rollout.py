# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is cured first, who follows, and what stops a roll-out, with the real client as judge.

Ten laptops on one blocked network live through the whole story once, and the cure of the first
never holds; every test looks at one part of it.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import shlex
import shutil
import typing as t

import pytest
from support import stubs
from support.laptop import Laptop, api_key_login, snapshot
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

Snapshots = dict[str, dict[str, tuple[int, int, bytes]]]

NAMES = "abcdefghij"
CONFIG_FILE = ".codex/config.toml"


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; `after_*` are snapshots of all homes after that step."""

    before: Snapshots
    outage: PlaybookRun
    outage_report: dict[str, t.Any]
    after_outage: Snapshots
    prediction: PlaybookRun
    after_prediction: Snapshots
    bound: PlaybookRun
    bound_report: dict[str, t.Any]
    after_bound: Snapshots
    whole: PlaybookRun
    whole_report: dict[str, t.Any]
    after_whole: Snapshots


@pytest.fixture(scope="module")
def laptops(make_laptop: LaptopFactory, executable: pathlib.Path) -> dict[str, Laptop]:
    first = make_laptop("a", login=api_key_login(), websocket="http-403")
    # Once the provider is in the file, what this client asks for is not there.
    wrapped = stubs.script(
        first.home.parent / "wrapped" / "codex",
        f"client={shlex.quote(str(executable))}",
        f"if grep -q openai_http {shlex.quote(str(first.config))}; then",
        '[ "$1" = --version ] || set -- "$@" -c \'model_providers.openai_http.name=""\'; fi',
        'exec "$client" "$@"',
    )
    made = {"a": dataclasses.replace(first, executable=wrapped)}
    for name in NAMES[1:]:
        home = first.home.with_name(name)
        shutil.copytree(first.home, home, copy_function=shutil.copy2)
        made[name] = dataclasses.replace(first, name=name, home=home)
    return made


@pytest.fixture(scope="module")
def story(laptops: dict[str, Laptop], ansible: Controller) -> Story:
    def play(
        names: str, *arguments: str, **variables: t.Any
    ) -> tuple[PlaybookRun, dict[str, t.Any], Snapshots]:
        run = ansible.run(
            "remediate",
            [laptops[name] for name in names],
            *arguments,
            others={"asleep": UNREACHABLE},
            variables={"reconnect_probes": 1, **variables},
        )
        assert "Traceback" not in run.stdout + run.stderr
        return run, json.loads((ansible.folder / "report.json").read_text()), homes()

    def homes() -> Snapshots:
        return {name: snapshot(laptop.home) for name, laptop in laptops.items()}

    before = homes()
    outage, outage_report, after_outage = play(NAMES)
    long_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    baseline = ansible.folder / "baseline.json"
    baseline.write_text(json.dumps({**outage_report, "finished": long_ago.isoformat()}))
    prediction, _report, after_prediction = play(
        NAMES, "--check", reconnect_baseline=baseline.name, reconnect_serial="40%"
    )
    bound, bound_report, after_bound = play(
        NAMES, reconnect_canary_replacements=0, reconnect_outage_share=1
    )
    # The second two of four rounds are in a stretch of their own.
    whole, whole_report, after_whole = play(
        "abcde", reconnect_serial="40%", __reconnect_most_rounds=2
    )
    return Story(
        before=before,
        outage=outage,
        outage_report=outage_report,
        after_outage=after_outage,
        prediction=prediction,
        after_prediction=after_prediction,
        bound=bound,
        bound_report=bound_report,
        after_bound=after_bound,
        whole=whole,
        whole_report=whole_report,
        after_whole=after_whole,
    )


def actions(run: PlaybookRun) -> str:
    """What became of the laptops, in the order of their names."""
    found = {name: result["action"] for name, result in sorted(run.hosts.items())}
    assert found.pop("asleep") == "none"
    return " ".join(found.values())


def told(run: PlaybookRun) -> list[str]:
    return [line for line in run.stdout.splitlines() if line.startswith("Roll-out")]


def stop_of(run: PlaybookRun) -> str:
    (line,) = [line for line in run.summary if line.startswith("STOPPED, ")]
    return line.removeprefix("STOPPED, ")


def test_a_network_that_is_ill_as_a_whole_stops_the_run_before_its_first_change(
    story: Story,
) -> None:
    assert story.outage.returncode != 0
    assert actions(story.outage) == " ".join(["none"] * len(NAMES))
    assert story.after_outage == story.before
    assert set(story.outage.changed.values()) == {0}
    assert told(story.outage) == ["Roll-out: stopped, 10 machines held back"]


def test_a_suspected_outage_is_named_with_the_variable_that_says_go_on(story: Story) -> None:
    why = stop_of(story.outage)
    assert why.startswith(
        "suspected_outage: 10 of 10 machines that use WebSockets and could be reached are affected"
    )
    assert why.endswith("set reconnect_outage_share to 1 to go on")
    assert story.outage_report["stopped"] == why
    assert {story.outage.hosts[name]["held_back"] for name in NAMES} == {why}
    lines = [line for line in story.outage.summary if line.split()[0] in NAMES]
    assert len(lines) == len(NAMES)
    assert all(line.endswith("left alone: suspected_outage") for line in lines)
    assert story.outage.hosts["asleep"]["held_back"] is None


def test_what_an_earlier_report_shows_is_no_outage(story: Story) -> None:
    assert story.prediction.returncode == 0, story.prediction.stdout
    assert actions(story.prediction) == " ".join(["would_apply"] * len(NAMES))
    assert story.after_prediction == story.after_outage


def test_check_mode_tells_the_order_and_tries_the_cure_on_all(story: Story) -> None:
    assert told(story.prediction) == [
        "Roll-out, in this order: a (canary); then b, c, d, e; then f, g, h, i; then j"
    ]
    assert not any(line.startswith("STOPPED") for line in story.prediction.summary)


def test_a_run_that_goes_on_stops_at_a_canary_that_may_not_be_replaced(story: Story) -> None:
    assert story.bound.returncode != 0
    assert actions(story.bound) == " ".join(["undone", *["none"] * 9])
    assert stop_of(story.bound) == story.bound_report["stopped"]
    assert stop_of(story.bound).startswith("roll_out_stopped: 1 canary has failed")
    assert stop_of(story.bound).endswith(": a")
    assert story.bound.hosts["c"]["held_back"] == stop_of(story.bound)


def test_a_stopped_run_leaves_every_byte_of_the_others_alone(story: Story) -> None:
    for name in NAMES[1:]:
        assert story.after_bound[name] == story.before[name]
    assert story.after_bound["a"][CONFIG_FILE][2] == story.before["a"][CONFIG_FILE][2]
    changed = {name for name, count in story.bound.changed.items() if count}
    assert changed == {"a"}


def test_a_canary_that_fails_is_replaced_and_the_others_follow_in_batches(story: Story) -> None:
    assert told(story.whole) == [
        "Roll-out, in this order: a (canary); then b, c; then d, e",
        "Roll-out, canary: a; 4 waiting",
        "Roll-out, canary: b; 3 waiting",
        "Roll-out, next: c, d; 1 waiting",
        "Roll-out, next: e; 0 waiting",
    ]
    assert actions(story.whole) == "undone applied applied applied applied"
    assert story.whole_report["stopped"] is None
    assert not any(line.startswith("STOPPED") for line in story.whole.summary)


def test_one_canary_that_fails_fails_no_other_machine(story: Story) -> None:
    assert story.whole.returncode != 0
    failed = {name for name, counters in story.whole.recap.items() if counters["failed"]}
    assert failed == {"a"}
    assert story.after_whole["a"][CONFIG_FILE][2] == story.before["a"][CONFIG_FILE][2]
    for name in "bcde":
        assert b'model_provider = "openai_http"' in story.after_whole[name][CONFIG_FILE][2]


def test_a_roll_out_that_cannot_begin_is_refused_once_and_before_the_first_look(
    laptops: dict[str, Laptop], ansible: Controller
) -> None:
    run = ansible.run(
        "remediate",
        [laptops["a"], laptops["b"]],
        variables={"reconnect_canaries": -1, "reconnect_baseline": "missing.json"},
    )
    assert run.returncode != 0
    assert "Gather" not in run.stdout
    said = " ".join((run.stdout + run.stderr).split())
    assert said.count("fatal: ") == 1
    assert "reconnect_canaries is -1; it must be a whole number, 0 or more." in said
    assert "reconnect_baseline missing.json cannot be used: No such file or directory" in said
    assert "Traceback" not in said
