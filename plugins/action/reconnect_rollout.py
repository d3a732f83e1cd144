# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide on the controller which machines are cured next, or that none is any more."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.devfleet.codex.plugins.plugin_utils._baseline import (
    BaselineRefused,
    known_affected,
    read_baseline,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._play import results as results_of
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import (
    Next,
    Policy,
    PolicyRefused,
    Results,
    checked_policy,
    next_hosts,
    order,
    suspected_outage,
    told_order,
    told_step,
)

# Each machine goes its own way under these, and none can be told what became of another.
_STRATEGIES_WITHOUT_ROUNDS = ("free", "host_pinned")


class ActionModule(ActionBase):  # type: ignore[misc]
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(
            argument_spec={
                "canaries": {"type": "int", "default": 1},
                "canary_replacements": {"type": "int", "default": 2},
                "serial": {"type": "str"},
                "max_fail_percentage": {"type": "float", "default": 25},
                "outage_share": {"type": "float", "default": 0.9},
                "baseline": {"type": "str"},
                "tried": {"type": "list", "elements": "str", "default": []},
                "rounds": {"type": "int", "default": 0},
            }
        )
        strategy = str(self._task.get_play().strategy).rpartition(".")[2]
        if strategy in _STRATEGIES_WITHOUT_ROUNDS:
            raise AnsibleActionFail(
                f"The strategy {strategy} knows no rounds, and a roll-out asks what became of the "
                "machines before; use ansible.builtin.linear. Nothing was changed."
            )
        results = results_of(task_vars or {})
        tried = [str(host) for host in options["tried"]]
        try:
            policy = checked_policy(options)
            outage = None if tried else _outage(results, options["baseline"], policy)
        except (PolicyRefused, BaselineRefused) as error:
            raise AnsibleActionFail(str(error)) from error
        step = next_hosts(results, tried, policy)
        if outage:
            step = Next((), step.hosts + step.waiting, stopped=outage)
        elif self._task.check_mode:
            # Nothing is written, so nobody has to wait until others hold.
            step = Next(step.hosts + step.waiting, stopped=step.stopped)
        told = told_step(step)
        if not tried and not outage:
            Display().display(told_order(order(results, policy), policy.canaries))
        if told and not self._task.check_mode:
            Display().display(told)
        return {
            **result,
            "changed": False,
            "msg": told,
            "hosts": list(step.hosts),
            "waiting": [] if step.stopped else list(step.waiting),
            "held_back": list(step.waiting) if step.stopped else [],
            "stopped": step.stopped,
            "tried": [*tried, *step.hosts],
            "rounds": options["rounds"] + 1,
        }


def _outage(results: Results, path: str | None, policy: Policy) -> str | None:
    """Why nothing is applied at all, as ``Next.stopped``, or None. Raises ``BaselineRefused``."""
    if not path:
        return suspected_outage(results, frozenset(), policy)
    known = known_affected(read_baseline(path), datetime.datetime.now(datetime.timezone.utc))
    if known is not None:
        return suspected_outage(results, known, policy)
    why = suspected_outage(results, frozenset(), policy)
    return why and (
        f"{why}; reconnect_baseline does not count, for it was finished less than an hour ago"
    )
