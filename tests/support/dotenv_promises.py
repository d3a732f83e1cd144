# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every reading and for every edit of a `.env` file, whatever is in it."""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from ansible_collections.devfleet.codex.plugins.module_utils._dotenv_edit import (
    Edit,
    EditRefused,
    plan,
    revert,
)

from .dotenv_client import ENVIRONMENT


def check_reading(data: bytes, environment: t.Mapping[str, str]) -> None:
    """Check that a reading of `data` says where everything in it stands."""
    reading = _dotenv.read(data, environment)
    text = _dotenv.text_of(data)
    assert _dotenv.bytes_of(text) == data
    position = 0
    for one in reading.assignments:
        assert position <= one.start <= one.value_start <= one.value_end <= one.end <= len(text)
        assert text[: one.start].count("\n") == one.line - 1
        assert one.name in text[one.start : one.value_start]
        position = one.end
    lines = [dropped.line for dropped in reading.dropped]
    assert lines == sorted(set(lines))
    for dropped in reading.dropped:
        assert dropped.reason in _dotenv.REASONS
        assert text[: dropped.start].count("\n") == dropped.line - 1
        assert (dropped.opened is None) == (
            dropped.reason not in ("unterminated_quote", "inside_quotes")
        )
        assert dropped.name is None or dropped.name in text[dropped.start : dropped.end]


def checked_edit(
    data: bytes | None,
    set_values: t.Mapping[str, str],
    remove: t.Collection[str] = (),
    environment: t.Mapping[str, str] | None = None,
) -> Edit:
    """Return the plan, after a look at what holds for every plan. Raises as `plan` does."""
    environment = environment or {}
    edit = plan(data, set_values, remove, environment)
    before = _dotenv.effective(_dotenv.read(data or b"", environment))
    after = _dotenv.effective(_dotenv.read(edit.after, environment))
    assert edit.before == (data or b"")
    assert edit.changed == (edit.after != edit.before)
    assert revert(edit.after, edit.replacements) == edit.before
    assert not plan(edit.after, set_values, remove, environment).changed
    assert {name: after.get(name) for name in set_values} == set_values
    assert not set(remove) & set(after)
    others = (before.keys() | after.keys()) - set(set_values) - set(remove)
    assert {name for name in others if before.get(name) != after.get(name)} == set(edit.followers)
    return edit


def has_a_reason(data: bytes, touched: t.Collection[str], refused: EditRefused) -> bool:
    """Tell whether the file, edited with ENVIRONMENT, gave cause to refuse it."""
    reading, text = _dotenv.read(data, ENVIRONMENT), _dotenv.text_of(data)
    dropped = {one.reason for one in reading.dropped}
    # The quote that such a value ends with is open once the value is another.
    over_lines = any(
        one.name in touched and "\n" in text[one.start : one.end].rstrip("\r\n")
        for one in reading.assignments
    )
    return refused.line is not None and (
        over_lines or not dropped.isdisjoint({"unterminated_quote", "inside_quotes", "nul_byte"})
    )
