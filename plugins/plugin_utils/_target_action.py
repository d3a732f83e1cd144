# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that run modules of this collection on machines that are not trusted.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction

from ._answer import TOO_LARGE, harmless
from ._memory import TooLarge, bounded_memory

_MOST_MEMORY = 64 * 1024 * 1024
"""Bytes for one answer, of which Ansible holds several copies; the largest have some 50,000."""

_STARTS_PYTHON = re.compile(r"(?:^|[ /])python[0-9.]*$")

# One line, for a user's shell may be csh. What is not in a zip file goes to the hooks after it.
_START = (
    "import sys, zipimport; "
    "names = lambda self, name: self.archive + '/' + self.prefix + name.rpartition('.')[2]"
    " + ('/__init__.py' if self.is_package(name) else '.py'); "
    "sys.path_hooks.insert(0, type('z', (zipimport.zipimporter,), {'get_filename': names})); "
    "exec(sys.stdin.buffer.read())"
)


def start_quickly(command: str) -> str:
    """The command of a module that is piped to Python, as one that loses no time with its start.

    A module is one long line, for which Python's own reader of programs takes 0.4 ms a KB when they
    come through a pipe (3.9 to 3.13): for codex_info 150 ms on every machine. zipimport compiles
    every file that is imported once more, to learn its name: another 40 to 80 ms.
    """
    is_python = _STARTS_PYTHON.search(command)
    return f"{command} -c {shlex.quote(_START)}" if is_python else command


if not hasattr(ActionBase, "_parse_returned_data"):
    raise ImportError("This version of ansible-core cannot be used with devfleet.codex yet.")


class TargetAction(ActionBase):  # type: ignore[misc]
    """An action that reads nothing of a machine but what ``harmless`` leaves."""

    def _low_level_execute_command(
        self, cmd: str, sudoable: bool = True, in_data: t.Any = None, **options: t.Any
    ) -> dict[str, t.Any]:
        command = cmd if in_data is None else start_quickly(cmd)
        try:
            with bounded_memory(_MOST_MEMORY):
                done: dict[str, t.Any] = super()._low_level_execute_command(
                    command, sudoable=sudoable, in_data=in_data, **options
                )
        except TooLarge:
            raise AnsibleActionFail(TOO_LARGE) from None
        return done

    def _parse_returned_data(self, res: dict[str, t.Any], *profile: t.Any) -> t.Any:
        stdout, stderr = harmless(res.get("stdout") or "", res.get("stderr") or "")
        # Ansible has no public hook between a module's output and what it makes of it.
        return super()._parse_returned_data({**res, "stdout": stdout, "stderr": stderr}, *profile)


class ModuleAction(TargetAction, NormalAction):  # type: ignore[misc]
    """What runs a module by itself; in the background its answer would not come by here."""

    _supports_async = False
