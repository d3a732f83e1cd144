# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client writes its configuration while a run changes it: what it was told stays told.

The client reads the file, and renames a new one over it some time later (0.169.0): what we write
in between is lost to it, as to anybody who does so, and found missing by the next run.
"""

from __future__ import annotations

import concurrent.futures
import functools
import typing as t
from unittest import mock

import tomllib
from ansible_collections.devfleet.codex.plugins.module_utils import _change
from support import http_provider
from support.client import run_client
from support.fault_cases import PURGE
from support.figures import Effort, Figures
from support.http_provider import is_one_sentence
from support.laptop import Laptop
from support.traced import Call, refuse_elsewhere, traced

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

FEATURE = "shell_tool"
MOST_IN_VAIN = 40
"""Further writes of the client after which it is an error that none has met a run."""


def tell(laptop: Laptop, word: str) -> None:
    """Let the client write to its configuration that the feature is to be `enable`d or not."""
    run = run_client(laptop, "features", word, FEATURE)
    assert run.returncode == 0, run.stderr


def told(laptop: Laptop) -> t.Any:
    return tomllib.loads(laptop.config.read_text())["features"][FEATURE]


def run_of(laptop: Laptop, **options: t.Any) -> http_provider.Result:
    """Run http_provider on the laptop, in this process."""
    return http_provider.Machine.at(laptop.home).run(codex_home=str(laptop.codex_home), **options)


def test_what_the_client_writes_between_two_calls_of_a_run_is_kept(
    make_laptop: LaptopFactory, figures: Figures, effort: Effort
) -> None:
    refuse_elsewhere()
    laptop = make_laptop("written-between")
    tell(laptop, "disable")
    run_of(laptop, **PURGE)
    act = functools.partial(run_of, laptop)
    calls = traced(act, laptop.codex_home).calls
    run_of(laptop, **PURGE)
    place = next(at for at, call in enumerate(calls) if call.name == "renameat2")
    tried = {*range(0, place + 2, effort(place // 4, 1)), place - 1, place}
    anew = 0
    for at in sorted(tried):
        tell(laptop, "disable")

        def write(number: int, _call: Call, at: int = at) -> None:
            if number == at:
                tell(laptop, "enable")

        run = traced(act, laptop.codex_home, write)
        where = f"after call {at}, {calls[at].name} of {calls[at].path}"
        assert run.result is not None, where
        assert run.result.get("changed"), f"{where}: {run.result}"
        assert told(laptop) is True, where
        assert "openai_http" in laptop.config.read_text(), where
        anew += len(run.calls) > len(calls)
        run_of(laptop, **PURGE)
    assert anew
    figures.add("writes of the client between two system calls", len(tried))
    figures.add("changes planned anew because of these", anew)


def test_what_the_client_writes_while_runs_change_the_file_is_kept(
    make_laptop: LaptopFactory, figures: Figures, effort: Effort
) -> None:
    laptop = make_laptop("raced")
    words = ("enable", "disable")
    least = effort(10, 300)
    runs = held_up = times = collisions = 0
    with (
        mock.patch.object(_change, "prepare", side_effect=_change.prepare) as planned,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        # Until they have met, which is a matter of chance.
        while times < least or (collisions < 1 and times < least + MOST_IN_VAIN):
            telling = pool.submit(tell, laptop, words[times % 2])
            while not telling.done():
                result = run_of(laptop, **(PURGE if runs % 2 else {}))
                runs += 1
                if result.get("failed"):
                    assert is_one_sentence(result["msg"])
                    held_up += 1
            telling.result()
            assert told(laptop) is (words[times % 2] == "enable")
            times += 1
            collisions = planned.call_count - runs
    assert collisions > 0
    assert run_of(laptop).get("failed") is None
    assert tomllib.loads(laptop.config.read_text())["model_provider"] == "openai_http"
    figures.add("writes of the client that raced with runs", times)
    figures.add("runs that raced with the client", runs)
    figures.add("of these, collisions with the client, planned anew", collisions)
    figures.add("of these, runs that gave way to the client and said so", held_up)
