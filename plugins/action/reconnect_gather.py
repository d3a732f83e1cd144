# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at one machine and say what the role will do there: one module execution, no more.

A fleet is mostly healthy machines, and a task costs a healthy machine more
than the look itself: so the check of the role's variables, the look, and what
it ends in are one action. It takes the variables as they are, for a template
of its own for each would be compiled anew for every machine. What it returns is
no fact of Ansible's, for those may come from a cache and be of last week.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.devfleet.codex.plugins.module_utils._provider import valid_provider_id
from ansible_collections.devfleet.codex.plugins.module_utils._recovery_record import (
    MOST_ATTEMPTS,
    MOST_HOURS,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    first_result,
    not_examined,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._report import (
    ReportRefused,
    refuse_report,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._role_options import (
    VariablesRefused,
    role_options,
    specification,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._target_action import TargetAction

_FOR_INFO = (
    "codex_home",
    "executable",
    "timeout",
    "probes",
    "probe_interval",
    "log_window",
    "minimum_version",
    "live_check",
)

_UNSET = (None, "")

# Read while the controller loads this plugin, before it has a process for each machine.
_VARIABLES = tuple(specification())


class ActionModule(TargetAction):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        options = self._options(task_vars or {})
        _refuse_unusable(options)
        try:
            seen = self._execute_module(
                module_name="devfleet.codex.codex_info",
                module_args={
                    **{name: options[name] for name in _FOR_INFO if options[name] not in _UNSET},
                    "recovery_scope": "system" if options["scope"] == "system" else "user",
                },
                task_vars=task_vars,
            )
        except AnsibleConnectionFailure as error:
            # The machine's story ends here, the others' does not: it is named in the summary.
            return {**result, "changed": False, **not_examined("unreachable", str(error))}
        if seen.get("failed"):
            return {**result, **seen, "msg": _why_failed(seen)}
        try:
            fact = first_result(seen["codex"], _wanted(options))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return {**result, "failed": True, "msg": f"codex_info answered nonsense: {error}"}
        return {**result, "changed": False, **fact, "codex": seen["codex"]}

    def _options(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        given = {name: task_vars[name] for name in _VARIABLES if name in task_vars}
        try:
            return role_options(self._templar.template(given))
        except VariablesRefused as error:
            raise AnsibleActionFail(str(error)) from error


def _refuse_unusable(options: dict[str, t.Any]) -> None:
    """Refuse what would come out at the first affected machine, or after the last one."""
    if options["scope"] == "profile" and not options["profile"]:
        raise AnsibleActionFail("reconnect_scope is profile, so reconnect_profile must name one.")
    if options["remedy"] == "proxy_env" and not options["proxy"]:
        raise AnsibleActionFail("reconnect_remedy is proxy_env, so reconnect_proxy must name one.")
    if not valid_provider_id(options["provider_id"]):
        raise AnsibleActionFail(
            f"reconnect_provider_id {options['provider_id']} must be made of letters, digits, _ "
            "and -, and be none of Codex's own, such as openai."
        )
    _refuse_impossible_recovery(options["recovery_cooldown"], options["recovery_budget"])
    minimum = options["minimum_version"]
    if minimum and parse_version(minimum) is None:
        raise AnsibleActionFail(
            f"reconnect_minimum_version {clean(minimum, 40)} is no version; write it like 0.166.0."
        )
    if options["report"]:
        try:
            refuse_report(options["report"])
        except ReportRefused as error:
            raise AnsibleActionFail(str(error)) from error


def _refuse_impossible_recovery(cooldown: float, budget: int) -> None:
    if not 0 <= cooldown <= MOST_HOURS:
        raise AnsibleActionFail(
            f"reconnect_recovery_cooldown is {cooldown}; it must be hours, 0 to {MOST_HOURS}. "
            "Nothing was changed."
        )
    if not 0 <= budget <= MOST_ATTEMPTS:
        raise AnsibleActionFail(
            f"reconnect_recovery_budget is {budget}; it must be a whole number, 0 to "
            f"{MOST_ATTEMPTS}. Nothing was changed."
        )


def _wanted(options: dict[str, t.Any]) -> Wanted:
    return Wanted(
        apply=options["apply"],
        remedy=options["remedy"],
        profile=options["profile"] if options["scope"] == "profile" else None,
        has_proxy=bool(options["proxy"]),
    )


def _why_failed(seen: dict[str, t.Any]) -> str:
    said = str(seen.get("module_stderr") or "").strip().splitlines()
    if not said:
        return str(seen.get("msg") or "codex_info failed without a word")
    return (
        f"codex_info could not be run ({clean(said[-1])}); "
        "set ansible_python_interpreter to a Python 3.9 or later"
    )
