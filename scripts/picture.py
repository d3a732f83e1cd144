# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw docs/images/before-after.svg from what the demonstration really prints.

Run it after `make demo` has worked: `.venv/bin/python scripts/picture.py`.
"""

from __future__ import annotations

import re
import sys
import textwrap
import typing as t
from xml.sax.saxutils import escape

import demo
from support.client import ClientMissing

PICTURE = demo.REPOSITORY / "docs/images/before-after.svg"

# Wider, and the picture is too small to read where a page is as wide as a repository's.
COLUMNS = 110
FONT_SIZE = 14
CHARACTER = 8.43
LINE = 21
MARGIN = 18
BAR = 34
GAP = 16

BACKGROUND = "#1e222a"
BAR_COLOUR = "#2b303b"
EDGE = "#3b4252"
PLAIN = "#d8dee9"
FAINT = "#8f9bb3"
COLOURS = (
    (re.compile(r"^\S+[$] "), "#8fbf7f"),
    (re.compile(r"Reconnecting\.\.\. \d/\d"), "#ebcb8b"),
    (re.compile(r"^  \(([5-9]|\d\d+)\.\d s\)$"), "#e0707a"),
    (re.compile(r"^  \([0-4]\.\d s\)$"), "#8fbf7f"),
    # A verdict stands before its cause; a host may have the same name.
    (re.compile(r"\b(websocket_blocked|network_unreachable)(?= \()"), "#e0707a"),
    (re.compile(r"\b(healthy|http_only)(?= \()"), "#8fbf7f"),
)


class Window(t.NamedTuple):
    """One terminal window of the picture."""

    title: str
    lines: list[str]


def windows(scenes: t.Sequence[demo.Scene]) -> list[Window]:
    """Choose what tells the story: the blocked laptop before, the cure, the same laptop after."""
    turns = [scene for scene in scenes if scene.prompt == "dev@blocked$"]
    cures = [scene for scene in scenes if scene.command.endswith(".remediate")]
    return [
        Window("before", wrapped(turns[0].typed())),
        Window("the cure", wrapped(cures[0].typed())),
        Window("after", wrapped(turns[-1].typed())),
    ]


def wrapped(lines: t.Iterable[str]) -> list[str]:
    """Return `lines` with those wider than the picture broken between words, as deep as before."""
    return [part for line in lines for part in _parts(line) or [""]]


def _parts(line: str) -> list[str]:
    indentation = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line,
        COLUMNS,
        subsequent_indent=indentation,
        break_long_words=False,
        break_on_hyphens=False,
    )


def svg(shown: t.Sequence[Window]) -> str:
    """Return the picture: the windows below each other, as wide as the longest line."""
    columns = max(len(line) for window in shown for line in window.lines)
    width = round(columns * CHARACTER + 2 * MARGIN)
    parts: list[str] = []
    top = 1
    for window in shown:
        height = BAR + MARGIN + LINE * len(window.lines)
        parts += drawn(window, top, width, height)
        top += height + GAP
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2} {top - GAP + 1}"'
            f' width="{width + 2}" height="{top - GAP + 1}" role="img" font-size="{FONT_SIZE}"'
            ' font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, '
            "'DejaVu Sans Mono', monospace\">",
            "<title>A turn of the Codex client before and after devfleet.codex.remediate</title>",
            *parts,
            "</svg>",
            "",
        )
    )


def drawn(window: Window, top: int, width: int, height: int) -> t.Iterator[str]:
    middle = top + BAR / 2
    yield (
        f'<rect x="1" y="{top}" width="{width}" height="{height}" rx="9"'
        f' fill="{BACKGROUND}" stroke="{EDGE}"/>'
    )
    yield (
        f'<path d="M1 {top + BAR}v-{BAR - 9}a9 9 0 0 1 9 -9h{width - 18}a9 9 0 0 1 9 9v{BAR - 9}z"'
        f' fill="{BAR_COLOUR}"/>'
    )
    for number, colour in enumerate(("#e0707a", "#ebcb8b", "#8fbf7f")):
        yield f'<circle cx="{20 + 19 * number}" cy="{middle}" r="5.5" fill="{colour}"/>'
    yield (
        f'<text x="{width / 2}" y="{middle + 5}" fill="{FAINT}" text-anchor="middle">'
        f"{escape(window.title)}</text>"
    )
    for number, line in enumerate(window.lines):
        if line:
            yield text(line, MARGIN, top + BAR + LINE * (number + 1) + 2)


def text(line: str, left: int, baseline: int) -> str:
    """Return one line; its length is fixed, so that it fits whatever font the viewer has."""
    body = line.lstrip()
    indent = len(line) - len(body)
    start = round(left + indent * CHARACTER, 1)
    length = round(len(body) * CHARACTER, 1)
    spans = "".join(
        f'<tspan fill="{colour}">{escape(part)}</tspan>' for part, colour in coloured(line) if part
    )
    return (
        f'<text x="{start}" y="{baseline}" textLength="{length}" lengthAdjust="spacingAndGlyphs"'
        f' xml:space="preserve">{spans}</text>'
    )


def coloured(line: str) -> t.Iterator[tuple[str, str]]:
    """Split `line`, without its indentation, into parts and the colour of each."""
    marks = sorted(
        (found.start(), found.end(), colour)
        for pattern, colour in COLOURS
        for found in pattern.finditer(line)
    )
    position = len(line) - len(line.lstrip())
    for start, end, colour in marks:
        begin = max(start, position)
        if begin >= end:
            continue
        yield line[position:begin], PLAIN
        yield line[begin:end], colour
        position = end
    yield line[position:], PLAIN


def main() -> int:
    try:
        picture = svg(windows(list(demo.demonstrate())))
    except (demo.DemoFailed, ClientMissing, TimeoutError) as error:
        print(f"picture: {error}", file=sys.stderr)
        return 1
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture, encoding="utf-8")
    print(PICTURE.relative_to(demo.REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
