# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What "make mutants" takes for killed, for explained, and for a fault."""

from __future__ import annotations

import json
import pathlib
import typing as t

import mutants
import pytest
import yaml
from build_environment import ROOT
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
        files = [pathlib.Path(f"plugins/{module}.py"), *mutants.tests_of(module, tests)]
        assert all((ROOT / path).is_file() for path in files), module
    assert {mutant.module for mutant in mutants.explained()} <= set(modules)


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    """A small repository."""
    made = tmp_path / "repository"
    for name in ("plugins/module_utils/_diff.py", "tests/unit/conftest.py", "tests/fixtures/a.txt"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    (made / "tests/conftest.py").write_text("")
    return made


@pytest.mark.parametrize(
    "name",
    ["plugins/module_utils/_new.py", "tests/unit/conftest.py", "tests/fixtures/a.txt"],
)
def test_results_fall_with_whatever_a_test_may_read(root: pathlib.Path, name: str) -> None:
    before = mutants.stamps(root, MODULE, ["test_diff"])
    assert mutants.stamps(root, MODULE, ["test_diff"]) == before
    assert mutants.stamps(root, MODULE, ["test_text"]) != before
    (root / name).write_text("new")
    after = mutants.stamps(root, MODULE, ["test_diff"])
    assert after["all"] != before["all"]
    assert after["module"] == before["module"]


def kept_results(folder: pathlib.Path, known: t.Mapping[str, str]) -> dict[str, int | None]:
    results(folder, {"x_limit__mutmut_1": 1, "x_limit__mutmut_2": 0})
    (folder / mutants.STAMPS).write_text(json.dumps(known))
    meta = mutants.meta_path(folder, MODULE)
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    return codes


def test_again_needs_results_of_the_same_module(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "work"
    known = mutants.stamps(root, MODULE, [])
    kept_results(folder, known)
    (root / "plugins/module_utils/_diff.py").write_text("changed")
    wanted = mutants.stamps(root, MODULE, [])
    with pytest.raises(mutants.MutantsError, match="without --again"):
        mutants.forget(folder, MODULE, wanted, again=True)
    assert mutants.meta_path(folder, MODULE).is_file()
    mutants.forget(folder, MODULE, wanted, again=False)
    assert not (folder / "mutants").exists()


def test_again_tries_what_survived(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "work"
    known = mutants.stamps(root, MODULE, [])
    before = kept_results(folder, known)
    (root / "tests/unit/conftest.py").write_text("changed")
    mutants.forget(folder, MODULE, mutants.stamps(root, MODULE, []), again=True)
    after = json.loads(mutants.meta_path(folder, MODULE).read_text())["exit_code_by_key"]
    assert list(before.values()) == [1, 0]
    assert list(after.values()) == [1, None]


def test_what_the_repository_removes_goes_from_the_copy(
    root: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "work"
    mutants.copy_anew(root, folder)
    copies = [folder / mutants.COLLECTION, folder / "mutants" / mutants.COLLECTION]
    name = pathlib.Path("tests/unit/conftest.py")
    (copies[1] / name).parent.mkdir(parents=True)
    (copies[1] / name).write_text("of mutmut")
    (root / name).unlink()
    mutants.copy_anew(root, folder)
    assert not any((copy / name).exists() for copy in copies)
    assert mutants.files_in(copies[0]) == mutants.files_in(root)
