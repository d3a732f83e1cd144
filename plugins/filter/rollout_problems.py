# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_problems
short_description: Why a roll-out with these variables cannot begin
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Judges the variables of the role devfleet.codex.reconnect that say who is cured when. Reads the
    earlier report on the controller, if one is named. An empty list means they can be used.
options:
  _input:
    description:
      - The options of M(devfleet.codex.reconnect_rollout) from C(canaries) to C(baseline).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop unless the roll-out can begin
  ansible.builtin.assert:
    that:
      - "{'canaries': 1, 'canary_replacements': 2, 'serial': '10%', 'max_fail_percentage': 25,
          'outage_share': 0.9, 'baseline': none}
        | devfleet.codex.rollout_problems
        | length == 0"
"""

RETURN = r"""
_value:
  description: A sentence on what cannot be used, at most one of the numbers and one of the report.
  type: list
  elements: str
  sample:
    - "reconnect_canaries is -1; it must be a whole number, 0 or more. Nothing was changed."
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._baseline import (
    BaselineRefused,
    read_baseline,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import (
    PolicyRefused,
    checked_policy,
)


def rollout_problems(values: t.Mapping[str, t.Any]) -> list[str]:
    problems = []
    try:
        checked_policy(values)
    except PolicyRefused as error:
        problems.append(str(error))
    try:
        if values["baseline"]:
            read_baseline(str(values["baseline"]))
    except BaselineRefused as error:
        problems.append(str(error))
    return problems


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"rollout_problems": rollout_problems}
