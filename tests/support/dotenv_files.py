# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any number of `.env` files, most of them with something in them that parsers disagree about."""

from __future__ import annotations

import random
import typing as t

SHOWN = "SSL_CERT_FILE"
"""The variable whose value `codex doctor` shows (client 0.169.0)."""
NAMES = (
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    SHOWN,
    "A",
    "_b.C",
    "CODEX_X",
    "codex_y",
    "LONG_1",
)
_PROBE = "<${NO_PROXY}|${A}|${_b.C}|${CODEX_X}|${LONG_1}|$A>"
_STARTS = ("", "", "", "", "export ", "export\t", "  ", "\t", "# ", "#", "set ", "\u00a0", "export")
_SIGNS = ("=", "=", "=", "=", "=", " = ", "= ", "=\t", " =", ": ", " ", "", "==")
_PARTS = (
    *("http:h", "x", "a.b", "0", "é", "-", "/x", "="),
    *("'", '"', "\\", "$", "#", " ", "\t", "{", "}", "$A", "${A}", "$A_y", "$é", "${", "$$A"),
    *(
        "\\n",
        "\\'",
        '\\"',
        "\\$",
        "\\ ",
        "\\\\",
        "\\x",
        " # n",
        "  # don't",
        "\n",
        "\u3000",
        "\x0b",
    ),
    *(
        "'q r'",
        '"d e"',
        '"$A"',
        '"${A}"',
        "'$A'",
        '"$A "',
        "''",
        '""',
        "'it\\'s'",
        "$LONG_1.",
        "\x1f",
    ),
)
_ENDS = ("\n", "\n", "\n", "\n", "\n", "\r\n", " \n", "\t \n", " # note\n", "  # note\n", "\\\n")
_LAST = ("", " ", "  ", "\t", "\\", "'", '"', " #", "\r", "\n\n")


def some_file(chance: random.Random) -> bytes:
    """Return the bytes of one file; most end with a line that shows what the others set."""
    lines = [_line(chance) for _number in range(chance.randint(1, 6))]
    if chance.random() < 0.6:
        lines.append(f'{SHOWN}="{_PROBE}"\n')
    text = "".join(lines)
    if chance.random() < 0.2:
        text = text.rstrip("\n") + chance.choice(_LAST)
    if chance.random() < 0.1:
        text = "\ufeff" + text
    data = text.encode()
    if chance.random() < 0.1:
        position = chance.randrange(len(data) + 1)
        data = data[:position] + chance.choice((b"\xe9", b"\0", b"\xed\xa0\x80")) + data[position:]
    return data


def _line(chance: random.Random) -> str:
    name = chance.choice(NAMES)
    value = "".join(chance.choice(_PARTS) for _part in range(chance.randint(0, 5)))
    quote = chance.choice(("", "", "'", '"'))
    return "".join(
        (
            chance.choice(_STARTS),
            name,
            chance.choice(_SIGNS),
            quote,
            value,
            quote,
            chance.choice(_ENDS),
        )
    )


def files(seed: int) -> t.Iterator[bytes]:
    """Yield files without end, the same ones for the same `seed`."""
    chance = random.Random(seed)
    while True:
        yield some_file(chance)
