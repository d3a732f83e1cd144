# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine may say to harm whoever reads it: terminals, templates, loaders, pages, sheets."""

from __future__ import annotations

import re

UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)
"""What moves the cursor, colours, rings, hides or turns the text around it."""

TERMINAL = (
    "\x1b[31mred\x1b[0m \x1b[2J \x1b]0;title\x07 \x1b]52;c;ZXZpbA==\x1b\\ \x9b31m \x9d0;t\x9c "
    "back\b\b\r ok \u202egnp.exe \u2066in\u2069 \u200bzero\ufeff \x7f \x00"
)
FORGED = "\nPLAY RECAP ****\nforged : ok=1 changed=0\r\n"


def templates(touched: str) -> str:
    """What would touch the file `touched` on whatever takes it for a template."""
    return (
        f"{{{{ lookup('ansible.builtin.pipe', 'touch {touched}') }}}} "
        f"{{% set x = lookup('pipe', 'touch {touched}') %}} {{# note #}} "
        f"$(touch {touched}) `touch {touched}`"
    )


LOADERS = '!unsafe a !vault | b !!python/object/apply:os.system ["true"] &a *a <<: x'
PAGES = "<script>alert(1)</script><b>bold</b>&amp;"
SHEETS = ('=HYPERLINK("http://x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1")

PAYLOAD = " ".join(
    ("hostile", TERMINAL, FORGED, templates("/nowhere"), LOADERS, PAGES, *SHEETS, "\ud800")
)
"""All of it in one."""
