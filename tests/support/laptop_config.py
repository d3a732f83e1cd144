# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a configuration means, before and after the cure, for comparison by value."""

from __future__ import annotations

import typing as t

import tomlrt

Meaning = dict[str, t.Any]

HTTP_ONLY_TABLE: Meaning = {
    "name": "OpenAI HTTP only",
    "wire_api": "responses",
    "requires_openai_auth": True,
    "supports_websockets": False,
}


def meaning(config: bytes) -> Meaning:
    """Return the parsed document; raises tomlrt.TOMLParseError."""
    return tomlrt.loads(config.decode()).to_dict()


def cured(config: bytes, provider: str = "openai_http", **table: t.Any) -> Meaning:
    """Return what `config` means once `provider` is active and described by `table`.

    `table` is laid over the four keys of the HTTP-only provider.
    """
    before = meaning(config)
    described = {**HTTP_ONLY_TABLE, **table}
    providers = {**before.get("model_providers", {}), provider: described}
    return {**before, "model_provider": provider, "model_providers": providers}
