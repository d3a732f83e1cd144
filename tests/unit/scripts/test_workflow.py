# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosted workflow, the version matrix and the collection's claims are about the same things."""

from __future__ import annotations

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


def parts_of_make_test() -> set[str]:
    """What `make test` does: its prerequisites but for the client, and what it makes in turn."""
    ((prerequisites, recipe),) = re.findall(
        r"^test: (.*) ##.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE
    )
    made = re.findall(r"(?<= )[a-z][a-z0-9-]*", " ".join(recipe.splitlines()))
    return {*re.sub(r"\$\(.*\)", "", prerequisites).split(), *made} - {"client"}


def commands(job: dict[str, t.Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def sessions(**environment: str) -> list[dict[str, t.Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
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
    assert {"gates", "molecule", "unit", "integration", "e2e"} == parts_of_make_test()
    assert parts_of_make_test() <= always
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
