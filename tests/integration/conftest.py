# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests: the artefact as built here, and installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.galaxy import galaxy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    galaxy("build", "--output-path", str(folder), str(ROOT), cwd=folder)
    (built,) = folder.glob("devfleet-codex-*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An otherwise empty collections path with the artefact in it."""
    path = tmp_path_factory.mktemp("installed")
    galaxy("install", "--offline", "-p", str(path), str(artefact), cwd=path)
    return path
