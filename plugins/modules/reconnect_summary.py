#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reconnect_summary
short_description: Shows and writes what became of every machine of the play
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Shows the variable C(reconnect_result) of all hosts of the play as a few lines of text, and
    writes them to a file if one is named. Made for the role devfleet.codex.reconnect; run it once.
  - It works on the controller, as the user who started the run, and in check mode too.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.info
  - devfleet.codex._attributes.action
options:
  title:
    description:
      - The first words of the summary.
    type: str
    required: true
  report:
    description:
      - A file on the controller, ending in C(.json), C(.yml) or C(.yaml). A relative path counts
        from the directory in which the run was started.
    type: str
  fail_on:
    description:
      - Fail if a host came out as one of these.
    type: list
    elements: str
    choices: [affected, unreachable, inconclusive]
    default: []
"""

EXAMPLES = r"""
- name: Show what became of all machines
  devfleet.codex.reconnect_summary:
    title: Codex reconnect audit
    report: report.json
  run_once: true
"""

RETURN = r"""
groups:
  description:
    - What each host came out as, one of V(affected), V(cured), V(fine), V(inconclusive),
      V(unreachable), V(failed).
  returned: success
  type: dict
  sample: {"laptop-1": "fine", "laptop-2": "affected"}
"""
