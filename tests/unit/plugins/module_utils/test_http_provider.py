# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning and making a change while others write, and after runs that were stopped."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _change,
    _files,
    _history,
    _http_provider,
    _record_place,
    _state,
)
from ansible_collections.devfleet.codex.plugins.module_utils._change import Refused
from ansible_collections.devfleet.codex.plugins.module_utils._http_provider import (
    Planned,
    Planner,
    plan_absent,
    plan_present,
    plan_purge,
)
from ansible_collections.devfleet.codex.plugins.module_utils._target import (
    Request,
    Target,
    find_target,
)

THEIRS = b'[projects."/src"]\ntrust_level = "trusted"\n'
PLAIN = b'model = "x"\n\n'


class Stopped(Exception):
    """The run ends here, as if the machine had lost its power."""


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(PLAIN)
    return path


@pytest.fixture
def request_(config: pathlib.Path) -> Request:
    return Request(
        str(config.parent), None, None, "user", None, "openai_http", "OpenAI HTTP only", None
    )


@pytest.fixture
def target(request_: Request, tmp_path: pathlib.Path) -> Target:
    return find_target(request_, {}, str(tmp_path / "etc-codex"))


def make(planner: Planner, target: Target, request: Request) -> Planned:
    return _http_provider.make(planner, target, request, _change.no_backup)


def meaning(path: pathlib.Path) -> dict[str, t.Any]:
    return tomlrt.loads(path.read_text()).to_dict()


def others_write(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, times: int) -> list[bytes]:
    """Let somebody else append to `path` while the next `times` new files are flushed."""
    written: list[bytes] = []
    flush = os.fsync

    def write_and_flush(handle: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))
        if name.startswith(f".{path.name}.") and ".json" not in name and len(written) < times:
            written.append(THEIRS.replace(b"/src", b"/src%d" % len(written)))
            path.write_bytes((path.read_bytes() if path.exists() else b"") + written[-1])
        flush(handle)

    monkeypatch.setattr(os, "fsync", write_and_flush)
    return written


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc here")


@needs_proc
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("exists", [True, False], ids=["file", "no-file"])
def test_a_change_is_planned_anew_when_others_write(
    config: pathlib.Path,
    target: Target,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    exists: bool,
) -> None:
    if not exists:
        config.unlink()
    with monkeypatch.context() as patch:
        written = others_write(config, patch, times)
        assert make(plan_present, target, request_).changed
    assert len(written) == times
    after = meaning(config)
    assert after["model_provider"] == "openai_http"
    assert len(after["projects"]) == times
    assert sorted(os.listdir(config.parent)) == [".devfleet", "config.toml"]
    make(plan_purge, target, request_)
    assert config.read_bytes() == (PLAIN if exists else b"") + b"".join(written)


@needs_proc
@pytest.mark.parametrize("planner", [plan_present, plan_absent])
def test_a_file_that_others_always_write_is_left_to_them(
    config: pathlib.Path,
    target: Target,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    planner: Planner,
) -> None:
    if planner is plan_absent:
        make(plan_present, target, request_)
    before = config.read_bytes()
    with monkeypatch.context() as patch:
        written = others_write(config, patch, 100)
        with pytest.raises(Refused, match="was written by somebody else 3 times") as caught:
            make(planner, target, request_)
    assert str(caught.value).startswith(str(config))
    assert "\n" not in str(caught.value)
    assert len(written) == 3
    assert config.read_bytes() == before + b"".join(written)
    assert [name for name in os.listdir(config.parent) if name.startswith(".config")] == []


def stop_before_replacing(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, planner: Planner, *given: t.Any
) -> None:
    """Run `planner` up to the moment when the record is saved and the file is not replaced."""
    replace = _files.replace

    def stop(before: _files.Snapshot, *others: t.Any) -> None:
        if before.path == str(path):
            raise Stopped
        replace(before, *others)

    with monkeypatch.context() as patch:
        patch.setattr(_files, "replace", stop)
        with pytest.raises(Stopped):
            make(planner, *given)


@pytest.mark.parametrize("then", ["again", "absent", "purge", "others-write"])
def test_a_run_that_was_stopped_before_the_first_change(
    config: pathlib.Path,
    target: Target,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    stop_before_replacing(config, monkeypatch, plan_present, target, request_)
    assert config.read_bytes() == PLAIN
    assert _state.load(str(config)) is not None
    if then == "absent":
        assert not make(plan_absent, target, request_).changed
    if then == "others-write":
        config.write_bytes(PLAIN + THEIRS)
    if then != "purge":
        assert make(plan_present, target, request_).changed
        assert meaning(config)["model_provider"] == "openai_http"
    make(plan_purge, target, request_)
    assert config.read_bytes() == PLAIN + (THEIRS if then == "others-write" else b"")
    assert os.listdir(config.parent) == ["config.toml"]


@pytest.mark.parametrize("then", ["again", "present", "purge", "others-write"])
def test_a_run_that_was_stopped_while_taking_back(
    config: pathlib.Path,
    target: Target,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    config.write_bytes(b'model_provider = "openai"\n' + PLAIN)
    make(plan_present, target, request_)
    cured = config.read_bytes()
    stop_before_replacing(config, monkeypatch, plan_absent, target, request_)
    assert config.read_bytes() == cured
    if then == "others-write":
        config.write_bytes(cured + THEIRS)
    if then == "present":
        assert not make(plan_present, target, request_).changed
    if then != "purge":
        make(plan_absent, target, request_)
        assert meaning(config)["model_provider"] == "openai"
    make(plan_purge, target, request_)
    after = meaning(config)
    assert (after["model_provider"], "model_providers" in after) == ("openai", False)


def test_a_run_that_was_stopped_before_forgetting(
    config: pathlib.Path, target: Target, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_path: str) -> None:
        raise Stopped

    make(plan_present, target, request_)
    with monkeypatch.context() as patch:
        patch.setattr(_state, "forget", stop)
        with pytest.raises(Stopped):
            make(plan_purge, target, request_)
    assert config.read_bytes() == PLAIN
    assert not make(plan_purge, target, request_).changed
    assert os.listdir(config.parent) == ["config.toml"]


def spoil_replacements(record: dict[str, t.Any]) -> None:
    record["steps"][0]["replacements"][0].update(new="something else")


def spoil_start(record: dict[str, t.Any]) -> None:
    record["steps"][0]["replacements"][0].update(start=-7)


def spoil_old(record: dict[str, t.Any]) -> None:
    record["steps"][0]["replacements"][0].update(old="\ud800")


def spoil_text(record: dict[str, t.Any]) -> None:
    record["steps"][0]["replacements"][0].update(old="[tui]\n")


def spoil_digest(record: dict[str, t.Any]) -> None:
    record["steps"][0].update(before="0" * 64)


def forget_steps(record: dict[str, t.Any]) -> None:
    record["steps"] = []


@pytest.mark.parametrize(
    "spoil", [spoil_replacements, spoil_start, spoil_old, spoil_text, spoil_digest, forget_steps]
)
@pytest.mark.parametrize("planner", [plan_absent, plan_purge])
def test_a_record_whose_steps_lead_nowhere_is_not_followed(
    config: pathlib.Path,
    target: Target,
    request_: Request,
    planner: Planner,
    spoil: t.Callable[[dict[str, t.Any]], None],
) -> None:
    make(plan_present, target, request_)
    path = pathlib.Path(_record_place.record_path(str(config)))
    record = json.loads(path.read_text())
    spoil(record)
    path.write_text(json.dumps(record))
    make(planner, target, request_)
    after = meaning(config)
    assert set(after) == {"model"} | ({"model_providers"} if planner is plan_absent else set())


def record_of(*states: str) -> _state.Record:
    """A record of steps that lead from state to state."""
    digests = [_state.digest(state.encode()) or "" for state in states]
    steps = (_state.Step(before, after, ()) for before, after in zip(digests, digests[1:]))
    return _state.Record("openai_http", (), tuple(steps))


@pytest.mark.parametrize(
    ("known", "before", "after", "states"),
    [
        pytest.param(None, "a", "b", "ab", id="first"),
        pytest.param("ab", "b", "c", "abc", id="next"),
        pytest.param("ab", "a", "b", "ab", id="stopped-the-first-time"),
        pytest.param("abc", "b", "c", "abc", id="stopped-the-second-time"),
        pytest.param("abc", "c", "b", "abcb", id="back-to-an-earlier-state"),
        pytest.param("abcb", "b", "c", "abc", id="there-again"),
        pytest.param("abcd", "d", "b", "abcdb", id="back-by-two"),
        pytest.param("ab", "b", "a", "aba", id="back-to-the-first"),
        pytest.param("aba", "a", "b", "ab", id="from-the-first-again"),
        pytest.param("ab", "x", "c", "", id="others-wrote"),
        pytest.param("a", "a", "b", "", id="others-wrote-earlier"),
        pytest.param("abcdefghijklmnopqrstu", "u", "v", "", id="too-many"),
    ],
)
def test_steps_lead_from_what_was_found_without_a_gap(
    known: str | None, before: str, after: str, states: str
) -> None:
    record = None if known is None else record_of(*known)
    steps = _history.extended(record, before.encode(), after.encode(), ())
    assert steps == record_of(*states).steps
