# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was killed while it wrote has left beside a file, told by name and bytes.

This module util is PRIVATE to the collection. Under the name of a temporary
file lie our new bytes until they and the file change places; from then on,
what was displaced. That is what had been read before, or what another program
has written since, which is to be kept. The name tells by digests which bytes
had been read and which were to come.
"""

from __future__ import annotations

import hashlib
import re
import typing as t

SUFFIX = ".devfleet"

_DIGITS = 16
_NO_FILE = "0" * _DIGITS
_NAME = re.compile(r"\.(.+?)(?:\.([0-9a-f]{16})([0-9a-f]{16}))?\.[a-z0-9_]{8}\.devfleet", re.DOTALL)

Owner = t.Literal["ours", "theirs", "unknown"]


class Leftover(t.NamedTuple):
    """The name of a temporary file, taken apart."""

    name: str
    """The file's beside which it lies."""
    before: str | None
    """The digest of what had been read there; None where nothing was to be displaced."""
    after: str | None
    """The digest of what was to be there, of no file too."""


def prefix(name: str, before: bytes | None, after: bytes | None) -> str:
    """What the name of a temporary file begins with; eight characters and ``SUFFIX`` follow.

    ``before`` is what is to be displaced at ``name``, ``after`` what is to be there; None: no file.
    """
    if before is None:
        return f".{name}."
    return f".{name}.{_digest(before)}{_digest(after)}."


def parsed(name: str) -> Leftover | None:
    """Take the name of a temporary file apart; None for any other."""
    found = _NAME.fullmatch(name)
    return Leftover(found[1], found[2], found[3]) if found else None


def owner(left: Leftover, data: bytes, there: bytes | None) -> Owner:
    """Whose the bytes ``data`` of a temporary file are, given those ``there`` in the file.

    "ours" may be removed. "theirs" was displaced by our bytes, which are still there. "unknown"
    is what another program may have written, or what we had begun to write.
    """
    if left.before is None or _digest(data) in (left.before, left.after):
        return "ours"
    now = _digest(there)
    if now == left.before:
        # Not displaced yet, or written once more.
        return "ours"
    if now == left.after:
        return "theirs"
    return "unknown" if data else "ours"


def _digest(data: bytes | None) -> str:
    return _NO_FILE if data is None else hashlib.sha256(data).hexdigest()[:_DIGITS]
