# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what stands around a user's Codex: WSL, running clients, MCP servers, installations.

This module util is PRIVATE to the collection. It reads, ``_findings`` judges.
"""

from __future__ import annotations

import os
import stat
import typing as t

from ._client import install_method
from ._layers import Layers, merge
from ._observations import Process, Surroundings
from ._record_place import record_path
from ._text import clean
from ._wsl import on_windows_drive, wsl_kind

MOST_MCP_SERVERS = 100
"""Names kept; beyond that the number says no more."""

_NAME = 60
_MOUNTS_BYTES = 1024 * 1024

# From the lowest to the highest; requirements list what is allowed, not what is started.
_MCP_LAYERS = ("system", "user", "override", "managed", "mdm_managed")


def read_surroundings(
    codex_home: str,
    layers: Layers,
    versions: t.Sequence[tuple[str, str]],
    misplaced_keys: t.Sequence[str],
    processes: tuple[Process, ...] | None,
    root: str = "/",
) -> Surroundings:
    """What ``_findings`` needs of this machine; ``versions`` are paths with their version texts."""
    wsl = wsl_kind(root)
    environment_changed = _written(os.path.join(codex_home, ".env"))
    changes = [environment_changed, configuration_changed(codex_home)]
    return Surroundings(
        wsl=wsl,
        home_on_windows_drive=bool(wsl) and _on_windows_drive(codex_home, root),
        processes=processes,
        settings_changed=max((one for one in changes if one is not None), default=None),
        mcp_servers=mcp_servers(layers),
        versions=tuple((clean(path), clean(version, 80)) for path, version in versions),
        ide_clients=tuple(
            clean(path) for path, _version in versions if install_method(path) == "vscode"
        ),
        misplaced_keys=tuple(clean(key, 120) for key in misplaced_keys),
        environment_changed=environment_changed,
    )


def configuration_changed(codex_home: str) -> float | None:
    """When this collection last wrote config.toml; None where it did not.

    Any other writing does not count: 0.169.0 writes the file itself two seconds
    after the start of a session. ``.env`` it never writes.
    """
    config = os.path.join(codex_home, "config.toml")
    record, file = _written(record_path(config)), _written(config)
    # The record is written first, and may be written again without a change of the file.
    return min(record, file) if record is not None and file is not None else None


def mcp_servers(layers: Layers) -> tuple[str, ...]:
    """The names of the MCP servers that a session starts, sorted, made printable."""
    merged: t.Mapping[str, t.Any] = {}
    for layer in _MCP_LAYERS:
        tables = layers.documents.get(layer, {}).get("mcp_servers")
        if isinstance(tables, dict):
            merged = merge(merged, tables)
    names = sorted(
        name
        for name, table in merged.items()
        if isinstance(table, dict) and table.get("enabled") is not False
    )
    return tuple(clean(name, _NAME) for name in names[:MOST_MCP_SERVERS])


def _written(path: str) -> float | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None


def _on_windows_drive(codex_home: str, root: str) -> bool:
    try:
        with open(os.path.join(root, "proc/mounts"), "rb") as stream:
            mounts = stream.read(_MOUNTS_BYTES).decode("utf-8", "replace")
    except OSError:
        mounts = ""
    return on_windows_drive(os.path.realpath(codex_home), mounts)
