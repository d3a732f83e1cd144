# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: trial_begun
short_description: Whether a trial of WebSockets has begun well
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Where doctor does not see what the probes saw, the cure is to be made again.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, way_back, spent, taken_back, looked
options:
  way_back:
    description:
      - What devfleet.codex.http_provider returned in check mode with C(state=absent).
    type: dict
    required: true
  spent:
    description:
      - What devfleet.codex.recovery returned when the trial was recorded.
    type: dict
    required: true
  taken_back:
    description:
      - What devfleet.codex.http_provider returned when the cure was taken back.
    type: dict
    required: true
  looked:
    description:
      - What devfleet.codex.codex_info returned afterwards, or failed with.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge the beginning of the trial
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result
         | devfleet.codex.trial_begun(way_back, spent, taken_back, looked) }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "trial_started", "restart_required": true}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._recovering import trial_begun


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"trial_begun": trial_begun}
