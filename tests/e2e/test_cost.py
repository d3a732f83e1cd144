# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine costs on which nothing is to be done.

A fleet is mostly such machines: one module execution each, and at most two controller-side
actions. Every start of Python on a machine is counted by the machine's own interpreter.
"""

from __future__ import annotations

import collections
import pathlib
import re
import sys
import typing as t

import pytest
from support import stubs
from support.laptop import Laptop, api_key_login
from support.laptop_playbooks import Controller, PlaybookRun, host_variables

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

_RESULT = re.compile(
    r"^(?:ok|changed|failed|fatal|included): .*?(?:\[| for )([\w-]+)", re.MULTILINE
)


class Fleet(t.NamedTuple):
    """A healthy laptop and one that the fixture has cured, and the log of each interpreter."""

    laptops: dict[str, Laptop]
    logs: dict[str, pathlib.Path]

    def run(
        self, ansible: Controller, playbook: str, only: str, *arguments: str, beside: str = ""
    ) -> tuple[PlaybookRun, int, int]:
        """Return the run on one laptop, its module executions and its controller-side actions.

        `beside` is another one, later in the play, of which nothing is counted.
        """
        log = self.logs[only]
        log.unlink(missing_ok=True)
        interpreter = log.with_suffix(".python")
        variables = {
            **host_variables(self.laptops[only]),
            "ansible_python_interpreter": str(interpreter),
        }
        others = {beside: host_variables(self.laptops[beside])} if beside else {}
        run = ansible.run(
            playbook,
            [],
            *arguments,
            others={only: variables, **others},
            variables={"reconnect_probe_interval": 0},
        )
        modules = len(log.read_text().splitlines()) if log.exists() else 0
        actions = collections.Counter(_RESULT.findall(run.stdout))[only]
        return run, modules, actions - modules


@pytest.fixture(scope="module")
def fleet(
    make_laptop: LaptopFactory, ansible: Controller, tmp_path_factory: pytest.TempPathFactory
) -> Fleet:
    folder = tmp_path_factory.mktemp("interpreters")
    login = api_key_login()
    laptops = {
        "healthy": make_laptop("healthy", login=login),
        "cured": make_laptop("cured", login=login, websocket="http-403"),
        "blocked": make_laptop("blocked", login=login, websocket="http-403"),
    }
    logs = {name: folder / f"{name}.log" for name in laptops}
    for log in logs.values():
        stubs.script(
            log.with_suffix(".python"), f"echo start >> {log}", f'exec {sys.executable} "$@"'
        )
    cure = ansible.run("remediate", [laptops["cured"]], variables={"reconnect_probe_interval": 0})
    assert cure.changed["cured"] == 1, cure.stdout
    return Fleet(laptops, logs)


@pytest.mark.parametrize("playbook", ["audit", "remediate"])
@pytest.mark.parametrize(
    ("host", "verdict"), [("healthy", "healthy"), ("cured", "http_only")], ids=["healthy", "cured"]
)
def test_a_machine_in_order_costs_one_module_execution(
    fleet: Fleet, ansible: Controller, playbook: str, host: str, verdict: str
) -> None:
    run, modules, controller_side = fleet.run(ansible, playbook, host)
    assert run.hosts[host]["verdict"] == verdict
    assert run.changed == {host: 0}
    assert modules == 1, run.stdout
    assert 1 <= controller_side <= 2, run.stdout


def test_a_machine_in_order_does_not_pay_for_the_roll_out_to_others(
    fleet: Fleet, ansible: Controller
) -> None:
    run, modules, controller_side = fleet.run(
        ansible, "remediate", "healthy", "--check", beside="blocked"
    )
    assert run.hosts["blocked"]["action"] == "would_apply"
    assert (modules, controller_side) == (1, 1), run.stdout


def test_an_audit_of_an_affected_machine_costs_a_trial_more(
    fleet: Fleet, ansible: Controller
) -> None:
    run, modules, controller_side = fleet.run(ansible, "audit", "blocked")
    assert run.hosts["blocked"]["verdict"] == "websocket_blocked"
    assert run.hosts["blocked"]["preflight"]["works"] is True
    # Look, plan, preflight: only then it is known whether the cure would work there.
    assert modules == 3, run.stdout
    assert controller_side <= 4, run.stdout


def test_the_count_sees_what_a_cure_costs(fleet: Fleet, ansible: Controller) -> None:
    run, modules, controller_side = fleet.run(ansible, "remediate", "blocked")
    assert run.hosts["blocked"]["action"] == "applied"
    # Look, plan, preflight, write, prove, remember when that was.
    assert modules == 6, run.stdout
    assert controller_side > 2
