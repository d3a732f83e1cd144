# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option that every module has. PRIVATE to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  codex_home:
    description:
      - The directory that Codex calls C(CODEX_HOME).
      - The default is the C(CODEX_HOME) of the task's environment, else C(~/.codex) of the task's
        user.
      - If it, or any folder or link on the way to it, belongs to another user and the task runs as
        root, the module refuses before anything is executed, and names the C(become_user) to use.
    type: path
"""
