# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys make Codex use HTTP only, given what a configuration says now. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ._layers import BUILT_IN_PROVIDERS, RESERVED_PROVIDERS, merge
from ._provider_table import has_only_our_keys, is_ours, without_root_keys
from ._snippets import choices_to_clear, keeps_from_loading, legacy_profiles
from ._text import clean
from ._toml import KeyPath, Scalar, dotted_key, equal, literal
from ._version import Version

Document = t.Mapping[str, t.Any]

PROVIDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids that need no quoting, so that ``codex -c`` can name them."""

_MOST_IDS = 100
_LONGEST_ID = 80
"""Characters of an id that is shown."""
_MAY_HOLD_SECRET = re.compile(r"@|\?")
_NOT_LOADABLE = ", so Codex cannot load this file either"


class ProviderRefused(Exception):
    """The provider cannot be set here; the text is a phrase that says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Cure:
    """The keys to write. ``switch`` makes a provider of ours active; ``in_place``
    turns WebSockets off in the table of the provider that is active already."""

    mechanism: str
    provider_id: str
    previous_provider: str
    set_values: t.Mapping[KeyPath, Scalar]
    remove: tuple[KeyPath, ...]
    overrides: tuple[str, ...]
    """The same as ``-c`` values for one run of the client; none where one of them would carry
    a password or a key to wherever command lines are seen, where ``-c`` cannot name the provider,
    and where the file cannot be loaded as it is, for ``-c`` does not help that (measured with
    0.169.0)."""
    overrides_provider: str
    """The provider that is active under them: another id where a key must go, for ``-c``
    can only add to what the files say."""


@dataclasses.dataclass(frozen=True)
class Restore:
    """One key to take back: ``written`` by us where there was ``before`` (None: nothing)."""

    path: KeyPath
    before: Scalar | None
    written: Scalar


@dataclasses.dataclass(frozen=True)
class Undo:
    """The keys to write and to remove, and what a person should know about it."""

    set_values: t.Mapping[KeyPath, Scalar]
    remove: tuple[KeyPath, ...]
    notes: tuple[str, ...]


def valid_provider_id(provider_id: str) -> bool:
    """Whether Codex takes ``provider_id`` as the id of a custom provider (issues 13103, 11698)."""
    return bool(PROVIDER_ID.fullmatch(provider_id)) and provider_id not in BUILT_IN_PROVIDERS


def plan_cure(
    own: Document,
    effective: Document,
    root: KeyPath,
    provider_id: str,
    name: str,
    base_url: str | None,
    recorded: str | None = None,
    version: Version | None = None,
) -> Cure:
    """What to write into one file so that the active provider uses HTTP only.

    ``own`` is the document of that file, ``effective`` the same merged with the
    layers below it; ``root`` is the key path of the ``model_provider`` to write
    (``("profiles", x, "model_provider")`` for a profile of clients up to 0.133);
    ``recorded`` is the provider that we are known to have written there, whose
    ``base_url`` may be one that was wanted then. ``version`` is that of the client
    which reads the user's config.toml, for the legacy profiles of snippets to be
    removed; None leaves them alone. Raises ``ProviderRefused``.
    """
    refuse_unloadable(own, effective)
    active = lookup(effective, root)
    if active is None:
        active = effective.get("model_provider") or "openai"
    tables = effective.get("model_providers") or {}
    base_url = base_url or effective.get("openai_base_url")
    if not isinstance(active, str):
        raise ProviderRefused(f"{dotted_key(root)} is not a string{_NOT_LOADABLE}")
    if active in BUILT_IN_PROVIDERS and active != "openai":
        raise ProviderRefused(
            f"the active provider {active} is built into Codex and needs no cure of ours"
        )
    ours = [
        key
        for key, table in tables.items()
        if _is_ours_mended(table, base_url)
        or (key == recorded and has_only_our_keys(without_root_keys(table)))
    ]
    legacy = legacy_profiles(own, effective, version if root == ("model_provider",) else None)
    if legacy.refusal:
        raise ProviderRefused(legacy.refusal)
    if active in tables and active not in ours:
        _refuse_unloadable_tables(own, effective, None)
        if root != ("model_provider",):
            raise ProviderRefused(
                f"the active provider {active} is used without the profile too; "
                "set supports_websockets = false in a provider of the profile's own"
            )
        return _in_place(own, effective, active)
    chosen = active if active in tables else _free_id(tables, ours, provider_id)
    _refuse_unloadable_tables(own, effective, chosen)
    table: dict[str, Scalar] = {
        "name": name,
        "wire_api": "responses",
        "requires_openai_auth": True,
        "supports_websockets": False,
    }
    if base_url:
        table["base_url"] = base_url
    keys: dict[KeyPath, Scalar] = {
        ("model_providers", chosen, key): value for key, value in table.items()
    }
    stale = ("model_providers", chosen, "base_url")
    has_stale = not base_url and lookup(own, stale) is not None
    trial = f"{chosen}_preflight" if has_stale else chosen
    dead = (*choices_to_clear(own, effective, ours), *legacy.remove)
    remove = (stale, *dead) if has_stale else dead
    overrides = _as_overrides(
        {
            ("model_provider",): trial,
            **{("model_providers", trial, key): value for key, value in table.items()},
        }
    )
    if (base_url and _MAY_HOLD_SECRET.search(base_url)) or any(map(keeps_from_loading, dead)):
        overrides = ()
    return Cure("switch", chosen, active, {root: chosen, **keys}, remove, overrides, trial)


def plan_undo(
    own: Document,
    effective: Document,
    root: KeyPath,
    restores: t.Sequence[Restore] | None,
    base_url: str | None = None,
) -> Undo:
    """What to write so that the provider is again what it was before the cure.

    Only a key that still holds what we wrote is taken back. Without a record
    (``restores`` is None) the root key goes if its table is ours.
    """
    tables = effective.get("model_providers")
    if not isinstance(tables, dict):
        tables = {}
    if restores is None:
        active = lookup(own, root)
        base_url = base_url or effective.get("openai_base_url")
        goes = isinstance(active, str) and is_ours(tables.get(active), base_url)
        return Undo({}, (root,) if goes else (), ())
    set_values: dict[KeyPath, Scalar] = {}
    remove: list[KeyPath] = []
    notes: list[str] = []
    for restore in restores:
        if equal(lookup(own, restore.path), restore.before):
            continue
        if not holds(own, restore.path, restore.written):
            notes.append(
                f"{dotted_key(restore.path)} was changed by somebody else and is left alone"
            )
        elif restore.before is None:
            remove.append(restore.path)
        elif (
            restore.path == root
            and restore.before not in tables
            and restore.before not in BUILT_IN_PROVIDERS
        ):
            remove.append(restore.path)
            notes.append(
                f"the earlier provider {restore.before} is no longer defined, so "
                f"{dotted_key(root)} is removed"
            )
        else:
            set_values[restore.path] = restore.before
    return Undo(set_values, tuple(remove), tuple(notes))


def way_back(
    own: Document, left: Document, below: Document, root: KeyPath
) -> tuple[tuple[str, ...], str]:
    """What makes ``left`` of ``own`` as ``-c`` values, and the provider that is active then.

    ``own`` and ``left`` are the documents of one file before and after, ``below``
    the layers below it. ``-c`` removes no key: where ``model_provider`` goes, it
    names what is active without. No other keys are told of but that one and the
    ``supports_websockets`` of the provider, so there is no secret in them. There are
    none for a provider whose id cannot be shown as it is, or not be named in a key.
    """
    before, after = merge(below, own), merge(below, left)
    provider = active_id(after, root)
    websockets = ("model_providers", provider, "supports_websockets")
    values: dict[KeyPath, Scalar] = {}
    if active_id(before, root) != provider:
        values[("model_provider",)] = provider
    if holds(before, websockets, True) != holds(after, websockets, True):
        values[websockets] = holds(after, websockets, True)
    shown = clean(provider, _LONGEST_ID)
    return (_as_overrides(values) if shown == provider else ()), shown


def active_id(effective: Document, root: KeyPath) -> str:
    """The provider that is active where ``root`` is its key."""
    active = lookup(effective, root) or effective.get("model_provider")
    return active if isinstance(active, str) else "openai"


def purgeable(own: Document, provider_id: str, base_url: str | None) -> bool:
    """Whether ``[model_providers.<provider_id>]`` is ours and stands in this file."""
    return is_ours(lookup(own, ("model_providers", provider_id)), base_url)


def named_by(own: Document, provider_id: str) -> tuple[KeyPath, ...]:
    """Every ``model_provider`` of this file that names ``provider_id``, those of profiles too."""
    profiles = own.get("profiles")
    names = profiles if isinstance(profiles, dict) else {}
    roots = (("model_provider",), *(("profiles", name, "model_provider") for name in names))
    return tuple(root for root in roots if lookup(own, root) == provider_id)


def refuse_unloadable(own: Document, effective: Document) -> None:
    """Raise ``ProviderRefused`` for TOML that Codex refuses to load (measured with 0.169.0)."""
    tables = own.get("model_providers", {})
    merged = effective.get("model_providers", {})
    if not isinstance(merged, dict) or not all(
        isinstance(table, dict) for table in merged.values()
    ):
        raise ProviderRefused(f"model_providers is not a table of tables{_NOT_LOADABLE}")
    for key in ("model_provider", "openai_base_url"):
        if not isinstance(effective.get(key, ""), str):
            raise ProviderRefused(f"{key} is not a string{_NOT_LOADABLE}")
    known = (*BUILT_IN_PROVIDERS, *merged)
    active = effective.get("model_provider")
    if active and active not in known:
        raise ProviderRefused(f"model_provider names {active}, which is not defined{_NOT_LOADABLE}")
    for provider_id in tables:
        if provider_id in RESERVED_PROVIDERS:
            raise ProviderRefused(
                f"[model_providers.{provider_id}] redefines a built-in provider{_NOT_LOADABLE}"
            )


def _refuse_unloadable_tables(own: Document, effective: Document, mended: str | None) -> None:
    for provider_id, table in own.get("model_providers", {}).items():
        if provider_id != mended:
            _refuse_unloadable_table(provider_id, table, effective)


def _refuse_unloadable_table(provider_id: str, table: Document, effective: Document) -> None:
    if table.get("wire_api", "responses") != "responses":
        raise ProviderRefused(
            f'[model_providers.{provider_id}] has a wire_api other than "responses"{_NOT_LOADABLE}'
        )
    named = lookup(effective, ("model_providers", provider_id, "name"))
    if not named and provider_id not in BUILT_IN_PROVIDERS:
        raise ProviderRefused(f"[model_providers.{provider_id}] has no name{_NOT_LOADABLE}")


def lookup(document: t.Any, path: KeyPath) -> t.Any:
    """The value at ``path``, or None."""
    for part in path:
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def holds(document: Document, path: KeyPath, value: Scalar) -> bool:
    """Whether ``document`` has exactly ``value`` at ``path``, type included."""
    return equal(lookup(document, path), value)


def _in_place(own: Document, effective: Document, provider_id: str) -> Cure:
    path = ("model_providers", provider_id, "supports_websockets")
    if lookup(own, path[:-1]) is None:
        raise ProviderRefused(
            f"the active provider {provider_id} is defined in another layer; set "
            "supports_websockets = false there"
        )
    # A custom provider without the key has WebSockets off already (0.169.0).
    is_off = lookup(effective, path) is None or holds(effective, path, False)
    return Cure(
        "in_place",
        provider_id,
        provider_id,
        {} if is_off else {path: False},
        (),
        _as_overrides({path: False}),
        provider_id,
    )


def _is_ours_mended(table: t.Any, base_url: str | None) -> bool:
    """Whether a table is ours, keys of the root aside that ended up below its header."""
    return is_ours(without_root_keys(table), base_url)


def _free_id(tables: Document, ours: t.Collection[str], wanted: str) -> str:
    for number in range(1, _MOST_IDS):
        candidate = wanted if number == 1 else f"{wanted}_{number}"
        if candidate not in tables or candidate in ours:
            return candidate
    raise ProviderRefused(f"every provider id from {wanted} to {wanted}_{_MOST_IDS - 1} is taken")


def _as_overrides(values: t.Mapping[KeyPath, Scalar]) -> tuple[str, ...]:
    # The client takes the quotes in a key of -c for a part of it (0.169.0).
    if any(part != dotted_key((part,)) for path in values for part in path):
        return ()
    return tuple(f"{dotted_key(path)}={literal(value)}" for path, value in values.items())
