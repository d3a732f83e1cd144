# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others wrote just before a replacement is kept where the run cannot put it back itself.

The disk fails as it is to be put back, or the run is killed at any call from there on: the next
run finds what was written, and changes that.
"""

from __future__ import annotations

import errno
import functools
import pathlib
import shutil

import pytest
from support.fault_cases import CASES, copied, laid_out
from support.figures import Figures
from support.http_provider import is_one_sentence
from support.other_writers import WRITERS
from support.traced import Call, Look, Spoil, Trace, refuse_elsewhere, traced

ADDED = b'[theirs]\nkey = "kept"\n'
FOLDER = "home/.codex"
REPLACED = "http_provider-present-plain"
REMOVED = "http_provider-purge-no-file"
OURS = b"[model_providers.openai_http]"


class Scene:
    """A case, laid out anew for every run, that others write to just before its replacement."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.machine = folder / "machine"
        self.path = self.machine / FOLDER / "config.toml"
        self.act = functools.partial(CASES[name].act, self.machine)
        self._start = laid_out(CASES[name], folder / "start")
        undisturbed = traced(self.act, copied(self._start, self.machine)).calls
        self.at = next(at for at, call in enumerate(undisturbed) if displaces(call))

    def run(
        self, look: Look = lambda _number, _call: None, spoil: Spoil = lambda _number, _call: 0
    ) -> Trace:
        def written(number: int, call: Call) -> bool | None:
            if number == self.at - 1:
                WRITERS["renames"](self.path, lambda data: data + ADDED)
            return look(number, call)

        shutil.rmtree(self.machine)
        return traced(self.act, copied(self._start, self.machine), written, spoil)

    def kept(self) -> list[pathlib.Path]:
        """Return the files that hold what was added, by whatever name."""
        files = [path for path in self.path.parent.iterdir() if path.is_file()]
        return [path for path in files if ADDED in path.read_bytes()]

    def left(self) -> list[str]:
        return [path.name for path in self.path.parent.iterdir() if path.name[:8] == ".config."]


def displaces(call: Call) -> bool:
    """Whether the call lets the new file take its place, or takes the old one away."""
    return call.name in ("renameat2", "rename") and call.path.rpartition("/")[0] == FOLDER


@pytest.mark.parametrize(
    ("name", "call"),
    [
        pytest.param(REPLACED, "renameat2", id="replaced"),
        pytest.param(REMOVED, "link", id="removed"),
    ],
)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_what_cannot_be_put_back_is_kept_and_named(
    tmp_path: pathlib.Path, figures: Figures, name: str, call: str, number: int
) -> None:
    refuse_elsewhere()
    scene = Scene(name, tmp_path)

    def spoil(at: int, made: Call) -> int:
        is_back = made.path.rpartition("/")[0] == FOLDER and made.name == call
        return number if at > scene.at and is_back else 0

    run = scene.run(spoil=spoil)
    assert run.result is not None
    assert run.result["failed"] is True
    (kept,) = scene.kept()
    assert kept != scene.path
    message = run.result["msg"]
    assert is_one_sentence(message)
    assert f"it is kept in {kept}, " in message
    assert "Nothing was changed" not in message
    refuse_lost(scene, name, name)
    figures.add("writes by others that could not be put back")


@pytest.mark.parametrize("name", [REPLACED, REMOVED])
def test_a_run_that_is_killed_before_it_has_put_back_what_others_wrote(
    tmp_path: pathlib.Path, figures: Figures, name: str
) -> None:
    refuse_elsewhere()
    scene = Scene(name, tmp_path)
    calls = scene.run().calls
    displaced = 0
    for at in range(scene.at, min(scene.at + 40, len(calls))):

        def kill(number: int, _call: Call, at: int = at) -> bool:
            return number == at

        scene.run(kill)
        where = f"{name}, after call {at}, {calls[at].name} of {calls[at].path}"
        assert scene.kept(), where
        displaced += scene.path not in scene.kept()
        refuse_lost(scene, name, where)
    assert displaced
    figures.add("processes killed between a replacement and its comparison", displaced)


def test_what_others_wrote_stays_where_the_file_was_written_once_more(
    tmp_path: pathlib.Path,
) -> None:
    refuse_elsewhere()
    scene = Scene(REPLACED, tmp_path)
    scene.run(lambda number, _call: number == scene.at)
    (kept,) = scene.kept()
    with scene.path.open("ab") as stream:
        stream.write(b"# newer\n")
    assert not scene.act().get("failed")
    assert scene.kept() == [kept]
    assert b"# newer\n" in scene.path.read_bytes()


def refuse_lost(scene: Scene, name: str, where: str) -> None:
    """Fail unless the next run keeps what others wrote, makes its change, and leaves nothing."""
    assert not scene.act().get("failed"), where
    data = scene.path.read_bytes()
    assert data.count(ADDED) == 1, where
    assert (OURS in data) is (name == REPLACED), where
    assert scene.left() == [], where
