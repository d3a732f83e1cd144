# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: provider_proven
short_description: Whether the HTTP-only provider cures the machine that it was written on
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - A look that fails is no proof.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, applied, looked, provider_id
options:
  applied:
    description:
      - What devfleet.codex.http_provider returned.
    type: dict
    required: true
  looked:
    description:
      - What devfleet.codex.codex_info returned afterwards, or failed with.
    type: dict
    required: true
  provider_id:
    description:
      - The provider that the cure makes active.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Judge the cure
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result
         | devfleet.codex.provider_proven(applied, looked, provider_id='openai_http') }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "applied", "proof": {"proven": true, "verdict": "http_only", "problems": []}}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._provider_cure import provider_proven


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"provider_proven": provider_proven}
