# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed preferences of macOS, from recorded files: what they say, and what is wrong with them."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._layers import (
    active_provider,
    provider_file,
    read_layers,
)
from ansible_collections.devfleet.codex.plugins.module_utils._managed_preferences import (
    Preferences,
    preference_files,
    read_preferences,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml import SIZE_LIMIT

RECORDED = Path(__file__).parents[3] / "fixtures/managed_preferences"


def recorded(name: str) -> Preferences:
    return read_preferences([str(RECORDED / name)])


@pytest.mark.parametrize("name", ["both.plist", "both.binary.plist"])
def test_both_layers_are_read(name: str) -> None:
    found = recorded(name)
    assert found.problems == ()
    assert found.documents["mdm_requirements"]["model_provider"] == "corp"
    assert found.documents["mdm_managed"]["model_provider"] == "gateway"
    assert found.paths == {
        "mdm_requirements": f"{RECORDED / name} (requirements_toml_base64)",
        "mdm_managed": f"{RECORDED / name} (config_toml_base64)",
    }


def test_what_the_user_has_wins_key_by_key() -> None:
    files = [str(RECORDED / "config-of-one-user.plist"), str(RECORDED / "both.plist")]
    found = read_preferences(files)
    assert found.documents["mdm_managed"] == {"model_provider": "team"}
    assert found.documents["mdm_requirements"]["model_provider"] == "corp"
    assert found.paths["mdm_managed"].startswith(files[0])
    assert found.paths["mdm_requirements"].startswith(files[1])


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("not-base64.plist", " (config_toml_base64): is not base64"),
        ("data-instead-of-string.plist", " (config_toml_base64): is not a string"),
        ("not-utf8.plist", " (config_toml_base64): does not hold UTF-8"),
        ("not-toml.plist", " (config_toml_base64): line 2: "),
        ("a-list.plist", ": is not a property list of keys and values"),
        ("entity.plist", ": is not a property list"),
        ("README", ": is not a property list"),
    ],
)
def test_what_is_broken_is_named_and_left_out(name: str, problem: str) -> None:
    found = recorded(name)
    (told,) = found.problems
    assert told.startswith(f"{RECORDED / name}{problem}")
    assert "mdm_managed" not in found.documents
    assert "sk-1" not in told


def test_a_file_that_was_cut_off_is_no_property_list(tmp_path: Path) -> None:
    cut = tmp_path / "cut.plist"
    cut.write_bytes((RECORDED / "both.binary.plist").read_bytes()[:100])
    assert read_preferences([str(cut)]).problems == (f"{cut}: is not a property list",)


def test_a_broken_key_does_not_hide_the_other() -> None:
    assert list(recorded("not-base64.plist").documents) == ["mdm_requirements"]


def test_what_is_broken_for_the_user_is_not_replaced_by_what_the_computer_has() -> None:
    found = read_preferences([str(RECORDED / "not-toml.plist"), str(RECORDED / "both.plist")])
    assert list(found.documents) == ["mdm_requirements"]
    assert len(found.problems) == 1


@pytest.mark.parametrize("files", [[], ["/no/such/file"], [str(RECORDED / "empty-strings.plist")]])
def test_nothing_there_is_nothing_wrong(files: list[str]) -> None:
    assert read_preferences(files) == Preferences({}, {}, ())


def too_large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)


def nested(path: Path) -> None:
    path.write_bytes(b'<plist version="1.0">' + b"<array>" * 100_000)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (too_large, "is larger than "),
        (nested, "is not a property list"),
        (dangling, "is not a regular file"),
        (Path.mkdir, "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
    ],
    ids=["large", "nested", "dangling", "folder", "fifo"],
)
def test_a_file_that_cannot_be_read_is_named(
    bad: t.Callable[[Path], t.Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "com.openai.codex.plist"
    bad(path)
    (problem,) = read_preferences([str(path)]).problems
    assert problem.startswith(f"{path}: {reason}")


def test_they_are_looked_for_on_macos_alone() -> None:
    assert preference_files("linux", "dev") == ()
    assert preference_files("darwin", "dev") == (
        "/Library/Managed Preferences/dev/com.openai.codex.plist",
        "/Library/Managed Preferences/com.openai.codex.plist",
    )
    assert preference_files("darwin", None, "/x") == ("/x/com.openai.codex.plist",)


# Upstream's order: managed preferences above the file of their kind, requirements above the rest.
@pytest.mark.parametrize(
    ("preferences", "system_files", "provider", "origin", "place"),
    [
        ("both.plist", ("requirements.toml",), "corp", "requirements", "requirements_toml_base64"),
        ("both.plist", (), "corp", "requirements", "requirements_toml_base64"),
        (
            "config-of-one-user.plist",
            ("managed_config.toml",),
            "team",
            "managed",
            "config_toml_base64",
        ),
        (
            "config-of-one-user.plist",
            ("requirements.toml", "managed_config.toml"),
            "requirements.toml",
            "requirements",
            "requirements.toml",
        ),
        (
            "empty-strings.plist",
            ("managed_config.toml",),
            "managed_config.toml",
            "managed",
            "managed_config.toml",
        ),
        ("empty-strings.plist", ("config.toml",), "mine", "user", "home/config.toml"),
    ],
)
def test_their_place_among_the_layers(
    preferences: str,
    system_files: tuple[str, ...],
    provider: str,
    origin: str,
    place: str,
    tmp_path: Path,
) -> None:
    home, system = tmp_path / "home", tmp_path / "etc"
    home.mkdir()
    system.mkdir()
    (home / "config.toml").write_text('model_provider = "mine"\n')
    for name in system_files:
        (system / name).write_text(f'model_provider = "{name}"\n')
    plist = tmp_path / "com.openai.codex.plist"
    shutil.copy(RECORDED / preferences, plist)

    layers = read_layers(str(home), str(system), [str(plist)])
    active = active_provider(layers, None)

    assert (active.active, active.origin) == (provider, origin)
    assert place in (provider_file(layers, active) or "")


def test_a_table_of_theirs_is_no_table_of_the_users(tmp_path: Path) -> None:
    layers = read_layers(str(tmp_path), str(tmp_path), [str(RECORDED / "both.plist")])
    active = active_provider(layers, "gateway")
    assert (active.table or {})["base_url"] == "https://gateway.example.com/v1"
    assert active.table_layer == "managed"


def test_a_broken_preference_is_a_problem_of_the_layers(tmp_path: Path) -> None:
    layers = read_layers(str(tmp_path), str(tmp_path), [str(RECORDED / "a-list.plist")])
    assert layers.documents == {}
    assert "a-list.plist" in layers.problems[0]
