#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: observation
short_description: Remembers on a machine since when a cause has been seen there
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - A server error on the WebSocket upgrade passes as a rule, and one look cannot tell it from one
    that lasts. This module keeps when it was seen for the first and the last time, and
    M(devfleet.codex.codex_info) takes it for a failure once that is more than an hour ago.
  - The role C(reconnect) runs it where it is called for. It is seldom of use by itself.
  - The record is kept in C(.devfleet/) in C(CODEX_HOME), readable for its owner alone. No file of
    the user is touched, so the result is never C(changed). A C(CODEX_HOME) that does not exist is
    not made.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.remembers
  - devfleet.codex._attributes.cleaned
  - devfleet.codex._attributes.group
  - devfleet.codex._codex_home
options:
  cause:
    description:
      - The cause, as RV(devfleet.codex.codex_info#module:codex) names it.
    type: str
    choices: [service_error]
    required: true
  state:
    description:
      - V(present) says that the cause was seen just now.
      - V(absent) says that something else was seen, and forgets what was remembered of it.
    type: str
    choices: [present, absent]
    default: present
  window:
    description:
      - Hours, from 0 to 8760. After a longer time without the cause having been seen, its first
        sighting is now.
    type: float
    default: 72
seealso:
  - module: devfleet.codex.codex_info
"""

EXAMPLES = r"""
- name: See how Codex fares on this machine
  devfleet.codex.codex_info:
  register: result

- name: Remember a server error
  devfleet.codex.observation:
    cause: service_error
  when: result.codex.diagnosis.cause == "service_error"
"""

RETURN = r"""
path:
  description: Where it is remembered.
  returned: success
  type: str
  sample: /home/dev/.codex/.devfleet/observations.json
observed:
  description: What is remembered afterwards, by cause, in UTC.
  returned: success
  type: dict
  sample:
    service_error: {"first": "2026-06-03T09:12:44Z", "last": "2026-06-03T11:40:02Z"}
msg:
  description: What was done, and what stands in its way.
  returned: always
  type: str
  sample: "service_error has been seen since 2026-06-03T09:12:44Z."
"""

import contextlib
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devfleet.codex.plugins.module_utils._codex_value import observed_value
from ansible_collections.devfleet.codex.plugins.module_utils._files import FileChanged, FileRefused
from ansible_collections.devfleet.codex.plugins.module_utils._home import (
    HomeRefused,
    locate,
    refuse_foreign,
)
from ansible_collections.devfleet.codex.plugins.module_utils._lock import held
from ansible_collections.devfleet.codex.plugins.module_utils._observation_record import (
    CAUSES,
    Observations,
    extended,
    load,
    record_path,
    refuse_unwritable,
    save,
    sweep,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

_HOUR = 3600
_LONGEST_WINDOW = 8760
_SENTENCE = 1000
"""Characters of the longest message; a path alone may have some hundreds."""


def wanted_of(known: Observations, given: t.Mapping[str, t.Any], now: float) -> Observations:
    """What is to be remembered, given what is remembered ``now``."""
    cause = given["cause"]
    others = {name: one for name, one in known.items() if name != cause}
    if given["state"] == "absent":
        return others
    return {**others, cause: extended(known.get(cause), now, given["window"] * _HOUR)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "codex_home": {"type": "path"},
            "cause": {"type": "str", "choices": list(CAUSES), "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "window": {"type": "float", "default": 72},
        },
        supports_check_mode=True,
    )
    given = module.params
    if not 0 <= given["window"] <= _LONGEST_WINDOW:
        module.fail_json(msg=f"window must be at least 0 and at most {_LONGEST_WINDOW}")
    try:
        home = locate(given["codex_home"], os.environ)
        refuse_foreign(home)
        writes = home.exists and not module.check_mode
        with held(home.path) if writes else contextlib.nullcontext():
            if writes:
                sweep(home.path)
            known = load(home.path)
            wanted = wanted_of(known, given, time.time())
            if home.exists and wanted != known:
                refuse_unwritable(home.path)
                if writes:
                    save(home.path, wanted)
    except (HomeRefused, FileRefused, FileChanged) as error:
        module.fail_json(msg=clean(str(error), _SENTENCE))
    left = wanted if module.check_mode and home.exists else load(home.path)
    observed = observed_value(left)
    first = observed.get(given["cause"], {}).get("first")
    told = f"{given['cause']} has been seen since {first}."
    if first is None:
        told = f"Nothing is remembered of {given['cause']}."
    if not home.exists:
        told = f"{clean(home.path)} does not exist, so nothing is remembered."
    module.exit_json(
        changed=False, path=clean(record_path(home.path), _SENTENCE), observed=observed, msg=told
    )


if __name__ == "__main__":
    main()
