#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_env
short_description: Sets the proxy that Codex uses, or takes that back
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Sets proxy variables in C(.env) in C(CODEX_HOME), which Codex reads at every start and which
    beats the variables of the shell. Every other byte of the file stays as it is.
  - The file is read as Codex reads it, so a line that Codex drops without a word (behind a byte
    order mark, below a quote that is not closed) does not count as set. The result is read again
    before it is written. A file that cannot be changed safely is left as it is, and the module
    fails with its path, the line and the cause.
  - Only what serves both the WebSockets and the HTTP requests of Codex is written. Refused, with
    the right form, are SOCKS proxies, C(https://) proxies, URLs without a scheme, C(HTTP_PROXY)
    alone, and a C(NO_PROXY) that covers the hosts of the service.
  - What was there before is kept in C(.devfleet/) beside the file, readable for its owner alone,
    until it is taken back. Nowhere else is a copy made, for a copy of C(.env) is a copy of its
    secrets. A user name or a password of a proxy is never in the result, in a diff or in a log.
  - A background server of Codex keeps the variables that it was started with; restart Codex after a
    change.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.changes_files
  - devfleet.codex._attributes.cleaned
  - devfleet.codex._attributes.group
  - devfleet.codex._codex_home
options:
  state:
    description:
      - V(present) sets the variables whose options are given, and no others.
      - V(absent) takes back all that this module did. If nobody has changed the file since, it gets
        its old bytes; else every variable that still holds our value gets the one that it had
        before, and what others changed is left alone. Without a record of a change of ours nothing
        is taken back.
    type: str
    choices: [present, absent]
    default: present
  undo:
    description:
      - With O(state=absent), take back what the last run with O(state=present) did and no more, as
        if it had not been made. Made for a cure that turns out not to cure.
    type: bool
    default: false
  https_proxy:
    description:
      - The value of C(HTTPS_PROXY), as C(http://host:port) or C(http://user:password@host:port).
        This is the one that Codex needs. A character of the user name or the password that means
        something in a URL is written as C(%40) and the like.
    type: str
  http_proxy:
    description:
      - The value of C(HTTP_PROXY), in the same form. Alone it is refused, for Codex would send its
        WebSockets through the proxy and its HTTPS requests past it.
    type: str
  all_proxy:
    description:
      - The value of C(ALL_PROXY), in the same form. C(HTTPS_PROXY) takes precedence over it, also
        one that comes from the user's shell; O(https_proxy) is the safer choice.
    type: str
  no_proxy:
    description:
      - Hosts that are reached without the proxy, as host names, domains or addresses. Those that
        C(NO_PROXY) does not name yet are added to it. Empty leaves C(NO_PROXY) as it is.
    type: list
    elements: str
    default: [localhost, 127.0.0.1, "::1"]
  no_proxy_exclusive:
    description:
      - Whether O(no_proxy) replaces what C(NO_PROXY) holds. This is the way to drop an entry that
        covers the hosts of the service.
    type: bool
    default: false
  lowercase:
    description:
      - What becomes of the same variable in lower case, where the file sets it. Codex prefers upper
        case, yet some of the programs that it starts prefer lower case.
      - V(align) gives it the same value, V(remove) removes it, V(keep) leaves it as it is.
    type: str
    choices: [align, remove, keep]
    default: align
notes:
  - Ansible shows the items of a loop whatever a module does. In a loop over proxies with passwords,
    set C(loop_control.label).
  - Ansible 2.19 shows the lines of the playbook where a task fails, and what follows C(-e) at
    C(-vvvv), so a URL with a password belongs into a vaulted variable and not into either.
seealso:
  - module: devfleet.codex.codex_info
  - module: devfleet.codex.http_provider
"""

EXAMPLES = r"""
- name: Let this user's Codex use the company's proxy
  devfleet.codex.proxy_env:
    https_proxy: http://proxy.example.com:3128

- name: Replace a list of exceptions that covers the service
  devfleet.codex.proxy_env:
    https_proxy: "{{ vaulted_proxy_url }}"
    no_proxy: [localhost, 127.0.0.1, "::1", .corp.example.com]
    no_proxy_exclusive: true

- name: Take it back
  devfleet.codex.proxy_env:
    state: absent
"""

RETURN = r"""
path:
  description: The file with the variables.
  returned: success
  type: str
  sample: /home/dev/.codex/.env
variables:
  description:
    - The proxies that the file sets afterwards, by variable, without user names and passwords. Each
      is a dictionary of C(scheme), C(host), C(port) and C(has_credentials).
  returned: success
  type: dict
  sample:
    HTTPS_PROXY: {scheme: http, host: proxy.example.com, port: 3128, has_credentials: false}
restart_required:
  description: Whether running sessions must be restarted to see the change.
  returned: success
  type: bool
  sample: true
msg:
  description: What was done, and what stands in its way.
  returned: always
  type: str
  sample: "HTTPS_PROXY, NO_PROXY: Codex reads them as wanted after its next start. Restart Codex."
"""

import functools
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devfleet.codex.plugins.module_utils._change import (
    Place,
    Refused,
    make,
    prepare,
)
from ansible_collections.devfleet.codex.plugins.module_utils._files import Snapshot
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_env import (
    Planned,
    dotenv_path,
    plan_absent,
    plan_present,
    plan_undo,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_env_result import (
    diff,
    result_of,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_url import holds_no_secret
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_wanted import (
    PROXIES,
    Unwanted,
    wanted_of,
)


def show_what_is_harmless(module: AnsibleModule) -> None:
    """Let Ansible mask a whole URL only where it may hold a secret.

    It masks every occurrence: the advice for C(127.0.0.1:7890) would be C(http://********).
    """
    for name in PROXIES:
        url = module.params[name.lower()]
        if url is not None and holds_no_secret(url):
            module.no_log_values.discard(url)


def planner_of(
    given: t.Mapping[str, t.Any], environment: t.Mapping[str, str]
) -> t.Callable[[Snapshot], Planned]:
    if given["state"] == "absent":
        taking_back = plan_undo if given["undo"] else plan_absent
        return functools.partial(taking_back, environment)
    if given["undo"]:
        raise Unwanted("undo goes with state absent only; leave it out, or say state: absent")
    wanted = wanted_of(
        {name: given[name.lower()] for name in PROXIES},
        given["no_proxy"],
        given["no_proxy_exclusive"],
        given["lowercase"],
    )
    return functools.partial(plan_present, wanted, environment)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "undo": {"type": "bool", "default": False},
            "codex_home": {"type": "path"},
            "https_proxy": {"type": "str", "no_log": True},
            "http_proxy": {"type": "str", "no_log": True},
            "all_proxy": {"type": "str", "no_log": True},
            "no_proxy": {
                "type": "list",
                "elements": "str",
                "default": ["localhost", "127.0.0.1", "::1"],
            },
            "no_proxy_exclusive": {"type": "bool", "default": False},
            "lowercase": {
                "type": "str",
                "choices": ["align", "remove", "keep"],
                "default": "align",
            },
        },
        supports_check_mode=True,
    )
    given = module.params
    show_what_is_harmless(module)
    environment = dict(os.environ)
    try:
        planner = planner_of(given, environment)
        path = dotenv_path(given["codex_home"], environment)
        planned = prepare(planner, path) if module.check_mode else make(planner, Place(path))
    except Unwanted as error:
        module.fail_json(msg=f"{error}. Nothing was changed.")
    except Refused as error:
        module.fail_json(msg=str(error))
    result = result_of(planned, given["state"])
    if module._diff:
        result["diff"] = diff(planned)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
