# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Setting values in TOML: the recorded cases, the layouts, and what is refused."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _toml,
    _toml_edit,
    _toml_layout,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml_edit import EditRefused, plan

Case = dict[str, t.Any]

FIXTURES = pathlib.Path(__file__).parents[3] / "fixtures" / "toml"
CASES: list[Case] = json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))
# Where the reference has the right meaning, and this editor a layout of its own.
LAYOUTS = {
    "P5": """\
model_providers = { x = { name = 'X' }, corp = { name = "Corp", base_url = "https://p/v1", \
wire_api = "responses", supports_websockets = false } }

[tui]
a=1
""",
    "P24": """\
[model_providers]
corp = {
  name = 'Corp', # n
  base_url = "https://p/v1",
  wire_api = "responses",
  supports_websockets = false
}
""",
}
K = ("p", "new", "k")
L = ("p", "new", "l")


def wanted(case: Case) -> dict[_toml.KeyPath, _toml.Scalar]:
    values: dict[_toml.KeyPath, _toml.Scalar] = {
        (key,): value for key, value in case["set_root"].items()
    }
    for provider_id, keys in case["set_provider"].items():
        values.update((("model_providers", provider_id, key), keys[key]) for key in keys)
    return values


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_recorded_case(case: Case) -> None:
    text, kind = case["input"], case["class"]
    if kind == "refuse":
        with pytest.raises(EditRefused) as caught:
            plan(text, wanted(case))
        assert (caught.value.fault, caught.value.line) == ("file", 2)
        return
    # Without tomllib there is nobody but tomlkit to ask, which refuses that file.
    if kind == "refuse-or-minimal" and sys.version_info < (3, 11):
        with pytest.raises(EditRefused) as caught:
            plan(text, wanted(case))
        assert caught.value.fault == "editor"
        return
    after = plan(text, wanted(case)).after
    if kind in ("exact", "unchanged"):
        assert after == case["reference_output"]
    elif kind == "semantic":
        assert after == LAYOUTS.get(case["id"], case["reference_output"])
        assert _toml.equal(_toml.parse(after), _toml.parse(case["reference_output"]))
    else:
        assert (kind, after) == ("refuse-or-minimal", 'model_provider = "corp"\n\n' + text)


def test_every_kind_of_recorded_case_is_there() -> None:
    kinds = {case["class"] for case in CASES}
    assert kinds == {"exact", "semantic", "refuse", "refuse-or-minimal", "unchanged"}
    assert len(CASES) == 27


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("  \n", '  \nk = "v"\n', id="blank only"),
        pytest.param("  ", '  \nk = "v"\n', id="blanks without an ending"),
        pytest.param("\ufeff", '\ufeffk = "v"\n', id="byte order mark only"),
        pytest.param("\ufeff[a]\n", '\ufeffk = "v"\n\n[a]\n', id="byte order mark and table"),
        pytest.param("# a", '# a\nk = "v"\n', id="comment without an ending"),
        pytest.param("  a = 1 # c\n", '  a = 1 # c\n  k = "v"\n', id="indented neighbour"),
        pytest.param("a = [\n1\n]\n[b]\n", 'a = [\n1\n]\nk = "v"\n[b]\n', id="multi-line array"),
        pytest.param(
            "a = '''\n[b]\nk = 1'''\n# c\n",
            "a = '''\n[b]\nk = 1'''\nk = \"v\"\n# c\n",
            id="multi-line string",
        ),
        pytest.param("a.b = 1\n[k2]\n", 'a.b = 1\nk = "v"\n[k2]\n', id="dotted neighbour"),
        pytest.param("# a\n\n# b\n[b]\n", '# a\n\nk = "v"\n\n# b\n[b]\n', id="two comments"),
        pytest.param("# a\n# b\n  [[b]]\n", 'k = "v"\n\n# a\n# b\n  [[b]]\n', id="glued comments"),
        pytest.param("#:schema x\n[b]\n", '#:schema x\nk = "v"\n\n[b]\n', id="directive"),
        pytest.param(
            "#:schema x\n# b\n[b]\n", '#:schema x\nk = "v"\n\n# b\n[b]\n', id="directive, comment"
        ),
        pytest.param("a=1\r\nb=2\r\nc=3\n", 'a=1\r\nb=2\r\nc=3\nk = "v"\r\n', id="mostly CRLF"),
        pytest.param("a=1\r\nb=2\nc=3", 'a=1\r\nb=2\nc=3\nk = "v"\n', id="as many CRLF as LF"),
        pytest.param("a=1\r\nb=2", 'a=1\r\nb=2\r\nk = "v"\r\n', id="CRLF, no final newline"),
        pytest.param("k='x' # c", 'k="v" # c', id="value without an ending"),
        pytest.param("k = '''\nx\n''' # c\n", 'k = "v" # c\n', id="multi-line value"),
        pytest.param("k = [1,\n2]\n", 'k = "v"\n', id="array value"),
        pytest.param("k = 1979-05-27 07:32:00 # c\n", 'k = "v" # c\n', id="date value"),
        pytest.param('"\\u006b" = 1\n', '"\\u006b" = "v"\n', id="escaped key"),
        pytest.param("k = 'v'\n", "k = 'v'\n", id="right already"),
        pytest.param('k = "\\x76"\n', 'k = "\\x76"\n', id="right already, TOML 1.1"),
    ],
)
def test_root_key(text: str, after: str) -> None:
    edit = plan(text, {("k",): "v"})
    assert edit.after == after
    assert edit.changed == (text != after)


NEW_TABLE = '[p.new]\nk = "v"\nl = true\n'
INLINE = 'new = { k = "v", l = true }'


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("", NEW_TABLE, id="empty"),
        pytest.param("a = 1", "a = 1\n\n" + NEW_TABLE, id="no final newline"),
        pytest.param("a = 1\n\n", "a = 1\n\n" + NEW_TABLE, id="blank line at the end"),
        pytest.param("a = 1\n \t", "a = 1\n \t\n" + NEW_TABLE, id="blanks at the end"),
        pytest.param("# c\n", "# c\n\n" + NEW_TABLE, id="comment"),
        pytest.param("[p]\n", "[p]\n\n" + NEW_TABLE, id="parent"),
        pytest.param("[[a]]\n[a.b]\n", "[[a]]\n[a.b]\n\n" + NEW_TABLE, id="array of tables"),
        pytest.param("p.x.a = 1\n", "p.x.a = 1\n\n" + NEW_TABLE, id="dotted sibling"),
        pytest.param(
            "[p.new.sub]\na = 1\n", "[p.new.sub]\na = 1\n\n" + NEW_TABLE, id="only a table below"
        ),
        pytest.param("[p.new]", '[p.new]\nk = "v"\nl = true\n', id="header without an ending"),
        pytest.param(
            "  [p.new] # c\n# d\n",
            '  [p.new] # c\n  k = "v"\n  l = true\n# d\n',
            id="no key yet",
        ),
        pytest.param(
            "[p.new]\n\tl = true\n\n[p.new.sub]\n",
            '[p.new]\n\tl = true\n\tk = "v"\n\n[p.new.sub]\n',
            id="tab and table below",
        ),
        pytest.param(
            "p.new.l = true\na = 1\n", 'p.new.l = true\np.new.k = "v"\na = 1\n', id="dotted"
        ),
        pytest.param(
            "[p]\nnew.a.b = 1\nc = 1\n",
            '[p]\nnew.a.b = 1\nnew.k = "v"\nnew.l = true\nc = 1\n',
            id="dotted in table",
        ),
        pytest.param(
            "p.new.l = true\n[p.new.sub]\n",
            'p.new.l = true\np.new.k = "v"\n[p.new.sub]\n',
            id="dotted with a table below",
        ),
        pytest.param("p = {}\n", "p = { " + INLINE + " }\n", id="empty braces"),
        pytest.param("p = { }\n", "p = { " + INLINE + " }\n", id="blank braces"),
        pytest.param("p={a=1} # c\n", "p={a=1, " + INLINE + "} # c\n", id="one line"),
        pytest.param("p = { a=1 }\n", "p = { a=1, " + INLINE + " }\n", id="one line with blanks"),
        pytest.param("p={a=1,}\n", "p={a=1, " + INLINE + ",}\n", id="trailing comma"),
        pytest.param(
            "p.new = { k = 'v' }\n", "p.new = { k = 'v', l = true }\n", id="inline, one key more"
        ),
        pytest.param(
            "p = {new = {k = '' # c\n}}\n",
            'p = {new = {k = "v", # c\n  l = true\n}}\n',
            id="nested, comment behind the last",
        ),
        pytest.param(
            "p = {x.a = 1, new.l = true}\n",
            'p = {x.a = 1, new.l = true, new.k = "v"}\n',
            id="dotted entries",
        ),
        pytest.param(
            "p = {\n\ta = 1,\n\t# d\n}\n",
            "p = {\n\ta = 1,\n\t" + INLINE + ",\n\t# d\n}\n",
            id="lines, trailing comma, dangling comment",
        ),
        pytest.param(
            "p = {\r\n  a = 1\r\n}\r\n",
            "p = {\r\n  a = 1,\r\n  " + INLINE + "\r\n}\r\n",
            id="lines with CRLF",
        ),
        pytest.param(
            "p = {\n  a = 1 # c\n  ,\n}\n",
            "p = {\n  a = 1 # c\n  ,\n  " + INLINE + ",\n}\n",
            id="comma on a line of its own",
        ),
        pytest.param(
            "p = { a = 1,\n b = 2 }\n", f"p = {{ a = 1,\n b = 2, {INLINE} }}\n", id="mixed"
        ),
        pytest.param("  p = {\n  }\n", f"  p = {{\n    {INLINE}\n  }}\n", id="empty lines"),
        pytest.param("p = { # c\n}\n", f"p = {{ # c\n  {INLINE}\n}}\n", id="comment in the braces"),
    ],
)
def test_keys_of_a_table(text: str, after: str) -> None:
    edit = plan(text, {K: "v", L: True})
    assert edit.after == after
    assert not plan(after, {K: "v", L: True}).changed


def test_keys_come_in_the_order_asked_for_and_root_keys_above_tables() -> None:
    values = {("p", "a", "z"): 1, ("p", "a", "b"): 2, ("r",): 3, ("p", "c", "k"): 4, ("q",): 5}
    assert plan("", values).after == "r = 3\nq = 5\n\n[p.a]\nz = 1\nb = 2\n\n[p.c]\nk = 4\n"
    assert plan("a = 1", values).after == (
        "a = 1\nr = 3\nq = 5\n\n[p.a]\nz = 1\nb = 2\n\n[p.c]\nk = 4\n"
    )


def test_names_are_quoted_where_they_have_to_be() -> None:
    assert plan("", {("p", 'a."b"', ""): "x\ny"}).after == '[p."a.\\"b\\""]\n"" = "x\\ny"\n'


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        pytest.param("a = 1\na = 2\n", 'key "a" is defined twice', 2, id="defined twice"),
        pytest.param("a = [\n", "", 1, id="not TOML"),
        pytest.param("[[p]]\n", '"p" is an array of tables where a table belongs', 1, id="array"),
        pytest.param("\n[[p.new]]\n", '"p.new" is an array of tables', 2, id="array below"),
        pytest.param("a = 1\np = 2\n", '"p" is a value where a table belongs', 2, id="value"),
        pytest.param("[p]\nnew = []\n", '"p.new" is a value where a table', 2, id="array value"),
        pytest.param("p = { new = 1 }", '"p.new" is a value where a table', 1, id="inline value"),
        pytest.param("\n[p.new.k]\n", '"p.new.k" is a table where a single value', 2, id="table"),
        pytest.param("p.new.k.x = 1\n", '"p.new.k" is a table where', 1, id="dotted table"),
        pytest.param("p.new.k = {}\n", '"p.new.k" is a table where', None, id="inline table"),
        pytest.param(
            "p.new.k = [ # why\n]\n", '"p.new.k" is an array where', 1, id="array with a comment"
        ),
    ],
)
def test_a_file_that_codex_cannot_load_either_is_refused(
    text: str, reason: str, line: int | None
) -> None:
    with pytest.raises(EditRefused) as caught:
        plan(text, {K: "v"})
    assert caught.value.reason.startswith(reason)
    assert caught.value.fault == "file"
    assert caught.value.line == line


def test_a_valid_file_that_no_parser_reads_is_the_editors_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_toml, "_tomllib_loads", None)
    out_of_order = "[a.b]\n[a.b.c.x]\n[a.b.c]\n[[a.d]]\n[a.b.c.y]\n"
    for attempt in (_toml_edit.read, lambda text: plan(text, {("k",): "v"})):
        with pytest.raises(EditRefused, match="the order of tables") as caught:
            attempt(out_of_order)
        assert (caught.value.fault, caught.value.line) == ("editor", 5)


def test_a_file_is_read_or_refused_for_a_fault_of_its_own() -> None:
    assert _toml_edit.read("\ufeffa = 1\n") == {"a": 1}
    with pytest.raises(EditRefused, match=r'line 2: key "a" is defined twice') as caught:
        _toml_edit.read("a = 1\na = 2\n")
    assert caught.value.fault == "file"


@pytest.mark.parametrize("error", [RecursionError(), _toml_layout.LayoutError("unclear", 1)])
def test_a_layout_that_is_not_understood_is_the_editors_fault(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(text: str) -> t.NoReturn:
        del text
        raise error

    monkeypatch.setattr(_toml_edit, "scan", fail)
    with pytest.raises(EditRefused, match=r"nested too deeply|not understood") as caught:
        plan("a = 1\n", {("k",): "v"})
    assert caught.value.fault == "editor"


def _blind(text: str, statements: t.Any, root: t.Any, values: t.Any) -> t.Any:
    del statements, root, values
    return (_toml_edit.Replacement(len(text), "", "swallowed = 1\n"),)


def _torn(text: str, statements: t.Any, root: t.Any, values: t.Any) -> t.Any:
    del statements, root, values
    return (_toml_edit.Replacement(len(text), "", "torn = \n"),)


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
        (_blind, "the result would say more than what was asked for"),
        (_torn, "the result would not be TOML"),
    ],
)
def test_a_result_of_another_meaning_is_never_handed_out(
    mistake: t.Callable[..., t.Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_toml_edit, "insertions", mistake)
    with pytest.raises(EditRefused) as caught:
        plan("a = 1\n", {("k",): "v"})
    assert caught.value.fault == "editor"
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("set_values", "remove"),
    [
        pytest.param({("a",): 1, ("a", "b"): 1}, (), id="value and table"),
        pytest.param({("a", "b"): 1}, [("a",)], id="remove above"),
        pytest.param({("a",): 1}, [("a", "b")], id="remove below"),
        pytest.param({("a",): 1}, [("a",)], id="set and remove"),
        pytest.param({(): 1}, (), id="no key"),
        pytest.param({("a",): "\ud800"}, (), id="lone surrogate"),
    ],
)
def test_a_contradictory_request_is_a_mistake_of_the_caller(
    set_values: dict[_toml.KeyPath, _toml.Scalar], remove: t.Collection[_toml.KeyPath]
) -> None:
    with pytest.raises(ValueError):
        plan("", set_values, remove)


@pytest.mark.parametrize(
    ("remove", "told"),
    [
        ([()], "a path needs at least one key"),
        ([("a",), ("a", "b")], "('a',) and ('a', 'b') cannot be edited together"),
    ],
)
def test_a_mistake_of_the_caller_is_named(remove: list[_toml.KeyPath], told: str) -> None:
    with pytest.raises(ValueError) as caught:
        plan("", {}, remove)
    assert str(caught.value) == told


def test_revert_needs_the_text_that_the_edit_left() -> None:
    edit = plan("a = 1 # c\n[p.new]\nk = 1\n", {K: "v", L: True, ("a",): 2})
    assert _toml_edit.revert(edit.after, edit.replacements) == edit.before
    with pytest.raises(_toml_edit.TextMismatch):
        _toml_edit.revert(edit.after.replace("l = true", "l = false"), edit.replacements)
