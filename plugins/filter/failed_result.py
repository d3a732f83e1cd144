# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: failed_result
short_description: What a task that failed has made of one machine
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Tells whether a cure was written, and whether it stays. A cure that is proven holds, whatever
    fails after it.
  - Made for the role devfleet.codex.reconnect.
positional: _input, failure
options:
  _input:
    description:
      - C(reconnect_result), the value that the role keeps of a machine; empty for none.
    type: dict
    required: true
  failure:
    description:
      - What the task returned.
    type: dict
    required: true
  applied:
    description:
      - What devfleet.codex.http_provider or devfleet.codex.proxy_env returned last when a cure was
        written.
    type: dict
    default: {}
  undone:
    description:
      - What the same module returned when that was taken back.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Keep what was seen for the summary
  ansible.builtin.set_fact:
    reconnect_result: >-
      {{ reconnect_result | default({})
         | devfleet.codex.failed_result(ansible_failed_result, applied=applied, undone=undone) }}
"""

RETURN = r"""
_value:
  description: C(reconnect_result) with what that decides.
  type: dict
  sample: {"action": "failed", "message": "config.toml line 3: no. Nothing was changed."}
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils import _failure

Value = t.Mapping[str, t.Any]


def failed_result(
    result: Value, failure: Value, applied: Value | None = None, undone: Value | None = None
) -> dict[str, t.Any]:
    return _failure.failed_result(result, failure, applied or {}, undone or {})


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., dict[str, t.Any]]]:
        return {"failed_result": failed_result}
