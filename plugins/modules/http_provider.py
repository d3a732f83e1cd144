#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: http_provider
short_description: Makes Codex use HTTP instead of WebSockets, or takes that back
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Writes a model provider without WebSockets into a Codex configuration file and makes it the
    active one, in one atomic replacement. Every other byte of the file stays as it is.
  - The result is parsed and compared before it is written. A file that Codex cannot load, or that
    cannot be changed safely, is left as it is, and the module fails with its path, the line and the
    cause.
  - If the active provider is somebody else's table in the same file (a company gateway), that table
    gets C(supports_websockets = false) and nothing else, for another provider would mean another
    endpoint and other credentials.
  - If C(openai_base_url) is set, it becomes C(base_url) of the new provider, for a custom provider
    ignores it.
  - Chats belong to the provider they were started with. RV(msg) says what a change means for them.
  - What was there before is kept in C(.devfleet/) beside the file.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.changes_files
  - devfleet.codex._attributes.cleaned
  - devfleet.codex._attributes.group
  - devfleet.codex._codex_home
options:
  state:
    description:
      - V(present) makes the configuration use HTTP only.
      - V(absent) takes the active provider back to what it was. The table stays, because chats that
        were started under it can only be resumed while it exists; see O(purge).
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - With O(state=absent), remove the provider's table too. If nobody has changed the file since,
        it gets its old bytes.
      - What was remembered goes too. Where the client has logged a failure, and with
        O(scope=system), an empty note of when that was stays in C(.devfleet), for what was logged
        before is no reason for a new cure.
    type: bool
    default: false
  undo:
    description:
      - With O(state=absent), take back what the last run with O(state=present) did and no more, as
        if it had not been made. Made for a cure that turns out not to cure.
    type: bool
    default: false
  codex_version:
    description:
      - The client's version as C(codex --version) prints it. Only O(scope=profile) depends on it,
        for clients up to 0.133 read profiles from C([profiles.x]) and later ones from
        C(x.config.toml). By default the client is asked.
    type: str
  executable:
    description:
      - The client that is asked for its version, if it has to be; see M(devfleet.codex.codex_info)
        for where it is looked for by default.
    type: path
  scope:
    description:
      - V(user) is C(config.toml) in C(CODEX_HOME).
      - V(profile) is the profile O(profile) of that user; sessions without C(--profile) are not
        changed.
      - V(system) is C(/etc/codex/config.toml), for all users of the machine.
    type: str
    choices: [user, profile, system]
    default: user
  profile:
    description:
      - The profile of O(scope=profile); letters, digits, C(_) and C(-).
    type: str
  provider_id:
    description:
      - The id of the provider. If it belongs to a provider that is not ours, the next free one of
        C(<id>_2), C(<id>_3) and so on is taken; see RV(provider_id).
      - Letters, digits, C(_) and C(-). The ids of built-in providers are refused.
    type: str
    default: openai_http
  name:
    description:
      - The name that Codex shows for the provider.
    type: str
    default: OpenAI HTTP only
  base_url:
    description:
      - The provider's endpoint. Leave it out for the service itself, whose address depends on the
        login.
    type: str
  backup:
    description:
      - Keep a copy of the file beside it, with the time in its name.
    type: bool
    default: false
seealso:
  - module: devfleet.codex.codex_info
"""

EXAMPLES = r"""
- name: Let this user's Codex use HTTP only
  devfleet.codex.http_provider:

- name: Offer it as a profile instead
  devfleet.codex.http_provider:
    scope: profile
    profile: http

- name: Go back to WebSockets
  devfleet.codex.http_provider:
    state: absent
"""

RETURN = r"""
path:
  description: The configuration file.
  returned: success
  type: str
  sample: /home/dev/.codex/config.toml
provider_id:
  description: The provider that uses HTTP only.
  returned: success
  type: str
  sample: openai_http
previous_provider:
  description: The provider that was active before.
  returned: success
  type: str
  sample: openai
overrides:
  description:
    - The same change as values for C(codex -c), also for
      O(devfleet.codex.codex_info#module:overrides). Empty where the provider's C(base_url) may hold
      a password or a key, and where its id needs quotes, which C(-c) does not take in a key.
    - With O(state=absent) they ask the provider that is active without ours, and are empty where
      nothing is taken back.
  returned: success
  type: list
  elements: str
  sample: ["model_provider=\"openai_http\"",
    "model_providers.openai_http.supports_websockets=false"]
overrides_provider:
  description: The provider that is active under RV(overrides).
  returned: success
  type: str
  sample: openai_http
drift:
  description: Whether somebody else has removed the setting since it was made.
  returned: O(state=present)
  type: bool
  sample: false
user_choice:
  description: The provider that somebody else has made active since, if any.
  returned: O(state=present)
  type: str
  sample: corp
table:
  description:
    - What became of the provider's table. V(kept) is there for its chats, V(removed) is not in the
      file any more, V(restored) is that of a gateway, which uses WebSockets again and whose chats
      are not affected; V(none) says that nothing was taken back.
  returned: O(state=absent)
  type: str
  sample: kept
restart_required:
  description: Whether running sessions must be restarted to see the change.
  returned: success
  type: bool
  sample: true
backup_file:
  description: The copy that O(backup) asked for.
  returned: when a copy was made
  type: str
  sample: /home/dev/.codex/config.toml.4711.2026-06-03@09:12:44~
msg:
  description: What was done, and what it means for chats.
  returned: always
  type: str
  sample: openai_http is now the active provider, over HTTP only.
"""

import contextlib
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devfleet.codex.plugins.module_utils import _http_provider as http_provider
from ansible_collections.devfleet.codex.plugins.module_utils._change import Refused
from ansible_collections.devfleet.codex.plugins.module_utils._files import Snapshot, copied
from ansible_collections.devfleet.codex.plugins.module_utils._http_provider_result import (
    diff,
    result_of,
)
from ansible_collections.devfleet.codex.plugins.module_utils._provider import (
    PROVIDER_ID,
    valid_provider_id,
)
from ansible_collections.devfleet.codex.plugins.module_utils._target import (
    Request,
    find_changed_target,
    find_target,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml import TomlkitMissing


def refuse_bad_options(module: AnsibleModule) -> None:
    given = module.params
    if not valid_provider_id(given["provider_id"]):
        module.fail_json(
            msg=f"provider_id {given['provider_id']!r} cannot be used: it is built into Codex, "
            "or not made of 1 to 64 "
            "letters, digits, _ and -; choose another, such as openai_http."
        )
    if given["profile"] is not None and not PROVIDER_ID.fullmatch(given["profile"]):
        module.fail_json(
            msg=f"profile {given['profile']!r} cannot be used: it is not made of 1 to 64 letters, "
            "digits, _ and -; name the profile as codex --profile does."
        )
    for option in ("purge", "undo"):
        if given[option] and given["state"] == "present":
            module.fail_json(
                msg=f"{option} goes with state absent only; leave it out, or say state: absent."
            )
    if not given["name"].strip():
        module.fail_json(msg="name must not be empty: Codex does not load a provider without one.")
    for option in ("name", "base_url"):
        try:
            (given[option] or "").encode()
        except UnicodeEncodeError:
            module.fail_json(msg=f"{option} is not Unicode text; write it as UTF-8.")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "purge": {"type": "bool", "default": False},
            "undo": {"type": "bool", "default": False},
            "codex_home": {"type": "path"},
            "codex_version": {"type": "str"},
            "executable": {"type": "path"},
            "scope": {"type": "str", "choices": ["user", "profile", "system"], "default": "user"},
            "profile": {"type": "str"},
            "provider_id": {"type": "str", "default": "openai_http"},
            "name": {"type": "str", "default": "OpenAI HTTP only"},
            "base_url": {"type": "str"},
            "backup": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("purge", "undo")],
        required_if=[("scope", "profile", ["profile"])],
        supports_check_mode=True,
    )
    refuse_bad_options(module)
    given = module.params
    request = Request(
        **{
            key: given[key]
            for key in (
                "codex_home",
                "codex_version",
                "executable",
                "scope",
                "profile",
                "provider_id",
                "name",
                "base_url",
            )
        }
    )
    find, planner = find_target, http_provider.plan_present
    if given["state"] == "absent":
        find, planner = find_changed_target, http_provider.plan_absent
        if given["purge"]:
            planner = http_provider.plan_purge
        elif given["undo"]:
            planner = http_provider.plan_undo
    backups: list[str] = []

    @contextlib.contextmanager
    def backup(before: Snapshot) -> t.Iterator[None]:
        if not given["backup"]:
            yield
            return
        stamp = time.strftime("%Y-%m-%d@%H:%M:%S")
        place = f"{before.path}.{os.getpid()}.{stamp}~"
        with copied(before, place):
            yield
        # The copy of a change that was not made is gone again.
        backups.append(place)

    try:
        target = find(request, os.environ)
        planned = (
            http_provider.prepare(planner, target, request)
            if module.check_mode
            else http_provider.make(planner, target, request, backup)
        )
    except (Refused, TomlkitMissing) as error:
        module.fail_json(msg=str(error))
    profile = given["profile"] if given["scope"] == "profile" else None
    result = result_of(planned, given["state"], profile)
    if module._diff:
        result["diff"] = diff(planned)
    if backups:
        result["backup_file"] = backups[-1]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
