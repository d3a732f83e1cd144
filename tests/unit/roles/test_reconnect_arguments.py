# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's defaults and its documented options say the same."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles/reconnect"


def load(path: str) -> t.Any:
    return yaml.safe_load((ROLE / path).read_text())


DEFAULTS = load("defaults/main.yml")
SPECS = load("meta/argument_specs.yml")["argument_specs"]


def test_every_playbook_has_an_entry_point() -> None:
    playbooks = {path.stem for path in (ROLE.parents[1] / "playbooks").glob("*.yml")}
    assert SPECS.keys() == {"main" if name == "remediate" else name for name in playbooks}
    assert all((ROLE / f"tasks/{entry}.yml").is_file() for entry in SPECS)


@pytest.mark.parametrize("entry", SPECS)
def test_the_defaults_are_the_documented_ones(entry: str) -> None:
    options = SPECS[entry]["options"]
    documented = {name: repr(option.get("default")) for name, option in options.items()}
    # By their text, for Python takes False for 0.
    assert documented == {name: repr(default) for name, default in DEFAULTS.items()}


@pytest.mark.parametrize("entry", SPECS)
def test_every_option_is_documented_and_typed(entry: str) -> None:
    for name, option in SPECS[entry]["options"].items():
        assert name.startswith("reconnect_")
        assert option["type"] and option["description"], name
        default = option.get("default")
        if "choices" in option and default not in (None, []):
            assert default in option["choices"], name


@pytest.mark.parametrize("entry", SPECS)
def test_every_default_is_what_the_documented_type_makes_of_it(entry: str) -> None:
    given = {name: value for name, value in DEFAULTS.items() if value is not None}
    result = ArgumentSpecValidator(SPECS[entry]["options"]).validate(given)
    assert result.error_messages == []
    assert {name: result.validated_parameters[name] for name in given} == given
