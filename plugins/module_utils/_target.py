# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which configuration file a request is about, and what stands around it.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from . import _files, _state
from ._change import Refused, home_to_change
from ._client import client_version
from ._layers import SYSTEM_FOLDER, Layers, active_provider, merge, read_layers
from ._provider import lookup
from ._toml import KeyPath
from ._version import Version, parse_version, reads_profile_files

_SYSTEM_FILE = 0o644
_SYSTEM_FOLDER = 0o755


@dataclasses.dataclass(frozen=True)
class Request:
    """The options of http_provider."""

    codex_home: str | None
    codex_version: str | None
    executable: str | None
    scope: str
    profile: str | None
    provider_id: str
    name: str
    base_url: str | None


@dataclasses.dataclass(frozen=True)
class Target:
    """The file to change and what stands around it."""

    path: str
    root: KeyPath
    below: t.Mapping[str, t.Any]
    """The layers below the file, merged."""
    new_file_mode: int
    new_folder_mode: int
    version: Version | None = None
    """Of the client, where the file holds profiles: what becomes of those depends on it."""


def find_target(
    request: Request, environment: t.Mapping[str, str], system_folder: str = SYSTEM_FOLDER
) -> Target:
    """Which file is to be changed so that Codex uses HTTP only. Raises ``Refused``."""
    folder = _folder(request, environment, system_folder)
    layers = read_layers(folder, system_folder)
    if request.scope == "system":
        target = _system_target(system_folder)
        _refuse_decided_above(layers, target.path, system_folder)
        return target
    _refuse_decided_above(layers, folder, system_folder)
    _refuse_unreadable(layers, os.path.join(system_folder, "config.toml"))
    if request.scope == "user":
        target = _user_target(folder, layers)
        if not {"profile", "profiles"} & layers.documents.get("user", {}).keys():
            return target
        return dataclasses.replace(target, version=_version(request, folder, environment))
    version = _known_version(request, folder, environment)
    profile = request.profile or ""
    if not reads_profile_files(version):
        return _profile_table_target(folder, layers, profile)
    config = os.path.join(folder, "config.toml")
    _refuse_unreadable(layers, config)
    profiles = layers.documents.get("user", {}).get("profiles", {})
    if not isinstance(profiles, dict):
        raise Refused(
            f"{config}: profiles is not a table, so Codex cannot load this file either. Nothing "
            "was changed."
        )
    if profile in profiles:
        raise Refused(
            f"{config} holds [profiles.{profile}], with which Codex {version.text} refuses "
            f"--profile {profile}; move it to {profile}.config.toml. Nothing was changed."
        )
    return _profile_file_target(folder, layers, profile)


def find_changed_target(
    request: Request, environment: t.Mapping[str, str], system_folder: str = SYSTEM_FOLDER
) -> Target:
    """Which file the cure stands in, whatever decides the provider now. Raises ``Refused``.

    A profile is taken back where it was written: the client may have been
    updated past 0.134.0 since, or be gone.
    """
    folder = _folder(request, environment, system_folder)
    if request.scope == "system":
        return _system_target(system_folder)
    layers = read_layers(folder, system_folder)
    if request.scope == "user":
        return _user_target(folder, layers)
    in_file = _profile_file_target(folder, layers, request.profile or "")
    in_table = _profile_table_target(folder, layers, request.profile or "")
    for target in (in_file, in_table):
        try:
            record = _state.load(target.path)
        except _files.FileRefused as error:
            raise Refused(str(error)) from error
        if record and any(restore.path == target.root for restore in record.restores):
            return target
    has_table = lookup(layers.documents.get("user", {}), in_table.root) is not None
    return in_table if has_table and not os.path.lexists(in_file.path) else in_file


def _folder(request: Request, environment: t.Mapping[str, str], system_folder: str) -> str:
    """The folder of the configuration files: CODEX_HOME, or the system's."""
    if request.scope == "system":
        return system_folder
    return home_to_change(request.codex_home, environment)


def _system_target(system_folder: str) -> Target:
    path = os.path.join(system_folder, "config.toml")
    return Target(path, ("model_provider",), {}, _SYSTEM_FILE, _SYSTEM_FOLDER)


def _user_target(folder: str, layers: Layers) -> Target:
    return _private_target(
        os.path.join(folder, "config.toml"),
        ("model_provider",),
        layers.documents.get("system", {}),
    )


def _profile_table_target(folder: str, layers: Layers, profile: str) -> Target:
    root = ("profiles", profile, "model_provider")
    return dataclasses.replace(_user_target(folder, layers), root=root)


def _profile_file_target(folder: str, layers: Layers, profile: str) -> Target:
    return _private_target(
        os.path.join(folder, f"{profile}.config.toml"),
        ("model_provider",),
        merge(layers.documents.get("system", {}), layers.documents.get("user", {})),
    )


def _private_target(path: str, root: KeyPath, below: t.Mapping[str, t.Any]) -> Target:
    return Target(path, root, below, _files.PRIVATE_FILE, _files.PRIVATE_FOLDER)


def _refuse_decided_above(layers: Layers, place: str, system_folder: str) -> None:
    origin = active_provider(layers, None).origin
    if origin in ("managed", "requirements"):
        raise Refused(
            f"{system_folder}: the {origin} layer sets model_provider, so a change in {place} "
            "has no effect; change it there. Nothing was changed."
        )


def _refuse_unreadable(layers: Layers, path: str) -> None:
    # What lies below decides what the cure is. Codex takes a dangling link for no file (0.169.0).
    for problem in layers.problems:
        if problem.startswith(f"{path}: ") and os.path.exists(path):
            raise Refused(f"{problem}; Codex cannot load this file either. Nothing was changed.")


def _version(request: Request, codex_home: str, environment: t.Mapping[str, str]) -> Version | None:
    if request.codex_version:
        return parse_version(request.codex_version)
    return client_version(codex_home, request.executable, environment)


def _known_version(request: Request, codex_home: str, environment: t.Mapping[str, str]) -> Version:
    version = _version(request, codex_home, environment)
    if version is None:
        raise Refused(
            "the version of Codex is not known, and profiles are written differently before 0.134; "
            "set codex_version to what codex --version prints, or executable to the client. "
            "Nothing was changed."
        )
    return version
