# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of Codex configuration, and which of them decides the provider.

This module util is PRIVATE to the collection. Precedence as measured with
0.169.0: requirements.toml and managed_config.toml beat ``-c`` (the layer ``override``
here), which beats the user's config.toml, which beats /etc/codex/config.toml; tables merge per key.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ._files import SIZE_LIMIT
from ._text import clean
from ._toml import TomlError, literal, parse

SYSTEM_FOLDER = "/etc/codex"
RESERVED_PROVIDERS = ("openai", "ollama", "lmstudio")
"""Ids that Codex refuses to see redefined (0.169.0; issue 13103)."""

BUILT_IN_PROVIDERS = (*RESERVED_PROVIDERS, "amazon-bedrock")
"""Ids that need no table; a table of the last one may change a few keys."""

_BY_PRECEDENCE = ("requirements", "managed", "override", "user", "system")


class OverrideRefused(Exception):
    """An override is none that the client takes; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Layers:
    """The parsed files, by layer; a file that is not there or cannot be parsed is left out."""

    documents: t.Mapping[str, t.Mapping[str, t.Any]]
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Provider:
    """The provider that a new session of this user gets."""

    active: str
    origin: str
    """default, user, system, managed, requirements, or override (given for this one run)."""
    table: t.Mapping[str, t.Any] | None
    """``[model_providers.<active>]`` as the layers merge it; None where there is none."""
    table_layer: str
    """The layer of the table: override or user, where it stands there; '' for no table."""


def read_layers(codex_home: str, system_folder: str = SYSTEM_FOLDER) -> Layers:
    """Read every layer that lies in a file; a bad file is named in ``problems``."""
    paths = {
        "requirements": os.path.join(system_folder, "requirements.toml"),
        "managed": os.path.join(system_folder, "managed_config.toml"),
        "user": os.path.join(codex_home, "config.toml"),
        "system": os.path.join(system_folder, "config.toml"),
    }
    documents: dict[str, t.Mapping[str, t.Any]] = {}
    problems: list[str] = []
    for layer, path in paths.items():
        if not os.path.lexists(path):
            continue
        try:
            documents[layer] = parse(_read(path))
        except (OSError, ValueError, TomlError) as error:
            problems.append(clean(f"{path}: {error}"))
    return Layers(documents, tuple(problems))


def read_document(path: str) -> t.Mapping[str, t.Any] | None:
    """One configuration file, or None where it is not there or cannot be read."""
    try:
        return parse(_read(path))
    except (OSError, ValueError, TomlError):
        return None


def with_overrides(layers: Layers, overrides: t.Sequence[str]) -> Layers:
    """The layers of one client run that is given ``-c key=value``.

    As the client does, a value that is not TOML is taken as a string. Raises
    ``OverrideRefused`` where there is no key or no ``=``.
    """
    given: dict[str, t.Any] = {}
    for override in overrides:
        given = merge(given, _read_override(override))
    return Layers({**layers.documents, "override": given}, layers.problems)


def active_provider(layers: Layers, told_by_client: str | None) -> Provider:
    """Which provider is active. The client's own word, where there is one, beats what we read."""
    decided, origin = "openai", "default"
    for layer in _BY_PRECEDENCE:
        value = layers.documents.get(layer, {}).get("model_provider")
        if isinstance(value, str):
            decided, origin = value, layer
            break
    if told_by_client and told_by_client != decided:
        decided, origin = told_by_client, "managed"
    table, table_layer = _provider_table(layers, decided)
    return Provider(decided, origin, table, table_layer)


def _read_override(override: str) -> t.Mapping[str, t.Any]:
    key, equals, value = override.partition("=")
    if equals:
        with contextlib.suppress(TomlError):
            return parse(override)
        with contextlib.suppress(TomlError, ValueError):
            return parse(f"{key} = {literal(value)}")
    raise OverrideRefused(
        f"overrides: {clean(key, 80)!r} is not key=value with a TOML key; "
        "take them from devfleet.codex.http_provider"
    )


def _provider_table(layers: Layers, provider: str) -> tuple[t.Mapping[str, t.Any] | None, str]:
    merged: dict[str, t.Any] = {}
    found: list[str] = []
    for layer in reversed(_BY_PRECEDENCE):
        tables = layers.documents.get(layer, {}).get("model_providers")
        table = tables.get(provider) if isinstance(tables, dict) else None
        if isinstance(table, dict):
            merged.update(table)
            found.append(layer)
    if not found:
        return None, ""
    for layer in ("override", "user"):
        if layer in found:
            return merged, layer
    return merged, found[-1]


def merge(lower: t.Mapping[str, t.Any], upper: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Two layers as the client merges them: key by key, ``upper`` wins."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
        )
    return merged


def _read(path: str) -> str:
    if not os.path.isfile(path):
        raise ValueError("is not a regular file")
    with open(path, "rb") as stream:
        raw = stream.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1024 // 1024} MB")
    return raw.decode("utf-8")
