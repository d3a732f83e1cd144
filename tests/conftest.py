# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests share: figures that are printed after a run, and how often a test repeats."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from support.figures import Effort, Figures, Output, output

FIGURES = pytest.StashKey[Figures]()
OUTPUT = pytest.StashKey[Output]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="repeat as docs/reliability.md says")
    parser.addoption(
        "--figures", type=pathlib.Path, help="write what tests count there, if all pass"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()
    path: pathlib.Path | None = config.getoption("--figures")
    # A worker of pytest-xdist tells the process that has started it.
    if path is not None and not hasattr(config, "workerinput"):
        config.stash[OUTPUT] = output(path)


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Figures:
    return request.config.stash[FIGURES]


@pytest.fixture(scope="session")
def effort(request: pytest.FixtureRequest) -> Effort:
    full: bool = request.config.getoption("--full")
    return lambda usual, most: most if full else usual


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Of pytest-xdist, in a process that runs a part of the tests for another.
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = dict(session.config.stash[FIGURES].sums)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    """Add what a worker of pytest-xdist has counted; one that crashed has told nothing."""
    node.config.stash[FIGURES].sums.update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    sums = config.stash[FIGURES].sums
    if sums:
        terminalreporter.section("figures")
        for name, number in sorted(sums.items()):
            terminalreporter.write_line(f"{number:,} {name}")
    if exitstatus == pytest.ExitCode.OK and OUTPUT in config.stash:
        config.stash[OUTPUT].write(sums)
