# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers and names in sentences. Pure.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

_MOST_NAMES = 5
_NAME = 60
_CLAIM = " Nothing was changed."


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 host``, ``2 hosts``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def without_claim(said: str) -> str:
    """What a module says of its own failure, for a machine on which something else was changed."""
    return said.removesuffix(_CLAIM)


def of_the_role(said: str) -> str:
    """What a module says of its own option, about the role's variable that the user has given."""
    return re.sub("^https_proxy ", "reconnect_proxy ", said)


def named(names: t.Sequence[str]) -> str:
    """The first few of ``names``, and how many others there are."""
    shown = ", ".join(clean(name, _NAME) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {count(more, 'other')}" if more > 0 else shown
