# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links, other kinds of files, ACLs and attributes where a plain file is expected.

A hard link cannot be kept where a file is replaced whole: its other name keeps the old bytes.
"""

from __future__ import annotations

import errno
import functools
import os
import pathlib
import stat
import typing as t

import pytest
from support.fault_cases import CASES, Case, copied, laid_out, tree
from support.figures import Figures
from support.http_provider import is_one_sentence
from support.mounts import ACL_ACCESS, ACL_DEFAULT, acl
from support.other_user import USER
from support.traced import Call, refuse_elsewhere, traced

FILES = {
    "config": ("http_provider-present-plain", "home/.codex/config.toml"),
    "dotenv": ("proxy_env-present-plain", "home/.codex/.env"),
}
OTHER = USER + 1
"""A user whom an ACL names."""


def link_in_a_loop(path: pathlib.Path) -> None:
    path.symlink_to("second")
    path.with_name("second").symlink_to(path.name)


def link_to_a_fifo(path: pathlib.Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


NO_FILE: t.Mapping[str, tuple[t.Callable[[pathlib.Path], t.Any], str]] = {
    "link-to-itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
    "links-in-a-loop": (link_in_a_loop, "symbolic links"),
    "FIFO": (os.mkfifo, "is not a regular file"),
    "link-to-a-FIFO": (
        link_to_a_fifo,
        "is not a regular file",
    ),
    "link-to-an-endless-device": (
        lambda path: path.symlink_to("/dev/zero"),
        "is not a regular file",
    ),
    "folder": (pathlib.Path.mkdir, "is a directory"),
}


class Machine(t.NamedTuple):
    """A laid out case, and the file that its run changes."""

    case: Case
    folder: pathlib.Path
    path: pathlib.Path


@pytest.fixture(params=FILES)
def machine(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Machine:
    name, file = FILES[request.param]
    folder = laid_out(CASES[name], tmp_path / "machine")
    return Machine(CASES[name], folder, folder / file)


def change(machine: Machine) -> bytes:
    """Run what changes the file; return the bytes that were there before."""
    before = machine.path.read_bytes()
    result = machine.case.act(machine.folder)
    assert result.get("changed"), result["msg"]
    assert machine.path.read_bytes() != before
    return before


@pytest.mark.parametrize("kind", NO_FILE)
def test_what_is_no_file_is_refused_and_left(machine: Machine, figures: Figures, kind: str) -> None:
    make, because = NO_FILE[kind]
    machine.path.unlink()
    make(machine.path)
    before = machine.path.lstat()
    predicted = machine.case.act(machine.folder, check=True)
    result = machine.case.act(machine.folder)
    assert result["failed"] is True
    assert because in result["msg"]
    assert is_one_sentence(result["msg"])
    assert predicted["msg"] == result["msg"]
    after = machine.path.lstat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    figures.add("runs on what is no plain file")


def test_a_dangling_link_gets_its_file(machine: Machine, figures: Figures) -> None:
    machine.path.unlink()
    machine.path.symlink_to("nowhere")
    assert machine.case.act(machine.folder)["changed"] is True
    assert os.readlink(machine.path) == "nowhere"
    assert stat.S_IMODE(machine.path.stat().st_mode) == 0o600
    machine.case.back(machine.folder)
    assert os.readlink(machine.path) == "nowhere"
    assert not machine.path.exists()
    figures.add("runs on what is no plain file")


def test_a_link_whose_folder_is_gone_is_refused(machine: Machine) -> None:
    machine.path.unlink()
    machine.path.symlink_to("gone/further/config.toml")
    before = tree(machine.folder)
    assert "is no directory; make it first" in machine.case.act(machine.folder)["msg"]
    assert tree(machine.folder) == before


def test_the_other_name_of_a_file_keeps_the_old_bytes(machine: Machine) -> None:
    other = machine.folder / "other"
    other.hardlink_to(machine.path)
    before = change(machine)
    assert other.read_bytes() == before
    assert other.stat().st_nlink == 1
    machine.case.back(machine.folder)
    assert machine.path.read_bytes() == other.read_bytes() == before


def test_attributes_are_kept(machine: Machine, figures: Figures) -> None:
    given = {"user.note": b"mine\0\xff", "user.empty": b""}
    try:
        for name, value in given.items():
            os.setxattr(machine.path, name, value)
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    change(machine)
    assert {name: os.getxattr(machine.path, name) for name in given} == given
    machine.case.back(machine.folder)
    assert {name: os.getxattr(machine.path, name) for name in given} == given
    figures.add("replaced files with attributes or an ACL")


@pytest.mark.parametrize("rights", [0, 4])
def test_an_acl_is_kept(machine: Machine, figures: Figures, rights: int) -> None:
    given = acl(6, (OTHER, rights), 0, 4, 0)
    set_acl(machine.path, ACL_ACCESS, given)
    mode = machine.path.stat().st_mode
    change(machine)
    assert os.getxattr(machine.path, ACL_ACCESS) == given
    assert machine.path.stat().st_mode == mode
    figures.add("replaced files with attributes or an ACL")


def test_a_file_without_an_acl_gets_none_from_its_folder(
    machine: Machine, figures: Figures
) -> None:
    set_acl(machine.path.parent, ACL_DEFAULT, acl(7, (OTHER, 7), 7, 7, 0))
    assert ACL_ACCESS not in os.listxattr(machine.path)
    change(machine)
    assert ACL_ACCESS not in os.listxattr(machine.path)
    assert stat.S_IMODE(machine.path.stat().st_mode) == 0o640
    for path in (machine.path.parent / ".devfleet").iterdir():
        # The mask of the ACL, which bounds whom it names, is the group's part of the mode.
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    figures.add("replaced files with attributes or an ACL")


def set_acl(path: pathlib.Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"no ACLs here: {error}")


def spoiled(machine: Machine, place: pathlib.Path, calls: t.Mapping[str, int]) -> dict[str, t.Any]:
    """Run on a copy at `place` of which all calls of these names fail, each with this error."""

    def spoil(_number: int, call: Call) -> int:
        return calls.get(call.name, 0)

    copied(machine.folder, place)
    run = traced(functools.partial(machine.case.act, place), place, spoil=spoil)
    assert run.result is not None
    assert set(calls) <= {call.name for call in run.calls}
    return run.result


NO_ATTRIBUTES = {"listxattr": errno.ENOTSUP, "flistxattr": errno.ENOTSUP}


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(NO_ATTRIBUTES, id="attributes"),
        pytest.param({"renameat2": errno.EINVAL}, id="exchange"),
        pytest.param({"renameat2": errno.ENOSYS}, id="exchange-in-an-old-kernel"),
        pytest.param({"fcntl": errno.EINVAL}, id="leases"),
        pytest.param({"link": errno.EPERM}, id="hard-links"),
        pytest.param({"flock": errno.ENOLCK}, id="locks"),
    ],
)
def test_a_file_system_that_lacks_something_is_written_all_the_same(
    machine: Machine, tmp_path: pathlib.Path, figures: Figures, calls: dict[str, int]
) -> None:
    refuse_elsewhere()
    result = spoiled(machine, tmp_path / "copy", calls)
    change(machine)
    assert result["changed"] is True, result["msg"]
    assert tree(tmp_path / "copy") == tree(machine.folder)
    figures.add("runs on a file system that lacks something")


def test_an_acl_that_cannot_be_kept_is_not_replaced_by_a_wider_mode(
    machine: Machine, tmp_path: pathlib.Path
) -> None:
    refuse_elsewhere()
    set_acl(machine.path, ACL_ACCESS, acl(6, (OTHER, 4), 0, 4, 0))
    before = machine.path.read_bytes()
    copy = tmp_path / "copy"

    def act(place: pathlib.Path, **options: t.Any) -> dict[str, t.Any]:
        path = place / machine.path.relative_to(machine.folder)
        os.setxattr(path, ACL_ACCESS, os.getxattr(machine.path, ACL_ACCESS))
        return machine.case.act(place, **options)

    given = Machine(machine.case._replace(act=act), machine.folder, machine.path)
    result = spoiled(given, copy, {"fsetxattr": errno.EPERM})
    assert result["failed"] is True
    assert result["msg"].endswith("Operation not permitted. Nothing was changed.")
    assert (copy / machine.path.relative_to(machine.folder)).read_bytes() == before
