# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: proxy_tried
short_description: What a trial of a proxy says before it is set
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Without problems the proxy is better than what is there and may be set.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input, looked
options:
  looked:
    description:
      - What devfleet.codex.codex_info returned with
        O(devfleet.codex.codex_info#module:https_proxy), or failed with.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge the trial
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result | devfleet.codex.proxy_tried(looked) }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "refused", "message": "the cure would not work here"}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._proxy_cure import proxy_tried


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"proxy_tried": proxy_tried}
