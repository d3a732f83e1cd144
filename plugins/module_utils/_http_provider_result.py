# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What http_provider returns and says of a change. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from . import _provider
from ._diff import changed_lines
from ._http_provider import Planned
from ._text import clean
from ._toml import parse


def result_of(planned: Planned, state: str, profile: str | None) -> dict[str, t.Any]:
    """The return values of http_provider, ``diff`` and ``backup_file`` aside.

    ``profile`` is the one that was written, None where the scope is another.
    """
    result: dict[str, t.Any] = {
        "changed": planned.changed,
        "path": planned.before.path,
        "provider_id": clean(planned.provider_id),
        "previous_provider": clean(planned.previous_provider),
        "overrides": list(planned.overrides),
        "overrides_provider": clean(planned.overrides_provider),
        "restart_required": planned.changed,
        "msg": _message(planned, state, profile),
    }
    if state == "present":
        result["drift"] = planned.drift
        result["user_choice"] = planned.user_choice
    else:
        result["table"] = table_of(planned)
    return result


def table_of(planned: Planned) -> str:
    """What becomes of the provider's table where a cure is taken back.

    ``none``: nothing is taken back. ``removed``: it is not in the file
    afterwards. ``restored``: it is that of a gateway and uses WebSockets as
    before. ``kept``: it stays as it is, without being the active provider's.
    """
    if not planned.changed:
        return "none"
    before, after = (
        _table(data, planned.provider_id) for data in (planned.before.data, planned.data)
    )
    if after is None:
        return "removed"
    websockets = ("supports_websockets",)
    was_off = before is not None and _provider.holds(before, websockets, False)
    return "restored" if was_off and not _provider.holds(after, websockets, False) else "kept"


def _table(data: bytes | None, provider_id: str) -> t.Any:
    return _provider.lookup(parse((data or b"").decode()), ("model_providers", provider_id))


def diff(planned: Planned) -> dict[str, str]:
    """The changed lines alone, for ``--diff``: their neighbours may hold secrets."""
    before, after = changed_lines(
        (planned.before.data or b"").decode(), (planned.data or b"").decode()
    )
    path = planned.before.path
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _message(planned: Planned, state: str, profile: str | None) -> str:
    ours, before = clean(planned.provider_id), clean(planned.previous_provider)
    command = None if profile is None else f"codex --profile {clean(profile, 80)}"
    if not planned.changed:
        said = (
            f"{command or ours} uses HTTP only already"
            if state == "present"
            else "there is nothing of ours to take back"
        )
    elif state == "absent":
        said = f"{_taken_back(planned, command)} Restart Codex"
    elif command and ours != before:
        said = (
            f"{command} uses {ours} from its next start, over HTTP only, and codex without that "
            f"profile is as it was. Chats that were started under {before} are resumed with codex "
            f"resume -c model_provider={before}"
        )
    elif ours == before:
        said = f"{ours} uses HTTP only now. Its chats are not affected. Restart Codex"
    else:
        said = (
            f"{ours} is now the active provider, over HTTP only. Chats that were started under "
            f"{before} are resumed "
            f"with codex resume -c model_provider={before}. Restart Codex"
        )
    return ". ".join((said, *map(clean, planned.notes))) + "."


def _taken_back(planned: Planned, command: str | None) -> str:
    ours = clean(planned.provider_id)
    table = table_of(planned)
    if table == "removed":
        return (
            f"{ours} and its table are gone. Chats that were started under it can be resumed "
            "only where it is defined again."
        )
    if table == "restored":
        return f"{ours} is as it was before. Its chats are not affected."
    left = (
        f"{command} no longer uses {ours}"
        if command
        else f"{ours} is no longer the active provider"
    )
    return (
        f"{left}. Chats that were started under it are resumed "
        f"with codex resume -c model_provider={ours} while its table is kept."
    )
