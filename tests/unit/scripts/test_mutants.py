# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "make mutants" takes for killed, for explained, and for a fault."""

from __future__ import annotations

import json
import pathlib
import typing as t

import mutants
import yaml
from mutants import Mutant, Result

MODULE = "module_utils/_diff"
GENERATED = '''\
def x_limit__mutmut_orig(text, most=3):
    """Doc."""
    return text[:most]
def x_limit__mutmut_1(text, most=4):
    """Doc."""
    return text[:most]
def x_limit__mutmut_2(text, most=3):
    """Doc."""
    return text[:None]
class Line:
    def xǁLineǁshown__mutmut_orig(self):
        return "a"
    def xǁLineǁshown__mutmut_1(self):
        return "A"
'''
DEFAULT = Mutant(MODULE, "limit", "- text, most=3):\n+ text, most=4):")
CUT = Mutant(MODULE, "limit", "- return text[:most]\n+ return text[:None]")
LETTER = Mutant(MODULE, "Line.shown", '- return "a"\n+ return "A"')


def results(folder: pathlib.Path, codes: t.Mapping[str, int | None]) -> Result:
    meta = mutants.meta_path(folder, MODULE)
    meta.parent.mkdir(parents=True)
    meta.with_suffix("").write_text(GENERATED, encoding="utf-8")
    named = {f"ansible_collections.x._diff.{name}": code for name, code in codes.items()}
    meta.write_text(json.dumps({"exit_code_by_key": named}), encoding="utf-8")
    return mutants.result_of(folder, MODULE)


def test_what_no_test_fails_for_survives(tmp_path: pathlib.Path) -> None:
    codes = {"x_limit__mutmut_1": 0, "x_limit__mutmut_2": 33, "xǁLineǁshown__mutmut_1": None}
    assert results(tmp_path, codes) == Result(3, 3, 0, (DEFAULT, CUT, LETTER))


def test_what_does_not_end_is_killed_too(tmp_path: pathlib.Path) -> None:
    codes = {"x_limit__mutmut_1": 1, "x_limit__mutmut_2": 36, "xǁLineǁshown__mutmut_1": -24}
    assert results(tmp_path, codes) == Result(3, 3, 2, ())


def test_a_module_without_mutants_has_none_that_survive(tmp_path: pathlib.Path) -> None:
    assert mutants.result_of(tmp_path, MODULE) == Result(0, 0, 0, ())


def test_what_is_not_drawn_was_not_tried(tmp_path: pathlib.Path) -> None:
    codes = {"x_limit__mutmut_1": 1, "x_limit__mutmut_2": 34, "xǁLineǁshown__mutmut_1": 34}
    found = results(tmp_path, codes)
    assert found == Result(3, 1, 0, ())
    # What is drawn may be killed with the mutants that were not.
    assert list(mutants.faults({MODULE: found}, {CUT: "x"})) == []


def test_a_larger_sample_holds_the_smaller_one() -> None:
    codes: dict[str, int | None] = {f"m{number}": 1 for number in range(50)}
    few, more = mutants.drawn(codes, 10), mutants.drawn(codes, 20)
    assert sum(code == 1 for code in few.values()) == 10
    assert sum(code == 1 for code in more.values()) == 20
    assert all(more[name] == 1 for name, code in few.items() if code == 1)
    again = mutants.drawn(few, 20)
    assert {name for name, code in again.items() if code != 34} == {
        name for name, code in more.items() if code != 34
    }
    assert list(again.values()).count(None) == 10
    assert mutants.drawn(codes, None) == codes


def test_a_survivor_needs_a_reason_and_a_reason_its_survivor() -> None:
    found = {MODULE: Result(100, 100, 0, (DEFAULT, LETTER))}
    assert list(mutants.faults(found, {DEFAULT: "x", LETTER: "y"})) == []
    (fault,) = mutants.faults(found, {DEFAULT: "x"})
    assert fault == f"survives: {MODULE} Line.shown\n{LETTER.change}"
    (fault,) = mutants.faults(found, dict.fromkeys((DEFAULT, LETTER, CUT), "x"))
    assert fault.startswith(f"survivors.yml explains what is killed: {MODULE} limit\n- return")


def test_reasons_of_modules_that_were_not_tried_do_not_matter() -> None:
    other = CUT._replace(module="module_utils/_text")
    assert list(mutants.faults({MODULE: Result(1, 1, 0, ())}, {other: "x"})) == []


def test_fewer_killed_than_nine_of_ten_are_a_fault() -> None:
    found = {MODULE: Result(10, 10, 0, (DEFAULT, LETTER))}
    assert list(mutants.faults(found, dict.fromkeys((DEFAULT, LETTER), "x"))) == [
        "Fewer than 90% are killed."
    ]


def test_reasons_are_read_by_module_function_and_change(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "survivors.yml"
    entry = {"why": "x", "mutants": {MODULE: {"limit": [CUT.change, DEFAULT.change + "\n"]}}}
    path.write_text(yaml.safe_dump([entry]), encoding="utf-8")
    assert mutants.explained(path) == {CUT: "x", DEFAULT: "x"}


def test_every_module_and_every_test_that_is_named_is_there() -> None:
    modules = yaml.safe_load((mutants.FOLDER / "modules.yml").read_text(encoding="utf-8"))
    for module, tests in modules.items():
        assert all(path.is_file() for path in mutants.files_of(module, tests)), module
    assert {mutant.module for mutant in mutants.explained()} <= set(modules)
