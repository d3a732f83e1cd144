# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's page says what the role's specification and its code say."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import yaml
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import STATES
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    _KEYS as KEYS,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import (
    _DONE as DONE,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import (
    ROLL_OUT_STOPPED,
    SUSPECTED_OUTAGE,
)

ROLE = Path(__file__).resolve().parents[3] / "roles/reconnect"
PAGE = (ROLE / "README.md").read_text(encoding="utf-8")
SPECS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]


def table(first: str) -> list[list[str]]:
    """Return the cells of the table whose first column is called `first`."""
    (rows,) = re.findall(rf"^\| {first} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [
        [cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows.splitlines()
    ]


def names(cells: t.Iterable[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def shown(option: dict[str, t.Any]) -> str:
    default = option.get("default")
    if default is None:
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def test_every_variable_has_its_type_and_its_default() -> None:
    options = SPECS["main"]["options"]
    assert [row[:3] for row in table("variable")] == [
        [f"`{name}`", option["type"], shown(option)] for name, option in options.items()
    ]


def test_every_entry_point_is_told() -> None:
    assert names(row[0] for row in table("entry point")) == list(SPECS)


def test_every_key_of_the_result_is_told() -> None:
    assert sorted(names(row[0] for row in table("key"))) == sorted(KEYS)


def test_every_action_is_told() -> None:
    # A cure that is made again has a line of its own in the summary, and is called "applied".
    actions = {"none", *DONE} - {"applied_again"}
    assert sorted(names(row[0] for row in table("action"))) == sorted(actions)


def test_every_stop_of_a_roll_out_is_told() -> None:
    assert set(names(row[0] for row in table("what is said"))) == {
        SUSPECTED_OUTAGE,
        ROLL_OUT_STOPPED,
    }


def test_every_state_of_the_recovery_is_told() -> None:
    assert names(row[0] for row in table("state")) == list(STATES)


def test_every_example_calls_an_entry_point_with_variables_of_the_role() -> None:
    plays = [
        play
        for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        for play in yaml.safe_load(block)
    ]
    assert plays
    for play in plays:
        calls = [*play.get("roles", []), *play.get("tasks", [])]
        for call in calls:
            role = call.get("ansible.builtin.import_role", {"name": call.get("role")})
            assert role["name"] == "devfleet.codex.reconnect"
            assert role.get("tasks_from", "main") in SPECS
            assert call.get("vars", {}).keys() <= SPECS["main"]["options"].keys()
