# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module of this name, and trust its answer no more than the machine that gave it."""

from __future__ import annotations

from ansible_collections.devfleet.codex.plugins.plugin_utils._target_action import ModuleAction


class ActionModule(ModuleAction):
    pass
