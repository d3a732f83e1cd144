# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Published snippets that were followed and have no effect: root keys in a table, dead profiles.

This module util is PRIVATE to the collection. Pure. Measured with 0.134.0 to
0.169.0: a root ``profile`` keeps Codex from starting at all, also with ``-c``
or ``--profile``; ``[profiles.x]``, even an empty one, keeps ``--profile x`` alone
from starting (issues 25331, 21580). Up to 0.133 both are how profiles are made.
"""

from __future__ import annotations

import itertools
import typing as t

from ._layers import Layers, active_provider, merge
from ._provider_table import ROOT_KEYS, names_published
from ._text import clean
from ._toml import KeyPath, dotted_key
from ._version import Version, reads_profile_files

Document = t.Mapping[str, t.Any]

_MOST_VALUES = 100_000
_MOST_KEYS = 20
_SHOWN = 80
_STRICT_TABLES = (("agents",), ("features",), ("mcp_servers",), ("projects",))
"""Tables in which a string keeps Codex from loading the file (measured with 0.169.0)."""


class Broken(t.NamedTuple):
    """Why a snippet that stands in the user's config.toml does not do what it is for."""

    cause: str
    """root_key_in_table or legacy_profile."""
    evidence: str
    """A phrase that names the key and the file."""


class LegacyProfiles(t.NamedTuple):
    """What must go so that Codex starts, also with the name of a snippet's profile.

    Without these tables ``--profile x`` silently gets the base configuration
    (0.169.0), which is HTTP only once it is cured.
    """

    remove: tuple[KeyPath, ...]
    refusal: str | None
    """Why this is not ours to do, as a phrase; None where it is."""


def broken_snippet(layers: Layers, version: Version | None) -> Broken | None:
    """The snippet in the user's config.toml that has no effect for a client of this version.

    None where another provider was chosen that takes its place, where a layer
    above decides, and where a trial run was given a provider with ``-c``.
    """
    user = layers.documents.get("user", {})
    effective = merge(layers.documents.get("system", {}), user)
    newer = version if version and reads_profile_files(version) else None
    if newer and "profile" in user:
        return _does_not_start(newer) if _selects_published(user, effective) else None
    provider = active_provider(layers, None)
    if provider.origin in ("requirements", "managed", "override"):
        return None
    dead = _dead_profile(user, effective, provider.active) if newer else None
    if newer and dead is not None:
        return _not_with_profile(dead, newer)
    if provider.active != "openai" or (not newer and _chosen_by_profile(user)):
        return None
    for path in _misplaced_choices(user, effective):
        table = clean(dotted_key(path[:-1]), _SHOWN)
        return Broken(
            "root_key_in_table",
            f"model_provider stands in [{table}] of config.toml, where it has no effect",
        )
    return None


def legacy_profiles(own: Document, effective: Document, version: Version | None) -> LegacyProfiles:
    """What of the legacy profiles of a config.toml the cure takes away, for a client from 0.134 on.

    ``effective`` is ``own`` merged with the layers below it. Nothing where the
    version is not known, and where somebody's own provider is active.
    """
    nothing = LegacyProfiles((), None)
    if version is None or not reads_profile_files(version):
        return nothing
    profiles, selected = _profiles_of(own), own.get("profile")
    if profiles is None:
        return LegacyProfiles(
            (), "profiles is not a table of tables, so Codex cannot load this file either"
        )
    active = effective.get("model_provider", "openai")
    is_http_only = _is_http_only(active, effective)
    is_plain = active == "openai" or is_http_only
    if selected is not None and not (is_plain and _selects_published(own, effective)):
        return LegacyProfiles(
            (),
            f"profile selects {clean(selected, _SHOWN)}, with which Codex {version.text} does not "
            "start; remove that key and use --profile",
        )
    if not is_plain:
        return nothing
    remove: list[KeyPath] = [] if selected is None else [("profile",)]
    published = _published_profiles(profiles, effective)
    for name, profile in profiles.items():
        if name != selected and name not in published:
            continue
        if not profile or (name in published and _holds_choice_alone(profile)):
            remove.append(("profiles", name))
        elif name == selected or not is_http_only:
            return LegacyProfiles((), _settings_would_be_lost(name, version))
    return LegacyProfiles(tuple(remove), None)


def choices_to_clear(
    own: Document, effective: Document, ours: t.Collection[str]
) -> tuple[KeyPath, ...]:
    """The ``model_provider`` of a snippet where it is ignored with a warning at every start.

    In the tables of the providers ``ours`` alone, and where it keeps Codex from
    loading the file; elsewhere it does no harm once the root has the key.
    """
    places = (*(("model_providers", provider_id) for provider_id in ours), *_STRICT_TABLES)
    return tuple(path for path in _misplaced_choices(own, effective) if path[:-1] in places)


def keeps_from_loading(path: KeyPath) -> bool:
    """Whether a key that the cure removes is one with which Codex does not load the file."""
    return path == ("profile",) or path[:-1] in _STRICT_TABLES


def misplaced_root_keys(document: Document) -> tuple[str, ...]:
    """Keys of the root that stand in a table, where Codex ignores them; dotted, 20 at most.

    Every such key in a provider's table, and elsewhere a ``model_provider``
    that names the provider of a published snippet.
    """
    found = [*_in_provider_tables(document), *_misplaced_choices(document, document)]
    return tuple(clean(dotted_key(path), _SHOWN) for path in dict.fromkeys(found))[:_MOST_KEYS]


def _in_provider_tables(document: Document) -> t.Iterator[KeyPath]:
    tables = document.get("model_providers")
    for provider_id, table in tables.items() if isinstance(tables, dict) else ():
        for key in table if isinstance(table, dict) else ():
            if key in ROOT_KEYS:
                yield ("model_providers", provider_id, key)


def _misplaced_choices(own: Document, effective: Document) -> t.Iterator[KeyPath]:
    """Every ``model_provider`` in a table that is no profile, and that names a snippet's provider.

    Elements of arrays have no name, so those of one array share a path.
    """
    for path, table in _tables(own):
        if path and _is_http_only(table.get("model_provider"), effective):
            yield (*path, "model_provider")


def _tables(document: Document) -> t.Iterator[tuple[KeyPath, Document]]:
    waiting: list[tuple[KeyPath, t.Any]] = [((), document)]
    for path, value in itertools.islice(waiting, _MOST_VALUES):
        if isinstance(value, list):
            waiting.extend((path, element) for element in value if isinstance(element, dict))
        else:
            yield path, value
            waiting.extend(
                ((*path, key), child)
                for key, child in value.items()
                if isinstance(child, (dict, list)) and (*path, key) != ("profiles",)
            )


def _profiles_of(document: Document) -> t.Mapping[str, Document] | None:
    """``profiles``, empty where there is none; None where it is no table of tables."""
    profiles = document.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        return None
    return profiles


def _published_profiles(
    profiles: t.Mapping[str, Document], effective: Document
) -> t.Collection[str]:
    return [
        name
        for name, profile in profiles.items()
        if _is_http_only(profile.get("model_provider"), effective)
    ]


def _is_http_only(provider: t.Any, effective: Document) -> bool:
    return names_published(
        provider, effective.get("model_providers", {}), effective.get("openai_base_url")
    )


def _holds_choice_alone(profile: Document) -> bool:
    return set(profile) == {"model_provider"}


def _selects_published(own: Document, effective: Document) -> bool:
    """Whether the root's ``profile`` leads to the provider of a snippet, its own or the root's."""
    selected, profiles = own.get("profile"), _profiles_of(own)
    if not isinstance(selected, str) or profiles is None:
        return False
    chosen = profiles.get(selected, {}).get("model_provider")
    return _is_http_only(effective.get("model_provider") if chosen is None else chosen, effective)


def _chosen_by_profile(user: Document) -> bool:
    """Whether a client up to 0.133 takes its provider from the profile that the root selects."""
    selected, profiles = user.get("profile"), _profiles_of(user)
    if not isinstance(selected, str) or profiles is None:
        return False
    return profiles.get(selected, {}).get("model_provider") is not None


def _dead_profile(user: Document, effective: Document, active: str) -> str | None:
    """A profile of a snippet, without which nothing is lost that the active provider does not do.

    Beside an active provider that is HTTP only, one with settings of its own is
    nothing that a tool may clear away.
    """
    is_http_only = _is_http_only(active, effective)
    profiles = _profiles_of(user) or {}
    if active != "openai" and not is_http_only:
        return None
    for name in _published_profiles(profiles, effective):
        if not is_http_only or _holds_choice_alone(profiles[name]):
            return name
    return None


def _does_not_start(version: Version) -> Broken:
    return Broken(
        "legacy_profile",
        f"profile stands in config.toml, with which Codex {version.text} does not start",
    )


def _not_with_profile(name: str, version: Version) -> Broken:
    return Broken(
        "legacy_profile",
        f"[{_shown(name)}] stands in config.toml, with which Codex {version.text} refuses "
        f"--profile {clean(name, _SHOWN)}",
    )


def _settings_would_be_lost(name: str, version: Version) -> str:
    return (
        f"[{_shown(name)}] holds further settings, which Codex {version.text} no longer reads; "
        f"move them to {clean(name, _SHOWN)}.config.toml and remove that table"
    )


def _shown(profile: str) -> str:
    return clean(dotted_key(("profiles", profile)), _SHOWN)
