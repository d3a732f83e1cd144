# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on a small fleet: audit, remediate, and take back, with the real client as judge.

One fleet lives through the whole story once; every test looks at one part of it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest
from support.client import Turn, doctor, run_turn
from support.laptop import CONFIG, Laptop, api_key_login, snapshot
from support.laptop_config import cured, meaning
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

Snapshots = dict[str, dict[str, tuple[int, int, bytes]]]

VERDICTS = {
    "blocked": "websocket_blocked",
    "healthy": "healthy",
    "http-down": "network_unreachable",
    "logged-out": "auth_missing",
    "broken-config": "config_invalid",
    "not-utf-8": "config_invalid",
    "config-folder": "config_invalid",
    "no-codex": "not_installed",
    "forbidden": "inconclusive",
}
UNTOUCHED = [name for name in VERDICTS if name != "blocked"]

CONFIG_FILE = ".codex/config.toml"
BLOCKED_CONFIG = b"# mine\n" + CONFIG + b'\n[projects."/home/dev/work"]\ntrust_level = "trusted"\n'


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; `after_*` are snapshots of all homes after that step."""

    laptops: dict[str, Laptop]
    before: Snapshots
    turn_before: Turn
    audit: PlaybookRun
    after_audit: Snapshots
    prediction: PlaybookRun
    after_prediction: Snapshots
    remediate: PlaybookRun
    after_remediate: Snapshots
    turn_after: Turn
    websocket_after: dict[str, t.Any]
    second_remediate: PlaybookRun
    after_second_remediate: Snapshots
    rollback: PlaybookRun
    after_rollback: Snapshots


@pytest.fixture(scope="module")
def laptops(make_laptop: LaptopFactory) -> dict[str, Laptop]:
    login = api_key_login()
    made = [
        make_laptop("blocked", login=login, websocket="http-403", config=BLOCKED_CONFIG),
        make_laptop("healthy", login=login),
        make_laptop("http-down", login=login, websocket="reset", http="reset"),
        make_laptop("logged-out", websocket="http-401"),
        make_laptop("broken-config", login=login, websocket="http-403", config=b"model = \n"),
        make_laptop("not-utf-8", login=login, websocket="http-403", config=b"# caf\xe9\n"),
        make_laptop("config-folder", login=login, websocket="http-403", config=None),
        make_laptop("forbidden", login=login, websocket="http-403", http="http-403"),
    ]
    made[-2].config.mkdir()
    nowhere = made[0].home / "no-codex-here"
    made.append(make_laptop("no-codex", executable=nowhere, login=login, websocket="http-403"))
    return {laptop.name: laptop for laptop in made}


@pytest.fixture(scope="module")
def story(laptops: dict[str, Laptop], ansible: Controller) -> Story:
    fleet = list(laptops.values())
    blocked = laptops["blocked"]

    def play(playbook: str, *arguments: str, **variables: t.Any) -> tuple[PlaybookRun, Snapshots]:
        options = {"reconnect_probe_interval": 0, **variables}
        run = ansible.run(
            playbook, fleet, *arguments, others={"asleep": UNREACHABLE}, variables=options
        )
        return run, {name: snapshot(laptop.home) for name, laptop in laptops.items()}

    turn_before = run_turn(blocked)
    before = {name: snapshot(laptop.home) for name, laptop in laptops.items()}
    audit, after_audit = play("audit", reconnect_apply="always")
    prediction, after_prediction = play("remediate", "--check", "--diff")
    remediate, after_remediate = play("remediate")
    turn_after = run_turn(blocked)
    websocket_after = doctor(blocked, "--network-only")["network.websocket_reachability"]
    second_remediate, after_second_remediate = play("remediate")
    rollback, after_rollback = play("rollback")
    return Story(
        laptops=laptops,
        before=before,
        turn_before=turn_before,
        audit=audit,
        after_audit=after_audit,
        prediction=prediction,
        after_prediction=after_prediction,
        remediate=remediate,
        after_remediate=after_remediate,
        turn_after=turn_after,
        websocket_after=websocket_after,
        second_remediate=second_remediate,
        after_second_remediate=after_second_remediate,
        rollback=rollback,
        after_rollback=after_rollback,
    )


def test_the_blocked_laptop_reconnects_before(story: Story) -> None:
    assert len(story.turn_before.reconnect_lines) == 4
    assert story.turn_before.seconds > 5


@pytest.mark.parametrize("host", VERDICTS)
def test_audit_finds_what_is_wrong(story: Story, host: str) -> None:
    assert story.audit.hosts[host]["verdict"] == VERDICTS[host]


@pytest.mark.parametrize("step", ["after_audit", "after_prediction"])
def test_looking_leaves_every_byte_and_time_alone(story: Story, step: str) -> None:
    assert getattr(story, step) == story.before


@pytest.mark.parametrize("step", ["audit", "prediction"])
def test_looking_at_a_fleet_with_a_broken_machine_succeeds(story: Story, step: str) -> None:
    run = getattr(story, step)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {host: counters["failed"] for host, counters in run.recap.items()} == dict.fromkeys(
        [*VERDICTS, "asleep"], 0
    )


def test_audit_reports_no_change_even_when_told_to_apply(story: Story) -> None:
    assert set(story.audit.changed.values()) == {0}


def test_check_mode_predicts_the_change_that_remediate_makes(story: Story) -> None:
    assert story.prediction.changed == story.remediate.changed
    assert '+model_provider = "openai_http"' in story.prediction.stdout
    assert "projects" not in story.prediction.stdout


def test_remediate_changes_the_blocked_laptop_alone(story: Story) -> None:
    changed = {host for host, count in story.remediate.changed.items() if count}
    assert changed == {"blocked"}, story.remediate.stdout


@pytest.mark.parametrize("host", UNTOUCHED)
def test_remediate_leaves_all_others_untouched(story: Story, host: str) -> None:
    assert story.after_remediate[host] == story.before[host]
    assert story.remediate.hosts[host]["verdict"] == VERDICTS[host]


def test_the_blocked_laptop_is_cured(story: Story) -> None:
    assert story.turn_after.reconnect_lines == ()
    assert story.turn_after.seconds < 2
    assert story.turn_after.answer == ANSWER
    assert story.websocket_after["status"] == "ok"
    assert story.websocket_after["details"]["supports websockets"] == "false"


def test_the_cure_keeps_every_line_of_the_config(story: Story) -> None:
    _mode, _mtime, content = story.after_remediate["blocked"][CONFIG_FILE]
    lines = iter(content.splitlines())
    assert all(line in lines for line in BLOCKED_CONFIG.splitlines())
    assert meaning(content) == cured(BLOCKED_CONFIG)


def test_a_second_remediate_changes_nothing(story: Story) -> None:
    assert set(story.second_remediate.changed.values()) == {0}, story.second_remediate.stdout
    assert story.second_remediate.hosts["blocked"]["verdict"] == "http_only"
    config = ".codex/config.toml"
    assert (
        story.after_second_remediate["blocked"][config] == story.after_remediate["blocked"][config]
    )


def test_rollback_brings_the_old_meaning_back(story: Story) -> None:
    after = meaning(story.after_rollback["blocked"][CONFIG_FILE][2])
    after.pop("model_providers", None)
    assert after == meaning(BLOCKED_CONFIG)
    changed = {host for host, count in story.rollback.changed.items() if count}
    assert changed == {"blocked"}, story.rollback.stdout


@pytest.mark.parametrize("step", ["audit", "prediction", "remediate", "second_remediate"])
def test_the_summary_names_every_host(story: Story, step: str) -> None:
    output = "\n".join(getattr(story, step).summary)
    for host, verdict in VERDICTS.items():
        if (step, host) == ("second_remediate", "blocked"):
            verdict = "http_only"
        assert re.search(rf"\b{host}\b.*\b{verdict}\b", output), f"{host}: {output}"
    assert re.search(r"\basleep\b.*unreachable", output), output


REASONS = {
    "broken-config": "config.toml: line 1",
    "not-utf-8": "config.toml: 'utf-8' codec can't decode",
    "config-folder": "config.toml: is not a regular file",
}


@pytest.mark.parametrize("step", ["audit", "remediate"])
@pytest.mark.parametrize("host", REASONS)
def test_what_is_wrong_with_a_config_is_told(story: Story, step: str, host: str) -> None:
    run = getattr(story, step)
    (line,) = [line for line in run.summary if line.split()[:1] == [host]]
    assert f"left alone: {story.laptops[host].codex_home}/{REASONS[host]}" in line


def test_where_doctor_finds_a_broken_config_is_told(story: Story) -> None:
    config = story.laptops["broken-config"].config
    assert f"file {config}, line 1" in story.audit.hosts["broken-config"]["evidence"][0]


def test_a_client_that_was_misnamed_is_to_be_looked_into(story: Story) -> None:
    assert story.audit.hosts["no-codex"]["cause"] == "executable_missing"
    assert "Totals: 1 affected, 1 fine, 7 to look into, 1 unreachable" in story.audit.summary


def test_a_restart_is_asked_for_once_where_something_was_changed(story: Story) -> None:
    told = {
        step: "\n".join(getattr(story, step).summary).count("restart Codex")
        for step in ("audit", "prediction", "remediate", "second_remediate", "rollback")
    }
    assert told == {
        "audit": 0,
        "prediction": 0,
        "remediate": 1,
        "second_remediate": 0,
        "rollback": 1,
    }


def test_the_rollback_says_what_it_took_back(story: Story) -> None:
    (line,) = [line for line in story.rollback.summary if line.split()[:1] == ["blocked"]]
    config = story.laptops["blocked"].config
    assert line.endswith(f"taken back: openai_http in {config}; its table stays for its chats")
    assert "1 taken back" in "\n".join(story.rollback.summary)
    assert story.rollback.hosts["asleep"]["verdict"] == "unreachable"


@pytest.mark.parametrize("step", ["audit", "remediate", "rollback"])
def test_no_traceback_reaches_the_user(story: Story, step: str) -> None:
    run = getattr(story, step)
    assert "Traceback" not in run.stdout + run.stderr
