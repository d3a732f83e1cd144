# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: recovery_move
short_description: What is next on the way from the HTTP-only provider back to WebSockets
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Weighs what is remembered of the recovery and what was seen on the machine by the policy of the
    role, such as a cooldown that is not over or a fallback to HTTP in a trial.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, way_back
options:
  way_back:
    description:
      - What devfleet.codex.http_provider returned in check mode with C(state=absent).
    type: dict
    required: true
  cooldown:
    description:
      - Hours from the cure, or from the last probe in vain, to the next probe.
    type: float
    required: true
  budget:
    description:
      - How many trials there are until a stream has completed over a WebSocket.
    type: int
    required: true
  planned:
    description:
      - What devfleet.codex.http_provider returned in check mode with C(state=present), or failed
        with, where there is nothing to take back.
    type: dict
  renewed:
    description:
      - What devfleet.codex.recovery returned, if the budget was renewed.
    type: dict
  scope:
    description:
      - Whose configuration it is about, V(user) or V(system).
    type: str
    default: user
  apply:
    description:
      - With V(never) nothing that writes is to be done. With V(always) another provider in the
        place of the cure is no reason to leave a failure alone.
    type: str
    choices: [when_detected, always, never]
    default: when_detected
"""

EXAMPLES = r"""
- name: Decide what is next
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result
         | devfleet.codex.recovery_move(way_back, cooldown=24, budget=3) }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "cooling_down", "message": "13.2 hours of the cooldown are left"}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._recovery import Policy
from ansible_collections.devfleet.codex.plugins.plugin_utils import _recovering

_HOUR = 3600.0

Value = t.Mapping[str, t.Any]


def recovery_move(
    result: Value,
    way_back: Value,
    cooldown: float | str,
    budget: int | str,
    planned: Value | None = None,
    renewed: Value | None = None,
    scope: str = "user",
    apply: str = "when_detected",
) -> dict[str, t.Any]:
    """``result`` with what is next; role variables may come as text from a command line."""
    policy = Policy(float(cooldown) * _HOUR, int(budget), respects_choice=apply != "always")
    return _recovering.recovery_move(result, way_back, policy, planned, renewed, scope, apply)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"recovery_move": recovery_move}
