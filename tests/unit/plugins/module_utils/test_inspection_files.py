# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a user's configuration files beside doctor's report."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
from support import stubs
from support.doctor_samples import FOLDER, OPEN, as_json, report

HEALTHY = as_json(report(OPEN))
NOT_LOADABLE = FOLDER / "0.169.0/config-malformed.websocket-check-ABSENT.json"
DOCTOR_SAYS = "config could not be loaded, file /home/dev/.codex/config.toml, line 1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a Codex home in it."""
    (tmp_path / ".codex").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def look(home: Path) -> dict[str, t.Any]:
    return inspect(Request(None, str(home / "codex"), 60, 1, 0, ()), {"PATH": os.defpath})


def test_a_config_that_codex_cannot_load(home: Path) -> None:
    stubs.codex(home / "codex", "0.169.0", [NOT_LOADABLE.read_bytes()])
    (home / ".codex/config.toml").write_text("model = \n")
    value = look(home)
    assert value["diagnosis"]["cause"] == "not_loadable"
    (problem,) = value["provider"]["problems"]
    assert problem.startswith(f"{home}/.codex/config.toml: line 1")
    assert value["diagnosis"]["evidence"] == [DOCTOR_SAYS, problem]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        pytest.param('model_provider = "gone"\n', "names gone, which is not defined", id="unknown"),
        pytest.param("[model_providers.openai]\n", "redefines a built-in", id="built-in"),
        pytest.param("model_providers = 1\n", "is not a table of tables", id="no-table"),
        pytest.param("model_provider = 1\n", "model_provider is not a string", id="no-string"),
    ],
)
def test_what_codex_refuses_in_a_config_is_told(home: Path, config: str, reason: str) -> None:
    stubs.codex(home / "codex", "0.169.0", [NOT_LOADABLE.read_bytes()])
    (home / ".codex/config.toml").write_text(config)
    doctors, ours = look(home)["diagnosis"]["evidence"]
    assert doctors == DOCTOR_SAYS
    assert ours.startswith(f"{home}/.codex/config.toml: ")
    assert reason in ours


@pytest.mark.parametrize("named_by", ["option", "environment"])
@pytest.mark.parametrize(("name", "what"), [("no", "does not exist"), ("codex", "is no directory")])
def test_a_codex_home_that_is_set_and_is_none(
    home: Path, named_by: str, name: str, what: str
) -> None:
    stubs.codex(home / "codex", "0.169.0", [NOT_LOADABLE.read_bytes()])
    path = str(home / name)
    is_option = named_by == "option"
    request = Request(path if is_option else None, str(home / "codex"), 60, 1, 0, ())
    environment = {"PATH": os.defpath, **({} if is_option else {"CODEX_HOME": path})}
    diagnosis = inspect(request, environment)["diagnosis"]
    told = f"CODEX_HOME {path} {what}; make it, or correct where it is set"
    assert (diagnosis["cause"], diagnosis["evidence"][-1]) == ("not_loadable", told)


def test_a_default_home_that_is_not_there_is_no_reason(home: Path) -> None:
    stubs.codex(home / "codex", "0.169.0", [NOT_LOADABLE.read_bytes()])
    (home / ".codex").rmdir()
    assert look(home)["diagnosis"]["evidence"] == [DOCTOR_SAYS]


def test_a_config_in_which_only_doctor_finds_something(home: Path) -> None:
    stubs.codex(home / "codex", "0.169.0", [NOT_LOADABLE.read_bytes()])
    (home / ".codex/config.toml").write_text('approval_policy = "nonsense"\n')
    assert look(home)["diagnosis"]["evidence"] == [DOCTOR_SAYS]


def test_a_config_that_codex_loads_has_no_such_evidence(home: Path) -> None:
    stubs.codex(home / "codex", "0.169.0", [HEALTHY])
    (home / ".codex/config.toml").write_text('model_provider = "gone"\n')
    value = look(home)
    assert value["diagnosis"]["verdict"] == "healthy"
    assert not any("gone" in line for line in value["diagnosis"]["evidence"])


@pytest.mark.parametrize(("version", "profiles"), [("0.169.0", ["new"]), ("0.133.0", ["old"])])
def test_the_profiles_that_use_http_only(home: Path, version: str, profiles: list[str]) -> None:
    sets = 'model_provider = "h"\n'
    config = '[model_providers.h]\nname = "h"\nrequires_openai_auth = true\n[profiles.old]\n'
    (home / ".codex/config.toml").write_text(config + sets)
    (home / ".codex/new.config.toml").write_text(sets)
    stubs.codex(home / "codex", version, [HEALTHY])
    assert look(home)["http_only_profiles"] == profiles
