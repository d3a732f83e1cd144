# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: proxy_proven
short_description: Whether a proxy cures the machine that it was set on
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - A look that fails is no proof. A WebSocket that is refused beyond the proxy is the next cause.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, applied, looked
options:
  applied:
    description:
      - What devfleet.codex.proxy_env returned.
    type: dict
    required: true
  looked:
    description:
      - What devfleet.codex.reconnect_gather returned afterwards, or failed with.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge the cure
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ before | devfleet.codex.proxy_proven(applied, reconnect_result) }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "applied", "proof": {"proven": true, "verdict": "healthy", "problems": []}}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._proxy_cure import proxy_proven


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"proxy_proven": proxy_proven}
