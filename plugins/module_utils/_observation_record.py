# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a cause was seen for the first and the last time, kept from one run to the next.

This module util is PRIVATE to the collection. One JSON document for a
CODEX_HOME, in ``.devfleet/`` beside the records of changed files (``_state``)
and under the same rules. A server error that passes is nothing at all, one
that lasts is a failure (issue 35323), and one run cannot tell them apart.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import _record_place, _state

CAUSES = ("service_error",)
"""The causes of which a second sighting some time later says more than the first."""

_NAME = "observations"
_LATEST = 253402300799.0
"""The last second of the year 9999."""


@dataclasses.dataclass(frozen=True)
class Observation:
    """A series of sightings; both times are in seconds since the epoch."""

    first: float
    last: float


Observations = t.Mapping[str, Observation]
"""By cause."""


def extended(known: Observation | None, now: float, window: float) -> Observation:
    """The series once the cause is seen ``now``; after a gap of more than ``window`` seconds, or
    one that lies in the future, it begins anew."""
    if known is None or not _goes_on(known, now, window):
        return Observation(now, now)
    return Observation(known.first, now)


def age(known: Observation | None, now: float, window: float) -> float | None:
    """Seconds since the series began; None for none that a sighting ``now`` would go on with."""
    if known is None or not _goes_on(known, now, window):
        return None
    return now - known.first


def load(codex_home: str) -> Observations:
    """What is remembered in this CODEX_HOME; nothing where that cannot be used. Never raises."""
    return _state.read(_place(codex_home), _decode) or {}


def save(codex_home: str, observations: Observations) -> None:
    """Remember ``observations`` and no others; for none the record goes, and an empty folder.

    Raises as ``_files.replace`` does.
    """
    place = _place(codex_home)
    if observations:
        kept = {cause: dataclasses.asdict(one) for cause, one in observations.items()}
        _state.write(place, {_NAME: kept}, lambda path: _state.read(path, _decode))
    elif load(codex_home):
        _state.forget(place)


def sweep(codex_home: str) -> None:
    """Remove what a killed run has left there; see ``_sweep.sweep``."""
    _state.sweep(_place(codex_home))


def refuse_unwritable(codex_home: str) -> None:
    """Raise ``_files.FileRefused`` where ``save`` is bound to fail, for check mode to say so."""
    _state.refuse_unwritable(_place(codex_home))


def record_path(codex_home: str) -> str:
    """Where it is kept."""
    return _record_place.record_path(_place(codex_home))


def _place(codex_home: str) -> str:
    return os.path.join(codex_home, _NAME)


def _goes_on(known: Observation, now: float, window: float) -> bool:
    return 0 <= now - known.last <= window


def _decode(document: t.Any) -> Observations:
    kept = document[_NAME]
    return {cause: _series(kept[cause]) for cause in CAUSES if cause in kept}


def _series(raw: t.Any) -> Observation:
    first, last = raw["first"], raw["last"]
    if not all(type(one) in (int, float) for one in (first, last)):
        raise TypeError("a time that is no number")
    if not 0 <= first <= last <= _LATEST:
        raise ValueError("a time that cannot be")
    return Observation(float(first), float(last))
