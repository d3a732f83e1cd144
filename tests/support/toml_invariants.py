# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges an edit of a generated document, knowing nothing of how it was made.

Meaning is judged by tomlrt, layout by comparing lines with what the document says of each of them.
"""

from __future__ import annotations

import enum
import re
import typing as t

import tomlrt

from .toml_documents import BOM, Document, KeyPath, Line, Request

_ABSENT = object()


class Broken(enum.Enum):
    """What an edit can break."""

    MEANING = "I1: the text means something else than it should, or nothing"
    LINE_LOST = "I3: a line that had to stay is gone or ends otherwise"
    COMMENT_LOST = "I4: a comment is gone"
    COMMENT_PARTED = "I4: a line was put between a comment and what it stands on"
    MISPLACED = "I4: a new key does not stand below the last key of its table, or a directive moved"
    LINE_ENDING = "I5: a new line ends otherwise than most lines do"
    BOM = "I5: the byte order mark came or went"
    INDENTATION = "I5: a new key is indented otherwise than the key above it"
    CROWDED = "I5: no blank line, or two, between new tables or first root keys and the rest"
    NOT_UNTOUCHED = "I6: nothing was to be done, and the text is another"


class _Row(t.NamedTuple):
    """A line of the text after; `origin` tells which line of the document it is or was made of."""

    text: str
    ending: str
    origin: int | None


def broken(document: Document, request: Request, after: str) -> set[Broken]:
    """Return what the edit of `document` to `after` breaks of what `request` promises."""
    before = _meaning(document.text)
    steps = _steps(before, request)
    if not steps:
        return set() if after == document.text else {Broken.NOT_UNTOUCHED}
    found = {Broken.BOM} if after.startswith(BOM) != document.bom else set()
    try:
        result = _meaning(after)
    except tomlrt.TOMLError:
        return {*found, Broken.MEANING}
    if _shape(result) != _shape(_expected(before, steps, result)):
        found.add(Broken.MEANING)
    ending = _dominant_ending(document)
    rows = _rows(document, after, ending)
    found.update(_broken_lines(document, rows, {path for path, _step in steps}))
    found.update(_broken_comments(document, after))
    if any(row.ending != ending for row in rows if row.origin is None) and ending is not None:
        found.add(Broken.LINE_ENDING)
    if document.lines[:1] and document.lines[0].kind == "directive" and rows[0].origin != 0:
        found.add(Broken.MISPLACED)
    tables = {path[-1]: path[:-1] for path in request.set_values}
    for start, end in _runs_of_new_rows(rows):
        found.update(_broken_place(document, rows, start, end))
        table = tables.get(_last_key(rows[start].text))
        if table is not None and _has_key_below(document, rows[end:], table):
            found.add(Broken.MISPLACED)
    return found


def changes_meaning(before: str, request: Request, after: str) -> bool:
    """Tell whether `after` means something else than `request` makes of `before` (I1).

    Raises tomlrt.TOMLError where one of the two is no TOML.
    """
    meant = _meaning(before)
    result = _meaning(after)
    return bool(_shape(result) != _shape(_expected(meant, _steps(meant, request), result)))


def _meaning(text: str) -> dict[str, t.Any]:
    return tomlrt.loads(text.removeprefix(BOM)).to_dict()


def _shape(value: t.Any) -> t.Any:
    """Return something that compares equal only for values of the same meaning and type."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return type(value).__name__, repr(value)


def _at(data: t.Any, path: KeyPath) -> t.Any:
    for segment in path:
        data = data.get(segment, _ABSENT) if isinstance(data, dict) else _ABSENT
    return data


def _steps(before: dict[str, t.Any], request: Request) -> list[tuple[KeyPath, t.Any]]:
    """Return the paths at which something is to be done, with the value to set."""
    steps: list[tuple[KeyPath, t.Any]] = [
        (path, _ABSENT) for path in request.remove if _at(before, path) is not _ABSENT
    ]
    for path, value in request.set_values.items():
        if _shape(_at(before, path)) != _shape(value):
            steps.append((path, value))
    return steps


def _expected(
    before: dict[str, t.Any], steps: list[tuple[KeyPath, t.Any]], result: dict[str, t.Any]
) -> dict[str, t.Any]:
    expected = t.cast("dict[str, t.Any]", _copied(before))
    for path, value in steps:
        tables = [expected]
        for segment in path[:-1]:
            tables.append(tables[-1].setdefault(segment, {}))
        if value is not _ABSENT:
            tables[-1][path[-1]] = value
            continue
        del tables[-1][path[-1]]
        for depth in range(len(path) - 1, 0, -1):
            if not tables[depth] and _at(result, path[:depth]) is _ABSENT:
                del tables[depth - 1][path[depth - 1]]
    return expected


def _copied(value: t.Any) -> t.Any:
    return (
        {key: _copied(inner) for key, inner in value.items()} if isinstance(value, dict) else value
    )


def _dominant_ending(document: Document) -> str | None:
    """Return the ending of most lines, None if there is none."""
    crlf = document.endings.count("\r\n")
    lf = document.endings.count("\n")
    if crlf == lf and crlf > 0:
        return None
    return "\r\n" if crlf > lf else "\n"


def _rows(document: Document, after: str, ending: str | None) -> list[_Row]:
    """Return the lines after; a line of the document that is gone lends its place to a new one."""
    # A last line without an ending may get one, which leaves it the same line.
    last = ending or "\n"
    old = [(line.text, end or last) for line, end in zip(document.lines, document.endings)]
    pieces = re.findall(r"([^\n]*?)(\r?\n|\Z)", after.removeprefix(BOM))
    new = [(text, end or last) for text, end in pieces if text or end]
    origins = _aligned(old, new)
    rows: list[_Row] = []
    for index, (text, end) in enumerate(new):
        origin = origins[index]
        if origin is None:
            above = max((row.origin for row in rows if row.origin is not None), default=-1)
            below = min((o for o in origins[index:] if o is not None), default=len(old))
            lost = range(above + 1, below)
            origin = next((o for o in lost if _comes_of(text, old[o][0])), None)
        rows.append(_Row(text, end, origin))
    return rows


def _comes_of(new: str, old: str) -> bool:
    """Tell whether a line is an old one with another value, with more in it, or with less."""
    if not new.strip() or not old.strip():
        return False
    rest = iter(new)
    same_key = "=" in old and new.startswith(old.split("=")[0] + "=")
    return same_key or new.strip() in old or all(character in rest for character in old)


def _aligned(old: list[t.Any], new: list[t.Any]) -> list[int | None]:
    """Return for each new item which old one it is, by a longest common subsequence."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    lengths = [[0] * (len(new) + 1) for _line in range(len(old) + 1)]
    for i in range(len(old) - 1, head - 1, -1):
        row, below = lengths[i], lengths[i + 1]
        for j in range(len(new) - 1, head - 1, -1):
            row[j] = below[j + 1] + 1 if old[i] == new[j] else max(below[j], row[j + 1])
    origins: list[int | None] = list(range(head))
    i = head
    for j in range(head, len(new)):
        while i < len(old) and old[i] != new[j] and lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        if i < len(old) and old[i] == new[j]:
            origins.append(i)
            i += 1
        else:
            origins.append(None)
    return origins


def _broken_lines(
    document: Document, rows: list[_Row], changed: set[KeyPath]
) -> t.Iterator[Broken]:
    lost = sorted(set(range(len(document.lines))) - {row.origin for row in rows})
    blanks = [index for index in lost if document.lines[index].kind == "blank"]
    others = [index for index in lost if index not in blanks]
    if not all(_may_go(document.lines[index], changed) for index in others):
        yield Broken.LINE_LOST
    if len(blanks) > len(others):
        yield Broken.LINE_LOST


def _may_go(line: Line, changed: set[KeyPath]) -> bool:
    """Tell whether the line's statement is, holds or is part of something to be changed."""
    return line.kind in ("key", "header", "inside") and any(
        path[: len(line.path)] == line.path or line.path[: len(path)] == path for path in changed
    )


def _broken_comments(document: Document, after: str) -> t.Iterator[Broken]:
    for line in document.lines:
        for note in re.findall(r"# note \d+;.*", line.text):
            if after.count(note) != 1:
                yield Broken.COMMENT_LOST


def _runs_of_new_rows(rows: list[_Row]) -> t.Iterator[tuple[int, int]]:
    start = None
    for index, row in enumerate([*rows, _Row("", "", -1)]):
        if row.origin is None and start is None:
            start = index
        elif row.origin is not None and start is not None:
            yield start, index
            start = None


def _broken_place(document: Document, rows: list[_Row], start: int, end: int) -> t.Iterator[Broken]:
    """Judge where the new rows from `start` up to `end` stand."""
    above = _line(document, rows[start - 1]) if start else None
    below = _line(document, rows[end]) if end < len(rows) else None
    new = [row.text for row in rows[start:end]]
    if above and below and above.kind == "comment" and below.kind not in ("blank", "inside"):
        yield Broken.COMMENT_PARTED
    headers = [index for index, text in enumerate(new) if text.startswith("[")]
    keys = new[: headers[0]] if headers else new
    if any(text.strip() for text in keys):
        first_root_keys = _are_first_root_keys(document, rows, start)
        if above and above.kind not in ("key", "inside", "header") and not first_root_keys:
            yield Broken.MISPLACED
        if above and above.kind == "key" and _indent(above.text) != _indent(new[0]):
            yield Broken.INDENTATION
        if first_root_keys and below and below.kind != "blank" and new[-1].strip():
            yield Broken.CROWDED
    for index in range(start, end):
        above_is_blank = index == 0 or not rows[index - 1].text.strip()
        if rows[index].text.startswith("[") and not above_is_blank:
            yield Broken.CROWDED
        if not rows[index].text.strip() and above_is_blank:
            yield Broken.CROWDED
    if headers and below and below.kind != "blank" and new[-1].strip():
        yield Broken.CROWDED


def _last_key(text: str) -> str:
    """Return the last segment of the key of a line that the editor put in."""
    return text.split(" = ")[0].strip().split(".")[-1]


def _has_key_below(document: Document, rows: list[_Row], table: KeyPath) -> bool:
    """Tell whether the section goes on with a key of `table`."""
    for row in rows:
        line = _line(document, row)
        if line is not None and line.kind == "header":
            break
        if line is not None and line.kind == "key" and line.path[:-1] == table:
            return True
    return False


def _line(document: Document, row: _Row) -> Line | None:
    return None if row.origin is None else document.lines[row.origin]


def _are_first_root_keys(document: Document, rows: list[_Row], start: int) -> bool:
    """Tell whether rows at `start` are in the root, and no other key is left there."""
    kinds = [line.kind for line in document.lines]
    top = kinds.index("header") if "header" in kinds else len(kinds)
    kept = {row.origin for row in rows}
    has_keys = any(kinds[index] == "key" for index in range(top) if index in kept)
    return not has_keys and all(row.origin is None or row.origin < top for row in rows[:start])


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]
