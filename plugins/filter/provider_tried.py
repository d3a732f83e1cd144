# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: provider_tried
short_description: What a trial of the HTTP-only provider says before it is written
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Without problems the cure is better than none and may be applied.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, planned, looked, apply
options:
  planned:
    description:
      - What devfleet.codex.http_provider returned in check mode, or failed with.
    type: dict
    required: true
  looked:
    description:
      - What devfleet.codex.codex_info returned under its overrides, or failed with.
    type: dict
    required: true
  apply:
    description:
      - The value of C(reconnect_apply).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Judge the trial
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result
         | devfleet.codex.provider_tried(planned, looked, apply='when_detected') }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "refused", "message": "the cure would not work here"}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._provider_cure import provider_tried


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"provider_tried": provider_tried}
