# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of what a machine says may come into a result, at most."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
    not_diagnosed,
    not_examined,
)
from support import cure_values
from support.cure_values import Value, changed

SEEN: Value = {**cure_values.SEEN, "http_only_profiles": []}
FACT = first_result(SEEN, Wanted())
LONG = "x" * 5000


def cut(limit: int) -> str:
    return "x" * (limit - 3) + "..."


@pytest.mark.parametrize(
    ("path", "key", "shown"),
    [
        ("version", "version", cut(40)),
        ("provider.active", "provider", cut(80)),
        ("diagnosis.advice", "advice", cut(SHORT)),
    ],
)
def test_a_text_of_a_machine_is_cut(path: str, key: str, shown: str) -> None:
    assert first_result(changed(SEEN, path, LONG), Wanted("never"))[key] == shown


def test_a_remedy_of_a_machine_is_cut() -> None:
    seen = changed(SEEN, "diagnosis.remedy", LONG)
    assert first_result(seen, Wanted("never"))["remedy"] == cut(40)


def test_no_version_is_none() -> None:
    assert first_result(changed(SEEN, "version", None), Wanted())["version"] is None
    assert first_result(changed(SEEN, "version", ""), Wanted())["version"] is None


def test_lists_of_a_machine_are_cut() -> None:
    finding = {"name": "n", "detail": "d", "advice": "a", "other": "o"}
    seen = {**changed(SEEN, "diagnosis.evidence", ["e"] * 500), "findings": [finding] * 500}
    result = first_result(seen, Wanted())
    assert result["evidence"] == ["e"] * 10
    assert result["findings"] == [{"name": "n", "detail": "d", "advice": "a"}] * 100


def nested(depth: int) -> t.Any:
    nest: t.Any = "inmost"
    for _level in range(depth):
        nest = [nest]
    return nest


def test_a_fact_is_kept_to_its_fourth_level_and_told_below() -> None:
    assert checked_result({**FACT, "proof": nested(3)})["proof"] == nested(3)
    assert checked_result({**FACT, "proof": nested(4)})["proof"] == [[["['inmost']"]]]
    # As deep as this, only a bound keeps Python from giving up.
    assert checked_result({**FACT, "proof": nested(100_000)})["proof"] == [[["(list)"]]]


def test_keys_lists_and_numbers_of_a_fact_are_bounded() -> None:
    proof = {LONG: 1, "list": [1] * 500, "large": 1e15, "larger": 1e16, "nan": float("nan")}
    assert checked_result({**FACT, "proof": proof})["proof"] == {
        cut(80): 1,
        "list": [1] * 100,
        "large": 1e15,
        "larger": "1e+16",
        "nan": "nan",
    }
    assert "stranger" not in checked_result({**FACT, "stranger": 1})


@pytest.mark.parametrize(
    ("live", "seconds", "lines"),
    [({"seconds": 0.04, "reconnect_lines": 0}, 0.0, 0), ({"seconds": "7.26"}, 7.3, 4)],
)
def test_a_live_turn_is_told(live: Value, seconds: float, lines: int) -> None:
    turn = {
        "answered": True,
        "seconds": 1,
        "reconnect_lines": 4,
        "fell_back": 1,
        "problem": LONG,
        **live,
    }
    assert first_result({**SEEN, "live": turn}, Wanted())["live"] == {
        "answered": True,
        "seconds": seconds,
        "reconnect_lines": lines,
        "fell_back": False,
        "problem": cut(SHORT),
    }


@pytest.mark.parametrize("key", ["seconds", "reconnect_lines"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 1e300])
def test_a_live_turn_that_cannot_be_is_nonsense(key: str, value: float) -> None:
    turn = {
        "answered": True,
        "seconds": 1,
        "reconnect_lines": 4,
        "fell_back": True,
        "problem": "",
        key: value,
    }
    with pytest.raises(ValueError, match=r"^a live turn without an end$"):
        first_result({**SEEN, "live": turn}, Wanted())


def test_what_was_not_looked_at_is_told_in_these_words() -> None:
    result = not_examined("unreachable", "ssh: no route")
    assert result == {
        **not_diagnosed("none"),
        "verdict": "unreachable",
        "cause": "not_examined",
        "evidence": ["ssh: no route"],
        "advice": "Nothing is known about this machine; run this again when it can be reached.",
        "remedy": "investigate",
    }
    assert not_diagnosed("none")["advice"] == ""
    nonsense = checked_result({**FACT, "verdict": 7})
    assert nonsense == not_examined(
        "inconclusive", "the fact reconnect_result of this machine is nonsense"
    )
