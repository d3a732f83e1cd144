# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions through which modules are run: what reaches the machine, and what of it comes back."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t
import zipfile
from unittest import mock

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.devfleet.codex.plugins.plugin_utils._target_action import (
    ModuleAction,
    start_quickly,
)

PLUGINS = pathlib.Path(__file__).resolve().parents[4] / "plugins"


@pytest.mark.parametrize(
    "command",
    [
        "/usr/bin/python3",
        "/usr/bin/python3.11",
        "python",
        "LC_ALL=C.UTF-8 /opt/py/bin/python3.9",
    ],
)
def test_python_reads_a_piped_module_at_once(command: str) -> None:
    started = start_quickly(command)
    assert started.startswith(f"{command} -c ")
    assert "exec(sys.stdin.buffer.read())" in started
    assert not set(started) & {"\n", "!"}, "csh takes these for its own"


def test_a_piped_module_compiles_what_it_imports_once(tmp_path: pathlib.Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("package/__init__.py", "")
        files.writestr("package/inner/__init__.py", "from . import leaf")
        files.writestr("package/inner/leaf.py", "")
    module = (
        "import builtins, sys, zipimport\n"
        "compiled = []\n"
        "def compile_and_count(source, name, *further, **named):\n"
        "    compiled.append(name)\n"
        "    return compile(source, name, *further, **named)\n"
        "zipimport.compile = compile_and_count\n"
        f"sys.path.insert(0, {str(packed)!r})\n"
        "import json, package.inner.leaf\n"
        "modules = package, package.inner, package.inner.leaf\n"
        "print(json.dumps([compiled, [module.__file__ for module in modules]]))\n"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", start_quickly(sys.executable)],
        input=module,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = ["package/__init__.py", "package/inner/__init__.py", "package/inner/leaf.py"]
    paths = [str(packed / name) for name in names]
    assert json.loads(done.stdout) == [paths, paths]


@pytest.mark.parametrize(
    "command", ["/usr/bin/python3 -E", "/usr/bin/perl", "'/my apps/python3'", "/opt/run-python x"]
)
def test_what_is_not_plainly_python_is_left_as_it_is(command: str) -> None:
    assert start_quickly(command) == command


def test_facts_of_a_machine_are_dropped_by_the_ansible_core_that_runs_this() -> None:
    action = object.__new__(ModuleAction)
    action._task = mock.Mock(action="devfleet.codex.codex_info")
    answer = {"changed": False, "path": "p", "ansible_facts": {"a": 1}, "_ansible_x": 1}
    seen: list[dict[str, t.Any]] = []

    def told(_action: ActionBase, res: dict[str, t.Any], *_profile: t.Any) -> None:
        seen.append(json.loads(res["stdout"]))

    with mock.patch.object(ActionBase, "_parse_returned_data", told):
        action._parse_returned_data({"stdout": json.dumps(answer), "stderr": ""}, "legacy")
    assert seen == [{"changed": False, "path": "p"}]


def test_every_module_that_runs_on_a_machine_has_an_action() -> None:
    actions = {path.stem for path in (PLUGINS / "action").glob("[!_]*.py")}
    assert actions == {path.stem for path in (PLUGINS / "modules").glob("[!_]*.py")}
