# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible's variables hold of all machines of the play.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ._decision import checked_result, is_unfinished, not_examined


def results(variables: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Every host's ``reconnect_result``, checked, in the order of the play.

    ``variables`` are those of a task. A host that Ansible has given up in the
    middle of its cure is ``lost``.
    """
    active = set(variables["ansible_play_hosts"])
    found: dict[str, dict[str, t.Any]] = {}
    for host in variables["ansible_play_hosts_all"]:
        held = variables["hostvars"][host].get("reconnect_result")
        if held is None:
            said = "it failed before it was looked at; see the output above"
            result = {**not_examined("inconclusive", said), "action": "failed", "message": said}
        else:
            result = checked_result(plain(held))
        if host not in active and is_unfinished(result):
            result["action"] = "lost"
        found[str(host)] = result
    return found


def plain(value: t.Any) -> t.Any:
    """``value`` without the tags that Ansible puts on its strings; no serializer takes them."""
    return json.loads(json.dumps(value))
