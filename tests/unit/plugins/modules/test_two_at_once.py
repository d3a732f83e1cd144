# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs on one machine at once: one waits, or gives up and says so."""

from __future__ import annotations

import functools
import os
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _lock
from ansible_collections.devfleet.codex.plugins.modules import observation, recovery
from support import http_provider, proxy_env
from support.fault_cases import ABSENT, CASES, CONFIGS, DOTENVS, PURGE, laid_out, tree
from support.faults import started
from support.http_provider import is_one_sentence
from support.other_run import locked_by_somebody, other_run

WRITING = [
    "http_provider-present-plain",
    "http_provider-purge-plain",
    "http_provider-present-no-folder",
    "proxy_env-present-plain",
    "proxy_env-absent-plain",
    "observation-present",
    "observation-absent",
    "recovery-trial",
]
RUNS = 6


@pytest.mark.parametrize("name", WRITING)
def test_a_run_gives_up_where_another_does_not_end(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = CASES[name]
    folder = laid_out(case, tmp_path / "machine")
    before = tree(folder)
    impatient = functools.partial(_lock.held, patience=0)
    for place in (_lock, observation, recovery):
        monkeypatch.setattr(place, "held", impatient)
    with other_run(folder / "home" / ".codex"):
        result = case.act(folder)
    assert result["failed"] is True
    assert f"another run of this collection is changing {folder}/home/.codex" in result["msg"]
    assert result["msg"].endswith("run this again when it has ended. Nothing was changed.")
    assert is_one_sentence(result["msg"])
    assert tree(folder) == before


@pytest.mark.parametrize("is_there", [False, True])
def test_who_may_only_read_holds_nobody_up(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    machine = http_provider.Machine(tmp_path)
    if is_there:
        machine.system_folder.mkdir()
        machine.system_folder.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(_lock, "held", functools.partial(_lock.held, patience=0))
    with locked_by_somebody(machine.system_folder if is_there else tmp_path):
        assert machine.run(scope="system")["changed"] is True


def test_a_look_is_not_held_up(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = http_provider.Machine(tmp_path)
    monkeypatch.setattr(_lock, "held", functools.partial(_lock.held, patience=0))
    with other_run(machine.codex_home):
        assert machine.run(check=True)["changed"] is True


@pytest.mark.parametrize("start", ["no-file", "plain", "gateway"])
def test_many_runs_at_once_leave_what_can_be_taken_back(tmp_path: pathlib.Path, start: str) -> None:
    machine = http_provider.Machine(tmp_path)
    if (data := CONFIGS[start]) is not None:
        machine.config.write_bytes(data)
    before = machine.trace()
    finished([functools.partial(machine.run, base_url=address(n)) for n in range(RUNS)])
    assert machine.run()["user_choice"] is None
    machine.run(**PURGE)
    assert contents(machine.trace()) == contents(before)


@pytest.mark.parametrize("start", ["no-file", "plain"])
def test_many_proxies_at_once_leave_what_can_be_taken_back(
    tmp_path: pathlib.Path, start: str
) -> None:
    machine = proxy_env.Machine(tmp_path)
    if (data := DOTENVS[start]) is not None:
        machine.dotenv.write_bytes(data)
    before = machine.trace()
    finished([functools.partial(machine.run, https_proxy=address(n)) for n in range(RUNS)])
    machine.run(**ABSENT)
    assert contents(machine.trace()) == contents(before)


def address(number: int) -> str:
    return f"http://host{number}.example.com:3128"


def contents(trace: http_provider.Trace) -> dict[str, t.Any]:
    return {path: (mode, data) for path, (mode, _time, data) in trace.items()}


def finished(runs: t.Sequence[t.Callable[[], dict[str, t.Any]]]) -> None:
    """Let all of `runs` take place at once, each in a process, and see that none fails."""

    def successful(run: t.Callable[[], dict[str, t.Any]]) -> None:
        result = run()
        assert not result.get("failed"), result["msg"]

    children = [started(functools.partial(successful, run)) for run in runs]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0] * len(runs)
