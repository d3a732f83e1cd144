# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands around a user's Codex, read from files."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _surroundings
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Layers
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    Process,
    Surroundings,
)
from ansible_collections.devfleet.codex.plugins.module_utils._surroundings import (
    mcp_servers,
    read_surroundings,
)

NO_LAYERS = Layers({}, ())


def wsl(root: Path, kernel: str, mounts: str | None = None) -> None:
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(kernel)
    if mounts is not None:
        (root / "proc/mounts").write_text(mounts)


def test_an_ordinary_machine_has_nothing_to_tell(tmp_path: Path) -> None:
    home = tmp_path / "home/.codex"
    found = read_surroundings(str(home), NO_LAYERS, [], [], (), str(tmp_path))
    assert found == Surroundings("", False, (), None, (), (), (), ())


def test_everything_is_told_in_printable_form(tmp_path: Path) -> None:
    wsl(tmp_path, "5.15.90.1-microsoft-standard-WSL2", f"C: {tmp_path} drvfs rw 0 0\n")
    home = tmp_path / ".codex"
    extension = "/home/dev/.vscode/extensions/openai.chatgpt-1.2.3/bin/linux-x86_64/codex"
    processes = (Process("session", 1.0, None),)
    found = read_surroundings(
        str(home),
        Layers({"user": {"mcp_servers": {"a\x1b[2Jb": {}}}}, ()),
        [("/usr/bin/codex\x07", "0.169.0"), (extension, "0.150.0")],
        ["tui.\u202enotify"],
        processes,
        str(tmp_path),
    )
    assert found == Surroundings(
        wsl="wsl2",
        home_on_windows_drive=True,
        processes=processes,
        settings_changed=None,
        mcp_servers=("a [2Jb",),
        versions=(("/usr/bin/codex ", "0.169.0"), (extension, "0.150.0")),
        ide_clients=(extension,),
        misplaced_keys=("tui. notify",),
    )


def test_a_home_behind_a_link_is_looked_for_where_it_is(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.codex").symlink_to(drive)
    wsl(tmp_path, "5.15.90.1-microsoft-standard-WSL2", f"C: {drive} drvfs rw 0 0\n")
    home = str(tmp_path / "home/.codex")
    assert read_surroundings(home, NO_LAYERS, [], [], None, str(tmp_path)).home_on_windows_drive


def test_a_drive_outside_wsl_is_a_drive(tmp_path: Path) -> None:
    wsl(tmp_path, "6.8.0-generic", f"C: {tmp_path} drvfs rw 0 0\n")
    found = read_surroundings(str(tmp_path), NO_LAYERS, [], [], None, str(tmp_path))
    assert not found.home_on_windows_drive


def test_mounts_that_cannot_be_read_tell_nothing(tmp_path: Path) -> None:
    wsl(tmp_path, "5.15.90.1-microsoft-standard-WSL2")
    found = read_surroundings(str(tmp_path), NO_LAYERS, [], [], None, str(tmp_path))
    assert not found.home_on_windows_drive


CONFIG, DOTENV, RECORD = "config.toml", ".env", ".devfleet/config.toml.json"


@pytest.mark.parametrize(
    ("written", "settings", "environment"),
    [
        ({}, None, None),
        ({CONFIG: 500}, None, None),
        ({DOTENV: 100}, 100, 100),
        ({DOTENV: 100, CONFIG: 500}, 100, 100),
        ({RECORD: 200, CONFIG: 200}, 200, None),
        ({RECORD: 200, CONFIG: 500}, 200, None),
        ({RECORD: 500, CONFIG: 200}, 200, None),
        ({RECORD: 200, CONFIG: 300, DOTENV: 100}, 200, 100),
        ({RECORD: 200, CONFIG: 300, DOTENV: 250}, 250, 250),
        ({RECORD: 200}, None, None),
    ],
)
def test_what_codex_writes_itself_is_no_change_of_settings(
    tmp_path: Path,
    written: t.Mapping[str, int],
    settings: float | None,
    environment: float | None,
) -> None:
    (tmp_path / ".devfleet").mkdir()
    for name, when in written.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (when, when))
    found = read_surroundings(str(tmp_path), NO_LAYERS, [], [], None, str(tmp_path))
    assert (found.settings_changed, found.environment_changed) == (settings, environment)


def test_a_dotenv_that_is_no_file_was_not_changed(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    found = read_surroundings(str(tmp_path), NO_LAYERS, [], [], None, str(tmp_path))
    assert found.environment_changed is None


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ({}, ()),
        ({"user": {"mcp_servers": {"b": {"command": "x"}, "a": {"url": "y"}}}}, ("a", "b")),
        ({"user": {"mcp_servers": {"a": {}}}, "system": {"mcp_servers": {"b": {}}}}, ("a", "b")),
        ({"user": {"mcp_servers": {"a": {"enabled": False}, "b": {"enabled": True}}}}, ("b",)),
        (
            {
                "system": {"mcp_servers": {"a": {"command": "x"}}},
                "user": {"mcp_servers": {"a": {"enabled": False}}},
            },
            (),
        ),
        (
            {
                "user": {"mcp_servers": {"a": {"enabled": False}}},
                "managed": {"mcp_servers": {"a": {"enabled": True}}},
            },
            ("a",),
        ),
        (
            {
                "managed": {"mcp_servers": {"a": {"enabled": True}, "b": {}}},
                "mdm_managed": {"mcp_servers": {"a": {"enabled": False}}},
            },
            ("b",),
        ),
        ({"requirements": {"mcp_servers": {"a": {}}}}, ()),
        ({"mdm_requirements": {"mcp_servers": {"a": {}}}}, ()),
        ({"user": {"mcp_servers": "none"}}, ()),
        ({"user": {"mcp_servers": {"a": "none", "b": ["x"]}}}, ()),
        ({"user": {"mcp_servers": {"x" * 500: {}}}}, ("x" * 57 + "...",)),
    ],
)
def test_the_mcp_servers_that_a_session_starts(
    documents: t.Mapping[str, t.Mapping[str, t.Any]], expected: tuple[str, ...]
) -> None:
    assert mcp_servers(Layers(documents, ())) == expected


def test_their_names_are_bounded_in_number() -> None:
    many: dict[str, t.Any] = {f"s{number}": {} for number in range(5000)}
    found = mcp_servers(Layers({"user": {"mcp_servers": many}}, ()))
    assert len(found) == _surroundings.MOST_MCP_SERVERS
