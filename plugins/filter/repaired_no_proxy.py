# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: repaired_no_proxy
short_description: Which hosts are to stand in NO_PROXY instead
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Only a NO_PROXY that covers the hosts of the service is replaced.
  - Made for the role devfleet.codex.reconnect.
extends_documentation_fragment:
  - devfleet.codex._reconnect_result
positional: _input
"""

EXAMPLES = r"""
- name: Name the hosts
  ansible.builtin.debug:
    msg: "{{ reconnect_result | devfleet.codex.repaired_no_proxy }}"
"""

RETURN = r"""
_value:
  description: The hosts; empty where NO_PROXY is not to be replaced.
  type: list
  elements: str
  sample: [localhost, .corp.example.com]
"""

import typing as t

from ansible_collections.devfleet.codex.plugins.plugin_utils._proxy_cure import repaired_no_proxy


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., list[str]]]:
        return {"repaired_no_proxy": repaired_no_proxy}
