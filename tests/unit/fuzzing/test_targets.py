# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What "make fuzz" does for as long as wanted, here for some seconds, and what it once found."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from fuzzing.seeds import FIXTURES
from fuzzing.targets import TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.figures import Effort, Figures

KEPT = sorted(FIXTURES.glob("fuzz/*/*"))


HOSTILE = st.sampled_from(
    [
        *("\x1b[2J\u202e", "\ud800", "x\0y", "{{ 1 }}", "a" * 100_000, "", "corp"),
        *(None, True, -1, 1, 10**30, 1e300, float("nan"), [], {}, ["x"], {"x": 1}),
    ]
)


@st.composite
def spoiled_json(draw: st.DrawFn, name: str) -> bytes:
    """Draw a seed of the target with one or two of its values made others, at any depth alike."""
    document = json.loads(draw(st.sampled_from(TARGETS[name].seeds)))
    for _time in range(draw(st.integers(1, 2))):
        holder, key = document, draw(st.sampled_from(sorted(document)))
        while isinstance(holder[key], (dict, list)) and holder[key] and draw(st.integers(0, 4)):
            holder = holder[key]
            keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
            key = draw(st.sampled_from(keys))
        holder[key] = copy.deepcopy(draw(HOSTILE))
    return json.dumps(document).encode()


@st.composite
def spoiled(draw: st.DrawFn, name: str) -> bytes:
    """Draw a seed with up to four pieces of it replaced, by tokens, by bytes, or by other seeds."""
    target = TARGETS[name]
    data = draw(st.sampled_from(target.seeds))
    others = st.sampled_from(target.seeds).map(lambda seed: seed[: len(seed) // 2])
    pieces = st.sampled_from(target.tokens) | st.binary(max_size=3) | others
    for _time in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 1, 5, len(data) // 3])))
        data = data[:start] + draw(pieces) + data[end:]
    return data


def is_json(target: Target) -> bool:
    return all(seed.startswith(b"{") for seed in target.seeds)


@pytest.mark.parametrize("name", TARGETS)
def test_no_document_is_taken_that_breaks_a_promise(
    name: str, figures: Figures, effort: Effort
) -> None:
    target = TARGETS[name]
    number = effort(400, 20_000)
    ways = (spoiled(name), spoiled_json(name)) if is_json(target) else (spoiled(name),)
    given_to_it = 0

    def look(data: bytes) -> None:
        nonlocal given_to_it
        given_to_it += 1
        target.check(data)

    for way in ways:
        # Derandomized: a run that fails can be repeated as it was.
        settings(
            max_examples=number,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        )(given(way)(look))()
    assert given_to_it >= number // 2
    figures.add(f"documents given to {target.what}", given_to_it)


@pytest.mark.parametrize("name", TARGETS)
def test_no_seed_breaks_a_promise(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_found_no_more(path: pathlib.Path) -> None:
    TARGETS[path.parent.name].check(path.read_bytes())


def test_something_is_kept_of_what_was_found() -> None:
    assert KEPT
