#!/usr/bin/python

# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: codex_info
short_description: Tells what a user's Codex is and whether WebSockets work for it
version_added: 1.0.0
author:
  - The devfleet.codex authors (@devfleet)
description:
  - Finds the Codex client of a user, asks its own doctor about the network, and says what the
    answer means.
  - Nothing is changed. The file C(auth.json) is never opened, and no credential is returned.
  - What this module sees is not the developer's terminal. It reads no shell start-up file, the
    keyring may be locked, and the network may be another one in the evening. A doubt is reported as
    V(inconclusive).
  - C(codex) writes a few temporary files below C(CODEX_HOME) whenever it runs, be it for its
    version.
extends_documentation_fragment:
  - devfleet.codex._attributes
  - devfleet.codex._attributes.info
  - devfleet.codex._attributes.cleaned
  - devfleet.codex._attributes.group
  - devfleet.codex._codex_home
options:
  executable:
    description:
      - The client to ask.
      - By default the C(PATH) of the task is searched, then the places where npm, nvm, fnm, Volta,
        asdf, mise, Bun, pnpm, Homebrew, the standalone installer and the IDE extensions put it.
    type: path
  timeout:
    description:
      - Seconds for one run of C(codex doctor), after which it and all it started is ended.
      - From 1 to 3600.
    type: float
    default: 40
  probes:
    description:
      - How often doctor is asked at most. It is asked again only if the first answer is a failure.
      - From 1 to 100.
      - An affected host costs at most O(probes) times O(timeout) seconds, and the pauses between.
    type: int
    default: 2
  probe_interval:
    description:
      - Seconds between two runs of doctor, from 0 to 3600.
    type: float
    default: 5
  log_window:
    description:
      - Hours of the client's own log that count as evidence, from 0 to 8760. With V(0) it is not
        read.
      - Rows are counted for at most two seconds, nothing is copied, and what is older than the last
        change of this collection, or of C(.env) by anybody, does not count.
      - While the RV(codex.recovery) of O(recovery_scope) is a trial, all that was logged since it
        began counts, at most 8760 hours of it, unless C(.env) was changed since.
    type: float
    default: 72
  minimum_version:
    description:
      - A client older than this is told of in RV(codex.findings), such as V(0.166.0).
    type: str
  live_check:
    description:
      - Let the client say one sentence, bounded to 150 seconds, and count the lines
        C(Reconnecting...). It costs a few tokens of the user's login.
      - In a home that never ran a turn the client makes its own databases with it.
    type: bool
    default: false
  recovery_scope:
    description:
      - Which record RV(codex.recovery) shows where there are two, V(user) for that of C(CODEX_HOME)
        or V(system) for that of C(/etc/codex), which its owner alone can read.
    type: str
    choices: [user, system]
    default: user
  overrides:
    description:
      - Settings for this one look, each C(key=value) with a TOML value, handed to doctor as C(-c).
      - RV(devfleet.codex.http_provider#module:overrides) has the right form.
    type: list
    elements: str
    default: []
  https_proxy:
    description:
      - A proxy to look through that nothing sets yet, as C(http://host:port) or
        C(http://user:password@host:port). Nothing is written.
      - The client of this look gets it as C(HTTPS_PROXY) in its environment, and its log is not
        read. Where C(.env) says otherwise it would not go through it; then only the way is asked,
        and RV(trial) says so.
    type: str
seealso:
  - module: devfleet.codex.http_provider
  - module: devfleet.codex.proxy_env
  - module: devfleet.codex.observation
  - module: devfleet.codex.recovery
"""

EXAMPLES = r"""
- name: See how Codex fares on this machine
  devfleet.codex.codex_info:
  register: result

- name: Tell the verdict
  ansible.builtin.debug:
    msg: "{{ result.codex.diagnosis.verdict }}: {{ result.codex.diagnosis.advice }}"

- name: Ask what doctor would say under another provider
  devfleet.codex.codex_info:
    overrides:
      - model_provider="openai"
"""

RETURN = r"""
trial:
  description:
    - How O(https_proxy) was tried. C(by) is V(doctor), V(route) (C(answered) says whether HTTP
      answers through it; whether WebSockets would is not known) or V(none), and C(reason) is why
      doctor could not be asked.
  returned: with O(https_proxy)
  type: dict
  sample: {"by": "route", "reason": ".env sets HTTPS_PROXY, which beats whatever a trial can set",
    "answered": true}
codex:
  description: What was found.
  returned: success, unless O(https_proxy) was tried without doctor
  type: dict
  contains:
    installed:
      description: Whether a client was found.
      type: bool
      sample: true
    executable:
      description: The client that was asked.
      type: str
      sample: /home/dev/.local/bin/codex
    other_installations:
      description: Further clients of this user, each with its version.
      type: list
      elements: dict
      sample: [{"executable": "/usr/local/bin/codex", "version": "0.150.0"}]
    version:
      description: The client's version.
      type: str
      sample: 0.169.0
    install_method:
      description: How the client was installed, one of V(npm), V(brew), V(standalone), V(vscode),
        V(bun), V(pnpm), V(volta),
        V(unknown).
      type: str
      sample: npm
    home:
      description: Where the client keeps its files.
      type: dict
      sample: {"path": "/home/dev/.codex", "exists": true, "owner": "dev", "origin": "default"}
    provider:
      description:
        - The provider that a new session gets, the layer that decides it (V(default), V(user),
          V(system), V(managed), V(requirements), V(override)), whether WebSockets are on for it,
          and the files that could not be read.
      type: dict
      sample: {"active": "openai", "origin": "default", "websockets": true, "problems": []}
    proxy:
      description:
        - The proxies of a client that is started by this task. C(source) is V(dotenv),
          V(environment) or V(none). No user name and no password is returned.
        - C(problems) holds what is wrong with them, whether or not it explains a failure. Each has
          a C(name), the C(variable), its C(source) (V(shell) for a running session), a C(detail)
          and, where one follows, the C(repaired) value, in the quotes that C(.env) needs for it.
      type: dict
      sample:
        source: dotenv
        readable: true
        https: {"scheme": "", "host": "127.0.0.1", "port": 7890, "has_credentials": false}
        http: null
        all: null
        no_proxy: ["localhost"]
        problems:
          - name: no_scheme
            variable: HTTPS_PROXY
            source: dotenv
            detail: 127.0.0.1:7890 has no scheme, which WebSockets refuse
            repaired: http://127.0.0.1:7890
    routes:
      description:
        - Whether the service's host answers HTTP directly, through the proxy in use, and through
          another one that is set and has no effect. Tried only where something fails.
      type: dict
      sample: {"host": "api.openai.com", "direct": false, "proxy": true, "other": null}
    login:
      description:
        - Where the login is kept (C(store)), what C(codex login status) says (V(chatgpt),
          V(api_key), V(none) or V(unknown)), and which variables hold an API key, by name. Asked
          only where something fails, and where WebSockets are off while doctor says nothing of it.
      type: dict
      sample: {"store": "file", "status": "chatgpt", "api_key_variables": []}
    logs:
      description:
        - The fallbacks to HTTP that the client has logged, the threads they happened in, the last
          one in UTC, the commonest reason, and the threads that were completed over a WebSocket
          since. C(outcome) is V(read), V(off), V(absent), or why it was not read.
        - Terminal sessions alone are logged, C(codex exec) is not. Fallbacks were seen in the logs
          of clients 0.130 to 0.169, completed threads in those of 0.169 but not of 0.130.
      type: dict
      sample: {"outcome": "read", "fallbacks": 4, "threads": 2, "last_seen": "2026-06-03T09:12:44Z",
        "cause": "closed", "completed_since": 0}
    observed:
      description:
        - What M(devfleet.codex.observation) remembers here, by cause, with the first and the last
          sighting in UTC. A server error (V(service_error)) that was first seen more than an hour
          ago, and last within O(log_window), counts as a failure.
      type: dict
      sample: {"service_error": {"first": "2026-06-03T09:12:44Z", "last": "2026-06-03T11:40:02Z"}}
    recovery:
      description:
        - How far the way back to WebSockets is, as M(devfleet.codex.recovery) remembers it for the
          scope of O(recovery_scope), else for the other one. Null where nothing is remembered, or
          nothing that can be used.
        - C(state) is V(cured) (HTTP only), V(trial) (WebSockets are on again and watched),
          V(recovered) or V(spent) (HTTP only, and not tried again). C(attempts) is the number of
          trials so far. C(age) and C(tried_age) are the seconds since the state began and since the
          last probe, or the last return to the cure, that failed in it; below 0 the clock has been
          set back since.
        - C(provider) is the one on trial, null outside a trial. C(event) is what has happened last,
          see O(devfleet.codex.recovery#module:event), and C(why) its reason.
      type: dict
      sample:
        state: cured
        attempts: 1
        since: "2026-06-03T09:12:44Z"
        age: 3600.5
        tried_age: null
        revision: 4
        scope: user
        provider: null
        event: fell_back
        why: 1 fallback to HTTP in the trial
    findings:
      description:
        - What no configuration cures, each with a C(name), a C(detail) and C(advice).
      type: list
      elements: dict
      sample:
        - name: several_versions
          detail: 0.150.0 in /usr/local/bin/codex, 0.169.0 in /home/dev/.local/bin/codex
          advice: Remove all but one.
    live:
      description:
        - What one turn showed, with O(live_check=true). It is null where none was asked for, and
          where none could be answered.
      type: dict
      sample: {"answered": true, "seconds": 6.7, "reconnect_lines": 4, "fell_back": true,
        "problem": ""}
    http_only_profiles:
      description:
        - The profiles of this user whose provider has WebSockets off and sends the OpenAI login,
          read where this version of the client reads them.
      type: list
      elements: str
      sample: ["http"]
    doctor:
      description: The checks of the last doctor run that the verdict rests on.
      type: dict
      sample:
        ran: true
        flavour: network-only
        probes: 2
        seconds: 0.62
        config: {"status": "ok", "summary": "config loaded", "detail": ""}
        http: {"status": "ok", "summary": "active provider endpoints are reachable over HTTP",
          "detail": ""}
        websocket: {"status": "warning", "summary": "Responses WebSocket failed; HTTPS fallback may
          still work", "detail": ""}
        auth: {"mode": "chatgpt", "summary": null}
    diagnosis:
      description:
        - What it means. The verdicts are V(healthy), V(http_only), V(http_only_broken),
          V(websocket_blocked), V(proxy_misconfigured), V(network_unreachable), V(auth_missing),
          V(auth_conflict), V(config_invalid), V(managed_elsewhere), V(not_installed),
          V(unsupported_version) and V(inconclusive).
        - C(remedy) is V(http_provider), V(proxy_env), V(investigate) or V(none).
      type: dict
      sample:
        verdict: websocket_blocked
        cause: upgrade_refused
        evidence: ["WebSocket: http 403 Forbidden", "HTTP: HTTP 405"]
        remedy: http_provider
        advice: Something on the way refuses WebSockets while HTTPS works.
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.devfleet.codex.plugins.module_utils._home import HomeRefused
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
from ansible_collections.devfleet.codex.plugins.module_utils._layers import OverrideRefused
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from ansible_collections.devfleet.codex.plugins.module_utils._toml import TomlkitMissing
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version

_BOUNDS = (
    ("timeout", 1, 3600),
    ("probes", 1, 100),
    ("probe_interval", 0, 3600),
    ("log_window", 0, 8760),
)
"""Option, least and most."""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "codex_home": {"type": "path"},
            "executable": {"type": "path"},
            "timeout": {"type": "float", "default": 40},
            "probes": {"type": "int", "default": 2},
            "probe_interval": {"type": "float", "default": 5},
            "log_window": {"type": "float", "default": 72},
            "minimum_version": {"type": "str"},
            "live_check": {"type": "bool", "default": False},
            "recovery_scope": {"type": "str", "choices": ["user", "system"], "default": "user"},
            "overrides": {"type": "list", "elements": "str", "default": []},
            "https_proxy": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    candidate = given.pop("https_proxy")
    for option, least, most in _BOUNDS:
        if not least <= given[option] <= most:
            module.fail_json(msg=f"{option} must be at least {least} and at most {most}")
    if given["minimum_version"] and parse_version(given["minimum_version"]) is None:
        shown = clean(given["minimum_version"], 40)
        module.fail_json(msg=f'minimum_version "{shown}" is no version; write it like 0.166.0.')
    request = Request(**{**given, "overrides": tuple(given["overrides"])})
    try:
        if candidate is None:
            module.exit_json(changed=False, codex=inspect(request, os.environ))
        look_through(candidate, request, module)
    except (HomeRefused, OverrideRefused, TomlkitMissing) as error:
        module.fail_json(msg=str(error))


def look_through(candidate: str, request: Request, module: AnsibleModule) -> None:
    """Look at Codex as it would fare behind a proxy that nothing sets yet."""
    from ansible_collections.devfleet.codex.plugins.module_utils._proxy_trial import (
        begin,
        trial_value,
        with_candidate,
    )
    from ansible_collections.devfleet.codex.plugins.module_utils._proxy_url import (
        holds_no_secret,
        refusal,
    )

    if holds_no_secret(candidate):
        # Ansible would mask every occurrence, be it in the advice to write that very value.
        module.no_log_values.discard(candidate)
    refused = refusal(candidate)
    if refused is not None:
        module.fail_json(msg=f"https_proxy {refused}. Nothing was changed.")
    trial = begin(candidate, request.codex_home, request.executable, os.environ)
    told = {"changed": False, "trial": trial_value(trial)}
    if trial.by != "doctor":
        module.exit_json(**told)
    # What the client has logged, it has logged with another proxy.
    quiet = request._replace(log_window=0)
    environment = with_candidate(candidate, request.codex_home, os.environ)
    module.exit_json(**told, codex=inspect(quiet, environment))


if __name__ == "__main__":
    main()
