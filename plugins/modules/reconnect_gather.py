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
  - Its options are the variables of the role, which it holds to the role's argument specification
    before it looks at the machine.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.info
  - devfleet.codex._attributes.action
options: {}
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
