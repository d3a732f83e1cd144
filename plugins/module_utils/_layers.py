# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers of Codex configuration, and which of them decides the provider.

This module util is PRIVATE to the collection. Precedence as measured with
0.169.0: requirements.toml and managed_config.toml beat ``-c`` (the layer ``override``
here), which beats the user's config.toml, which beats /etc/codex/config.toml; tables merge per key.
On macOS each of the first two is beaten by the managed preferences of its kind (documented
upstream, not tested on hardware). A project's ``.codex/config.toml`` is no layer here: the client
ignores provider keys in it, in a trusted project too (0.169.0).
"""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
import types
import typing as t
from urllib.parse import SplitResult, urlsplit

from ._text import clean
from ._toml import SIZE_LIMIT, TomlError, literal, parse

SYSTEM_FOLDER = "/etc/codex"
RESERVED_PROVIDERS = ("openai", "ollama", "lmstudio")
"""Ids that Codex refuses to see redefined (0.169.0; issue 13103)."""

BUILT_IN_PROVIDERS = (*RESERVED_PROVIDERS, "amazon-bedrock")
"""Ids that need no table; a table of the last one may change a few keys."""

_BY_PRECEDENCE = (
    "mdm_requirements",
    "requirements",
    "mdm_managed",
    "managed",
    "override",
    "user",
    "system",
)
_ORIGINS = {"mdm_requirements": "requirements", "mdm_managed": "managed"}


class OverrideRefused(Exception):
    """An override is none that the client takes; the text says which and why."""


class Layers(t.NamedTuple):
    """The parsed files, by layer; a file that is not there or cannot be parsed is left out."""

    documents: t.Mapping[str, t.Mapping[str, t.Any]]
    problems: tuple[str, ...]
    paths: t.Mapping[str, str] = types.MappingProxyType({})
    """Where each document was read, for a person: a file, and on macOS perhaps a key in it."""


class Provider(t.NamedTuple):
    """The provider that a new session of this user gets."""

    active: str
    origin: str
    """default, user, system, managed, requirements, or override (given for this one run)."""
    table: t.Mapping[str, t.Any] | None
    """``[model_providers.<active>]`` as the layers merge it; None where there is none."""
    table_layer: str
    """The layer of the table: override or user, where it stands there; '' for no table."""


def read_layers(
    codex_home: str,
    system_folder: str = SYSTEM_FOLDER,
    managed_preferences: t.Sequence[str] | None = None,
) -> Layers:
    """Read every layer that lies in a file; a bad file is named in ``problems``.

    ``managed_preferences`` are the property lists to look at; those of this
    platform and user unless given.
    """
    paths = {
        "requirements": os.path.join(system_folder, "requirements.toml"),
        "managed": os.path.join(system_folder, "managed_config.toml"),
        "user": os.path.join(codex_home, "config.toml"),
        "system": os.path.join(system_folder, "config.toml"),
    }
    documents: dict[str, t.Mapping[str, t.Any]] = {}
    found: dict[str, str] = {}
    problems: list[str] = []
    if managed_preferences or (managed_preferences is None and sys.platform == "darwin"):
        from ._managed_preferences import preference_files, read_preferences

        if managed_preferences is None:
            managed_preferences = preference_files(sys.platform, _user_name())
        preferences = read_preferences(managed_preferences)
        documents.update(preferences.documents)
        found.update(preferences.paths)
        problems.extend(preferences.problems)
    for layer, path in paths.items():
        try:
            if not _is_there(path):
                continue
            documents[layer], found[layer] = parse(_read(path)), path
        except (OSError, ValueError, TomlError) as error:
            problems.append(clean(f"{path}: {error}"))
    return Layers(documents, tuple(problems), found)


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
    return layers._replace(documents={**layers.documents, "override": given})


def active_provider(layers: Layers, told_by_client: str | None) -> Provider:
    """Which provider is active. The client's own word, where there is one, beats what we read."""
    decided, origin = "openai", "default"
    layer = _deciding_layer(layers)
    if layer is not None:
        decided, origin = layers.documents[layer]["model_provider"], _ORIGINS.get(layer, layer)
    if told_by_client and told_by_client != decided:
        # Up to 0.133 a root profile selects a table that beats the root key, and -c as well.
        by_profile = told_by_client == _profile_choice(layers.documents.get("user", {}))
        decided, origin = told_by_client, "user" if by_profile else "managed"
    table, table_layer = _provider_table(layers, decided)
    return Provider(decided, origin, table, table_layer)


def _profile_choice(document: t.Mapping[str, t.Any]) -> t.Any:
    profiles, name = document.get("profiles"), document.get("profile")
    profile = profiles.get(name) if isinstance(profiles, dict) and isinstance(name, str) else None
    return profile.get("model_provider") if isinstance(profile, dict) else None


def provider_file(layers: Layers, provider: Provider) -> str | None:
    """The file that makes ``provider`` the active one, for a person to read.

    None for the default, for ``-c``, and where the client told of another
    provider than any file names (a layer that the service manages).
    """
    layer = _deciding_layer(layers)
    if layer is None or layers.documents[layer]["model_provider"] != provider.active:
        return None
    return layers.paths.get(layer)


def effective(layers: Layers) -> dict[str, t.Any]:
    """What all layers say together, each key as the highest layer that has it says."""
    merged: dict[str, t.Any] = {}
    for layer in reversed(_BY_PRECEDENCE):
        merged = merge(merged, layers.documents.get(layer, {}))
    return merged


def base_url(provider: Provider, layers: Layers) -> SplitResult | None:
    """Where the provider's turns go, if that is not the service itself."""
    url = (provider.table or {}).get("base_url")
    if url is None and provider.active == "openai":
        url = effective(layers).get("openai_base_url")
    try:
        return urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None


def _deciding_layer(layers: Layers) -> str | None:
    for layer in _BY_PRECEDENCE:
        if isinstance(layers.documents.get(layer, {}).get("model_provider"), str):
            return layer
    return None


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
    return merged, _ORIGINS.get(found[-1], found[-1])


def merge(lower: t.Mapping[str, t.Any], upper: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Two layers as the client merges them: key by key, ``upper`` wins."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
        )
    return merged


def _is_there(path: str) -> bool:
    # A folder that this user may not enter hides a file that decides: that is a problem to name.
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


def _read(path: str) -> str:
    if not os.path.isfile(path):
        raise ValueError("is not a regular file")
    with open(path, "rb") as stream:
        raw = stream.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1024 // 1024} MB")
    return raw.decode("utf-8")
