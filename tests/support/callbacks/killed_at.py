# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import signal
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: killed_at
type: notification
short_description: Kills ansible-playbook right before one of its tasks
description:
  - Made for the tests. What the task before it has started has ended by then, on every host.
options:
  task:
    description: The name of the task, without that of its role; none is not killed.
    type: str
    env:
      - name: KILLED_AT_TASK
  controller:
    description: A file for the process id of ansible-playbook.
    type: str
    env:
      - name: KILLED_AT_CONTROLLER
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "killed_at"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        controller = self.get_option("controller")
        if controller:
            pathlib.Path(controller).write_text(str(os.getpid()))

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        if task.name == self.get_option("task"):
            os.kill(os.getpid(), signal.SIGKILL)
