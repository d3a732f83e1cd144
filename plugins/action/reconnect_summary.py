# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show and write what became of every machine of the play, on the controller."""

from __future__ import annotations

import json
import pathlib
import tempfile
import typing as t

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    checked_result,
    not_examined,
)
from ansible_collections.devfleet.codex.plugins.plugin_utils._fleet import (
    GROUPS,
    failing,
    group_of,
    render,
)

_WRITERS: dict[str, t.Callable[[t.Any], str]] = {
    ".json": lambda value: json.dumps(value, indent=2, sort_keys=True) + "\n",
    ".yml": lambda value: yaml.safe_dump(value, sort_keys=True),
    ".yaml": lambda value: yaml.safe_dump(value, sort_keys=True),
}


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
        results = _results(variables)
        Display().display("\n" + render(options["title"], results) + "\n")
        groups = {host: group_of(one) for host, one in results.items()}
        if options["report"]:
            _write(options["report"], _plain({"title": options["title"], "hosts": results}))
        named = failing(results, options["fail_on"])
        if named:
            raise AnsibleActionFail(
                f"reconnect_fail_on is {', '.join(options['fail_on'])}, and that is what "
                f"{', '.join(named)} came out as; see the summary."
            )
        return {**result, "changed": False, "groups": groups}


def _results(variables: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    active = set(variables["ansible_play_hosts"])
    results: dict[str, dict[str, t.Any]] = {}
    for host in variables["ansible_play_hosts_all"]:
        held = variables["hostvars"][host].get("reconnect_result")
        if held is None:
            said = "it failed before it was looked at; see the output above"
            plain = {**not_examined("inconclusive", said), "action": "failed", "message": said}
        else:
            plain = checked_result(_plain(held))
        if plain["action"] == "would_apply" and host not in active:
            plain["action"] = "lost"
        results[str(host)] = plain
    return results


def _plain(value: t.Any) -> t.Any:
    # Ansible tags the strings of its options and facts, which no serializer but JSON takes.
    return json.loads(json.dumps(value))


def _write(report: str, document: t.Any) -> None:
    path = pathlib.Path(report).expanduser()
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise AnsibleActionFail(
            f"reconnect_report {report} must end in .json, .yml or .yaml; no report was written."
        )
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            made = pathlib.Path(folder, path.name)
            made.write_text(writer(document), encoding="utf-8")
            made.replace(path)
    except OSError as error:
        raise AnsibleActionFail(
            f"reconnect_report {report} cannot be written: {error.strerror}; choose another place."
        ) from error
