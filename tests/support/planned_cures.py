# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cure of a configuration that is given as text, and what it writes."""

from __future__ import annotations

import typing as t

import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _provider
from ansible_collections.devfleet.codex.plugins.module_utils._layers import merge
from ansible_collections.devfleet.codex.plugins.module_utils._provider import Cure
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version

API_HOST = "https://api.openai.com/v1"
GATEWAY = "https://gateway.example.com/v1"
NAME = "OpenAI HTTP only"
ROOT = ("model_provider",)
TABLE: dict[str, t.Any] = {
    "name": NAME,
    "wire_api": "responses",
    "requires_openai_auth": True,
    "supports_websockets": False,
}


def document(text: str) -> dict[str, t.Any]:
    """Return what a configuration file of this text says."""
    return tomlrt.loads(text).to_dict()


def cure(
    own: str,
    below: str = "",
    *,
    root: tuple[str, ...] = ROOT,
    provider_id: str = "openai_http",
    base_url: str | None = None,
    recorded: str | None = None,
    version: str | None = None,
) -> Cure:
    """Return the cure of the text `own`, which stands above the layer `below`, for this client."""
    file = document(own)
    effective = merge(document(below), file)
    known = parse_version(version) if version else None
    return _provider.plan_cure(file, effective, root, provider_id, NAME, base_url, recorded, known)


def table_of(planned: Cure, provider_id: str) -> dict[str, t.Any]:
    """Return what is written into the table of a provider."""
    prefix = ("model_providers", provider_id)
    return {path[2]: value for path, value in planned.set_values.items() if path[:2] == prefix}
