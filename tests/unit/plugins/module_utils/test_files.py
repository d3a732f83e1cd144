# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one writer: the old bytes or the new bytes, in a file that keeps what it is."""

from __future__ import annotations

import errno
import os
import pathlib
import stat
import subprocess
import tempfile
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _displace, _files, _toml
from ansible_collections.devfleet.codex.plugins.module_utils._files import (
    FileChanged,
    FileRefused,
)

OLD, NEW = b"old = 1\n", b"new = 2\n"
ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


@pytest.fixture
def user_folder() -> t.Iterator[pathlib.Path]:
    """A folder, and a process without root's rights over files while the test runs."""
    with tempfile.TemporaryDirectory() as name:
        if ROOT:
            os.chown(name, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield pathlib.Path(name)
        finally:
            if ROOT:
                os.setresuid(-1, 0, 0)
                os.setresuid(0, 0, 0)


@pytest.fixture
def full_disk(tmp_path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """A folder on a file system of 64 KB, or one where every flush says that it is full."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "devfleet-test", str(folder)]
    mounted = ROOT and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    with pytest.MonkeyPatch.context() as patch:
        if not mounted:
            patch.setattr(os, "fsync", failing(errno.ENOSPC))
        try:
            yield folder
        finally:
            if mounted:
                subprocess.run(["umount", str(folder)], check=True)


def failing(number: int) -> t.Callable[..., t.NoReturn]:
    def fail(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def is_sentence(text: str) -> bool:
    return "\n" not in text and text.endswith(" Nothing was changed.")


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_and_nothing_is_left_beside_it(config: pathlib.Path) -> None:
    inode = config.stat().st_ino
    _files.replace(_files.snapshot(str(config)), NEW)
    assert config.read_bytes() == NEW
    assert os.listdir(config.parent) == ["config.toml"]
    assert config.stat().st_ino != inode


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o644, 0o604])
def test_the_mode_is_kept_whatever_the_umask(config: pathlib.Path, kept: int) -> None:
    config.chmod(kept)
    umask = os.umask(0o077)
    try:
        _files.replace(_files.snapshot(str(config)), NEW)
    finally:
        os.umask(umask)
    assert mode(config) == kept


def test_the_owner_is_kept(config: pathlib.Path) -> None:
    others = [NOBODY] if ROOT else [group for group in os.getgroups() if group != os.getegid()]
    if not others:
        pytest.skip("this user can give files to no other group")
    os.chown(config, NOBODY if ROOT else -1, others[0])
    before = config.stat()
    _files.replace(_files.snapshot(str(config)), NEW)
    after = config.stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_gid == others[0]


def test_extended_attributes_are_kept(config: pathlib.Path) -> None:
    try:
        os.setxattr(config, "user.devfleet", b"kept")
    except (OSError, AttributeError) as error:
        pytest.skip(f"no extended attributes here: {error}")
    _files.replace(_files.snapshot(str(config)), NEW)
    assert os.getxattr(config, "user.devfleet") == b"kept"


def test_a_new_file_is_private_in_a_new_private_folder(tmp_path: pathlib.Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    umask = os.umask(0)
    try:
        _files.replace(_files.snapshot(str(path)), NEW)
    finally:
        os.umask(umask)
    assert path.read_bytes() == NEW
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


@pytest.mark.parametrize("exists", [True, False], ids=["link", "dangling-link"])
def test_a_symlink_is_followed_and_stays(
    tmp_path: pathlib.Path, config: pathlib.Path, exists: bool
) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    target = dotfiles / "codex.toml"
    config.unlink()
    if exists:
        target.write_bytes(OLD)
    (dotfiles / "second").symlink_to("codex.toml")
    config.symlink_to("../dotfiles/second")

    before = _files.snapshot(str(config))
    assert before.data == (OLD if exists else None)
    _files.replace(before, NEW)

    assert os.readlink(config) == "../dotfiles/second"
    assert not target.is_symlink()
    assert target.read_bytes() == NEW
    assert sorted(os.listdir(dotfiles)) == ["codex.toml", "second"]


def make_loop(path: pathlib.Path) -> None:
    path.symlink_to(path.name)


def make_large(path: pathlib.Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(_toml.SIZE_LIMIT + 1)


@pytest.mark.parametrize(
    ("make", "because"),
    [
        pytest.param(pathlib.Path.mkdir, "is a directory", id="directory"),
        pytest.param(os.mkfifo, "not a regular file", id="FIFO"),
        pytest.param(lambda path: path.symlink_to("/dev/null"), "not a regular file", id="device"),
        pytest.param(make_loop, "cannot be read", id="link-to-itself"),
        pytest.param(make_large, "larger than 16 MB", id="too-large"),
        pytest.param(
            lambda path: (path.parent / "file").touch() or path.symlink_to("file/config.toml"),
            "cannot be read",
            id="below-a-file",
        ),
    ],
)
def test_what_is_no_file_to_read_is_refused(
    tmp_path: pathlib.Path, make: t.Callable[[pathlib.Path], t.Any], because: str
) -> None:
    path = tmp_path / "config.toml"
    make(path)
    descriptors = set(os.listdir("/dev/fd"))
    with pytest.raises(FileRefused, match=because) as caught:
        _files.snapshot(str(path))
    assert is_sentence(str(caught.value))
    assert str(path) in str(caught.value)
    assert set(os.listdir("/dev/fd")) == descriptors


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="no setresuid here")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "because"),
    [
        pytest.param(0o000, 0o700, "Permission denied", id="unreadable"),
        pytest.param(0o600, 0o000, "Permission denied", id="folder-closed"),
        pytest.param(0o400, 0o700, "read-only", id="read-only-file"),
        pytest.param(0o600, 0o500, "is not writable for this user", id="read-only-folder"),
    ],
)
def test_without_permission(
    user_folder: pathlib.Path, file_mode: int, folder_mode: int, because: str
) -> None:
    path = user_folder / "home" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    try:
        with pytest.raises(FileRefused, match=because) as caught:
            _files.replace(_files.snapshot(str(path)), NEW)
    finally:
        path.parent.chmod(0o700)
    path.chmod(0o600)
    assert is_sentence(str(caught.value))
    assert path.read_bytes() == OLD
    assert os.listdir(path.parent) == ["config.toml"]


def test_a_folder_two_levels_away_is_not_made(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileRefused, match="is no directory") as caught:
        _files.replace(_files.snapshot(str(tmp_path / "a" / "b" / "config.toml")), NEW)
    assert is_sentence(str(caught.value))
    assert os.listdir(tmp_path) == []


EXCHANGE = f"{_displace.__name__}.exchanged"


def test_a_close_that_fails_after_the_replacement_is_no_failure(
    config: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, close = _files.snapshot(str(config)), os.close
    failed = []

    def fail(handle: int) -> None:
        is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        close(handle)
        if is_file and config.read_bytes() == NEW:
            failed.append(handle)
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(os, "close", fail)
    _files.replace(before, NEW)
    assert config.read_bytes() == NEW
    assert failed and os.listdir(config.parent) == ["config.toml"]


@pytest.mark.parametrize("step", ["os.fsync", EXCHANGE, "os.fchmod", "tempfile.mkstemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_step_that_fails_leaves_the_old_bytes_and_nothing_else(
    config: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    before = _files.snapshot(str(config))
    status = config.stat()
    monkeypatch.setattr(step, failing(number))
    with pytest.raises(FileRefused, match=os.strerror(number)) as caught:
        _files.replace(before, NEW)
    assert is_sentence(str(caught.value))
    assert config.read_bytes() == OLD
    assert config.stat() == status or config.stat().st_mtime_ns == status.st_mtime_ns
    assert os.listdir(config.parent) == ["config.toml"]


def test_a_full_disk_leaves_the_old_bytes_and_nothing_else(full_disk: pathlib.Path) -> None:
    path = full_disk / "config.toml"
    path.write_bytes(OLD)
    with pytest.raises(FileRefused, match="No space left") as caught:
        _files.replace(_files.snapshot(str(path)), NEW * 20_000)
    assert is_sentence(str(caught.value))
    assert path.read_bytes() == OLD
    assert os.listdir(full_disk) == ["config.toml"]


def test_a_folder_that_cannot_be_flushed_does_not_undo_a_change_that_took_place(
    config: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no flush of folders here")
        flush(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    _files.replace(_files.snapshot(str(config)), NEW)
    assert config.read_bytes() == NEW


@pytest.mark.parametrize("act", [lambda before: _files.replace(before, NEW), _files.remove])
@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(lambda path: path.write_bytes(b"codex = 1\n"), id="written"),
        pytest.param(lambda path: path.write_bytes(b""), id="emptied"),
        pytest.param(lambda path: path.unlink(), id="removed"),
        pytest.param(
            lambda path: path.rename(path.with_name("other")) and path.symlink_to("other"),
            id="became-a-link",
        ),
    ],
)
def test_a_file_that_others_have_changed_meanwhile_is_theirs(
    config: pathlib.Path,
    meanwhile: t.Callable[[pathlib.Path], t.Any],
    act: t.Callable[[_files.Snapshot], None],
) -> None:
    before = _files.snapshot(str(config))
    meanwhile(config)
    theirs = {path.name: path.read_bytes() for path in config.parent.iterdir()}
    with pytest.raises(FileChanged):
        act(before)
    assert {path.name: path.read_bytes() for path in config.parent.iterdir()} == theirs


def test_a_file_that_appears_meanwhile_is_theirs(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config.toml"
    before = _files.snapshot(str(path))
    path.write_bytes(OLD)
    with pytest.raises(FileChanged):
        _files.replace(before, NEW)
    assert path.read_bytes() == OLD


def test_a_change_while_the_new_file_is_flushed_is_seen(
    config: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _files.snapshot(str(config))
    monkeypatch.setattr(os, "fsync", lambda _handle: config.write_bytes(b"codex = 1\n"))
    with pytest.raises(FileChanged):
        _files.replace(before, NEW)
    assert config.read_bytes() == b"codex = 1\n"
    assert os.listdir(config.parent) == ["config.toml"]


def test_a_file_is_removed(config: pathlib.Path) -> None:
    _files.remove(_files.snapshot(str(config)))
    assert os.listdir(config.parent) == []


def test_a_missing_file_is_no_error(tmp_path: pathlib.Path) -> None:
    before = _files.snapshot(str(tmp_path / "nosuch" / "config.toml"))
    assert before.data is None


def test_a_file_that_cannot_be_looked_at_is_refused(
    config: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptors = set(os.listdir("/dev/fd"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", failing(errno.ESTALE))
        with pytest.raises(FileRefused, match="cannot be read: ") as caught:
            _files.snapshot(str(config))
    assert is_sentence(str(caught.value))
    assert set(os.listdir("/dev/fd")) == descriptors
