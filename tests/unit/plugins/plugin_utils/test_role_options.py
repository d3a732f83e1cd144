# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables are held to its argument specification."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.devfleet.codex.plugins.plugin_utils._role_options import (
    VariablesRefused,
    role_options,
    specification,
)

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/reconnect"
ENTRY_POINTS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_entry_point_has_these_options(name: str) -> None:
    assert ENTRY_POINTS[name]["options"] == specification()


def test_the_defaults_are_those_of_what_is_not_given() -> None:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    options = role_options({})
    assert options == role_options(defaults)
    assert {f"reconnect_{name}" for name in options} == defaults.keys()
    assert (options["timeout"], options["serial"]) == (40.0, None)


@pytest.mark.parametrize(
    "name, value",
    [
        ("reconnect_probes", "two"),
        ("reconnect_scope", "world"),
        ("reconnect_purge", "perhaps"),
        ("reconnect_canaries", [1]),
        ("reconnect_fail_on", ["rain"]),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: t.Any) -> None:
    with pytest.raises(VariablesRefused) as refused:
        role_options({name: value, "reconnect_serial": "10%"})
    assert name in str(refused.value) and "reconnect_serial" not in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed.")
