#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reconnect_gather
short_description: Looks at one machine for the role devfleet.codex.reconnect
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Runs M(devfleet.codex.codex_info) and returns what the role calls C(reconnect_result) in one
    step. Made for the role; use M(devfleet.codex.codex_info) elsewhere.
  - A machine that cannot be reached is no error. The result says so.
  - Refuses variables of the role that its argument specification does not allow, before the
    machine is looked at.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.info
  - devfleet.codex._attributes.action
  - devfleet.codex._codex_home
options:
  executable:
    description:
      - See M(devfleet.codex.codex_info).
    type: path
  timeout:
    description:
      - See M(devfleet.codex.codex_info).
    type: float
  probes:
    description:
      - See M(devfleet.codex.codex_info).
    type: int
  probe_interval:
    description:
      - See M(devfleet.codex.codex_info).
    type: float
  log_window:
    description:
      - See M(devfleet.codex.codex_info).
    type: float
  minimum_version:
    description:
      - See M(devfleet.codex.codex_info).
    type: str
  live_check:
    description:
      - See M(devfleet.codex.codex_info).
    type: bool
  apply:
    description:
      - Which verdicts call for a cure. With V(when_detected) those that prove the need, with
        V(always) all that do not rule it out, with V(never) none.
    type: str
    choices: [when_detected, always, never]
    default: when_detected
  remedy:
    description:
      - Which cure is called for. With V(auto) the proxy where it is the cause and O(has_proxy) says
        that there is one to set, and the HTTP-only provider where WebSockets are blocked. With
        V(http_provider) or V(proxy_env) that cure alone.
    type: str
    choices: [auto, http_provider, proxy_env]
    default: auto
  has_proxy:
    description:
      - Whether the role has a proxy to set. The proxy itself is none of this module's business, for
        it may hold a password.
    type: bool
    default: false
  scope:
    description:
      - See M(devfleet.codex.http_provider).
    type: str
    choices: [user, profile, system]
    default: user
  profile:
    description:
      - The profile that the role writes, with O(scope=profile). A machine that has it is cured.
    type: str
  provider_id:
    description:
      - See M(devfleet.codex.http_provider).
    type: str
    default: openai_http
  recovery_cooldown:
    description:
      - Hours; what cannot be one is refused at once.
    type: float
    default: 24
  recovery_budget:
    description:
      - See M(devfleet.codex.recovery). What cannot be one is refused at once.
    type: int
    default: 3
  report:
    description:
      - The report that will be written in the end. A path that cannot work is refused at once.
    type: str
"""

EXAMPLES = r"""
- name: Look at this machine
  devfleet.codex.reconnect_gather:
  register: reconnect_result
"""

RETURN = r"""
verdict:
  description:
    - See RV(devfleet.codex.codex_info#module:codex). It is V(unreachable) where the machine was not
      reached.
  returned: success
  type: str
  sample: healthy
cause:
  description: See RV(devfleet.codex.codex_info#module:codex).
  returned: success
  type: str
  sample: handshake_ok
action:
  description:
    - What the role will do, V(would_apply) or V(none). It is V(profile_in_place) where the profile
      that it would write uses HTTP only already.
  returned: success
  type: str
  sample: none
held_back:
  description:
    - The variable of the role that keeps a proven need from being cured, and its value.
  returned: when the machine was reached
  type: str
  sample: reconnect_apply is never
codex:
  description: See M(devfleet.codex.codex_info).
  returned: when the machine was reached
  type: dict
  sample: {"installed": false}
"""
