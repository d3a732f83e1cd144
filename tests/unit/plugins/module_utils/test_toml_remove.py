# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing keys and tables from TOML: what goes, and that every comment stays."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._toml_edit import EditRefused, plan

KeyPath = tuple[str, ...]

X = ("p", "x")
Y = ("p", "y")


@pytest.mark.parametrize(
    ("text", "paths", "after"),
    [
        pytest.param("a=1\nk=1\nb=2\n", [("k",)], "a=1\nb=2\n", id="key"),
        pytest.param("a=1\nk=1", [("k",)], "a=1\n", id="key without an ending"),
        pytest.param("  k = 1 # why\nb=2\n", [("k",)], "  # why\nb=2\n", id="comment behind"),
        pytest.param("# about k\nk=1\nb=2\n", [("k",)], "# about k\nb=2\n", id="comment above"),
        pytest.param(
            "k = [ # one\n  1, # two\n  2\n]\r\nb=2\n", [("k",)], "# one\n# two\nb=2\n", id="array"
        ),
        pytest.param("k = '''\nb=1\n'''\nb=2\n", [("k",)], "b=2\n", id="multi-line string"),
        pytest.param("a=1\n", [("k",), ("a", "b")], "a=1\n", id="not there"),
        pytest.param("[[p]]\nx=1\n", [X], "[[p]]\nx=1\n", id="within an array of tables"),
        pytest.param("[p.x]\na=1\n", [X], "", id="only table"),
        pytest.param("a=1\n\n[p.x]\nb=1\n", [X], "a=1\n", id="table at the end"),
        pytest.param("a=1\n\n\n[p.x]\nb=1\n", [X], "a=1\n\n", id="two blank lines above"),
        pytest.param("[a]\n\n[p.x]\nb=1\n\n[c]\n", [X], "[a]\n\n[c]\n", id="table in between"),
        pytest.param("[a]\n[p.x]\nb=1\n\n[c]\n", [X], "[a]\n\n[c]\n", id="blank line below only"),
        pytest.param("[a]\n\n[p.x]\nb=1\n[c]\n", [X], "[a]\n\n[c]\n", id="blank line above only"),
        pytest.param("[p.x]\nb=1\n\n[c]\n", [X], "[c]\n", id="table at the top"),
        pytest.param("[p.x]\n\n[p.x.h]\n\n[c]\n", [X], "[c]\n", id="two tables at the top"),
        pytest.param("a=1\n\n[p.x]\n\n[p.x.h]\n", [X], "a=1\n", id="two tables at the end"),
        pytest.param(
            "#:schema s\nk=1\n\n[c]\n", [("k",)], "#:schema s\n[c]\n", id="below a directive"
        ),
        pytest.param("# c\n\nk=1\n\n[c]\n", [("k",)], "# c\n\n[c]\n", id="key in between"),
        pytest.param("a=1\n  \nk=1\n\n[c]\n", [("k",)], "a=1\n  \n[c]\n", id="emptier line goes"),
        pytest.param(
            "[p.x] # h\na=1 # n\n# end\n\n# c\n[c]\n",
            [X],
            "# h\n# n\n# end\n\n# c\n[c]\n",
            id="comments of a table",
        ),
        pytest.param("[p.x.h]\na=1\n[c]\n[p.x]\nb=1\n[[p.x.l]]\n", [X], "[c]\n", id="in parts"),
        pytest.param("[[p]]\nx=1\n[p.q]\n[[p]]\n[c]\n", [("p",)], "[c]\n", id="array of tables"),
        pytest.param("p.x.a=1\nb=1\np.x.c=1\n", [X], "b=1\n", id="dotted keys"),
        pytest.param("p.x.a.b=1\nb=1\n", [(*X, "a", "b")], "b=1\n", id="all of a dotted key"),
        pytest.param("[p]\nx.a=1\ny=1\n", [X], "[p]\ny=1\n", id="dotted keys in a table"),
        pytest.param("[p]\n[p.xx]\n[p.x]\n", [X], "[p]\n[p.xx]\n", id="longer name stays"),
        pytest.param("\ufeff[p.x]\n", [X], "\ufeff", id="byte order mark"),
        pytest.param("a=1\r\n\r\n[p.x]\r\nb=1\r\n", [X], "a=1\r\n", id="CRLF"),
    ],
)
def test_statements_go(text: str, paths: list[KeyPath], after: str) -> None:
    edit = plan(text, {}, paths)
    assert edit.after == after
    assert edit.changed == (text != after)


@pytest.mark.parametrize(
    ("text", "paths", "after"),
    [
        pytest.param("p = { x = 1 }\n", [X], "p = { }\n", id="only entry"),
        pytest.param("p={x=1,y=2}\n", [X], "p={y=2}\n", id="first"),
        pytest.param("p={x=1,y=2}\n", [Y], "p={x=1}\n", id="last"),
        pytest.param("p={x=1,y=2}\n", [X, Y], "p={}\n", id="both"),
        pytest.param("p = { x = 1, y = 2, z = 3 }\n", [Y], "p = { x = 1, z = 3 }\n", id="middle"),
        pytest.param("p={z=1,x=1,y=2}\n", [X, Y], "p={z=1}\n", id="the last two"),
        pytest.param("p={x=1,y=2,}\n", [Y], "p={x=1,}\n", id="trailing comma"),
        pytest.param("p={x.a=1, y=1, x.b=2}\n", [X], "p={y=1}\n", id="dotted"),
        pytest.param("p={x={a=1,b=2}}\n", [(*X, "a")], "p={x={b=2}}\n", id="nested"),
        pytest.param("p.x={a=1,b=2}\n", [(*X, "b")], "p.x={a=1}\n", id="below a dotted key"),
        pytest.param("p={\n  x=1,\n  y=2,\n}\n", [X], "p={\n  y=2,\n}\n", id="line"),
        pytest.param("p={\n  x=1,\n  y=2\n}\n", [Y], "p={\n  x=1\n}\n", id="last line"),
        pytest.param("p={\r\n x=1,\r\n y=2\r\n}\r\n", [X], "p={\r\n y=2\r\n}\r\n", id="CRLF"),
        pytest.param(
            "p={\n  x=1, # cx\n  y=2 # cy\n}\n", [X], "p={\n  # cx\n  y=2 # cy\n}\n", id="comment"
        ),
        pytest.param(
            "p={\n  x=1, # cx\n  y=2 # cy\n}\n", [Y], "p={\n  x=1 # cx\n # cy\n}\n", id="comments"
        ),
        pytest.param("p={\n x=1 # cx\n ,y=2}\n", [X], "p={\n # cx\n y=2}\n", id="late comma"),
        pytest.param(
            "p={x=1,\n  y=[ # in\n 1]\n}\n", [Y], "p={x=1\n# in\n\n}\n", id="comment in the last"
        ),
        pytest.param(
            "p={\n  x={ # in\n  a=1},\n  y=2\n}\n",
            [X],
            "p={\n  # in\n\n  y=2\n}\n",
            id="comment inside",
        ),
    ],
)
def test_entries_of_inline_tables_go(text: str, paths: list[KeyPath], after: str) -> None:
    assert plan(text, {}, paths).after == after


def test_a_table_can_be_removed_while_keys_are_set() -> None:
    text = "model_provider = 'x' # mine\n\n[p.x]\na=1\n\n[c]\n"
    edit = plan(text, {("model_provider",): "openai", ("p", "y", "b"): 2}, [X])
    assert edit.after == 'model_provider = "openai" # mine\n\n[c]\n\n[p.y]\nb = 2\n'
    assert "".join(replacement.old for replacement in edit.replacements) == "'x'\n[p.x]\na=1\n"
    assert edit.before == text


def test_no_line_is_blamed_after_a_removal_has_moved_the_lines() -> None:
    with pytest.raises(EditRefused, match=r'"p\.y" is a value') as caught:
        plan("[p.x]\na=1\n[p]\ny=1\n", {("p", "y", "b"): 2}, [X])
    assert caught.value.line is None


def test_a_table_replaced_by_one_of_another_name_needs_no_old_layout() -> None:
    edit = plan("a=1\n\n[p.x]\nb=1\n", {("p", "y", "b"): 2}, [X])
    assert edit.after == "a=1\n\n[p.y]\nb = 2\n"
    assert edit.before == "a=1\n\n[p.x]\nb=1\n"
