# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where CODEX_HOME is, and root's refusal to work in somebody else's."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._home import (
    CodexHome,
    HomeRefused,
    locate,
    refuse_foreign,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("option", "environment", "path", "origin"),
    [
        pytest.param(None, None, ".codex", "default", id="default"),
        pytest.param(None, "", ".codex", "default", id="empty-environment"),
        pytest.param("", "env", "env", "environment", id="environment"),
        pytest.param("opt", "env", "opt", "option", id="option"),
        pytest.param("opt/../opt/.", None, "opt", "option", id="normalised"),
    ],
)
def test_locate(
    home: Path, option: str | None, environment: str | None, path: str, origin: str
) -> None:
    (home / path).mkdir()
    given = {} if environment is None else {"CODEX_HOME": environment and str(home / environment)}
    found = locate(option and str(home) + "/" + option, given)
    assert (found.path, found.exists, found.origin) == (str(home / path), True, origin)
    assert found.owner_uid == os.geteuid()


@pytest.mark.parametrize("path", ["/a\0b", "/a\x1bb", "/a\nb", "/a\ud800b"])
@pytest.mark.parametrize("origin", ["option", "environment"])
def test_what_is_no_path_is_refused(path: str, origin: str) -> None:
    option, environment = (path, {}) if origin == "option" else (None, {"CODEX_HOME": path})
    with pytest.raises(HomeRefused, match="holds characters that no path should"):
        locate(option, environment)


def test_a_tilde_is_the_users_home(home: Path) -> None:
    assert locate("~/x", {}).path == str(home / "x")


def test_a_home_that_is_not_there_belongs_to_who_owns_the_folder_above(home: Path) -> None:
    found = locate(str(home / "a/b/c"), {})
    assert not found.exists
    assert found.owner_uid == home.stat().st_uid


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_what_is_no_folder_does_not_exist(home: Path, kind: str) -> None:
    path = home / ".codex"
    if kind == "file":
        path.touch()
    else:
        path.symlink_to("nowhere")
    assert not locate(None, {}).exists


def test_an_owner_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert locate(None, {}).owner == str(os.geteuid())


@pytest.mark.parametrize(
    ("user", "owner", "refused"),
    [
        pytest.param(0, 12345, True, id="root-in-a-users-home"),
        pytest.param(0, 0, False, id="root-in-its-own"),
        pytest.param(12345, 12345, False, id="a-user-in-its-own"),
        pytest.param(12345, 0, False, id="a-user-in-roots"),
    ],
)
def test_root_refuses_the_home_of_others(
    monkeypatch: pytest.MonkeyPatch, user: int, owner: int, refused: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    home = CodexHome("/home/dev/.codex", True, "dev", owner, "default")
    if not refused:
        refuse_foreign(home)
        return
    with pytest.raises(HomeRefused, match=r"/home/dev/\.codex belongs to dev .*become_user: dev "):
        refuse_foreign(home)


def test_a_link_into_somebody_elses_home_is_theirs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = home / "theirs"
    theirs.mkdir()
    (home / ".codex").symlink_to(theirs)
    if os.geteuid() == 0:
        os.chown(theirs, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(HomeRefused):
        refuse_foreign(locate(None, {}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
@pytest.mark.parametrize(
    ("above", "own", "refused"),
    [
        pytest.param(0o755, 0o755, "", id="closed"),
        pytest.param(0o1777, 0o700, "", id="sticky"),
        pytest.param(0o777, 0o700, "above", id="open"),
        pytest.param(0o2775, 0o700, "above", id="open-to-a-group"),
        pytest.param(0o755, 0o777, ".codex", id="open-itself"),
        pytest.param(0o755, 0o1777, ".codex", id="sticky-itself"),
    ],
)
def test_root_refuses_a_way_that_others_can_change(
    home: Path, above: int, own: int, refused: str
) -> None:
    folder = home / "above" / ".codex"
    folder.mkdir(parents=True)
    folder.parent.chmod(above)
    folder.chmod(own)
    (home / "link").symlink_to(folder.parent)
    found = locate(str(home / "link" / ".codex"), {})
    if not refused:
        refuse_foreign(found)
        return
    with pytest.raises(HomeRefused, match=rf"may write to \S*/{refused}, by which \S*/link/") as no:
        refuse_foreign(found)
    assert str(no.value).endswith(". Nothing was executed or changed.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_a_home_that_is_yet_to_be_made_in_a_sticky_folder_is_roots(home: Path) -> None:
    (home / "above").mkdir()
    (home / "above").chmod(0o1777)
    refuse_foreign(locate(str(home / "above" / ".codex"), {}))
