# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's facts are not what a result rests on: neither their injection nor their cache."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from support.doctor_samples import OPEN, as_json, refused, report
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun
from support.stub_machines import machine

Variables = dict[str, t.Any]

HEALTHY = as_json(report(OPEN))
PLAYBOOKS = ("audit", "remediate", "rollback")
STALE = {
    "verdict": "healthy",
    "cause": "handshake_ok",
    "evidence": ["last week"],
    "advice": "",
    "action": "none",
}


@pytest.fixture(params=["injected", "not-injected"])
def cached(
    request: pytest.FixtureRequest, ansible: Controller, tmp_path: pathlib.Path
) -> Controller:
    """A controller that keeps facts in files from one run to the next."""
    settings = {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "facts"),
        "ANSIBLE_GATHERING": "smart",
        "ANSIBLE_INJECT_FACT_VARS": str(request.param == "injected"),
    }
    return dataclasses.replace(ansible, settings=settings)


def play(controller: Controller, playbook: str, hosts: t.Mapping[str, Variables]) -> PlaybookRun:
    run = controller.run(playbook, [], others=hosts, variables={"reconnect_probe_interval": 0})
    assert "Traceback" not in run.stdout + run.stderr
    return run


def remember(controller: Controller, facts: pathlib.Path, host: str) -> None:
    """Put a result of last week into the cache, as a fact that a playbook has asked to keep."""
    subprocess.run(
        [
            str(pathlib.Path(sys.executable).with_name("ansible")),
            *("-i", f"{host},", host, "-m", "ansible.builtin.set_fact"),
            *("-a", json.dumps({"reconnect_result": STALE, "cacheable": True})),
        ],
        cwd=controller.folder,
        env=controller.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert any("last week" in file.read_text() for file in facts.iterdir())


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_machine_that_was_healthy_last_week_is_unreachable_today(
    cached: Controller, tmp_path: pathlib.Path, playbook: str
) -> None:
    laptop = machine(tmp_path, "laptop", HEALTHY, tmp_path).variables
    last_week = play(cached, "audit", {"laptop": laptop})
    assert last_week.hosts["laptop"]["verdict"] == "healthy", last_week.stdout
    remember(cached, tmp_path / "facts", "laptop")

    today = play(cached, playbook, {"laptop": dict(UNREACHABLE)})

    assert today.returncode == 0, today.stdout
    assert today.hosts["laptop"]["verdict"] == "unreachable"
    assert "Totals: 1 unreachable" in today.summary


@pytest.mark.parametrize(
    ("playbook", "answer", "verdict", "action"),
    [
        ("audit", HEALTHY, "healthy", "none"),
        ("remediate", as_json(report(refused(403))), "websocket_blocked", "refused"),
        ("rollback", HEALTHY, None, "nothing_to_take_back"),
    ],
    ids=PLAYBOOKS,
)
def test_a_result_is_of_today_and_stays_out_of_the_cache(
    cached: Controller,
    tmp_path: pathlib.Path,
    playbook: str,
    answer: bytes,
    verdict: str | None,
    action: str,
) -> None:
    laptop = machine(tmp_path, "laptop", answer, tmp_path).variables
    facts = tmp_path / "facts"

    run = play(cached, playbook, {"laptop": laptop})

    assert run.returncode == 0, run.stdout
    assert (run.hosts["laptop"]["verdict"], run.hosts["laptop"]["action"]) == (verdict, action)
    kept = [file.read_text() for file in facts.iterdir()] if facts.exists() else []
    assert not any("reconnect_result" in text or "verdict" in text for text in kept)
