# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/reliability.md is made of names tests that are there, and figures that they count."""

from __future__ import annotations

import pathlib
import re

import pytest
import reliability

ROOT = reliability.ROOT
COMMANDS, PROMISES = reliability.read(reliability.PROMISES.read_text(encoding="utf-8"))
COUNTS_BY_ITSELF = {"fuzz": "scripts/fuzz.py", "mutants": "scripts/mutants.py"}


def code(promise: reliability.Promise) -> str:
    files = [*promise.tests, COUNTS_BY_ITSELF.get(promise.source, promise.tests[0])]
    return "".join((ROOT / name).read_text(encoding="utf-8") for name in files)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.tests[0])
def test_tests_are_there_and_run_by_the_command(promise: reliability.Promise) -> None:
    for test in promise.tests:
        assert (ROOT / test).is_file()
    if promise.source not in COUNTS_BY_ITSELF:
        named = re.findall(r"tests/[\w/.]+", COMMANDS[promise.source])
        assert any(promise.tests[0].startswith(folder) for folder in named)
    assert f"FULL={promise.source}" in COMMANDS[promise.source].split()


@pytest.mark.parametrize(
    "promise, figure",
    [
        pytest.param(promise, figure, id=figure)
        for promise in PROMISES
        for figure in (*promise.figures, *promise.outcomes)
    ],
)
def test_figures_are_counted_by_the_tests(promise: reliability.Promise, figure: str) -> None:
    said = code(promise)
    assert f'"{figure}"' in said or (
        figure.startswith("documents given to ")
        and figure.removeprefix("documents given to ")
        in (ROOT / "tests/fuzzing/targets.py").read_text(encoding="utf-8")
    )


def test_every_source_counts_for_a_promise() -> None:
    assert {promise.source for promise in PROMISES} == set(COMMANDS)


def test_no_file_of_faults_is_left_out() -> None:
    there = {path.relative_to(ROOT) for path in (ROOT / "tests/unit/faults").glob("test_*.py")}
    assert there == {
        pathlib.Path(test)
        for promise in PROMISES
        for test in promise.tests
        if test.startswith("tests/unit/faults/")
    }
