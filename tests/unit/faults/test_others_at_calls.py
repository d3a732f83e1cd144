# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others write the file, or take its home away, between any two system calls of a run.

What they write is never lost. That takes more than to compare and rename, for a write may come
between these two; how many calls that is, and that nothing else is at stake, is shown for systems
on which two files cannot change places. The second half of a write may come any number of calls
after the first. A usual test run tries some of the calls, a full one all.
"""

from __future__ import annotations

import functools
import pathlib
import shutil
import threading
import typing as t
from unittest import mock

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _displace
from support.fault_bars import refuse_open_leftovers
from support.fault_cases import CASES, Case, contents, copied, laid_out, tree, undisturbed
from support.figures import Effort, Figures
from support.http_provider import is_one_sentence
from support.other_writers import WRITERS, Writer, renames
from support.traced import Call, Trace, refuse_elsewhere, traced


class Written(t.NamedTuple):
    """A file that a run changes, and what others add to it."""

    case: str
    file: str
    added: bytes
    ours: bytes
    """What is in the file once the run has changed it."""


FILES = {
    "config": Written(
        "http_provider-present-plain",
        "home/.codex/config.toml",
        b'\n[theirs]\nkey = "kept"\n',
        b'model_provider = "openai_http"\n',
    ),
    "dotenv": Written(
        "proxy_env-present-plain",
        "home/.codex/.env",
        b"THEIRS=kept\n",
        b"HTTPS_PROXY=http://proxy.example.com:3128\n",
    ),
}
REMOVED = Written(
    "http_provider-purge-no-file", "home/.codex/config.toml", b'[theirs]\na = "b"\n', b""
)
BEHIND = (1, 4, 12, 40)
"""How many calls the second half of a write comes after the first in a usual run."""
A_MOMENT = 0.05
"""Seconds for a writer that the run may make wait; what takes longer is not counted."""
LONG = 60.0
"""Seconds after which a writer that nothing makes wait is in error rather than slow."""
AROUND = 3
"""Calls before and after the replacement at which every writer is tried in a usual run."""


class UnderWay(threading.Thread):
    """A write in two halves, beside a run: where the run makes it wait, the run goes on."""

    def __init__(self, writer: Writer, path: pathlib.Path, added: bytes) -> None:
        super().__init__(daemon=True)
        self.may_end = threading.Event()
        self.has_ended = False
        self.has_begun = threading.Event()
        self._write = functools.partial(writer, path, lambda data: data + added)

    def begin(self, patience: float) -> None:
        self.start()
        self.has_begun.wait(patience)

    def run(self) -> None:
        finish = self._write()
        self.has_begun.set()
        self.may_end.wait(LONG)
        finish()
        self.has_ended = True


class Meanwhile(t.NamedTuple):
    """A run beside a write, and whether the run went on after either half of the write."""

    run: Trace
    first_half: bool
    second_half: bool


class Scene:
    """A case, laid out anew for every run of it."""

    def __init__(self, written: Written, folder: pathlib.Path) -> None:
        self.written = written
        self.case: Case = CASES[written.case]
        self.machine = folder / "machine"
        self.path = self.machine / written.file
        self._start = laid_out(self.case, folder / "start")
        self.calls = self.run(lambda _number, _call: None).calls
        """Those of a run that nobody disturbs."""

    def run(self, look: t.Callable[[int, Call], None]) -> Trace:
        if self.machine.exists():
            shutil.rmtree(self.machine)
        copied(self._start, self.machine)
        return traced(functools.partial(self.case.act, self.machine), self.machine, look)

    def written_meanwhile(self, writer: Writer, first: int, second: int) -> Meanwhile:
        """Let others begin to write after call `first` and end after `second`, or after the run."""
        write = UnderWay(writer, self.path, self.written.added)
        patience = A_MOMENT if self.may_wait(writer, first) else LONG
        halves = [False, False]

        def look(number: int, _call: Call) -> None:
            if number == second:
                write.may_end.set()
            if number == first:
                write.begin(patience)
                halves[0] = write.has_begun.is_set()
            if number == second:
                # Once the file is open, nothing makes it wait.
                write.join(LONG if write.has_begun.is_set() else A_MOMENT)
                halves[1] = write.has_ended

        run = self.run(look)
        write.may_end.set()
        write.join(LONG)
        assert write.has_ended
        return Meanwhile(run, *halves)

    def may_wait(self, writer: Writer, number: int) -> bool:
        """Return whether the run may make a writer wait that begins after call `number`.

        It makes those wait that open the file for writing, from its first fcntl(2) on.
        """
        asked = Call("fcntl", self.written.file)
        return writer is not renames and asked in self.calls[: number + 1]

    def window(self) -> range:
        """The calls from the first byte of the new file to the last look at the old one."""
        temporary = self.written.file.rpartition("/")[2]
        own = [at for at, call in enumerate(self.calls) if f"/.{temporary}." in call.path]
        return range(own[0], own[-1] + 1)

    def replacement(self) -> int:
        """The call that lets the new file take its place, or takes the old one away."""
        folder = self.written.file.rpartition("/")[0]
        (at,) = [
            at
            for at, call in enumerate(self.calls)
            if call.name in ("renameat2", "rename") and call.path.rpartition("/")[0] == folder
        ]
        return at


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("file", FILES)
def test_what_others_write_between_two_calls_is_kept(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort, file: str, name: str
) -> None:
    refuse_elsewhere()
    scene = Scene(FILES[file], tmp_path)
    at, window = scene.replacement(), scene.window()
    step = effort(len(WRITERS) * 2, 1)
    tried = {*range(list(WRITERS).index(name), len(scene.calls), step)}
    tried |= {*range(max(window[0], at - AROUND), at + AROUND)}
    anew = between = 0
    for first in sorted(tried):
        run, _begun, ended = scene.written_meanwhile(WRITERS[name], first, first)
        between += ended
        where = (
            f"{name}, after call {first}, {scene.calls[first].name} of {scene.calls[first].path}"
        )
        assert run.status == 0, where
        assert run.result is not None, where
        assert run.result.get("failed", False) is False, f"{where}: {run.result['msg']}"
        data = scene.path.read_bytes()
        assert data.count(scene.written.added) == 1, f"{where}: {data!r}"
        assert scene.written.ours in data, f"{where}: {data!r}"
        anew += len(run.calls) > len(scene.calls)
    assert anew
    assert between > 0
    figures.add("writes by others between two system calls", between)
    figures.add("changes planned anew because of these", anew)


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "renames"])
def test_a_write_that_takes_its_time_is_waited_for(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort, name: str
) -> None:
    refuse_elsewhere()
    scene = Scene(FILES["config"], tmp_path)
    at, window = scene.replacement(), scene.window()
    under_way = 0
    some = [(first, first + behind) for first in window[::10] for behind in BEHIND]
    every = [(first, second) for first in window for second in range(first + 1, window[-1] + 2)]
    halves = every if effort(0, 1) else some
    for first, second in halves:
        run, begun, _ended = scene.written_meanwhile(WRITERS[name], first, second)
        under_way += begun and first < at <= second
        where = f"{name}, begun after call {first} and ended after call {second}"
        assert run.status == 0, where
        assert run.result is not None, where
        data = scene.path.read_bytes()
        assert data.count(scene.written.added) == 1, f"{where}: {data!r}"
        if run.result.get("failed"):
            assert is_one_sentence(run.result["msg"]), where
            assert scene.written.ours not in data, where
        else:
            assert scene.written.ours in data, f"{where}: {data!r}"
    assert under_way > 0
    figures.add("writes by others that were under way at the replacement", under_way)


def test_a_file_that_stays_open_for_writing_is_left_alone(tmp_path: pathlib.Path) -> None:
    refuse_elsewhere()
    scene = Scene(FILES["config"], tmp_path)
    run = scene.written_meanwhile(WRITERS["appends"], 0, len(scene.calls) * 100).run
    assert run.result is not None
    assert run.result["failed"] is True
    assert run.result["msg"] == (
        f"{scene.path} is open for writing in another program; close it there first. Nothing was "
        "changed."
    )
    assert scene.written.added in scene.path.read_bytes()
    assert scene.written.ours not in scene.path.read_bytes()


@pytest.mark.parametrize("name", ["renames", "truncates"])
def test_a_file_that_is_to_go_and_is_written_stays(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort, name: str
) -> None:
    refuse_elsewhere()
    scene = Scene(REMOVED, tmp_path)
    at = scene.replacement()
    tried = {*range(0, len(scene.calls), effort(16, 1)), *range(at - 9, at + 3)}
    between = 0
    for first in sorted(tried):
        run, _begun, ended = scene.written_meanwhile(WRITERS[name], first, first)
        between += ended
        assert run.status == 0, first
        assert scene.written.added in scene.path.read_bytes(), first
    assert between > 0
    figures.add("writes by others between two system calls", between)


def test_without_an_exchange_only_what_comes_after_the_comparison_is_lost(
    tmp_path: pathlib.Path, figures: Figures
) -> None:
    refuse_elsewhere()
    with mock.patch.object(_displace, "exchanged", lambda *_names: False):
        scene = Scene(FILES["config"], tmp_path)
        at = scene.replacement()
        lost = []
        for first in scene.window():
            run, _begun, ended = scene.written_meanwhile(renames, first, first)
            assert ended, first
            assert run.status == 0, first
            if scene.written.added not in scene.path.read_bytes():
                lost.append(first)
    last_look = max(
        number
        for number, call in enumerate(scene.calls[:at])
        if call == Call("newfstatat", scene.written.file)
    )
    assert lost == list(range(last_look, at))
    figures.add("system calls between the last look at a file and a plain rename", len(lost))


@pytest.mark.parametrize("name", ["http_provider-present-plain", "proxy_env-absent-plain"])
def test_a_home_that_vanishes_between_two_calls(
    tmp_path: pathlib.Path, figures: Figures, effort: Effort, name: str
) -> None:
    refuse_elsewhere()
    case = CASES[name]
    expected = undisturbed(case, tmp_path / "undisturbed")
    start = laid_out(case, tmp_path / "start")
    machine, elsewhere = tmp_path / "machine", tmp_path / "elsewhere"
    act = functools.partial(case.act, machine)
    calls = traced(act, copied(start, machine)).calls
    # In the end ansible-core looks at the path that is returned.
    last = max(at for at, call in enumerate(calls) if call.name != "newfstatat")
    tried = range(0, last, effort(7, 1))
    for at in tried:
        shutil.rmtree(machine)
        copied(start, machine)

        def vanish(number: int, _call: Call, at: int = at) -> None:
            if number == at:
                (machine / "home/.codex").rename(elsewhere)

        run = traced(act, machine, vanish)
        where = f"after call {at}, {calls[at].name} of {calls[at].path}"
        assert run.status == 0, where
        assert run.result is not None, where
        assert is_one_sentence(run.result["msg"]), where
        shutil.rmtree(machine / "home/.codex", ignore_errors=True)
        elsewhere.rename(machine / "home/.codex")
        left = tree(machine)
        assert contents(case, left) in (
            contents(case, expected.before),
            contents(case, expected.after),
        ), where
        refuse_open_leftovers(expected.before, expected.after, left, where)
        assert not case.act(machine).get("failed"), where
        assert contents(case, tree(machine)) == contents(case, expected.after), where
    figures.add("homes that vanished between two system calls", len(tried))
