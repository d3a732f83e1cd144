# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profiles of one user, and which of them use HTTP only.

This module util is PRIVATE to the collection. Doctor has no ``--profile``, so
what a profile does is told from its file: ``x.config.toml`` from 0.134.0 on,
``[profiles.x]`` in config.toml before.
"""

from __future__ import annotations

import glob
import os
import typing as t

from ._layers import Layers, merge, read_document

_SUFFIX = ".config.toml"
_MOST_PROFILES = 50


def http_only_profiles(codex_home: str, layers: Layers) -> list[str]:
    """The names of the profiles whose provider has WebSockets off and sends the OpenAI login."""
    base = merge(layers.documents.get("system", {}), layers.documents.get("user", {}))
    tables = base.get("profiles")
    found = dict(tables) if isinstance(tables, dict) else {}
    pattern = os.path.join(glob.escape(codex_home), f"*{_SUFFIX}")
    for path in sorted(glob.glob(pattern))[:_MOST_PROFILES]:
        document = read_document(path)
        if document is not None:
            found[os.path.basename(path)[: -len(_SUFFIX)]] = document
    return sorted(name for name, profile in found.items() if _uses_http_only(base, profile))


def _uses_http_only(base: t.Mapping[str, t.Any], profile: t.Any) -> bool:
    if not isinstance(profile, dict):
        return False
    merged = merge(base, profile)
    tables, active = merged.get("model_providers"), merged.get("model_provider")
    table = tables.get(active) if isinstance(tables, dict) and isinstance(active, str) else None
    return (
        isinstance(table, dict)
        and table.get("requires_openai_auth") is True
        and table.get("supports_websockets", False) is False
    )
