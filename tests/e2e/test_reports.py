# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells, writes and returns, with machines in every state; stand-ins are the clients."""

from __future__ import annotations

import datetime
import json
import pathlib
import sys
import typing as t

import pytest
import yaml
from support import stubs
from support.doctor_samples import FOLDER, OPEN, as_json, refused, report
from support.laptop import snapshot
from support.laptop_playbooks import UNREACHABLE, Controller, PlaybookRun
from support.stub_machines import machine

Variables = dict[str, t.Any]

QUICK = {"reconnect_probe_interval": 0}
ANSWERS = {"blocked": refused(403), "healthy": OPEN, "unsure": refused(429)}
VERDICTS = {
    "blocked": "websocket_blocked",
    "healthy": "healthy",
    "unsure": "inconclusive",
    "misnamed": "not_installed",
}
FAILING: dict[str, tuple[Variables, str]] = {
    "bad-option": ({"reconnect_timeout": 0}, "timeout must be at least 1"),
    "no-become": (
        {
            "ansible_become": True,
            "ansible_become_user": "nobody",
            "ansible_become_exe": "/no/such/sudo",
        },
        "/no/such/sudo",
    ),
    "no-python": ({"ansible_python_interpreter": "/no/such/python"}, "/no/such/python"),
}


class Fleet(t.NamedTuple):
    """The homes of all machines in one folder, and their variables in the inventory."""

    folder: pathlib.Path
    hosts: dict[str, Variables]

    def only(self, *names: str) -> dict[str, Variables]:
        return {name: self.hosts[name] for name in names}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    folder = tmp_path_factory.mktemp("fleet")
    hosts: dict[str, Variables] = {"a-asleep": dict(UNREACHABLE), "z-asleep": dict(UNREACHABLE)}
    logs = tmp_path_factory.mktemp("logs")
    for name in (*ANSWERS, *FAILING):
        answer = as_json(report(ANSWERS.get(name, refused(403))))
        made = machine(folder, name, answer, logs)
        hosts[name] = {**made.variables, **FAILING.get(name, ({}, ""))[0]}
    misnamed = {**hosts["healthy"], "reconnect_executable": "/no/such/codex"}
    return Fleet(folder, {**hosts, "misnamed": misnamed})


def play(
    ansible: Controller,
    playbook: str,
    hosts: t.Mapping[str, Variables],
    *arguments: str,
    **variables: t.Any,
) -> PlaybookRun:
    run = ansible.run(playbook, [], *arguments, others=hosts, variables={**QUICK, **variables})
    assert "Traceback" not in run.stdout + run.stderr
    return run


def line_of(run: PlaybookRun, host: str) -> str:
    (line,) = [line for line in run.summary if line.split()[:1] == [host]]
    return line


@pytest.fixture(scope="module", params=["audit", "remediate"])
def whole_fleet(request: pytest.FixtureRequest, fleet: Fleet, ansible: Controller) -> PlaybookRun:
    """One run over all machines. The cure works on none: the stand-ins say the same under it."""
    before = snapshot(fleet.folder)
    run = play(ansible, request.param, fleet.hosts, reconnect_apply="always")
    assert snapshot(fleet.folder) == before
    assert set(run.changed.values()) == {0}
    return run


def test_every_machine_is_told_of(whole_fleet: PlaybookRun, fleet: Fleet) -> None:
    assert whole_fleet.hosts.keys() == fleet.hosts.keys()
    assert whole_fleet.summary[0].endswith(f": {len(fleet.hosts)} hosts")
    for host, verdict in VERDICTS.items():
        assert whole_fleet.hosts[host]["verdict"] == verdict
        assert verdict in line_of(whole_fleet, host)


@pytest.mark.parametrize("host", ["a-asleep", "z-asleep"])
def test_an_unreachable_machine_is_named_as_such(whole_fleet: PlaybookRun, host: str) -> None:
    assert whole_fleet.hosts[host]["verdict"] == "unreachable"
    assert "not examined" in line_of(whole_fleet, host)
    assert ", 2 unreachable" in "\n".join(whole_fleet.summary)


def test_a_client_that_was_misnamed_is_told_of(whole_fleet: PlaybookRun) -> None:
    assert whole_fleet.hosts["misnamed"]["cause"] == "executable_missing"
    assert "/no/such/codex" in whole_fleet.hosts["misnamed"]["evidence"][0]
    assert "correct reconnect_executable" in "\n".join(whole_fleet.summary)


@pytest.mark.parametrize("host", FAILING)
def test_a_machine_that_fails_is_named_with_its_reason(whole_fleet: PlaybookRun, host: str) -> None:
    assert whole_fleet.hosts[host]["action"] == "failed"
    assert FAILING[host][1] in whole_fleet.hosts[host]["message"]
    assert "FAILED: " in line_of(whole_fleet, host)
    assert whole_fleet.recap[host]["failed"] == 1


def test_machines_that_fail_fail_the_run_and_no_other(whole_fleet: PlaybookRun) -> None:
    assert whole_fleet.returncode != 0
    failed = {host for host, counters in whole_fleet.recap.items() if counters["failed"]}
    assert failed == set(FAILING)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param((), {"reconnect_apply": "always"}, id="always"),
        pytest.param(("--check",), {}, id="check"),
        pytest.param(("--check", "--diff"), {"reconnect_apply": "always"}, id="check-diff-always"),
    ],
)
def test_an_audit_changes_nothing_whatever_it_is_told(
    fleet: Fleet, ansible: Controller, arguments: tuple[str, ...], variables: Variables
) -> None:
    before = snapshot(fleet.folder)
    run = play(ansible, "audit", fleet.only("blocked", "healthy"), *arguments, **variables)
    assert run.returncode == 0, run.stdout
    assert run.changed == {"blocked": 0, "healthy": 0}
    assert snapshot(fleet.folder) == before


@pytest.mark.parametrize(
    ("playbook", "arguments"),
    [("audit", ()), ("audit", ("--check",)), ("remediate", ("--check",)), ("rollback", ())],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "run",
)
def test_one_machine_of_many_has_its_summary(
    fleet: Fleet, ansible: Controller, playbook: str, arguments: tuple[str, ...]
) -> None:
    run = play(ansible, playbook, fleet.hosts, "--limit", "healthy", *arguments)
    assert run.returncode == 0, run.stdout
    assert list(run.hosts) == ["healthy"]
    assert run.summary[0].endswith(": 1 host")
    assert "nothing" in line_of(run, "healthy")


@pytest.mark.parametrize("playbook", ["audit", "remediate"])
def test_the_only_machine_may_be_asleep(fleet: Fleet, ansible: Controller, playbook: str) -> None:
    run = play(ansible, playbook, fleet.only("a-asleep"))
    assert run.returncode == 0, run.stdout
    assert run.hosts["a-asleep"]["verdict"] == "unreachable"
    assert "1 unreachable" in "\n".join(run.summary)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        pytest.param("relative.json", json.loads, id="json"),
        pytest.param("relative.yml", yaml.safe_load, id="yml"),
        pytest.param("relative.yaml", yaml.safe_load, id="yaml"),
    ],
)
def test_a_relative_report_lies_where_the_run_was_started(
    fleet: Fleet, ansible: Controller, name: str, read: t.Callable[[str], t.Any]
) -> None:
    hosts = fleet.only("healthy", "a-asleep")
    run = play(ansible, "audit", hosts, reconnect_report=name)
    assert run.returncode == 0, run.stdout
    written = read((ansible.folder / name).read_text())
    assert written.keys() == {"title", "finished", "check_mode", "totals", "stopped", "hosts"}
    assert written["title"] == "Codex reconnect audit"
    assert datetime.datetime.fromisoformat(written["finished"]).utcoffset() == datetime.timedelta()
    assert written["totals"] == {"fine": 1, "unreachable": 1}
    assert {host: fact["verdict"] for host, fact in written["hosts"].items()} == {
        "healthy": "healthy",
        "a-asleep": "unreachable",
    }
    assert [path.name for path in ansible.folder.iterdir() if path.name.startswith(".rel")] == []


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check"])
@pytest.mark.parametrize("playbook", ["audit", "remediate", "rollback"])
def test_the_report_tells_a_prediction_from_a_run(
    fleet: Fleet, ansible: Controller, playbook: str, arguments: tuple[str, ...]
) -> None:
    play(ansible, playbook, fleet.only("healthy"), *arguments)
    written = json.loads((ansible.folder / "report.json").read_text())
    assert written["check_mode"] is bool(arguments)
    assert written["totals"] == {"fine": 1}


@pytest.mark.parametrize("playbook", ["audit", "remediate"])
def test_a_broken_config_is_named_with_its_line(
    fleet: Fleet, ansible: Controller, playbook: str, tmp_path: pathlib.Path
) -> None:
    answer = (FOLDER / "0.169.0/config-malformed.websocket-check-ABSENT.json").read_bytes()
    broken = machine(tmp_path, "broken", answer, tmp_path).variables
    config = pathlib.Path(broken["reconnect_codex_home"], "config.toml")
    config.write_text('model = "x"\nmodel = \n')
    run = play(ansible, playbook, {"broken": broken})
    assert f"left alone: {config}: line 2" in line_of(run, "broken")
    assert run.returncode == 0 and run.changed == {"broken": 0}


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["affected"], ["blocked"], id="affected"),
        pytest.param(["unreachable"], ["a-asleep"], id="unreachable"),
        pytest.param(["inconclusive"], ["misnamed", "unsure"], id="inconclusive"),
        pytest.param(["affected", "unreachable"], ["a-asleep", "blocked"], id="two"),
    ],
)
def test_what_makes_a_run_fail_is_the_users_choice(
    fleet: Fleet, ansible: Controller, groups: list[str], named: list[str]
) -> None:
    hosts = fleet.only("blocked", "healthy", "misnamed", "unsure", "a-asleep")
    run = play(ansible, "audit", hosts, reconnect_fail_on=groups)
    assert run.hosts.keys() == hosts.keys()
    if named:
        assert run.returncode != 0
        assert f"that is what {', '.join(named)} came out as" in run.stdout.replace("\n", " ")
    else:
        assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("groups", [["affected"], ["unreachable"], ["inconclusive"]], ids="".join)
def test_machines_in_order_make_no_run_fail(
    fleet: Fleet, ansible: Controller, groups: list[str]
) -> None:
    run = play(ansible, "audit", fleet.only("healthy"), reconnect_fail_on=groups)
    assert run.returncode == 0, run.stdout


def test_a_tilde_is_the_home_on_the_machine(fleet: Fleet, ansible: Controller) -> None:
    home = fleet.folder / "healthy"
    python = stubs.script(
        fleet.folder / "python", f"export HOME={home}", f'exec {sys.executable} "$@"'
    )
    variables = {
        **fleet.hosts["healthy"],
        "ansible_python_interpreter": str(python),
        "reconnect_codex_home": "~/.codex",
        "reconnect_executable": "~/codex",
    }
    run = play(ansible, "audit", {"healthy": variables})
    assert run.hosts["healthy"]["verdict"] == "healthy", run.stdout


def test_a_machine_that_talks_nonsense_costs_no_other_its_summary(
    fleet: Fleet, ansible: Controller
) -> None:
    hostile = {"codex": {"diagnosis": []}, "changed": False}
    python = stubs.script(fleet.folder / "liar", f"cat > /dev/null; echo '{json.dumps(hostile)}'")
    liar = {**fleet.hosts["blocked"], "ansible_python_interpreter": str(python)}
    run = play(ansible, "remediate", {"liar": liar, **fleet.only("healthy")})
    assert run.hosts["healthy"]["verdict"] == "healthy"
    assert "nonsense" in run.hosts["liar"]["message"]
    assert "FAILED: " in line_of(run, "liar")
