# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cure_problems
short_description: Why doctor's answer under the HTTP-only provider does not prove the cure
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Compares two values of devfleet.codex.codex_info. An empty list means the cure is proven.
positional: _input, before
options:
  _input:
    description:
      - RV(devfleet.codex.codex_info#module:codex) under the cure.
    type: dict
    required: true
  before:
    description:
      - RV(devfleet.codex.codex_info#module:codex) without it.
    type: dict
    required: true
  provider_id:
    description:
      - The provider that the cure makes active.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Stop unless the cure is proven
  ansible.builtin.assert:
    that:
      - cured.codex
        | devfleet.codex.cure_problems(before.codex, provider_id='openai_http')
        | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each criterion that does not hold.
  type: list
  elements: str
  sample:
    - "active provider: openai, not openai_http"
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import cure_problems


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"cure_problems": cure_problems}
