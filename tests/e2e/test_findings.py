# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no configuration cures, told once for a whole fleet, and the live turn as the last word."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shlex
import typing as t

import pytest
from support import stubs
from support.laptop import CONFIG, api_key_login, snapshot
from support.laptop_playbooks import Controller, PlaybookRun, host_variables

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

MINIMUM, OLDER = "0.170.0", "0.150.0"
SERVERS = (
    CONFIG
    + "".join(
        f'[mcp_servers.tools-{number}]\ncommand = "no-such-program-of-the-tests"\n'
        for number in range(5)
    ).encode()
)
MISPLACED = (
    CONFIG
    + b"""[model_providers.company]
name = "Company"
base_url = "https://gateway.example/v1"
notify = ["true"]
"""
)
ASKED = ("blocked", "several")


@dataclasses.dataclass(frozen=True)
class Story:
    audit: PlaybookRun
    remediate: PlaybookRun
    changed: set[str]
    """Host and path of what the audit changed, the own files of live turns aside."""
    first: pathlib.Path
    second: pathlib.Path


@pytest.fixture(scope="module")
def story(
    make_laptop: LaptopFactory,
    ansible: Controller,
    executable: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    folder = tmp_path_factory.mktemp("installations")
    first = stubs.script(folder / "one/codex", f'exec {shlex.quote(str(executable))} "$@"')
    second = stubs.codex(folder / "two/codex", OLDER).path
    search_path = os.pathsep.join([str(first.parent), str(second.parent), os.environ["PATH"]])
    controller = dataclasses.replace(ansible, settings={"PATH": search_path})
    login = api_key_login()
    laptops = {
        "blocked": make_laptop("found-blocked", login=login, websocket="http-403"),
        "logged-out": make_laptop("found-logged-out", websocket="http-401"),
        "several": make_laptop("found-several", login=login),
        "servers": make_laptop("found-servers", login=login, websocket="http-502", config=SERVERS),
        "again": make_laptop("found-again", login=login, websocket="http-502", config=SERVERS),
        "misplaced": make_laptop("found-misplaced", login=login, config=MISPLACED),
    }
    hosts = {
        name: {**host_variables(laptop), "reconnect_live_check": name in (*ASKED, "logged-out")}
        for name, laptop in laptops.items()
    }
    del hosts["several"]["reconnect_executable"]
    before = {name: snapshot(laptop.home) for name, laptop in laptops.items()}
    options = {"reconnect_probe_interval": 0, "reconnect_minimum_version": MINIMUM}
    audit = controller.run("audit", [], others=hosts, variables=options)
    after = {name: snapshot(laptop.home) for name, laptop in laptops.items()}
    remediate = controller.run(
        "remediate", [], others={"blocked": hosts["blocked"]}, variables=options
    )
    changed = {
        f"{name}/{path}"
        for name in laptops
        for path in {*before[name], *after[name]}
        if before[name].get(path) != after[name].get(path)
        if name not in ASKED or path in (".codex/config.toml", ".codex/.env")
    }
    return Story(audit, remediate, changed, first, second)


def found_on(story: Story, host: str) -> dict[str, str]:
    """The details of one host's findings, by name."""
    return {one["name"]: one["detail"] for one in story.audit.hosts[host]["findings"]}


def told(run: PlaybookRun, name: str) -> str:
    """The line of the summary that tells of this finding."""
    lines = run.summary[run.summary.index("Also seen:") + 1 :]
    (line,) = [line for line in lines if line.split()[0] == name]
    return line


def test_two_installations_of_different_versions_are_told(story: Story) -> None:
    detail = found_on(story, "several")["several_versions"]
    assert f"0.169.0 at {story.first}" in detail
    assert f"{OLDER} at {story.second}" in detail
    assert told(story.audit, "several_versions").startswith("  several_versions (several): ")


def test_a_client_older_than_wanted_is_told_once_for_all(story: Story) -> None:
    for host in ("blocked", "servers", "misplaced"):
        assert found_on(story, host)["below_minimum_version"].startswith(f"older than {MINIMUM}: ")
    line = told(story.audit, "below_minimum_version")
    assert "(again, blocked, logged-out, misplaced, servers and 1 other): " in line


def test_many_mcp_servers_are_told_where_nothing_else_explains_a_failure(story: Story) -> None:
    assert found_on(story, "servers")["many_mcp_servers"].startswith("5 MCP servers are started ")
    assert told(story.audit, "many_mcp_servers").startswith("  many_mcp_servers (again, servers): ")


def test_a_key_that_the_client_ignores_is_told(story: Story) -> None:
    assert "model_providers.company.notify" in found_on(story, "misplaced")["misplaced_keys"]
    assert "(misplaced): " in told(story.audit, "misplaced_keys")


def test_findings_alone_lead_to_no_change(story: Story) -> None:
    assert set(story.audit.changed.values()) == {0}
    assert story.audit.returncode == 0
    assert story.audit.hosts["misplaced"]["verdict"] == "healthy"
    assert story.changed == set()


def test_the_live_turn_reconnects_before_the_cure_and_not_after(story: Story) -> None:
    before, after = story.audit.hosts["blocked"]["live"], story.remediate.hosts["blocked"]["live"]
    assert (before["answered"], before["reconnect_lines"], before["fell_back"]) == (True, 4, True)
    assert (after["answered"], after["reconnect_lines"], after["fell_back"]) == (True, 0, False)
    assert before["problem"] == after["problem"] == ""
    assert story.remediate.hosts["blocked"]["action"] == "applied"
    (line,) = [line for line in story.audit.summary if line.split()[:1] == ["blocked"]]
    assert line.endswith(" s, 4 reconnect lines")
    (line,) = [line for line in story.remediate.summary if line.split()[:1] == ["blocked"]]
    assert line.endswith(" s, 0 reconnect lines")


def test_who_has_no_login_is_not_asked_for_a_turn(story: Story) -> None:
    found = story.audit.hosts["logged-out"]
    assert (found["verdict"], found["live"]) == ("auth_missing", None)


@pytest.mark.parametrize("host", ["servers", "misplaced"])
def test_no_turn_is_taken_where_none_was_asked_for(story: Story, host: str) -> None:
    assert story.audit.hosts[host]["live"] is None
