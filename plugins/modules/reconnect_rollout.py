#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reconnect_rollout
short_description: Decides which machines of the play are cured next
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Reads the variable C(reconnect_result) of all hosts of the play and names those whose turn it
    is. Canaries go first, and the others follow in batches once the canaries hold. Made for the
    role devfleet.codex.reconnect. Run it once a round.
  - Names nobody where so many machines are affected at once that an outage of the service is the
    likelier cause, and where too many of those that were tried have failed.
  - It works on the controller. In check mode, in which nothing is written, it names all at once and
    tells in which order they would be cured.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.info
  - devfleet.codex._attributes.action
options:
  canaries:
    description:
      - How many machines have to hold a proven cure before the others are cured.
    type: int
    default: 1
  canary_replacements:
    description:
      - How many canaries that fail or go away may be replaced by the next machine.
    type: int
    default: 2
  serial:
    description:
      - How many machines a batch after the canaries has, as a number or as a percentage of all that
        are to be cured. By default they are cured all at once.
    type: str
  max_fail_percentage:
    description:
      - No further batch begins once more than this share of the machines tried after the canaries
        has failed.
    type: float
    default: 25
  outage_share:
    description:
      - Nobody is cured where more than this share, from 0 to 1, of at least 10 machines that use
        WebSockets and could be reached is affected.
    type: float
    default: 0.9
  baseline:
    description:
      - An earlier report on the controller. Machines that it shows as affected do not count for
        O(outage_share). One that was finished less than an hour ago shows nothing.
    type: str
  tried:
    description:
      - The machines that earlier rounds have named, in their order.
    type: list
    elements: str
    default: []
  rounds:
    description:
      - How many rounds there have been.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Decide who is cured first
  devfleet.codex.reconnect_rollout:
    canaries: 2
  register: rollout
  run_once: true
"""

RETURN = r"""
hosts:
  description: Whose turn it is.
  returned: success
  type: list
  elements: str
  sample: [laptop-1]
waiting:
  description: Who waits for a later round.
  returned: success
  type: list
  elements: str
  sample: [laptop-2, laptop-3]
held_back:
  description: Who is not cured in this run, for RV(stopped).
  returned: success
  type: list
  elements: str
  sample: []
stopped:
  description: Why the others are not cured, else null.
  returned: success
  type: str
  sample: "suspected_outage: 12 of 12 machines are affected, as in an outage of the service"
tried:
  description: O(tried) and RV(hosts).
  returned: success
  type: list
  elements: str
  sample: [laptop-1]
rounds:
  description: O(rounds) and this one.
  returned: success
  type: int
  sample: 1
"""
