# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of ansible-core: read from the requirements, with a Python that really runs."""

from __future__ import annotations

import pathlib

import cores
import pytest
from packaging.requirements import Requirement

REQUIREMENTS = """\
# What testing needs.
-c constraints.txt
ansible-core==2.19.14; python_version < "3.12"
ansible-core==2.21.5; python_version >= "3.13"
ansible-corelike==1.0
pytest==9.2.0
"""


@pytest.fixture
def requirements(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "requirements.txt"
    path.write_text(REQUIREMENTS, encoding="utf-8")
    return path


def python(folder: pathlib.Path, version: str, status: int) -> pathlib.Path:
    """Put a stand-in for a Python into `folder`, which ends with `status` when it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def places(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[pathlib.Path, pathlib.Path]:
    """The one folder of PATH, and pyenv's root; neither has a Python yet."""
    path, root = tmp_path / "bin", tmp_path / "pyenv"
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("PYENV_ROOT", str(root))
    return path, root


def test_every_line_for_ansible_core_counts(requirements: pathlib.Path) -> None:
    found = [(core.series, core.version) for core in cores.cores(requirements)]
    assert found == [("2.19", "2.19.14"), ("2.21", "2.21.5")]


def test_a_line_keeps_its_marker(requirements: pathlib.Path) -> None:
    found = cores.pinned(("pytest", "ansible-core"), requirements)
    assert found == [
        "pytest==9.2.0",
        'ansible-core==2.19.14; python_version < "3.12"',
        'ansible-core==2.21.5; python_version >= "3.13"',
    ]


def test_a_package_without_a_line_is_named(requirements: pathlib.Path) -> None:
    with pytest.raises(KeyError, match="has no line for nox and yarl; add one"):
        cores.pinned(("nox", "pytest", "yarl"), requirements)


def test_each_series_is_what_a_developer_gets_with_its_first_python() -> None:
    lines = [Requirement(line) for line in cores.pinned(("ansible-core",))]
    for core in cores.cores():
        environment = {"python_version": core.pythons[0]}
        got = [
            str(line.specifier)
            for line in lines
            if line.marker and line.marker.evaluate(environment)
        ]
        assert got == [f"=={core.version}"]


def test_a_python_that_does_not_run_is_passed_over(
    places: tuple[pathlib.Path, pathlib.Path],
) -> None:
    path, root = places
    python(path, "3.12", status=127)
    wanted = python(root / "versions/3.12.1/bin", "3.12", status=0)
    python(path, "3.13", status=0)
    assert cores.find_python(("3.12", "3.13")) == wanted


def test_the_first_version_there_is_is_taken(places: tuple[pathlib.Path, pathlib.Path]) -> None:
    path = places[0]
    wanted = python(path, "3.13", status=0)
    assert cores.find_python(("3.12", "3.13", "3.14")) == wanted


def test_no_python_is_told(places: tuple[pathlib.Path, pathlib.Path]) -> None:
    assert cores.find_python(("3.12",)) is None


def test_the_environment_has_a_pip_of_its_own() -> None:
    assert cores.pinned(("pip",)), "scripts call pip in .venv, made without one on Debian's python3"
