# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The managed preferences of macOS that hold Codex configuration.

This module util is PRIVATE to the collection. An organisation sets them for the domain
``com.openai.codex``: two strings, each a TOML file in base64 (documented upstream under "managed
configuration"). Known from that documentation and recorded data; not tested on hardware.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import typing as t

from ._text import clean
from ._toml import SIZE_LIMIT, TomlError, parse

FOLDER = "/Library/Managed Preferences"
"""Where macOS keeps what an organisation has forced on users and on the computer."""

DOMAIN_FILE = "com.openai.codex.plist"

KEYS = {
    "mdm_requirements": "requirements_toml_base64",
    "mdm_managed": "config_toml_base64",
}
"""The key that holds each layer."""


@dataclasses.dataclass(frozen=True)
class Preferences:
    """The layers found; a key that is not there or cannot be parsed is left out."""

    documents: t.Mapping[str, t.Mapping[str, t.Any]]
    """By layer: ``mdm_requirements``, ``mdm_managed``."""
    paths: t.Mapping[str, str]
    """By layer: the file and the key in it, for a person to read."""
    problems: tuple[str, ...]


def preference_files(platform: str, user: str | None, folder: str = FOLDER) -> tuple[str, ...]:
    """The files to read on ``platform`` (as ``sys.platform`` names it), the user's own first."""
    if platform != "darwin":
        return ()
    computer = os.path.join(folder, DOMAIN_FILE)
    return (os.path.join(folder, user, DOMAIN_FILE), computer) if user else (computer,)


def read_preferences(files: t.Sequence[str]) -> Preferences:
    """Read the layers from ``files``, of which an earlier one wins key by key."""
    documents: dict[str, t.Mapping[str, t.Any]] = {}
    paths: dict[str, str] = {}
    problems: list[str] = []
    decided: set[str] = set()
    for path in files:
        try:
            values = _read_file(path)
        except (OSError, ValueError) as error:
            problems.append(clean(f"{path}: {error}"))
            continue
        for layer, key in KEYS.items():
            if key not in values or layer in decided:
                continue
            decided.add(layer)
            place = clean(f"{path} ({key})")
            try:
                document = _decode(values[key])
            except (ValueError, TomlError) as error:
                problems.append(clean(f"{place}: {error}"))
                continue
            if document is not None:
                documents[layer], paths[layer] = document, place
    return Preferences(documents, paths, tuple(problems))


def _read_file(path: str) -> t.Mapping[str, t.Any]:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not os.path.isfile(path):
        raise ValueError("is not a regular file")
    # Nearly no machine has such a file, and each of them would pay for the start of every run.
    import plistlib

    with open(path, "rb") as stream:
        raw = stream.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1024 // 1024} MB")
    try:
        values = plistlib.loads(raw)
    except Exception:
        # Beside its own error, plistlib lets those of expat, struct and its recursion out.
        raise ValueError("is not a property list") from None
    if not isinstance(values, dict):
        raise ValueError("is not a property list of keys and values")
    return values


def _decode(value: t.Any) -> t.Mapping[str, t.Any] | None:
    if not isinstance(value, str):
        raise ValueError("is not a string")
    if not value.strip():
        return None
    try:
        raw = base64.b64decode(value.strip(), validate=True)
    except ValueError:
        raise ValueError("is not base64") from None
    try:
        return parse(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("does not hold UTF-8") from None
