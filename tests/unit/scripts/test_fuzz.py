# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How "make fuzz" tells a find."""

from __future__ import annotations

import pathlib

import fuzz


def check(data: bytes) -> None:
    assert b"<" not in data or b">" not in data, "brackets"
    data.decode()


def test_a_find_is_made_as_small_as_it_can_be() -> None:
    assert fuzz.smallest(check, b"abc<defghijkl>mnopqrstuvw") == b"<>"
    assert fuzz.smallest(check, "äöü".encode() + b"\xff") == b"\xff"


def test_a_find_is_kept_small_and_told(tmp_path: pathlib.Path) -> None:
    find = tmp_path / "x-crash-1"
    find.write_bytes(b"a<b>c")
    told = fuzz.told("x", check, find)
    assert told.startswith("x: AssertionError in test_fuzz.py, line ")
    assert "\n  b'<>'\n" in told
    assert find.read_bytes() == b"<>"


def test_a_find_that_cannot_be_repeated_is_left_as_it_is(tmp_path: pathlib.Path) -> None:
    find = tmp_path / "x-crash-1"
    find.write_bytes(b"a<b")
    assert "under atheris alone" in fuzz.told("x", check, find)
    assert find.read_bytes() == b"a<b"


def test_a_find_that_takes_too_long_is_not_tried_again(tmp_path: pathlib.Path) -> None:
    find = tmp_path / "x-timeout-1"
    find.write_bytes(b"a<b>c")
    assert "takes more than" in fuzz.told("x", check, find)
    assert find.read_bytes() == b"a<b>c"


def test_a_token_is_spelled_for_a_dictionary() -> None:
    assert fuzz.escaped(b'"\xff\\') == "\\x22\\xff\\x5c"
