# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where this collection keeps what it remembers; ``_state`` says what and how.

This module util is PRIVATE to the collection. Most machines have no such folder, and pay for
nothing but the look.
"""

from __future__ import annotations

import os

FOLDER = ".devfleet"


def is_remembering(folder: str) -> bool:
    """Whether anything of ours may lie beside the files in ``folder``."""
    return os.path.lexists(os.path.join(folder, FOLDER))


def record_path(path: str) -> str:
    """Where the record of the file ``path`` lies."""
    folder, name = os.path.split(path)
    return os.path.join(folder, FOLDER, f"{name}.json")


def note(path: str) -> str:
    """What stands for ``path`` in the record of when a change of it ended."""
    return f"{path}.ended"


def last_change(path: str) -> tuple[str, ...]:
    """What was written when we last changed the file ``path``, as far as it is there.

    The folder of another user cannot be looked into. It tells for all that is kept in it, so
    perhaps of a later moment, at which something else was remembered, but of no earlier one.
    """
    kept = record_path(path), record_path(note(path))
    try:
        os.lstat(kept[0])
    except PermissionError:
        return (os.path.dirname(kept[0]),)
    except OSError:
        pass
    return kept
