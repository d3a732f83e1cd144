# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time: two processes want one folder, and one of them waits or gives up."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pathlib
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _lock
from ansible_collections.devfleet.codex.plugins.module_utils._files import FileRefused
from support.other_run import LONG, locked_by_somebody, other_run


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / ".codex"
    path.mkdir(parents=True, mode=0o700)
    return path


@pytest.fixture
def open_folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder that others may read, as the system's is."""
    path = tmp_path / "etc" / "codex"
    path.mkdir(parents=True)
    path.chmod(0o755)
    path.parent.chmod(0o755)
    return path


def test_a_second_run_gives_up_in_one_sentence(folder: pathlib.Path) -> None:
    with (
        other_run(folder),
        pytest.raises(FileRefused) as caught,
        _lock.held(str(folder), patience=0.2),
    ):
        pass
    assert str(caught.value) == (
        f"another run of this collection is changing {folder}; run this again when it has ended. "
        "Nothing was changed."
    )


def test_a_second_run_waits_for_the_first(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with other_run(folder) as other:
        waits: list[float] = []

        def let_go(seconds: float) -> None:
            waits.append(seconds)
            other.let_go()
            real_sleep(seconds)

        real_sleep = time.sleep
        monkeypatch.setattr(time, "sleep", let_go)
        with _lock.held(str(folder), patience=LONG):
            assert waits


def test_the_lock_goes_with_the_process_that_holds_it(folder: pathlib.Path) -> None:
    with other_run(folder) as other:
        other.kill()
        with _lock.held(str(folder), patience=LONG):
            pass


def test_it_leaves_nothing_behind(folder: pathlib.Path) -> None:
    before = folder.stat().st_mtime_ns
    with _lock.held(str(folder)):
        assert os.listdir(folder) == []
    assert (os.listdir(folder), folder.stat().st_mtime_ns) == ([], before)


def test_nobody_who_may_only_read_a_folder_holds_a_run_up(open_folder: pathlib.Path) -> None:
    with locked_by_somebody(open_folder), _lock.held(str(open_folder), patience=0):
        records = open_folder / ".devfleet"
        assert not is_free(records)
        assert records.stat().st_mode & 0o777 == 0o700
    assert os.listdir(open_folder) == []


def test_two_runs_in_a_folder_that_others_may_read(open_folder: pathlib.Path) -> None:
    with (
        other_run(open_folder),
        pytest.raises(FileRefused, match="another run of this collection is changing"),
        _lock.held(str(open_folder), patience=0.2),
    ):
        pass


def test_records_stay_where_they_are(open_folder: pathlib.Path) -> None:
    (open_folder / ".devfleet").mkdir(mode=0o700)
    record = open_folder / ".devfleet" / "config.toml.json"
    record.touch()
    with _lock.held(str(open_folder)):
        pass
    assert record.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("theirs", ["folder", "link", "file"])
def test_records_of_somebody_else_are_not_locked(open_folder: pathlib.Path, theirs: str) -> None:
    records = open_folder / ".devfleet"
    if theirs == "folder":
        records.mkdir()
        os.chown(records, 12345, 12345)
        (records / "mine").touch()
    elif theirs == "link":
        records.symlink_to("..")
    else:
        records.touch()
    with _lock.held(str(open_folder), patience=0):
        assert not is_free(open_folder)
    assert os.path.lexists(records)


@pytest.mark.parametrize("is_used", [False, True])
def test_a_folder_that_is_not_there_is_made_where_others_may_lock_its_parent(
    open_folder: pathlib.Path, is_used: bool
) -> None:
    open_folder.rmdir()
    umask = os.umask(0o077)
    try:
        with (
            locked_by_somebody(open_folder.parent),
            _lock.held(str(open_folder), patience=0, new_mode=0o755),
        ):
            assert open_folder.stat().st_mode & 0o777 == 0o755
            assert not is_free(open_folder / ".devfleet")
            if is_used:
                (open_folder / "config.toml").touch()
    finally:
        os.umask(umask)
    assert open_folder.exists() is is_used
    assert not is_used or os.listdir(open_folder) == ["config.toml"]


def test_a_folder_that_cannot_be_made_is_no_obstacle(open_folder: pathlib.Path) -> None:
    missing = open_folder / "not" / "there"
    with _lock.held(str(missing), patience=0, new_mode=0o755):
        assert not is_free(open_folder)
    assert os.listdir(open_folder) == []


def test_folders_of_two_users_do_not_wait_for_each_other(
    tmp_path: pathlib.Path, folder: pathlib.Path
) -> None:
    with other_run(folder), _lock.held(str(tmp_path), patience=0):
        pass


@pytest.mark.parametrize("raises", [False, True])
def test_within_one_run_it_is_held_once_and_until_the_end(
    folder: pathlib.Path, raises: bool
) -> None:
    linked = folder.with_name("linked")
    linked.symlink_to(folder)
    with _lock.held(str(folder)):
        with contextlib.suppress(KeyError), _lock.held(str(linked), patience=0):
            if raises:
                raise KeyError
        assert not is_free(folder)
    assert is_free(folder)


def is_free(folder: pathlib.Path) -> bool:
    """Whether somebody else could lock the folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_the_parent_stands_in_for_a_folder_that_is_not_there(folder: pathlib.Path) -> None:
    missing = folder / "not" / "there"
    with (
        other_run(missing),
        pytest.raises(FileRefused, match=r"is changing .*/not/there;"),
        _lock.held(str(missing), patience=0),
    ):
        pass


def test_records_that_a_run_before_has_removed_are_not_what_is_locked(
    open_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_flock, calls = fcntl.flock, [0]

    def flock(handle: int, operation: int) -> None:
        real_flock(handle, operation)
        calls[0] += 1
        if calls[0] == 1:
            (open_folder / ".devfleet").rmdir()

    monkeypatch.setattr(fcntl, "flock", flock)
    with _lock.held(str(open_folder), patience=LONG):
        monkeypatch.undo()
        assert not is_free(open_folder / ".devfleet")


@pytest.mark.parametrize("appears", ["made", "replaced"])
def test_the_folder_that_is_there_in_the_end_is_the_one_that_is_locked(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, appears: str
) -> None:
    wanted = folder / "later" if appears == "made" else folder
    real_flock, calls = fcntl.flock, [0]

    def flock(handle: int, operation: int) -> None:
        real_flock(handle, operation)
        calls[0] += 1
        if calls[0] == 1:
            if appears == "replaced":
                folder.rename(folder.with_name("old"))
            wanted.mkdir(mode=0o700)

    monkeypatch.setattr(fcntl, "flock", flock)
    with _lock.held(str(wanted), patience=LONG):
        monkeypatch.undo()
        assert not is_free(wanted)


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_a_file_system_without_locks_is_no_obstacle(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(_handle: int, _operation: int) -> t.NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    done = []
    with _lock.held(str(folder), patience=0):
        done.append(True)
    assert done == [True]


def test_a_folder_that_cannot_be_opened_is_no_obstacle(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refused)
    done = []
    with _lock.held(str(folder), patience=0):
        done.append(True)
    assert done == [True]
