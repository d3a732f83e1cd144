# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: websockets_probed
short_description: Whether WebSockets work behind the HTTP-only provider
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Two looks at the provider behind the cure must both speak for it.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, way_back, probes
options:
  way_back:
    description:
      - What devfleet.codex.http_provider returned in check mode with C(state=absent).
    type: dict
    required: true
  probes:
    description:
      - What devfleet.codex.codex_info returned under the provider behind the cure, or failed
        with.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge the probes
  ansible.builtin.set_fact:
    reconnect_result: "{{ reconnect_result | devfleet.codex.websockets_probed(way_back, probes) }}"
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "probe_failed", "message": "without the cure: inconclusive (service_error)"}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._recovering import websockets_probed


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"websockets_probed": websockets_probed}
