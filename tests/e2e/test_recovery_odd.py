# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of a recovery: no log, another scope, a check, a machine that goes away.

Two laptops are cured, one of them is put on trial, and all others begin as copies of these.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shlex
import time
import typing as t

import pytest
from support import log_database, stubs
from support.failing_machines import broken_once, unreachable_once
from support.laptop import Laptop, api_key_login
from support.laptop_playbooks import (
    UNREACHABLE,
    Controller,
    HostVariables,
    PlaybookRun,
    host_variables,
)
from support.recovering_laptops import copied, document, let_hours_pass

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

OURS = b'model_provider = "openai_http"\n'
COOLED: HostVariables = {"reconnect_recovery_cooldown": 0, "reconnect_probe_interval": 0}
ONCE: HostVariables = {**COOLED, "reconnect_recovery_budget": 1}
ON_TRIAL = ("no-log", "other-scope")
SPENT = ("renewed-in-check", "larger-budget")
CHECKED = ("renewed-in-check", "other-scope")
"""The laptops of the run in check mode; what is wrong there must not reach this machine's /etc."""
CURED = ("begins-ill", "goes-dark", "probe-breaks", "goes-away")

Outcome = tuple[str, str, int, bool]
"""What became of it, the state and the trials that are remembered, whether the cure is there."""

OUTCOMES: dict[str, Outcome] = {
    "no-log": ("on_trial", "trial", 1, False),
    "other-scope": ("of_other_scope", "trial", 1, False),
    "renewed-in-check": ("probe_failed", "spent", 1, True),
    "larger-budget": ("trials_spent", "spent", 1, True),
    "begins-ill": ("applied", "cured", 1, True),
    "goes-dark": ("on_trial", "trial", 1, False),
    "probe-breaks": ("probe_failed", "cured", 0, True),
    "goes-away": ("lost", "trial", 1, True),
}
TOLD = {
    "no-log": "only reconnect_live_check can show here (the client's log: off)",
    "other-scope": "left alone: what is remembered here is of another configuration: run this with "
    "reconnect_scope=user",
    "renewed-in-check": "without the cure: websocket_blocked (upgrade_refused)",
    "larger-budget": "an earlier budget is spent, by 1 trials: it stays on HTTP until "
    "reconnect_recovery_reset is true",
    "begins-ill": "uses HTTP only",
    "goes-dark": "the cure would not work here",
    "probe-breaks": "stays on HTTP: ",
    "goes-away": "contact was lost during the cure; run this again",
    "asleep": "not examined",
}


class Story(t.NamedTuple):
    """The run, the run in check mode, and what they left."""

    run: PlaybookRun
    check: PlaybookRun
    records: dict[str, dict[str, t.Any] | None]
    configs: dict[str, bytes]


def with_client(laptop: Laptop, real: pathlib.Path, *lines: str) -> Laptop:
    """Let the laptop's client do `lines` of shell, in its home, before it is asked."""
    client = stubs.script(
        laptop.home / "codex",
        f"cd {shlex.quote(str(laptop.home))} || exit",
        *lines,
        f'exec {shlex.quote(str(real))} "$@"',
    )
    return dataclasses.replace(laptop, executable=client)


def prepared(laptops: dict[str, Laptop], ansible: Controller) -> None:
    """Cure all models, put those on trial that have been, and let one of them fall back."""
    names = ("cured", "on-trial", "spent")
    hosts = {name: {**host_variables(laptops[name]), **COOLED} for name in names}
    ansible.run("remediate", [], others=hosts, variables={"reconnect_canaries": 0})
    for name in names:
        laptops[name].service.websocket = "ok"
    del hosts["cured"]
    ansible.run("recover", [], others=hosts)
    laptops["spent"].service.websocket = "http-403"
    ansible.run("recover", [], others={"spent": {**hosts["spent"], **ONCE}})
    let_hours_pass(laptops["on-trial"])
    rows = log_database.recorded("close-after", time.time() + 2)
    log_database.write(laptops["on-trial"].codex_home / "logs_2.sqlite", rows)
    for kind, others in (("on-trial", ON_TRIAL), ("spent", SPENT), ("cured", CURED)):
        for name in others:
            copied(laptops[kind], laptops[name])


@pytest.fixture(scope="module")
def story(make_laptop: LaptopFactory, ansible: Controller, executable: pathlib.Path) -> Story:
    laptops = {
        name: make_laptop(
            f"odd-{name}",
            login=api_key_login(),
            websocket="http-403" if name in ("cured", "on-trial", "spent", *SPENT) else "ok",
        )
        for name in ("cured", "on-trial", "spent", *OUTCOMES)
    }
    prepared(laptops, ansible)
    away = "! grep -q '^model_provider' .codex/config.toml"
    silent = f'[ "$1" = doctor ] && {away} && exit 3'
    others = f'[ "$1" = doctor ] && {away} && case "$*" in *model_provider=*) ;; *) exit 3 ;; esac'
    asking = 'case "$*" in doctor*model_provider=*) touch asked ;; esac'
    for name, line in (("begins-ill", others), ("goes-dark", silent), ("probe-breaks", asking)):
        laptops[name] = with_client(laptops[name], executable, line)
    hosts: dict[str, HostVariables] = {
        name: {**host_variables(laptops[name]), **COOLED} for name in OUTCOMES
    }
    home = laptops["probe-breaks"].home
    gone = f"grep -q trial_started {laptops['goes-away'].codex_home}/.devfleet/recovery.json"
    more: dict[str, HostVariables] = {
        "no-log": {"reconnect_log_window": 0},
        "other-scope": {"reconnect_scope": "system", "reconnect_recovery_reset": True},
        "renewed-in-check": {"reconnect_recovery_reset": True},
        "larger-budget": {"reconnect_recovery_budget": 9},
        "probe-breaks": broken_once(home, f"[ -e {shlex.quote(str(home))}/asked ]"),
        "goes-away": unreachable_once(laptops["goes-away"].home, gone),
    }
    for name, variables in more.items():
        hosts[name] = {**hosts[name], **variables}
    checked = {name: hosts.pop(name) for name in CHECKED}
    run = ansible.run("recover", [], others={**hosts, "asleep": UNREACHABLE})
    check = ansible.run("recover", [], "--check", others=checked)
    return Story(
        run,
        check,
        {name: document(laptop) for name, laptop in laptops.items()},
        {name: laptop.config.read_bytes() for name, laptop in laptops.items()},
    )


def run_of(story: Story, name: str) -> PlaybookRun:
    return story.check if name in story.check.hosts else story.run


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_becomes_of_it(story: Story, name: str) -> None:
    known = story.records[name] or {}
    action, state, attempts, holds_ours = OUTCOMES[name]
    run = run_of(story, name)
    assert run.hosts[name]["action"] == action, run.stdout
    assert (known.get("state"), known.get("attempts")) == (state, attempts)
    assert (OURS in story.configs[name]) == holds_ours


@pytest.mark.parametrize("name", TOLD)
def test_the_summary_says_why(story: Story, name: str) -> None:
    (line,) = (one for one in run_of(story, name).summary if one.startswith(f"  {name} "))
    assert TOLD[name] in line


def test_check_mode_remembers_nothing_of_a_renewed_budget(story: Story) -> None:
    assert story.records["renewed-in-check"] == story.records["spent"]
    assert story.check.returncode == 0
    assert story.check.changed["renewed-in-check"] == 0


def test_what_is_of_another_scope_is_left_alone(story: Story) -> None:
    assert story.records["other-scope"] == story.records["on-trial"]
    assert story.check.changed["other-scope"] == 0
