# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that came from a target, made safe to show.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t
import unicodedata

SHORT = 300
"""Characters kept of a value that is shown to a person."""


def clean(value: t.Any, limit: int = SHORT) -> str:
    """One printable line of at most ``limit`` characters.

    Control, format and surrogate characters (terminal escapes, bidirectional
    overrides, lone surrogates that no UTF-8 encoder takes) become blanks.
    """
    text = value if isinstance(value, str) else _text_of(value)
    shown = text[: limit + 1]
    if not shown.isprintable():
        shown = "".join(
            " " if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") else char
            for char in shown
        )
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def _text_of(value: t.Any) -> str:
    try:
        return str(value)
    except (RecursionError, ValueError):
        # JSON may be nested as deeply, and hold a number as long, as Python will read but not show.
        return f"({type(value).__name__})"
