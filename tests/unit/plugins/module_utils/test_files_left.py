# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the writer leaves beside a file, and what goes again: folders, copies, temporary files."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _files, _sweep
from ansible_collections.devfleet.codex.plugins.module_utils._files import FileChanged

OLD = b"old = 1\n"
NOBODY = 65534


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_a_killed_run_has_left_goes_and_nothing_else(config: pathlib.Path) -> None:
    left = config.with_name(".config.toml.k_3x9aab.devfleet")
    others = [
        config.with_name(name)
        for name in (
            "config.toml.k_3x9aab.devfleet",
            ".config.toml.k_3x9aab.devfleet~",
            ".config.toml.short.devfleet",
            ".k_3x9aab.devfleet",
            ".config.toml.swp",
        )
    ]
    for path in (left, *others):
        path.touch()
    folder, link = (config.with_name(f".{name}.k_3x9aab.devfleet") for name in ("folder", "link"))
    folder.mkdir()
    link.symlink_to(config)
    _sweep.sweep(str(config.parent))
    assert set(config.parent.iterdir()) == {config, folder, link, *others}


def test_where_nothing_can_be_swept_nothing_is_said(tmp_path: pathlib.Path) -> None:
    _sweep.sweep(str(tmp_path / "none"))
    (tmp_path / "file").touch()
    _sweep.sweep(str(tmp_path / "file"))


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
def test_a_folder_is_made_with_its_mode_at_once(tmp_path: pathlib.Path, umask: int) -> None:
    earlier = os.umask(umask)
    try:
        with _files.folder_made(str(tmp_path / "new"), 0o755):
            assert mode(tmp_path / "new") == 0o755
        assert os.umask(umask) == umask
    finally:
        os.umask(earlier)


@pytest.mark.parametrize("holds", [False, True], ids=["empty", "in-use"])
@pytest.mark.parametrize("is_new", [False, True], ids=["there", "new"])
def test_a_folder_goes_again_if_it_was_made_for_nothing(
    tmp_path: pathlib.Path, is_new: bool, holds: bool
) -> None:
    folder = tmp_path / "folder"
    if not is_new:
        folder.mkdir()
    with (
        pytest.raises(FileChanged, match="a test"),
        _files.folder_made(str(folder), 0o700),
    ):
        if holds:
            (folder / "file").touch()
        raise FileChanged("a test")
    assert folder.exists() is (holds or not is_new)


@pytest.mark.parametrize("fails", [False, True])
def test_a_copy_is_the_file_once_more_and_only_of_one_that_changes(
    config: pathlib.Path, fails: bool
) -> None:
    config.chmod(0o640)
    copy = config.with_name("copy")
    try:
        with _files.copied(_files.snapshot(str(config)), str(copy)):
            assert (copy.read_bytes(), mode(copy)) == (OLD, 0o640)
            if fails:
                raise FileChanged("a test")
    except FileChanged:
        assert fails
    assert copy.exists() is not fails


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_copy_belongs_to_whom_the_file_belongs(config: pathlib.Path) -> None:
    os.chown(config, NOBODY, NOBODY)
    copy = config.with_name("copy")
    with _files.copied(_files.snapshot(str(config)), str(copy)):
        assert (copy.stat().st_uid, copy.stat().st_gid) == (NOBODY, NOBODY)
