# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that run modules of this collection on machines that are not trusted.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction

from ._answer import harmless


class TargetAction(ActionBase):  # type: ignore[misc]
    """An action that reads nothing of a machine but what ``harmless`` leaves."""

    def _parse_returned_data(self, res: dict[str, t.Any], *profile: t.Any) -> t.Any:
        stdout, stderr = harmless(res.get("stdout") or "", res.get("stderr") or "")
        # Ansible has no public hook between a module's output and what it makes of it.
        return super()._parse_returned_data({**res, "stdout": stdout, "stderr": stderr}, *profile)


class ModuleAction(TargetAction, NormalAction):  # type: ignore[misc]
    """What runs a module by itself."""
