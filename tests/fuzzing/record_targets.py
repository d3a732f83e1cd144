# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered between runs, and may have been written by anybody in the meantime.

A record that is taken can be written and read again as what it is.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import tempfile
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils import (
    _observation_record,
    _record_place,
    _recovery_record,
    _state,
)
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    KINDS,
    Policy,
    Recovery,
    Seen,
    next_move,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

_LATEST = 253402300799.0
"""The last second of the year 9999."""


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """The folder of this process, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="records-")


def _check(
    data: bytes,
    path: str,
    load: t.Callable[[str], t.Any],
    values: t.Callable[[t.Any], t.Mapping[str, t.Any]],
) -> None:
    record = pathlib.Path(path)
    record.parent.mkdir(mode=0o700, exist_ok=True)
    record.write_bytes(data)
    found = load(_folder().name)
    if not found:
        return
    # As the writer does, but for the fsync.
    record.write_text(json.dumps({"format": 1, **values(found)}), encoding="ascii")
    assert load(_folder().name) == found


def state(data: bytes) -> None:
    """Of a changed file: only keys, variables and replacements that could be our own."""
    path = f"{_folder().name}/config.toml"
    _check(
        data, _record_place.record_path(path), lambda _home: _state.load(path), dataclasses.asdict
    )
    found = _state.load(path)
    if found is not None:
        # They may be written to config.toml.
        found.provider_id.encode()
        assert not any(
            "\0" in name.encode().decode() for one in found.restores for name in one.path
        )


def recovery(data: bytes) -> None:
    """Of the way back to WebSockets: at any moment there is a next move that can be told."""
    path = _recovery_record.record_path(_folder().name)
    _check(data, path, _recovery_record.load, dataclasses.asdict)
    found = _recovery_record.load(_folder().name)
    if found is None:
        return
    assert all(0 <= moment <= _LATEST for moment in _times(found))
    for now in (0.0, _LATEST):
        for seen in (Seen(True, False, False, 0, 0, None), Seen(False, True, False, 1, 0, "x")):
            move = next_move(_recovery_record.standing(found, now), seen, Policy(3600.0, 3))
            assert move.kind in KINDS
            assert move.why == clean(move.why, 400)


def _times(found: Recovery) -> list[float]:
    tried = [] if found.tried is None else [found.tried]
    return [found.since, *tried, *(entry.at for entry in found.history)]


def observation(data: bytes) -> None:
    """Of a cause that was seen before."""
    path = _observation_record.record_path(_folder().name)
    _check(
        data,
        path,
        _observation_record.load,
        lambda found: {
            "observations": {cause: dataclasses.asdict(one) for cause, one in found.items()}
        },
    )
    for one in _observation_record.load(_folder().name).values():
        assert 0 <= one.first <= one.last <= _LATEST
