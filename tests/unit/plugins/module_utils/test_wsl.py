# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WSL, told from files and programs of the published form; not tried on Windows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _wsl
from ansible_collections.devfleet.codex.plugins.module_utils._wsl import (
    generation,
    networking_mode,
    on_windows_drive,
    wsl_kind,
)
from support.stubs import script

WSL1 = "4.4.0-19041-Microsoft\n"
WSL2 = "6.6.87.2-microsoft-standard-WSL2\n"


@pytest.mark.parametrize(
    ("kernel", "interop", "expected"),
    [
        ("6.8.0-136-generic", False, ""),
        ("", False, ""),
        ("25.0.0", False, ""),
        (WSL1, True, "wsl1"),
        ("4.4.0-22621-Microsoft", False, "wsl1"),
        (WSL2, True, "wsl2"),
        (WSL2, False, "wsl2"),
        ("4.19.104-microsoft-standard", True, "wsl2"),
        ("4.4.180-microsoft-standard", True, "wsl2"),
        ("6.9.0-mine-WSL2+", False, "wsl2"),
        ("6.9.0-mine", True, "wsl2"),
    ],
)
def test_the_generation_is_told_by_the_kernel(kernel: str, interop: bool, expected: str) -> None:
    assert generation(kernel, interop) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("[wsl2]\nnetworkingMode=mirrored\n", "mirrored"),
        ("\ufeff[wsl2]\r\nmemory=8GB\r\nNetworkingMode = Mirrored\r\n", "mirrored"),
        ("[experimental]\nnetworkingMode=mirrored # of 2023\n", "mirrored"),
        ('[WSL2]\nnetworkingMode="nat"', "nat"),
        ("[wsl2]\nnetworkingMode=nat\nnetworkingMode=mirrored", "mirrored"),
        ("[wsl2]\n#networkingMode=mirrored\n", None),
        ("[network]\nnetworkingMode=mirrored\n", None),
        ("networkingMode=mirrored\n", None),
        ("[wsl2]\nnetworkingMode\n", None),
        ("\0\ufffd[[[=", None),
        ("", None),
    ],
)
def test_the_networking_mode_of_a_wslconfig(config: str, expected: str | None) -> None:
    assert networking_mode(config) == expected


MOUNTS = r"""
/dev/sdc / ext4 rw,relatime 0 0
C:\134 /mnt/c 9p rw,noatime,dirsync,aname=drvfs;path=C:\;uid=1000,trans=fd 0 0
D:\134 /d 9p rw,noatime,aname=drvfs,trans=fd 0 0
E: /e drvfs rw,noatime 0 0
drvfsf /f virtiofs rw,relatime 0 0
drivers /usr/lib/wsl/drivers 9p ro,aname=drivers;fmask=222 0 0
//server/drvfs /srv/drvfs cifs rw 0 0
short
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mnt/c/Users/dev/.codex", True),
        ("/mnt/c", True),
        ("/mnt/Z/x", True),
        ("/d/codex", True),
        ("/d", True),
        ("/e/codex", True),
        ("/f/codex", True),
        ("/data/codex", False),
        ("/mnt/wsl/codex", False),
        ("/mnt/cd/codex", False),
        ("/home/dev/mnt/c/.codex", False),
        ("/home/dev/.codex", False),
        ("/usr/lib/wsl/drivers/x", False),
        ("/srv/drvfs/x", False),
    ],
)
def test_what_lies_on_a_drive_of_windows(path: str, expected: bool) -> None:
    assert on_windows_drive(path, MOUNTS) is expected


class Root:
    """The root of a machine that may be WSL."""

    def __init__(self, folder: Path, kernel: str) -> None:
        self.folder = folder
        (folder / "proc/sys/kernel").mkdir(parents=True)
        (folder / "proc/sys/kernel/osrelease").write_text(kernel)

    def wslconfig(self, user: str, config: str) -> None:
        path = self.folder / "mnt/c/Users" / user / ".wslconfig"
        path.parent.mkdir(parents=True)
        path.write_text(config)

    def wslinfo(self, *lines: str) -> None:
        script(self.folder / "usr/bin/wslinfo", *lines)

    def kind(self) -> str:
        return wsl_kind(str(self.folder))


def test_any_other_linux_is_none(tmp_path: Path) -> None:
    root = Root(tmp_path, "6.8.0-136-generic\n")
    root.wslinfo("echo mirrored")
    assert root.kind() == ""
    assert wsl_kind(str(tmp_path / "missing")) == ""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("echo mirrored", "wsl2_mirrored"),
        ('[ "$1" = --networking-mode ] && echo Mirrored', "wsl2_mirrored"),
        ("echo nat", "wsl2"),
        ("echo virtioproxy", "wsl2"),
        ("echo wsl1", "wsl1"),
        ("printf '\\033[2J\\377'", "wsl2"),
        ("yes mirrored", "wsl2"),
    ],
)
def test_wslinfo_is_asked(tmp_path: Path, told: str, expected: str) -> None:
    root = Root(tmp_path, WSL2)
    root.wslinfo(told)
    assert root.kind() == expected


def test_wslinfo_has_the_last_word(tmp_path: Path) -> None:
    root = Root(tmp_path, WSL2)
    root.wslconfig("dev", "[wsl2]\nnetworkingMode=mirrored\n")
    root.wslinfo("echo nat")
    assert root.kind() == "wsl2"


@pytest.mark.parametrize(
    "told", ["echo mirrored; exit 1", "echo mirrored; exec sleep 60", "echo", "exit 0"]
)
def test_without_a_word_of_wslinfo_the_configuration_is_read(
    tmp_path: Path, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wsl, "_SECONDS", 0.3)
    root = Root(tmp_path, WSL2)
    root.wslinfo(told)
    (tmp_path / "mnt/c/Users/All Users/.wslconfig").mkdir(parents=True)
    assert root.kind() == "wsl2"
    root.wslconfig("dev", "[wsl2]\nnetworkingMode=mirrored\n")
    assert root.kind() == "wsl2_mirrored"


def test_wsl_1_shares_the_network_of_windows(tmp_path: Path) -> None:
    root = Root(tmp_path, WSL1)
    root.wslinfo("echo mirrored")
    assert root.kind() == "wsl1"


def test_a_drive_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(tmp_path, WSL2)
    monkeypatch.setattr(_wsl, "_SECONDS", 0.1)

    def late(_root: str) -> str:
        time.sleep(1)
        return "mirrored"

    monkeypatch.setattr(_wsl, "_wanted_mode", late)
    assert root.kind() == "wsl2"


def test_a_kernel_of_ones_own_is_told_by_its_interop(tmp_path: Path) -> None:
    root = Root(tmp_path, "6.9.0-mine\n")
    interop = tmp_path / "proc/sys/fs/binfmt_misc/WSLInterop-late"
    interop.parent.mkdir(parents=True)
    interop.touch()
    assert root.kind() == "wsl2"


def test_a_pipe_in_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    root = Root(tmp_path, WSL2)
    (tmp_path / "mnt/c/Users/dev").mkdir(parents=True)
    os.mkfifo(tmp_path / "mnt/c/Users/dev/.wslconfig")
    root.wslconfig("zoe", "[wsl2]\nnetworkingMode=mirrored\n")
    assert root.kind() == "wsl2_mirrored"
