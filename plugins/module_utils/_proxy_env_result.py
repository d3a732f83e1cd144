# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proxy_env returns and says of a change: hosts and ports, no user name and no password. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ._change import is_change
from ._diff import changed_variables
from ._proxy_env import Planned
from ._proxy_wanted import described
from ._text import clean


def result_of(planned: Planned, state: str) -> dict[str, t.Any]:
    """The return values of proxy_env, ``diff`` aside."""
    changed = is_change(planned)
    return {
        "changed": changed,
        "path": planned.before.path,
        "variables": described(planned.values),
        "restart_required": changed,
        "msg": ". ".join(_said(planned, state)) + ".",
    }


def diff(planned: Planned) -> dict[str, str]:
    """The changed lines alone, for ``--diff``, with user names and passwords masked."""
    before, after = changed_variables(planned.before.data, planned.data)
    path = planned.before.path
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _said(planned: Planned, state: str) -> tuple[str, ...]:
    names = clean(", ".join(planned.names)) or "The proxy variables"
    if state == "present":
        said = "Codex reads the proxy variables as wanted already"
        if is_change(planned):
            said = f"{names}: Codex reads them as wanted after its next start. Restart Codex"
    elif is_change(planned):
        said = f"{names}: as before our change after the next start of Codex. Restart Codex"
    elif planned.notes:
        return planned.notes
    else:
        said = "there is nothing of ours to take back"
    return (said, *planned.notes)
