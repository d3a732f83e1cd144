# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Editing `.env`: the recorded cases, what is mended, what is refused, and any file at all."""

from __future__ import annotations

import json
import pathlib
import random
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv, _dotenv_edit
from ansible_collections.devfleet.codex.plugins.module_utils._dotenv_edit import (
    EditRefused,
    TextMismatch,
    plan,
    quoted,
    revert,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dotenv_client import ENVIRONMENT
from support.dotenv_files import NAMES, some_file
from support.dotenv_promises import checked_edit, has_a_reason

FIXTURES = pathlib.Path(__file__).parents[3] / "fixtures" / "dotenv"
CASES = json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))["edits"]
SETTINGS = settings(derandomize=True, database=None, deadline=None)
H = {"H": "http://h:2"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_recorded_case_is_edited_as_wanted(case: dict[str, t.Any]) -> None:
    data = None if case["input"] is None else case["input"].encode()
    edit = checked_edit(data, case["set"])
    if "output" in case:
        assert edit.after == case["output"].encode()
    wanted = case.get("effective", case["set"])
    assert wanted.items() <= _dotenv.effective(_dotenv.read(edit.after, {})).items()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # What is already right is left as it is, however it is written.
        (b"H=http://h:2\n", b"H=http://h:2\n"),
        (b'export H = "http://h:2" # x', b'export H = "http://h:2" # x'),
        (b"H=1\nH='http://h:2'\n", b"H=1\nH='http://h:2'\n"),
        (b"B=h:2\nH=http://$B\n", b"B=h:2\nH=http://$B\n"),
        (b"H: 1\nH=http://h:2\n", b"H: 1\nH=http://h:2\n"),
        # A value changes where it stands.
        (b"A=1\nH=1\nB=2\n", b"A=1\nH=http://h:2\nB=2\n"),
        (b"H=1\nA=1\nH=2\nB=2\n", b"H=1\nA=1\nH=http://h:2\nB=2\n"),
        (b"  export\tH = '1'\t# don't\r\n", b"  export\tH = http://h:2\t# don't\r\n"),
        (b"H=", b"H=http://h:2"),
        (b"H= \nA=1\n", b"H=http://h:2 \nA=1\n"),
        (b"H= # x\n", b"H=http://h:2 # x\n"),
        (b"H=  # x\n", b"H=http://h:2  # x\n"),
        (b"H=#x\n", b"H=http://h:2 #x\n"),
        (b"H='a\nb' # c\nA=1\n", b"H=http://h:2 # c\nA=1\n"),
        (b"H=1  # don't\nA=isn't\nB=2\n", b"H=http://h:2  # don't\nA=isn't\nB=2\n"),
        (b"H=\t\\ \x0b  # x\r\nA=1\n", b"H=\thttp://h:2 # x\r\nA=1\n"),
        (b"H=1\x0b\r\nA=1\n", b"H=http://h:2 \r\nA=1\n"),
        (b"H=1\r", b"H=http://h:2"),
        (b"H=1  ", b"H=http://h:2  "),
        (b"H=1\x0b\n\n\nA=1\n", b"H=http://h:2 \n\n\nA=1\n"),
        # A new line comes at the end.
        (b"", b"H=http://h:2\n"),
        (b"\n", b"\nH=http://h:2\n"),
        (b"A=1", b"A=1\nH=http://h:2\n"),
        (b"A=1\r\nB=2\nC=3\r\nD", b"A=1\r\nB=2\nC=3\r\nD\r\nH=http://h:2\r\n"),
        (b"A=1\r\nB=2\n", b"A=1\r\nB=2\nH=http://h:2\n"),
        (b"A='\nH=1\n'\n", b"A='\nH=1\n'\nH=http://h:2\n"),
        (b"h=1\nHH=2\nH.=3\n", b"h=1\nHH=2\nH.=3\nH=http://h:2\n"),
        (b"H http://h:1\nset H=1\n", b"H http://h:1\nset H=1\nH=http://h:2\n"),
        (b"\xe9=\0\n#\xff", b"\xe9=\0\n#\xff\nH=http://h:2\n"),
        (b"\xef\xbb\xbfA=1\n", b"\xef\xbb\xbfA=1\nH=http://h:2\n"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf\nH=http://h:2\n"),
        (b"H='\n'\\x\nA=1\n", b"H='\n'\\x\nA=1\nH=http://h:2\n"),
        # Somebody else's last line must not come to life by a newline.
        (b"A=1\nB=2 ", b"A=1\nH=http://h:2\nB=2 "),
        (b"A=1\\", b"H=http://h:2\nA=1\\"),
        (b"\xef\xbb\xbfA=1 ", b"H=http://h:2\n\xef\xbb\xbfA=1 "),
    ],
    ids=ascii,
)
def test_a_value_is_set(before: bytes, after: bytes) -> None:
    edit = checked_edit(before, H)
    assert edit.after == after
    assert (edit.mended, edit.byte_order_mark_removed, edit.followers) == ((), False, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"H=http://h:2 ", b"H=http://h:2"),
        (b"A=1\nexport H=http://h:1\t", b"A=1\nexport H=http://h:2"),
        (b"H=1\\", b"H=http://h:2"),
        (b"H: http://h:1 # don't\r\nA=1\r\n", b"H=http://h:2 # don't\r\nA=1\r\n"),
        (b"\tH=a b # c\n", b"\tH=http://h:2 # c\n"),
        (b'H="$X" # c\n', b"H=http://h:2 # c\n"),
        (b"H='it\\'s' # c\nA=1\n", b"H=http://h:2 # c\nA=1\n"),
        (b"H=C:\\x\n", b"H=http://h:2\n"),
        (b"H=${X\n", b"H=http://h:2\n"),
        (b"H=\xe9 # c\nA=1\n", b"H=http://h:2 # c\nA=1\n"),
        (b"H=1 # \xe9\nA=1\n", b"H=http://h:2\nA=1\n"),
        (b"H=\xe9\r1\r\nA=1\n", b"H=http://h:2\r\nA=1\n"),
        (b"H=\xe9\r\0", b"H=http://h:2"),
        (b"A=1\nH='http://h:1\n", b"A=1\nH=http://h:2\n"),
        (b'A=1\nH="http://h:1\n\n# it is\n', b"A=1\nH=http://h:2\n\n# it is\n"),
        (b"H: 1\nH: 2\n", b"H: 1\nH=http://h:2\n"),
        (b"H=" + b"x" * (_dotenv.VALUE_LIMIT + 1) + b"\nA=1\n", b"H=http://h:2\nA=1\n"),
        (b"\xef\xbb\xbfH=http://h:2\nA=1\n", b"H=http://h:2\nA=1\n"),
        (b"\xef\xbb\xbf export H='a b' # c\r\n", b" export H=http://h:2 # c\r\n"),
    ],
    ids=lambda data: ascii(data)[:40],
)
def test_a_dropped_line_is_mended(before: bytes, after: bytes) -> None:
    edit = checked_edit(before, H)
    assert edit.after == after
    assert [one.name for one in edit.mended] == ["H"]
    assert edit.byte_order_mark_removed == before.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("before", "line", "reason"),
    [
        (b"A=1\nB='x\nH=1\n", 2, "the quote is not closed"),
        (b'A="\n', 1, "the quote is not closed"),
        (b"A='x\nB='y'\nC=1\n", 2, "the quote is not closed"),
        (b"\xef\xbb\xbf# don't\nA=1\n", 1, "the quote is not closed"),
        (b"H='x\nA=1\n", 1, "to change it would change other variables too"),
        (b"A=1\nB=\0\n", 2, "NUL byte"),
        (b"H=http://h:2\nH=\0\nH=http://h:2\n", 2, "NUL byte"),
    ],
    ids=ascii,
)
def test_a_file_that_codex_would_read_otherwise_is_refused(
    before: bytes, line: int, reason: str
) -> None:
    with pytest.raises(EditRefused) as caught:
        plan(before, H)
    assert caught.value.line == line
    assert reason in caught.value.reason
    assert str(caught.value) == f"line {line}: {caught.value.reason}"


def test_a_result_that_codex_would_read_otherwise_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_dotenv_edit, "quoted", lambda value: value)
    with pytest.raises(EditRefused) as caught:
        plan(b"A=1\nH=1\n", {"H": "a b"})
    assert (caught.value.line, "as it is meant" in caught.value.reason) == (2, True)


def test_nothing_to_do_is_no_change_in_any_file() -> None:
    assert not checked_edit(b"A='\0\n\xff", {}).changed
    assert not checked_edit(None, {}, ["H"]).changed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"H=1\n", b""),
        (b"# about H\nH=1 # x\n\nA=1\n", b"# about H\n\nA=1\n"),
        (b"H=1\nA=1\r\n\texport H='a\nb'\r\nB=2", b"A=1\r\nB=2"),
        (b"A=1\nH=2", b"A=1\n"),
        (b"HH=1\nh=2\nH: 3\n# H=4\n", b"HH=1\nh=2\nH: 3\n# H=4\n"),
    ],
    ids=ascii,
)
def test_a_variable_is_removed_with_all_its_lines(before: bytes, after: bytes) -> None:
    assert checked_edit(before, {}, ["H"]).after == after


def test_a_line_whose_comment_swallows_others_is_not_removed() -> None:
    with pytest.raises(EditRefused) as caught:
        plan(b"A=1\nH=1  # don't\nB=isn't\n", {}, ["H"])
    assert caught.value.line == 2


def test_several_variables_are_set_and_removed_at_once() -> None:
    edit = checked_edit(b"A=1\nD: 1\nB=2\nG=3", {"E": "5", "B": "3", "D": "4", "F": ""}, ["A", "G"])
    assert edit.after == b"D=4\nB=3\nE=5\nF=\n"
    assert [one.line for one in edit.mended] == [2]


def test_an_empty_value_leaves_the_comment_a_comment() -> None:
    edit = checked_edit(b"A=1 # don't\nB= 1 # don't\nC=1# don't\n", {"A": "", "B": ""})
    assert edit.after == b"A= # don't\nB= '' # don't\nC=1# don't\n"


def test_a_mended_quote_makes_way_for_a_new_line() -> None:
    assert checked_edit(b"A=1\nH='x", {"H": "1", "B": "2"}).after == b"A=1\nH=1\nB=2\n"


def test_a_variable_that_refers_to_the_changed_one_follows() -> None:
    edit = checked_edit(b"H=1\nA=$H\nB=<${A}>\nC=$H\nC=1\nD=1\n", H)
    assert edit.after == b"H=http://h:2\nA=$H\nB=<${A}>\nC=$H\nC=1\nD=1\n"
    assert edit.followers == ("A", "B")
    assert checked_edit(b"A=$H\nH=1\n", H, (), {"H": "0"}).followers == ()


def test_a_reference_to_the_environment_is_read_there() -> None:
    assert not checked_edit(b"H=http://$X\n", H, (), {"X": "h:2"}).changed
    assert checked_edit(b"H=http://$X\n", H).after == b"H=http://h:2\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", ""),
        ("http://u:p%40@h.example:1/", "http://u:p%40@h.example:1/"),
        ("a,b=c+d~e", "a,b=c+d~e"),
        ("a b", "'a b'"),
        ('$a #"é\r`', "'$a #\"é\r`'"),
        ("it's", '"it\'s"'),
        ("a\\b", '"a\\\\b"'),
        ("'$\"\n\\n", '"\'\\$\\"\\n\\\\n"'),
    ],
)
def test_a_value_is_quoted_where_it_must_be(value: str, written: str) -> None:
    assert quoted(value) == written


@settings(SETTINGS, max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
def test_any_value_is_read_as_it_was_given(value: str) -> None:
    edit = checked_edit("ä='\nö' # it's\nH=old # it's\n".encode(), {"H": value, "N": value})
    assert edit.after.endswith(b"\n")


@pytest.mark.parametrize(
    ("set_values", "remove"),
    [
        ({"": "1"}, []),
        ({"A B": "1"}, []),
        ({"1": "1"}, []),
        ({"A\n": "1"}, []),
        ({"É": "1"}, []),
        ({"codex_home": "1"}, []),
        ({}, ["A="]),
        ({"A": "\0"}, []),
        ({"A": "\udce9"}, []),
        ({"A": "x" * (_dotenv.VALUE_LIMIT + 1)}, []),
        ({"A": "1"}, ["A"]),
    ],
)
def test_what_no_file_can_hold_is_no_plan(set_values: dict[str, str], remove: list[str]) -> None:
    with pytest.raises(ValueError, match=r"name|value|removed"):
        plan(b"", set_values, remove)


def test_only_what_was_written_is_taken_back() -> None:
    edit = plan(b"H=1\nA=1\n", H)
    assert revert(edit.after + b"B=2\n", edit.replacements) == b"H=1\nA=1\nB=2\n"
    with pytest.raises(TextMismatch):
        revert(b"H=http://h:3\nA=1\n", edit.replacements)


USABLE = [name for name in NAMES if not name.upper().startswith("CODEX_")]
VALUES = st.one_of(
    st.sampled_from(["", "http://h:2", "it's", "a b", "$A", "\\", "é\n"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)


@settings(SETTINGS, max_examples=1500)
@given(
    st.integers(),
    st.dictionaries(st.sampled_from([*USABLE, "NEW"]), VALUES, max_size=3),
    st.lists(st.sampled_from(USABLE), max_size=2),
)
def test_an_edit_keeps_its_promises_on_any_file(
    seed: int, set_values: dict[str, str], remove: list[str]
) -> None:
    data = some_file(random.Random(seed))
    remove = [name for name in remove if name not in set_values]
    try:
        edit = checked_edit(data, set_values, remove, ENVIRONMENT)
    except EditRefused as refused:
        assert has_a_reason(data, {*set_values, *remove}, refused)
        return
    touched = {*set_values, *remove}
    lines = [
        line.rstrip(b"\r")
        for line in data.split(b"\n")
        if not any(name.encode() in line for name in touched)
    ]
    left = iter([line.rstrip(b"\r") for line in edit.after.split(b"\n")])
    multiline = any("\n" in one.old.rstrip("\r\n") for one in edit.replacements)
    assert multiline or all(line in left for line in lines)
