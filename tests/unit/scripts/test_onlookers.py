# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an onlooker counts, what it takes for private, and which socket it takes for left."""

from __future__ import annotations

import pathlib
import socket

import pytest
from support import onlookers


@pytest.mark.parametrize(
    ("folder", "file", "private"),
    [
        pytest.param(0o700, 0o666, True, id="closed folder"),
        pytest.param(0o755, 0o600, True, id="closed file"),
        pytest.param(0o755, 0o604, False, id="others read"),
        pytest.param(0o711, 0o640, False, id="group reads by a name it knows"),
        pytest.param(0o751, 0o622, True, id="may write, not read"),
        pytest.param(0o710, 0o604, True, id="group reaches, others might read"),
        pytest.param(0o744, 0o644, True, id="names alone can be listed"),
    ],
)
def test_what_others_can_read_is_not_private(
    tmp_path: pathlib.Path, folder: int, file: int, private: bool
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "file").write_text("")
    (place / "file").chmod(file)
    place.chmod(folder)
    looking = onlookers.Onlooker([tmp_path])
    looking.look()
    place.chmod(0o700)
    (seen,) = looking.files.values()
    assert seen.is_private is private


def test_what_was_there_at_first_is_not_counted(tmp_path: pathlib.Path) -> None:
    (tmp_path / "first").write_bytes(b"x")
    with onlookers.onlooker([tmp_path]) as looking:
        (tmp_path / "second").write_bytes(b"y")
        looking.look()
    assert [path.name for path, _time, _mode in looking.files] == ["second"]


def test_a_socket_is_left_when_nobody_listens(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    assert not onlookers.is_left(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        assert not onlookers.is_left(path)
    assert onlookers.is_left(path)
    (tmp_path / "link").symlink_to(path)
    assert not onlookers.is_left(tmp_path / "link")
