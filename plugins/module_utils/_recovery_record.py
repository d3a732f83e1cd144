# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the way back to WebSockets stands, kept from one run to the next.

This module util is PRIVATE to the collection. One JSON document in
``.devfleet/`` beside the configuration file that was changed (in CODEX_HOME,
or in /etc/codex), under the rules of ``_state``. What says impossible things
is not known, and is moved aside by the next that writes.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import _files, _record_place, _state
from ._layers import SYSTEM_FOLDER
from ._recovery import EVENTS, MOST_ENTRIES, STATES, Entry, Recovery, Standing
from ._text import clean

MOST_ATTEMPTS = 100
"""The largest budget."""
MOST_HOURS = 87600
"""The longest cooldown, ten years."""

_NAME = "recovery"
_LATEST = 253402300799.0
"""The last second of the year 9999."""
_MOST_REVISIONS = 2**53
_MOST_AGE = 1e9
"""Seconds; a clock that was wrong may have counted from 1970, or to any year."""


class Found(t.NamedTuple):
    """A record and whose configuration it is of: ``user`` or ``system``."""

    scope: str
    recovery: Recovery


def load(folder: str) -> Recovery | None:
    """What is remembered in this folder; None for nothing, or nothing usable. Never raises."""
    return _state.read(_place(folder), _decode)


def find(codex_home: str, system_folder: str = SYSTEM_FOLDER, first: str = "user") -> Found | None:
    """The record of the scope ``first``, else that of the other; one that is not ours is none."""
    folders = {"user": codex_home, "system": system_folder}
    for scope, folder in sorted(folders.items(), key=lambda one: one[0] != first):
        recovery = load(folder)
        if recovery is not None:
            return Found(scope, recovery)
    return None


def save(folder: str, recovery: Recovery | None) -> None:
    """Remember ``recovery``; for None the record goes, and an empty ``.devfleet``.

    Raises as ``_files.replace`` does.
    """
    if recovery is not None:
        _state.write(_place(folder), dataclasses.asdict(recovery), lambda _path: load(folder))
    elif load(folder) is not None:
        _state.forget(_place(folder))


def sweep(folder: str) -> None:
    """Remove what a killed run has left there; see ``_sweep.sweep``."""
    _state.sweep(_place(folder))


def refuse_unwritable(folder: str) -> None:
    """Raise ``_files.FileRefused`` where ``save`` is bound to fail, for check mode to say so."""
    _state.refuse_unwritable(_place(folder))
    path = record_path(folder)
    if not os.path.isdir(os.path.dirname(path)):
        _files.refuse_unwritable(_files.Snapshot(path, path, None, 0, -1, -1))


def record_path(folder: str) -> str:
    """Where it is kept."""
    return _record_place.record_path(_place(folder))


def standing(recovery: Recovery | None, now: float) -> Standing:
    """How ``recovery`` looks ``now``, in seconds since the epoch; no age is beyond 31 years."""
    if recovery is None:
        return Standing(None, 0, 0.0, None)
    tried_age = None if recovery.tried is None else _age(recovery.tried, now)
    return Standing(
        recovery.state,
        recovery.attempts,
        _age(recovery.since, now),
        tried_age,
        recovery.history[-1].event,
        recovery.provider,
    )


def _age(moment: float, now: float) -> float:
    return max(-_MOST_AGE, min(now - moment, _MOST_AGE))


def _place(folder: str) -> str:
    return os.path.join(folder, _NAME)


def _decode(document: t.Any) -> Recovery:
    history = document["history"]
    if not isinstance(history, list) or not 1 <= len(history) <= MOST_ENTRIES:
        raise ValueError("a history that cannot be")
    recovery = Recovery(
        _one_of(STATES, document["state"]),
        _count(document["attempts"], 0, MOST_ATTEMPTS),
        _time(document["since"]),
        None if document["tried"] is None else _time(document["tried"]),
        _count(document["revision"], len(history), _MOST_REVISIONS),
        tuple(_entry(raw) for raw in history),
        _provider(document.get("provider")),
    )
    if recovery.history[-1].state != recovery.state:
        raise ValueError("a state that its history does not lead to")
    if recovery.state == "recovered" and recovery.attempts:
        raise ValueError("trials after a recovery")
    return recovery


def _entry(raw: t.Any) -> Entry:
    why = raw["why"]
    if not isinstance(why, str):
        raise TypeError("a reason that is no text")
    event, state = _one_of(EVENTS, raw["event"]), _one_of(STATES, raw["state"])
    return Entry(_time(raw["at"]), event, state, clean(why))


def _provider(raw: t.Any) -> str | None:
    if raw is not None and not isinstance(raw, str):
        raise TypeError("a provider that is no text")
    return clean(raw, 80) if raw else None


def _one_of(known: t.Collection[str], value: t.Any) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError("a word that is not known")
    return value


def _count(value: t.Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a count that is no number")
    if not least <= value <= most:
        raise ValueError("a count that cannot be")
    return value


def _time(value: t.Any) -> float:
    if type(value) not in (int, float):
        raise TypeError("a time that is no number")
    if not 0 <= value <= _LATEST:
        raise ValueError("a time that cannot be")
    return float(value)
