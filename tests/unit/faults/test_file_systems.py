# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real disks that are full, read-only or elsewhere: what is there stays, and check mode knows."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

import pytest
from support.fault_cases import CASES, Case, contents, laid_out, tree, undisturbed
from support.figures import Figures
from support.http_provider import is_one_sentence
from support.mounts import bound, fill, read_only, tiny, with_flag
from support.other_user import USER, other_user, reached_by_anybody

PRESENT = {
    "config": ("http_provider-present-plain", "config.toml"),
    "dotenv": ("proxy_env-present-plain", ".env"),
}
WRITING = (
    *("http_provider-present-plain", "http_provider-present-no-file", "http_provider-purge-plain"),
    *("proxy_env-present-plain", "proxy_env-absent-plain", "observation-present", "recovery-trial"),
)
Fault = t.Callable[[pathlib.Path, str], contextlib.AbstractContextManager[None]]
"""Spoils CODEX_HOME, or the file in it that is named."""

UNWRITABLE: t.Mapping[str, tuple[Fault, str]] = {
    "read-only-folder": (lambda home, _file: read_only(home), "is mounted read-only"),
    "read-only-file": (lambda home, file: read_only(home / file), "is mounted read-only"),
    "immutable-folder": (lambda home, _file: with_flag(home, "i"), "is not writable for this user"),
    "immutable-file": (lambda home, file: with_flag(home / file, "i"), "is immutable"),
}


def unchanged(case: Case, machine: pathlib.Path, because: str) -> None:
    """Fail unless check mode and a run both refuse, for this reason, and leave all as it is."""
    before = tree(machine)
    predicted, result = case.act(machine, check=True), case.act(machine)
    assert result["failed"] is True
    assert because in result["msg"]
    assert is_one_sentence(result["msg"])
    assert result["msg"].endswith("Nothing was changed.")
    assert predicted["msg"] == result["msg"]
    assert tree(machine) == before


@pytest.mark.parametrize("fault", UNWRITABLE)
@pytest.mark.parametrize("file", PRESENT)
def test_what_cannot_be_written_is_told_in_check_mode_too(
    tmp_path: pathlib.Path, figures: Figures, file: str, fault: str
) -> None:
    case = CASES[PRESENT[file][0]]
    machine = laid_out(case, tmp_path / "machine")
    spoil, because = UNWRITABLE[fault]
    with spoil(machine / "home/.codex", PRESENT[file][1]):
        unchanged(case, machine, because)
    assert case.act(machine)["changed"] is True
    figures.add("runs on a file system that refuses")


def test_a_file_that_may_only_grow(tmp_path: pathlib.Path, figures: Figures) -> None:
    case = CASES["http_provider-present-plain"]
    machine = laid_out(case, tmp_path / "machine")
    before = tree(machine)
    with with_flag(machine / "home/.codex/config.toml", "a"):
        result = case.act(machine)
        assert result["msg"].endswith("Operation not permitted. Nothing was changed.")
    assert tree(machine) == before
    assert case.act(machine)["changed"] is True
    figures.add("runs on a file system that refuses")


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("left", [0, 4096, 8192])
def test_a_disk_that_is_really_full(
    tmp_path: pathlib.Path, figures: Figures, name: str, left: int
) -> None:
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed").after
    folder = tmp_path / "tiny"
    folder.mkdir()
    with tiny(folder, 128):
        machine = laid_out(case, folder / "machine")
        fill(folder, left)
        before = tree(machine)
        result = case.act(machine)
        (folder / "filler").unlink()
        if result.get("failed"):
            assert "No space left on device" in result["msg"]
            assert is_one_sentence(result["msg"])
            assert tree(machine) == before
            assert not case.act(machine).get("failed")
        else:
            assert left
        after = tree(machine)
    assert after.keys() == expected.keys()
    assert contents(case, after) == contents(case, expected)
    figures.add("runs on a disk that is really full or nearly so")


@pytest.mark.parametrize("file", PRESENT)
def test_a_link_into_another_file_system(
    tmp_path: pathlib.Path, figures: Figures, file: str
) -> None:
    case = CASES[PRESENT[file][0]]
    folder = tmp_path / "tiny"
    folder.mkdir()
    with tiny(folder, 256):
        machine = laid_out(case, tmp_path / "machine")
        path = machine / "home/.codex" / PRESENT[file][1]
        path.rename(tmp_path / "kept")
        (folder / "there").write_bytes((tmp_path / "kept").read_bytes())
        path.symlink_to(folder / "there")
        assert case.act(machine)["changed"] is True
        assert path.is_symlink()
        assert (folder / "there").read_bytes() != (tmp_path / "kept").read_bytes()
        assert [one.name for one in folder.iterdir()] == ["there"]
        case.back(machine)
        assert (folder / "there").read_bytes() == (tmp_path / "kept").read_bytes()
    figures.add("runs through a link into another file system")


@pytest.mark.parametrize("file", PRESENT)
def test_a_file_that_is_mounted_by_itself(
    tmp_path: pathlib.Path, figures: Figures, file: str
) -> None:
    case = CASES[PRESENT[file][0]]
    machine = laid_out(case, tmp_path / "a machine")
    path = machine / "home/.codex" / PRESENT[file][1]
    (tmp_path / "elsewhere").write_bytes(path.read_bytes())
    with bound(tmp_path / "elsewhere", path):
        unchanged(case, machine, "is mounted by itself, so nothing can take its place")
    figures.add("runs on a file system that refuses")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("file", PRESENT)
@pytest.mark.parametrize(
    ("mode", "folder_mode", "because"),
    [
        pytest.param(0o400, 0o700, "is read-only for its owner", id="0400"),
        pytest.param(0o000, 0o700, "Permission denied", id="0000"),
        pytest.param(0o600, 0o500, "is not writable for this user", id="read-only-folder"),
        pytest.param(0o600, 0o000, "Permission denied", id="closed-folder"),
    ],
)
def test_what_its_user_may_not_write(
    tmp_path: pathlib.Path, file: str, mode: int, folder_mode: int, because: str
) -> None:
    case = CASES[PRESENT[file][0]]
    machine = laid_out(case, tmp_path / "machine")
    home = machine / "home/.codex"
    for path in (machine, *machine.rglob("*")):
        os.chown(path, USER, USER)
    (home / PRESENT[file][1]).chmod(mode)
    home.chmod(folder_mode)
    before = tree(machine)
    with reached_by_anybody(machine), other_user():
        predicted, result = case.act(machine, check=True), case.act(machine)
    assert because in result["msg"]
    assert is_one_sentence(result["msg"])
    assert predicted["msg"] == result["msg"]
    assert tree(machine) == before


def test_root_leaves_a_read_only_file_alone_as_well(tmp_path: pathlib.Path) -> None:
    case = CASES["http_provider-present-plain"]
    machine = laid_out(case, tmp_path / "machine")
    (machine / "home/.codex/config.toml").chmod(0o400)
    unchanged(case, machine, "is read-only for its owner; make it writable first")
