# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The profiles of one user, and which of them use HTTP only.

This module util is PRIVATE to the collection. Doctor has no ``--profile``, so
what a profile does is told from what the client reads for it: ``x.config.toml``
from 0.134.0 on, ``[profiles.x]`` in config.toml before.
"""

from __future__ import annotations

import glob
import os
import typing as t

from ._layers import Layers, merge, read_document
from ._version import Version, reads_profile_files

_SUFFIX = ".config.toml"
_MOST_PROFILES = 50


def http_only_profiles(codex_home: str, layers: Layers, version: Version) -> list[str]:
    """The names of the profiles whose provider has WebSockets off and sends the OpenAI login.

    From 0.134.0 on, ``--profile x`` is refused where ``[profiles.x]`` exists or
    ``x.config.toml`` has a key ``profile``, and every profile is where config.toml
    has one (measured with 0.169.0), so such profiles are none.
    """
    base = merge(layers.documents.get("system", {}), layers.documents.get("user", {}))
    profiles = base.get("profiles")
    tables = profiles if isinstance(profiles, dict) else {}
    if reads_profile_files(version):
        files = {} if "profile" in base else _profile_documents(codex_home)
        found = {
            name: document
            for name, document in files.items()
            if name not in tables and "profile" not in document
        }
    else:
        found = tables
    return sorted(name for name, profile in found.items() if _uses_http_only(base, profile))


def profile_files(codex_home: str) -> list[str]:
    """The paths of the profiles' files, the first fifty by name."""
    pattern = os.path.join(glob.escape(codex_home), f"*{_SUFFIX}")
    return sorted(glob.glob(pattern))[:_MOST_PROFILES]


def _profile_documents(codex_home: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for path in profile_files(codex_home):
        document = read_document(path)
        if document is not None:
            found[os.path.basename(path)[: -len(_SUFFIX)]] = document
    return found


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
