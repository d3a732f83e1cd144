# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changed lines of a configuration file, fit to be shown.

This module util is PRIVATE to the collection. No context: the neighbours of a
changed line may be secrets, and so may the rest of a line that is not ours.
"""

from __future__ import annotations

import collections
import difflib
import re
import typing as t

from ._proxy_url import shown
from ._text import clean

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
_VARIABLE = re.compile(
    r"""
    \s* (?P<head> (?:export\s+)? (?P<name> (?:https?|all|no)_proxy ) \s* = \s* )
    (?: (?P<quote>['"]) (?P<quoted>[^'"\\]*) (?P=quote) | (?P<bare>[^\s'"\\]*) )
    (?: \s+ \#.* | \s* )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_HOSTS = re.compile(r"[\w.:,*/\[\] -]*", re.ASCII)
_LONG = 1000
"""Lines of a file of which it is only counted which are there: to align them takes too long."""
_HIDDEN = "(a line that holds other settings too)"


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines of a TOML file that are gone and those that are new, a text each."""
    return _changed(before, after, _shown)


def changed_variables(before: bytes | None, after: bytes | None) -> tuple[str, str]:
    """The lines of a ``.env`` file that are gone and those that are new, a text each.

    Of the proxy variables the host and port are shown, nothing of any other line.
    """
    texts = [(data or b"").decode("utf-8", "replace") for data in (before, after)]
    return _changed(texts[0], texts[1], _shown_variable)


def _changed(before: str, after: str, line_shown: t.Callable[[str], str]) -> tuple[str, str]:
    old, new = before.splitlines(), after.splitlines()
    if len(old) > _LONG:
        fewer, more = _surplus(old, new), _surplus(new, old)
        return _as_text(map(line_shown, fewer)), _as_text(map(line_shown, more))
    gone: list[str] = []
    come: list[str] = []
    for tag, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            gone += [line_shown(line) for line in old[old_from:old_to]]
            come += [line_shown(line) for line in new[new_from:new_to]]
    return _as_text(gone), _as_text(come)


def _surplus(lines: list[str], others: list[str]) -> t.Iterator[str]:
    """Yield the lines of which ``others`` has fewer, wherever they stand, in linear time."""
    left = collections.Counter(others)
    for line in lines:
        left[line] -= 1
        if left[line] < 0:
            yield line


def _shown(line: str) -> str:
    if not line.strip():
        return ""
    match = _OURS.match(line)
    return _without_secrets(match.group(0)) if match else _HIDDEN


def _shown_variable(line: str) -> str:
    if not line.strip():
        return ""
    match = _VARIABLE.fullmatch(line)
    if match is None:
        return _HIDDEN
    quote, value = match["quote"] or "", match["quoted"] or match["bare"] or ""
    if value and match["name"].lower() != "no_proxy":
        value = shown(value)
    elif not _HOSTS.fullmatch(value):
        value = "***"
    return clean(f"{match['head']}{quote}{value}{quote}")


def _without_secrets(line: str) -> str:
    # A password may hold any character, and a key may stand in the query.
    address = _ADDRESS.fullmatch(line)
    if address is None:
        return line
    userinfo = "***@" if "@" in line else ""
    rest = "?***" if address["rest"] else ""
    return f"{address['before']}{userinfo}{address['place']}{rest}{address['after']}"


def _as_text(lines: t.Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
