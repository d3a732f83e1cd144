# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of the modules. PRIVATE to the collection."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      the target.
    support: full
  platform:
    description: Target OS that can be operated against.
    platforms: posix
    support: full
requirements:
  - Python 3.9 or later on the target. Nothing else has to be installed there.
"""

    INFO = r"""
options: {}
attributes:
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when in diff mode.
    support: N/A
    details: This changes nothing.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second
      run changes nothing.
    support: full
"""

    CHANGES_FILES = r"""
options: {}
attributes:
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when in diff mode.
    support: full
    details: The changed lines alone, for their neighbours may be secrets.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second
      run changes nothing.
    support: full
  safe_file_operations:
    description: Uses the operations of a safe, atomic replacement of files.
    support: full
"""

    REMEMBERS = r"""
options: {}
attributes:
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when in diff mode.
    support: N/A
    details: No file of the user is changed.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second
      run changes nothing.
    support: full
    details: The time of the last sighting is that of the last run, and no change of the machine.
  safe_file_operations:
    description: Uses the operations of a safe, atomic replacement of files.
    support: full
"""

    ACTION = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""

    CLEANED = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin.
    support: full
    details: It bounds what the machine answers, and leaves nothing in it that Ansible acts upon,
      such as facts.
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: The answer would then be read as that of any module.
"""

    GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/devfleet.codex.codex) in C(module_defaults) to set defaults for this
      module.
    support: full
    details: Set O(codex_home) alone for the group, for no other option is one of all its modules.
    membership:
      - devfleet.codex.codex
"""
