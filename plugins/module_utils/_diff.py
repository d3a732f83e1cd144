# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changed lines of a configuration file, fit to be shown.

This module util is PRIVATE to the collection. No context: the neighbours of a
changed line may be secrets, and so may the rest of a line that is not ours.
"""

from __future__ import annotations

import difflib
import re

_OURS = re.compile(
    r"""
    \s*
    (?: \[ [^\]=]* \]                       # a header
      | (?: [\w"'.-]+ \s*\.\s* )*           # the path of a dotted key
        ["']?(?:model_provider|name|wire_api|requires_openai_auth|supports_websockets|base_url)["']?
        \s* = \s*
        (?: true | false | "[^"\\]*" | '[^']*' )
    )
    (?= \s* (?:\#.*)? $ )
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(
    r"""(?P<before>.*?://)(?:.*@)?(?P<place>[^@?\#"']*)(?P<rest>[^"']*)(?P<after>.*)"""
)
_HIDDEN = "(a line that holds other settings too)"


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines of ``before`` that are gone and those of ``after`` that are new, a text each."""
    old, new = before.splitlines(), after.splitlines()
    gone: list[str] = []
    come: list[str] = []
    for tag, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            gone += [_shown(line) for line in old[old_from:old_to]]
            come += [_shown(line) for line in new[new_from:new_to]]
    return _as_text(gone), _as_text(come)


def _shown(line: str) -> str:
    if not line.strip():
        return ""
    match = _OURS.match(line)
    return _without_secrets(match.group(0)) if match else _HIDDEN


def _without_secrets(line: str) -> str:
    # A password may hold any character, and a key may stand in the query.
    address = _ADDRESS.fullmatch(line)
    if address is None:
        return line
    userinfo = "***@" if "@" in line else ""
    rest = "?***" if address["rest"] else ""
    return f"{address['before']}{userinfo}{address['place']}{rest}{address['after']}"


def _as_text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
