# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take back all that the role has done on one machine, and say what was done.

One action, for what was taken back before something failed must not be lost: a
machine whose provider is back and whose proxy is not is told of as just that.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import SCOPES
from ansible_collections.devfleet.codex.plugins.plugin_utils._report import (
    ReportRefused,
    refuse_report,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._taking_back import (
    not_reached,
    taken_back,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._target_action import TargetAction

# No "path": a tilde means the home on the machine, not the one on the controller.
_OPTIONS: dict[str, dict[str, t.Any]] = {
    "codex_home": {"type": "str"},
    "scope": {"type": "str", "choices": list(SCOPES), "default": "user"},
    "profile": {"type": "str"},
    "provider_id": {"type": "str", "default": "openai_http"},
    "purge": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
    "report": {"type": "str"},
}
_OF_PROVIDER = ("scope", "profile", "provider_id", "purge", "backup")


class ActionModule(TargetAction):
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=_OPTIONS)
        if options["report"]:
            try:
                refuse_report(options["report"])
            except ReportRefused as error:
                raise AnsibleActionFail(f"{error} Nothing was changed.") from error
        answers = self._answers(_steps(options), _home(options), task_vars)
        if _nothing_done(answers):
            said = str([*answers.values()][-1]["msg"])
            return {**result, "changed": False, **not_reached(said)}
        diffs = [one for answer in answers.values() for one in _diffs(answer)]
        fact = taken_back(
            answers,
            check_mode=self._task.check_mode,
            profile=options["profile"] if options["scope"] == "profile" else None,
        )
        return {**result, **fact, **({"diff": diffs} if diffs else {})}

    def _answers(
        self,
        steps: list[tuple[str, dict[str, t.Any]]],
        home: dict[str, t.Any],
        task_vars: dict[str, t.Any] | None,
    ) -> dict[str, dict[str, t.Any]]:
        """What each module returned, up to the one that could not be run at all."""
        answers: dict[str, dict[str, t.Any]] = {}
        for module, arguments in steps:
            try:
                answers[module] = self._execute_module(
                    module_name=f"devfleet.codex.{module}",
                    module_args={**home, **arguments},
                    task_vars=task_vars,
                )
            except AnsibleConnectionFailure as error:
                return {**answers, module: {"unreachable": True, "msg": str(error)}}
            except AnsibleError as error:
                if "http_provider" not in answers:
                    raise
                return {**answers, module: {"failed": True, "msg": str(error)}}
        return answers


def _nothing_done(answers: dict[str, dict[str, t.Any]]) -> bool:
    """Whether contact was lost before anything of the user's was looked at."""
    return "http_provider" not in answers or bool(answers["http_provider"].get("unreachable"))


def _steps(options: dict[str, t.Any]) -> list[tuple[str, dict[str, t.Any]]]:
    """The modules that take something back, in this order, and what they are given.

    The recovery is forgotten first: whoever is stopped after that leaves a cure of which nothing is
    remembered, and after the cure has gone it would be one to mend.
    """
    provider = {name: options[name] for name in _OF_PROVIDER if options[name] is not None}
    scope = "system" if options["scope"] == "system" else "user"
    recovery = {"event": "taken_back", "why": "rollback", "scope": scope}
    return [
        *([] if options["scope"] == "profile" else [("recovery", recovery)]),
        ("http_provider", {"state": "absent", **provider}),
        ("proxy_env", {"state": "absent"}),
        ("observation", {"state": "absent", "cause": "service_error"}),
    ]


def _home(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {} if options["codex_home"] is None else {"codex_home": options["codex_home"]}


def _diffs(answer: dict[str, t.Any]) -> list[t.Any]:
    diff = answer.get("diff")
    return diff if isinstance(diff, list) else [diff] if diff else []
