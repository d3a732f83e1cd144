# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which profiles use HTTP only, by what the client of that version reads for them."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._layers import read_layers
from ansible_collections.devfleet.codex.plugins.module_utils._profiles import http_only_profiles
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version

NEW, OLD = "0.169.0", "0.133.0"

ACTIVE = 'model_provider = "h"\n'
TABLE = (
    '[model_providers.h]\nname = "h"\nrequires_openai_auth = true\nsupports_websockets = false\n'
)
LOUD = TABLE.replace("supports_websockets = false", "supports_websockets = true")
SILENT = TABLE.replace("supports_websockets = false\n", "")
NO_LOGIN = TABLE.replace("requires_openai_auth = true\n", "")
LOGIN_OFF = TABLE.replace("requires_openai_auth = true", "requires_openai_auth = false")
ODD_OFF = TABLE.replace("supports_websockets = false", "supports_websockets = 0.0")

Files = dict[str, str]

# What stands in which file: config is the user's config.toml, system that of the machine.
CASES: dict[str, tuple[str, Files, list[str]]] = {
    "no-files": (NEW, {}, []),
    "own-table": (NEW, {"x": ACTIVE + TABLE}, ["x"]),
    "table-in-config": (NEW, {"x": ACTIVE, "config": TABLE}, ["x"]),
    "table-in-the-system-layer": (NEW, {"x": ACTIVE, "system": TABLE}, ["x"]),
    "table-in-two-files": (
        NEW,
        {"x": ACTIVE + "[model_providers.h]\nsupports_websockets = false\n", "config": LOUD},
        ["x"],
    ),
    "user-beats-system": (NEW, {"x": ACTIVE, "config": LOUD, "system": TABLE}, []),
    "provider-of-config": (NEW, {"x": 'model = "y"\n', "config": ACTIVE + TABLE}, ["x"]),
    "several": (
        NEW,
        {"z": ACTIVE, "a": ACTIVE, "m": 'model_provider = "openai"\n', "config": TABLE},
        ["a", "z"],
    ),
    "silent-about-websockets": (NEW, {"x": ACTIVE + SILENT}, ["x"]),
    "websockets-on": (NEW, {"x": ACTIVE + LOUD}, []),
    "websockets-of-another-type": (NEW, {"x": ACTIVE + ODD_OFF}, []),
    "no-requires-openai-auth": (NEW, {"x": ACTIVE + NO_LOGIN}, []),
    "requires-openai-auth-off": (NEW, {"x": ACTIVE + LOGIN_OFF}, []),
    "no-provider": (NEW, {"x": TABLE}, []),
    "built-in-provider": (NEW, {"x": 'model_provider = "openai"\n' + TABLE}, []),
    "undefined-provider": (NEW, {"x": ACTIVE}, []),
    "provider-of-another-type": (NEW, {"x": 'model_provider = ["h"]\n' + TABLE}, []),
    "broken-file": (NEW, {"x": ACTIVE + TABLE + "[\n", "y": ACTIVE + TABLE}, ["y"]),
    "broken-config": (NEW, {"x": ACTIVE + TABLE, "config": "[\n"}, ["x"]),
    "providers-are-no-table": (NEW, {"x": ACTIVE + "model_providers = 1\n"}, []),
    "provider-is-no-table": (NEW, {"x": ACTIVE + "[model_providers]\nh = 1\n"}, []),
    "table-of-an-old-client": (OLD, {"config": f"[profiles.x]\n{ACTIVE}{TABLE}"}, ["x"]),
    "table-in-the-system-layer-of-an-old-client": (
        OLD,
        {"config": f"[profiles.x]\n{ACTIVE}", "system": TABLE},
        ["x"],
    ),
    "profile-is-no-table": (OLD, {"config": f"profiles = {{x = 1}}\n{ACTIVE}{TABLE}"}, []),
    "profiles-are-no-table": (OLD, {"config": f"profiles = 1\n{ACTIVE}{TABLE}"}, []),
    "profiles-are-no-table-for-a-new-client": (
        NEW,
        {"x": ACTIVE, "config": f"profiles = 1\n{TABLE}"},
        ["x"],
    ),
    "an-old-client-reads-no-file": (OLD, {"x": ACTIVE + TABLE}, []),
    "a-new-client-reads-no-table": (NEW, {"config": f"[profiles.x]\n{ACTIVE}{TABLE}"}, []),
    "a-new-client-refuses-a-profile-with-both": (
        NEW,
        {"x": ACTIVE, "y": ACTIVE, "config": f"[profiles.x]\n{ACTIVE}{TABLE}"},
        ["y"],
    ),
    "a-new-client-does-not-start-with-a-root-profile": (
        NEW,
        {"x": ACTIVE, "config": 'profile = "y"\n' + TABLE},
        [],
    ),
    "an-old-client-starts-with-a-root-profile": (
        OLD,
        {"config": f'profile = "y"\n[profiles.x]\n{ACTIVE}{TABLE}'},
        ["x"],
    ),
    "a-new-client-refuses-a-profile-that-selects-another": (
        NEW,
        {"x": 'profile = "y"\n' + ACTIVE, "y": ACTIVE, "config": TABLE},
        ["y"],
    ),
    "the-first-client-with-files": ("0.134.0", {"x": ACTIVE + TABLE}, ["x"]),
}


def found(folder: pathlib.Path, version: str) -> list[str]:
    parsed = parse_version(version)
    assert parsed
    home = str(folder / "home")
    return http_only_profiles(home, read_layers(home, str(folder / "etc")), parsed)


def written(folder: pathlib.Path, files: t.Mapping[str, str]) -> pathlib.Path:
    """Write `files` below `folder`; return the Codex home there."""
    home = folder / "home"
    home.mkdir()
    (folder / "etc").mkdir()
    places = {"config": home / "config.toml", "system": folder / "etc/config.toml"}
    for name, text in files.items():
        places.get(name, home / f"{name}.config.toml").write_text(text)
    return home


@pytest.mark.parametrize("case", CASES)
def test_the_profiles(case: str, tmp_path: pathlib.Path) -> None:
    version, files, expected = CASES[case]
    written(tmp_path, files)
    assert found(tmp_path, version) == expected


@pytest.mark.parametrize(
    "bad",
    [
        lambda path: path.write_bytes(b"# caf\xe9\n" + (ACTIVE + TABLE).encode()),
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.symlink_to("nowhere"),
    ],
    ids=["not-utf-8", "folder", "fifo", "dangling"],
)
def test_a_file_that_cannot_be_read_is_no_profile(
    bad: t.Callable[[pathlib.Path], t.Any], tmp_path: pathlib.Path
) -> None:
    home = written(tmp_path, {"good": ACTIVE + TABLE})
    bad(home / "bad.config.toml")
    assert found(tmp_path, NEW) == ["good"]


def test_other_files_are_no_profiles(tmp_path: pathlib.Path) -> None:
    home = written(tmp_path, {})
    for name in ("x.config.toml.bak", "x.toml", ".config.toml", "xconfig.toml"):
        (home / name).write_text(ACTIVE + TABLE)
    assert found(tmp_path, NEW) == []


def test_a_folder_whose_name_is_a_pattern(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "[ab]*"
    folder.mkdir()
    written(folder, {"x": ACTIVE + TABLE})
    assert found(folder, NEW) == ["x"]
