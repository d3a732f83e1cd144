# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosted workflow, the version matrix and the collection's claims are about the same things."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import containers
import yaml
from cores import PYTHONS, cores

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SERIES = [core.series for core in cores()]


def parsed(path: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return found


WORKFLOW = parsed(".github/workflows/ci.yml")
JOBS: dict[str, dict[str, t.Any]] = WORKFLOW["jobs"]
ACTION = parsed(".github/actions/set-up/action.yml")
# Where sudo keeps neither, make would be given another Python.
AS_ROOT = 'sudo env "PATH=$PATH" "PYTHON=$PYTHON" '
NOX = (sys.executable, "-m", "nox")


def parts_of_make_test() -> set[str]:
    """What `make test` does: its prerequisites but for the client, and what it makes in turn."""
    ((prerequisites, recipe),) = re.findall(
        r"^test: (.*) ##.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE
    )
    made = re.findall(r"(?<= )[a-z][a-z0-9-]*", " ".join(recipe.splitlines()))
    return {*re.sub(r"\$\(.*\)", "", prerequisites).split(), *made} - {"client"}


def commands(job: dict[str, t.Any]) -> list[str]:
    return [step["run"].removeprefix(AS_ROOT) for step in job["steps"] if "run" in step]


def ran(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def skips(condition: str) -> dict[pathlib.Path, list[str]]:
    """The group of the pattern `condition` in every `skipif` that it is in, by file."""
    found = {
        path: re.findall(rf"skipif\(\s*{condition}", path.read_text(encoding="utf-8"))
        for path in (ROOT / "tests").rglob("test_*.py")
    }
    return {path: groups for path, groups in found.items() if groups}


def sessions(**environment: str) -> list[dict[str, t.Any]]:
    done = ran(*NOX, "--list", "--json", **environment)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, t.Any]] = json.loads(done.stdout)
    return found


def test_every_step_is_an_action_or_a_target_of_make() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    for name, job in JOBS.items():
        for command in commands(job):
            assert command.split()[0] == "make", (name, command)
            assert command.split()[1] in targets, (name, command)


def test_all_that_make_test_does_is_done_at_every_push() -> None:
    always = {
        command.split()[1] for job in JOBS.values() if "if" not in job for command in commands(job)
    }
    # The one makes what molecule wants; the other is the part of e2e that runs beside it.
    parts = parts_of_make_test() - {"containers", "usual-versions"}
    assert {"gates", "molecule", "unit", "integration", "e2e"} == parts <= always
    assert "matrix" in always


def test_every_generation_of_the_client_has_its_turn_each_week() -> None:
    (job,) = (job for job in JOBS.values() if commands(job) == ["make e2e-versions"])
    assert "github.event_name == 'schedule'" in job["if"]
    assert len(WORKFLOW["on"]["schedule"]) == 1


def test_the_workflow_may_read_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not [name for name, job in JOBS.items() if "permissions" in job]


def test_every_action_of_others_is_pinned_by_its_commit() -> None:
    steps = [*ACTION["runs"]["steps"], *(step for job in JOBS.values() for step in job["steps"])]
    used = {step["uses"] for step in steps if "uses" in step}
    others = {name for name in used if name != "./.github/actions/set-up"}
    assert others
    assert not [name for name in others if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)]


def test_the_matrix_runs_every_session() -> None:
    matrix = JOBS["matrix"]
    assert commands(matrix) == ["make matrix TAGS=${{ matrix.tag }}"]
    tags = matrix["strategy"]["matrix"]["tag"]
    found = sessions()
    assert {tag for session in found for tag in session["tags"]} == set(tags)
    assert [session["session"] for session in found if not session["tags"]] == []


def test_every_series_has_the_same_sessions() -> None:
    names: dict[str, set[str]] = {}
    for session in sessions():
        for tag in session["tags"]:
            names.setdefault(tag, set()).add(session["name"])
    assert names.pop("target") == {"target-3.9"}
    assert list(names) == SERIES
    assert {frozenset(its) for its in names.values()} == {frozenset({"unit", "sanity", "e2e"})}


def test_a_session_without_its_python_is_not_left_out(tmp_path: pathlib.Path) -> None:
    found = sessions(PATH=str(tmp_path), PYENV_ROOT=str(tmp_path))
    assert len(found) == len(sessions())
    missing = {session["python"] for session in found}
    assert "python3.9" in missing
    assert "python3.11 or python3.12 or python3.13" in missing
    # With an environment that is there already, nox would not look for its Python.
    nox = (*NOX, "--envdir", str(tmp_path / "nox"))
    done = ran(*nox, "--session", "target-3.9", PATH=str(tmp_path), PYENV_ROOT=str(tmp_path))
    assert done.returncode != 0, done.stderr
    assert "python3.9 not found" in done.stderr


def test_what_only_root_can_try_is_tried_after_all_that_users_do() -> None:
    # What root has made in the checkout, the user could not write to any more.
    steps = [step["run"] for step in JOBS["tests"]["steps"] if "run" in step]
    assert [step for step in steps if step.startswith("sudo")] == [steps[-1]]
    assert steps[-1] == f"{AS_ROOT}make unit"
    found = skips(r"os\.(geteuid)\(\) != 0")
    assert {path.relative_to(ROOT / "tests").parts[0] for path in found} == {"unit"}


def test_the_runner_is_refused_where_the_network_stays_open(tmp_path: pathlib.Path) -> None:
    (script,) = (
        step["run"]
        for step in ACTION["runs"]["steps"]
        if "scripts/offline.py" in step.get("run", "")
    )
    stand_in = tmp_path / "python3"
    path = f"{tmp_path}:{os.environ['PATH']}"
    for said, status in (("", 0), ("the network stays open to the tests", 1)):
        stand_in.write_text(f"#!/bin/sh\necho '{said}' >&2\n", encoding="utf-8")
        stand_in.chmod(0o755)
        done = ran("bash", "-e", "-c", script, PATH=path)
        assert done.returncode == status, done.stdout
        assert said in done.stdout


def test_the_runner_has_what_a_test_is_skipped_without() -> None:
    scripts = "".join(step.get("run", "") for step in ACTION["runs"]["steps"])
    tools = {*itertools.chain(*skips(r'shutil\.which\("([^"]+)"\) is None').values())}
    assert "strace" in tools
    assert [tool for tool in tools if f"install --yes {tool}" not in scripts] == []


def test_the_runner_has_every_python_that_is_tested_first() -> None:
    (step,) = (step for step in ACTION["runs"]["steps"] if "with" in step)
    installed = step["with"]["python-version"].split()
    assert installed == ["3.9", *sorted(pythons[0] for pythons in PYTHONS.values())]
    assert WORKFLOW["env"]["PYTHON"].removeprefix("python") in installed


def test_the_molecule_scenarios_get_every_image_by_name() -> None:
    images = {base.variable: base.image for base in containers.BASES}
    further = {containers.FURTHER} & {*JOBS["molecule"]["env"]}
    assert JOBS["molecule"]["env"].keys() - further == images.keys()
    assert JOBS["molecule"]["env"].items() >= images.items()


def test_the_collection_claims_what_is_tested() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ansible-core \| (.*) \|$", readme, re.MULTILINE) == [", ".join(SERIES)]
    assert parsed("meta/runtime.yml")["requires_ansible"] == f">={SERIES[0]}.0"
    ignores = {path.name for path in (ROOT / "tests/sanity").glob("ignore-*.txt")}
    assert ignores == {f"ignore-{series}.txt" for series in SERIES}
