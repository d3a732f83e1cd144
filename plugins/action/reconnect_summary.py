# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show and write what became of every machine of the play, on the controller."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import (
    GROUPS,
    failing,
    group_of,
    render,
    totals,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._play import plain
from ansible_collections.devfleet.codex.plugins.plugin_utils._play import results as results_of
from ansible_collections.devfleet.codex.plugins.plugin_utils._report import (
    ReportRefused,
    write_report,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._rollout import stopped


class ActionModule(ActionBase):  # type: ignore[misc]
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _checked, options = self.validate_argument_spec(
            argument_spec={
                "title": {"type": "str", "required": True},
                "report": {"type": "str"},
                "fail_on": {
                    "type": "list",
                    "elements": "str",
                    "choices": list(GROUPS),
                    "default": [],
                },
            }
        )
        results = results_of(variables)
        Display().display("\n" + render(options["title"], results) + "\n")
        groups = {host: group_of(one) for host, one in results.items()}
        if options["report"]:
            document = {
                "title": options["title"],
                "finished": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
                "check_mode": self._task.check_mode,
                "totals": totals(results),
                "stopped": stopped(results),
                "hosts": results,
            }
            try:
                write_report(options["report"], plain(document))
            except ReportRefused as error:
                raise AnsibleActionFail(str(error)) from error
        named = failing(results, options["fail_on"])
        why = [stopped(results) or ""]
        if named:
            why.append(
                f"reconnect_fail_on is {', '.join(options['fail_on'])}, and that is what "
                f"{', '.join(named)} came out as; see the summary."
            )
        if any(why):
            raise AnsibleActionFail(" ".join(filter(None, why)))
        return {**result, "changed": False, "groups": groups}
