# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person may write for the variables of a roll-out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import (
    Policy,
    PolicyRefused,
    checked_policy,
)

VALUES = {
    "canaries": 1,
    "canary_replacements": 2,
    "serial": None,
    "max_fail_percentage": 25,
    "outage_share": 0.9,
}


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("canaries", "3", 3),
        ("canaries", 0, 0),
        ("canary_replacements", 0, 0),
        ("serial", None, None),
        ("serial", "", None),
        ("serial", 5, "5"),
        ("serial", "10%", "10%"),
        ("serial", 1, "1"),
        ("serial", "1%", "1%"),
        ("serial", "100%", "100%"),
        ("serial", 10**9, "1000000000"),
        ("max_fail_percentage", "12.5", 12.5),
        ("max_fail_percentage", 100, 100),
        ("outage_share", 0, 0),
        ("outage_share", "1", 1),
    ],
)
def test_a_policy_is_what_a_person_has_written(name: str, value: t.Any, meaning: t.Any) -> None:
    policy = checked_policy({**VALUES, name: value})
    assert getattr(policy, name) == meaning


def test_the_policy_of_the_role() -> None:
    assert checked_policy(VALUES) == Policy()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("canaries", -1),
        ("canaries", "some"),
        ("canaries", 1.5),
        ("canaries", True),
        ("canaries", None),
        ("canary_replacements", -1),
        ("serial", 0),
        ("serial", "0%"),
        ("serial", "101%"),
        ("serial", "%"),
        ("serial", "-1"),
        ("serial", "1.5"),
        ("serial", "\u0663"),
        ("serial", 10**9 + 1),
        ("serial", "9" * 5000),
        ("serial", [1, 5]),
        ("max_fail_percentage", -1),
        ("max_fail_percentage", 100.5),
        ("max_fail_percentage", "nan"),
        ("max_fail_percentage", "many"),
        ("outage_share", 1.01),
        ("outage_share", "90%"),
        ("outage_share", None),
    ],
)
def test_what_means_nothing_is_refused_in_a_sentence(name: str, value: t.Any) -> None:
    with pytest.raises(PolicyRefused) as refused:
        checked_policy({**VALUES, name: value})
    said = str(refused.value)
    assert said.startswith(f"reconnect_{name} is {str(value)[:20]}")
    assert said.startswith(f"reconnect_{name} is ")
    assert "; it must be " in said
    assert said.endswith(" Nothing was changed.")
    assert len(said) < 200
