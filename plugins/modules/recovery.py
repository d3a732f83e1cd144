#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery
short_description: Remembers on a machine how far it is on its way back to WebSockets
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - A machine that uses HTTP only need not do so for ever. After a cooldown the provider behind the
    cure is probed, a probe that succeeds spends one of a few trials, and only a stream that has
    completed over a WebSocket ends the story. This module keeps where a machine stands in it, and
    M(devfleet.codex.codex_info) tells.
  - The role C(reconnect) runs it where it is called for. It is seldom of use by itself.
  - The record is kept in C(.devfleet/) beside the configuration file, readable for its owner alone,
    with the last 20 events and their reasons. No file of the user is touched, so the result is
    never C(changed). A folder that does not exist is not made, except for C(.devfleet/) itself.
  - An event that does not fit what is remembered changes nothing.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.remembers
  - devfleet.codex._attributes.cleaned
  - devfleet.codex._attributes.group
  - devfleet.codex._codex_home
attributes:
  idempotent:
    support: none
    details: A second run fails where the first has remembered something, for O(revision) is then
      another one.
options:
  scope:
    description:
      - Whose configuration it is about. V(user) is the one in C(CODEX_HOME), V(system) the one in
        C(/etc/codex).
    type: str
    choices: [user, system]
    default: user
  event:
    description:
      - What has happened.
      - V(applied) says that the cure was made, V(adopted) that one was found of which nothing was
        remembered; the cooldown begins.
      - V(probe_failed) says that the provider behind the cure was probed in vain; the cooldown
        begins anew.
      - V(trial_started) says that WebSockets are on again, and spends a trial.
      - V(fell_back) says that they failed again and that the cure is back, V(not_made) that a trial
        was never made or was ended by somebody.
      - V(cure_failed) says that the cure was brought back, did not hold and was undone; the next
        attempt is a cooldown later.
      - V(completed) says that a stream has completed over a WebSocket, which renews the budget.
      - V(reset) renews the budget by your own word.
      - V(taken_back) forgets all of it.
    type: str
    choices:
      - adopted
      - applied
      - probe_failed
      - trial_started
      - fell_back
      - not_made
      - cure_failed
      - completed
      - reset
      - taken_back
    required: true
  why:
    description:
      - The reason, one line of at most 300 characters.
    type: str
    required: true
  budget:
    description:
      - How many trials there are, from 0 to 100.
    type: int
    default: 3
  provider:
    description:
      - The provider that is on trial, with O(event=trial_started). The turns of another one are no
        evidence.
    type: str
  revision:
    description:
      - The C(revision) of what was seen when this event was decided on. Where it is another one
        now, the module fails and nothing is changed.
      - Leave it out where nothing was remembered then; the module fails where something is now.
      - With O(event=taken_back) it does not matter.
    type: int
seealso:
  - module: devfleet.codex.codex_info
  - module: devfleet.codex.http_provider
"""

EXAMPLES = r"""
- name: See how Codex fares on this machine
  devfleet.codex.codex_info:
  register: result

- name: Give a machine whose trials are spent new ones
  devfleet.codex.recovery:
    event: reset
    why: the proxy was replaced
    scope: "{{ result.codex.recovery.scope }}"
    revision: "{{ result.codex.recovery.revision }}"
  when: (result.codex.recovery | default({}, true)).state | default("") == "spent"
"""

RETURN = r"""
path:
  description: Where it is remembered.
  returned: success
  type: str
  sample: /home/dev/.codex/.devfleet/recovery.json
recovery:
  description:
    - What is remembered afterwards, as RV(devfleet.codex.codex_info#module:codex) has it. Null for
      nothing.
  returned: success
  type: dict
  sample:
    state: cured
    attempts: 1
    since: "2026-06-03T09:12:44Z"
    age: 0.0
    tried_age: null
    revision: 4
    scope: user
    provider: null
    event: fell_back
    why: 1 fallback to HTTP in the trial
msg:
  description: What was done, and what stands in its way.
  returned: always
  type: str
  sample: "The state is cured now: 1 fallback to HTTP in the trial."
"""

import contextlib
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devfleet.codex.plugins.module_utils._codex_value import recovery_value
from ansible_collections.devfleet.codex.plugins.module_utils._files import FileChanged, FileRefused
from ansible_collections.devfleet.codex.plugins.module_utils._home import (
    HomeRefused,
    locate,
    refuse_foreign,
)
from ansible_collections.devfleet.codex.plugins.module_utils._layers import SYSTEM_FOLDER
from ansible_collections.devfleet.codex.plugins.module_utils._lock import held
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    Recovery,
    step,
)
from ansible_collections.devfleet.codex.plugins.module_utils._recovery_record import (
    MOST_ATTEMPTS,
    load,
    record_path,
    refuse_unwritable,
    save,
    sweep,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

_SENTENCE = 1000
"""Characters of the longest message; a path alone may have some hundreds."""


class Outdated(Exception):
    """What was decided on is no longer so; the text is the sentence for the user."""


def folder_of(given: t.Mapping[str, t.Any]) -> str:
    """The folder of the configuration that this is about. Raises ``HomeRefused``."""
    if given["scope"] == "system":
        return SYSTEM_FOLDER
    home = locate(given["codex_home"], os.environ)
    refuse_foreign(home)
    return home.path


def wanted_of(
    known: Recovery | None, given: t.Mapping[str, t.Any], path: str, now: float
) -> Recovery | None:
    """What is to be remembered, given what is remembered ``now``. Raises ``Outdated``."""
    decided = given["event"] != "taken_back"
    if decided and (known.revision if known else None) != given["revision"]:
        raise Outdated(_outdated(given["revision"], known.revision if known else None, path))
    return step(
        known, given["event"], given["why"], now, given["budget"], provider=given["provider"]
    )


def _outdated(given: int | None, there: int | None, path: str) -> str:
    now = "nothing is remembered in" if there is None else f"revision {there} is in"
    if given is None:
        return (
            f"no revision was given, and {now} {path}: look with codex_info, and give the one that "
            "it returns. Nothing was changed."
        )
    return (
        f"revision {given} was given, and {now} {path}: another run may have changed it meanwhile; "
        "run this again. Nothing was changed."
    )


def remembered(
    folder: str, given: t.Mapping[str, t.Any], now: float, check_mode: bool
) -> tuple[Recovery | None, Recovery | None]:
    """What was remembered before and is afterwards. Raises ``FileRefused``, ``FileChanged`` and
    ``Outdated``; nothing is written then, nor in check mode."""
    with contextlib.nullcontext() if check_mode else held(folder):
        if not check_mode:
            sweep(folder)
        known = load(folder)
        wanted = wanted_of(known, given, record_path(folder), now)
        if wanted != known:
            refuse_unwritable(folder)
            if not check_mode:
                save(folder, wanted)
    return known, wanted


def sentence(known: Recovery | None, wanted: Recovery | None, event: str) -> str:
    """What was done, for the user."""
    if wanted is None:
        return "Nothing is remembered of a recovery."
    if wanted == known:
        return f"{event} does not fit here: the state is still {wanted.state}."
    return f"The state is {wanted.state} now: {wanted.history[-1].why}."


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "codex_home": {"type": "path"},
            "scope": {"type": "str", "choices": ["user", "system"], "default": "user"},
            "event": {"type": "str", "choices": list(EVENTS), "required": True},
            "why": {"type": "str", "required": True},
            "budget": {"type": "int", "default": 3},
            "provider": {"type": "str"},
            "revision": {"type": "int"},
        },
        supports_check_mode=True,
    )
    given = module.params
    if not 0 <= given["budget"] <= MOST_ATTEMPTS:
        module.fail_json(msg=f"budget must be at least 0 and at most {MOST_ATTEMPTS}")
    if not given["why"].strip():
        module.fail_json(msg="why must not be empty: nothing is remembered without its reason.")
    now = time.time()
    left: Recovery | None = None
    try:
        folder = folder_of(given)
        path = record_path(folder)
        told = f"{clean(folder)} does not exist, so nothing is remembered."
        if os.path.isdir(folder):
            known, left = remembered(folder, given, now, module.check_mode)
            told = sentence(known, left, given["event"])
    except (HomeRefused, FileRefused, FileChanged, Outdated) as error:
        module.fail_json(msg=clean(str(error), _SENTENCE))
    module.exit_json(
        changed=False,
        path=clean(path, _SENTENCE),
        recovery=recovery_value(left, given["scope"], now),
        msg=told,
    )


if __name__ == "__main__":
    main()
