# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing `.env` while others write, and after runs that were stopped."""

from __future__ import annotations

import functools
import os
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _change,
    _dotenv,
    _files,
    _proxy_env,
    _state,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_wanted import wanted_of

FIRST, SECOND, OLD = "http://first:1", "http://second:1", "http://old:1"


class Stopped(Exception):
    """The run ends here, as if the machine had lost its power."""


@pytest.fixture
def dotenv(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / ".env"
    path.parent.mkdir()
    path.write_text(f"HTTPS_PROXY={OLD}\nFOO=1\n")
    return path


def present(path: pathlib.Path, url: str) -> _proxy_env.Planned:
    wanted = wanted_of({"HTTPS_PROXY": url}, [], False, "align")
    plan = functools.partial(_proxy_env.plan_present, wanted, {})
    return _change.make(plan, _change.Place(str(path)))


def absent(path: pathlib.Path) -> _proxy_env.Planned:
    return _change.make(functools.partial(_proxy_env.plan_absent, {}), _change.Place(str(path)))


def undo(path: pathlib.Path) -> _proxy_env.Planned:
    return _change.make(functools.partial(_proxy_env.plan_undo, {}), _change.Place(str(path)))


def proxy(path: pathlib.Path) -> str | None:
    return _dotenv.effective(_dotenv.read(path.read_bytes(), {})).get("HTTPS_PROXY")


def stop_before_replacing(path: pathlib.Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for `url` and stop when the record is saved and the file is not replaced."""
    replace = _files.replace

    def stop(before: _files.Snapshot, data: bytes, *others: t.Any) -> None:
        if before.path == str(path):
            raise Stopped
        replace(before, data, *others)

    with monkeypatch.context() as patch:
        patch.setattr(_files, "replace", stop)
        with pytest.raises(Stopped):
            present(path, url)


@pytest.mark.parametrize("others_write", [False, True], ids=["alone", "others-write"])
@pytest.mark.parametrize("again", [False, True], ids=["at-once", "after-another-run"])
def test_a_run_that_was_stopped_before_the_first_change(
    dotenv: pathlib.Path, monkeypatch: pytest.MonkeyPatch, again: bool, others_write: bool
) -> None:
    before = dotenv.read_bytes()
    stop_before_replacing(dotenv, FIRST, monkeypatch)
    assert dotenv.read_bytes() == before
    assert _state.load(str(dotenv)) is not None
    if others_write:
        before += b"LATER=1\n"
        dotenv.write_bytes(before)
    if again:
        present(dotenv, FIRST)
        assert proxy(dotenv) == FIRST
    taken_back = absent(dotenv)
    assert _change.is_change(taken_back) is again
    assert not any("left alone" in note for note in taken_back.notes)
    assert dotenv.read_bytes() == before
    assert os.listdir(dotenv.parent) == [".env"]


@pytest.mark.parametrize("others_write", [False, True], ids=["alone", "others-write"])
@pytest.mark.parametrize("again", [False, True], ids=["at-once", "after-another-run"])
def test_a_run_that_was_stopped_before_the_second_change(
    dotenv: pathlib.Path, monkeypatch: pytest.MonkeyPatch, again: bool, others_write: bool
) -> None:
    present(dotenv, FIRST)
    stop_before_replacing(dotenv, SECOND, monkeypatch)
    assert proxy(dotenv) == FIRST
    if others_write:
        dotenv.write_bytes(dotenv.read_bytes() + b"LATER=1\n")
    if again:
        present(dotenv, SECOND)
        assert proxy(dotenv) == SECOND
    taken_back = absent(dotenv)
    assert not any("left alone" in note for note in taken_back.notes)
    assert proxy(dotenv) == OLD
    assert os.listdir(dotenv.parent) == [".env"]


def test_undo_of_a_run_that_was_stopped_changes_nothing(
    dotenv: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present(dotenv, FIRST)
    stop_before_replacing(dotenv, SECOND, monkeypatch)
    assert not _change.is_change(undo(dotenv))
    assert proxy(dotenv) == FIRST
    absent(dotenv)
    assert proxy(dotenv) == OLD


def test_a_change_is_planned_anew_when_others_write(
    dotenv: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = _state.save
    written: list[bytes] = []

    def somebody_writes(path: str, record: _state.Record) -> None:
        save(path, record)
        if len(written) < 2:
            written.append(b"LATER_%d=1\n" % len(written))
            dotenv.write_bytes(dotenv.read_bytes() + written[-1])

    monkeypatch.setattr(_state, "save", somebody_writes)
    present(dotenv, FIRST)
    assert len(written) == 2
    assert dotenv.read_bytes() == f"HTTPS_PROXY={FIRST}\nFOO=1\n".encode() + b"".join(written)
    absent(dotenv)
    assert dotenv.read_bytes() == f"HTTPS_PROXY={OLD}\nFOO=1\n".encode() + b"".join(written)


def test_a_file_that_others_always_write_is_left_to_them(
    dotenv: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []

    def somebody_writes(_path: str, _record: _state.Record) -> None:
        written.append(b"LATER_%d=1\n" % len(written))
        dotenv.write_bytes(dotenv.read_bytes() + written[-1])

    monkeypatch.setattr(_state, "save", somebody_writes)
    with pytest.raises(_change.Refused, match="was written by somebody else 3 times"):
        present(dotenv, FIRST)
    assert len(written) == 3
    assert proxy(dotenv) == OLD


def test_bytes_that_are_no_text_are_found_again(dotenv: pathlib.Path) -> None:
    before = b"A=\xe9\xff\nHTTPS_PROXY=http://u:\xc3\xa9@h:1\nB=\x80"
    dotenv.write_bytes(before)
    present(dotenv, FIRST)
    present(dotenv, SECOND)
    absent(dotenv)
    assert dotenv.read_bytes() == before


def test_the_record_holds_the_values_and_the_text_that_was_replaced(dotenv: pathlib.Path) -> None:
    present(dotenv, FIRST)
    record = _state.load(str(dotenv))
    assert record is not None
    assert (record.provider_id, record.restores, record.taken_back) == ("", (), False)
    assert record.variables == (_state.Variable("HTTPS_PROXY", OLD, FIRST, OLD),)
    (step,) = record.steps
    assert [(one.old, one.new) for one in step.replacements] == [(OLD, FIRST)]
