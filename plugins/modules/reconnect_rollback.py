# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reconnect_rollback
short_description: Takes back what the role devfleet.codex.reconnect has done on one machine
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Runs M(devfleet.codex.http_provider), M(devfleet.codex.proxy_env) and
    M(devfleet.codex.observation) with C(state=absent) and returns what the role calls
    C(reconnect_result) in one step. Made for the role; use those modules elsewhere.
  - What one of them fails with keeps the others from nothing. The result says what was taken back
    and what was not.
  - A machine that cannot be reached is no error. The result says so.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.changes_files
  - devfleet.codex._attributes.action
  - devfleet.codex._codex_home
options:
  scope:
    description:
      - See M(devfleet.codex.http_provider).
    type: str
    choices: [user, profile, system]
    default: user
  profile:
    description:
      - See M(devfleet.codex.http_provider).
    type: str
  provider_id:
    description:
      - See M(devfleet.codex.http_provider).
    type: str
    default: openai_http
  purge:
    description:
      - See M(devfleet.codex.http_provider).
    type: bool
    default: false
  backup:
    description:
      - See M(devfleet.codex.http_provider).
    type: bool
    default: false
  report:
    description:
      - The report that will be written in the end. A path that cannot work is refused before
        anything is taken back.
    type: str
"""

EXAMPLES = r"""
- name: Take back what was done on this machine
  devfleet.codex.reconnect_rollback:
  register: reconnect_result
"""

RETURN = r"""
action:
  description:
    - V(rolled_back), V(purged), V(proxy_rolled_back) or V(nothing_to_take_back); in check mode
      V(would_roll_back) or V(would_roll_back_proxy). It is V(failed) where something was not taken
      back.
  returned: always
  type: str
  sample: rolled_back
message:
  description: What that means for chats, or what failed and what was taken back all the same.
  returned: when the machine was reached
  type: str
  sample: openai_http is no longer the active provider.
path:
  description: The configuration file.
  returned: when it could be looked at
  type: str
  sample: /home/dev/.codex/config.toml
provider_id:
  description: The provider that was taken back.
  returned: when the configuration file could be looked at
  type: str
  sample: openai_http
proxy_set:
  description: The C(.env) in which the proxy was taken back, null where none was.
  returned: when the machine was reached
  type: str
  sample: /home/dev/.codex/.env
restart_required:
  description: Whether running sessions must be restarted to see the change.
  returned: when the machine was reached
  type: bool
  sample: true
"""
