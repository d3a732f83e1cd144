# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading TOML, and writing its scalars and keys.

This module util is private to the collection.
Codex reads TOML 1.1 (codex-cli 0.169.0 carries `toml 0.9.11+spec-1.1.0`), the standard library's
tomllib reads 1.0 alone, and tomlkit reads 1.1 but refuses a few valid files (its issue 571).
A file is therefore refused only when each parser at hand refuses it.
"""

from __future__ import annotations

import datetime
import functools
import gc
import re
import sys
import typing as t

KeyPath = tuple[str, ...]
Scalar = t.Union[str, bool, int]
Data = dict[str, t.Any]
Loads = t.Callable[[str], Data]

_tomllib_loads: Loads | None = None
if sys.version_info >= (3, 11):
    import tomllib

    _tomllib_loads = tomllib.loads

BOM = "\ufeff"

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest configuration file that is read; real ones have a few KB."""

TOMLKIT_FLOOR = (0, 15, 2)
TOMLKIT_CEILING = (0, 16)
_REMEDY = (
    "install the collection from its built artefact, which carries tomlkit, "
    "or install the Python package tomlkit >=0.15.2,<0.16 on the target"
)
_REASON_LENGTH = 200
_TEXTS_KEPT = 4
_MOST_KEY_PARTS = 100
_ESCAPED = r'\\[\\"]'
_QUOTED = "\"[^\"]*\"|'[^']*'"
_KEY_TOKEN = r"(?P<part>[A-Za-z0-9_-]+)|(?P<dot>\.)|(?P<blanks>[ \t]+)|(?P<other>.)"

# Compiled where they are needed, by which time a file has been refused: that is hardly ever.
_POSITION = r"\s*\(?at (?:line (\d+),? col(?:umn)? (\d+)|(end of document))\)?$"
_REDEFINITIONS = (
    (r'Key "(.*)" already exists\.?', 'key "{}" is defined twice'),
    (r"Duplicate inline table key '(.*)'", 'key "{}" is defined twice'),
    (r"Cannot declare \((.*)\) twice", "table {} is defined twice"),
    (r"Redefinition of an existing table", "a table is defined twice"),
    (r"Cannot (?:overwrite|mutate|redefine) .*", "a key is defined twice"),
)
_LONE_CARRIAGE_RETURN = r"\r(?!\n)"
_BARE_KEY = r"[A-Za-z0-9_-]+"
# Beside what TOML demands: C1 controls and the line separators that other tools break lines at.
_TO_ESCAPE = '["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]'
_SHORT_ESCAPES = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


class TomlError(Exception):
    """The text is not TOML.

    `reason` is a plain phrase without a position, at most 200 printable characters.
    `line` and `column` count from 1 and are None where no parser told them.
    `redefinition` says that the parser objects to something being defined twice.
    """

    def __init__(
        self,
        reason: str,
        line: int | None = None,
        column: int | None = None,
        redefinition: bool = False,
    ) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        self.column = column
        self.redefinition = redefinition


class TomlkitMissing(Exception):
    """Only tomlkit could tell whether the text is TOML, and no usable tomlkit is at hand."""


class Document(t.NamedTuple):
    """What a text means, and the parser that said so."""

    data: Data
    loads: Loads


def parse(text: str) -> Data:
    """Return what `text` means, as plain Python values.

    Raises TomlError if no parser accepts it, TomlkitMissing if a parser is missing to tell.
    """
    return read(text).data


def read(text: str) -> Document:
    """Return what `text` means together with the parser that accepted it.

    Two texts are comparable only when the same parser read both: tomllib turns CRLF inside
    multi-line strings into LF, tomlkit 0.15.2 keeps it. Raises as `parse` does.
    """
    if _tomllib_loads is None:
        return Document(_tomlkit(text), _tomlkit)
    try:
        return Document(_tomllib(text), _tomllib)
    except TomlError as refusal:
        first = refusal
    try:
        return Document(_tomlkit(text), _tomlkit)
    except TomlkitMissing as missing:
        where = "" if first.line is None else f"line {first.line}: "
        raise TomlkitMissing(
            f"this Python reads TOML 1.0 only and refuses the file ({where}{first.reason}); "
            f"whether Codex can load it needs tomlkit to tell, but {missing}"
        ) from None
    except TomlError as second:
        raise _more_telling(first, second) from None


def _more_telling(standard: TomlError, other: TomlError) -> TomlError:
    # tomllib stops at the first TOML 1.1 construct, so the fault is where the later one stopped.
    standard_line, other_line = standard.line or 0, other.line or 0
    if other_line > standard_line:
        return other
    if other_line == standard_line and other.redefinition:
        return other
    return standard


# One run asks about the same few texts several times, and none of those who ask changes what it is
# given: a file of 1 MB takes a parser between 0.1 s and 4 s.
@functools.lru_cache(maxsize=_TEXTS_KEPT)
def _tomllib(text: str) -> Data:
    loads = t.cast(Loads, _tomllib_loads)
    body = _without_bom(text)
    _refuse_endless_key(body)
    try:
        return loads(body)
    except RecursionError:
        raise TomlError("values are nested too deeply") from None
    except ValueError as error:
        raise _toml_error(str(error), body, first_column=1) from None


@functools.lru_cache(maxsize=_TEXTS_KEPT)
def _tomlkit(text: str) -> Data:
    loads = _load_tomlkit()
    body = _without_bom(text)
    _refuse_endless_key(body)
    lone = re.search(_LONE_CARRIAGE_RETURN, body)
    if lone is not None:
        # tomlkit 0.15.2 lets it pass between the entries of an inline table, Codex nowhere.
        line = body.count("\n", 0, lone.start()) + 1
        raise TomlError("a carriage return stands without a line feed", line)
    try:
        return loads(body)
    except RecursionError:
        raise TomlError("values are nested too deeply") from None
    except Exception as error:
        # tomlkit 0.15.2 also lets KeyAlreadyPresent, IndexError and the like out of its parser.
        raise _toml_error(str(error), body, first_column=0) from None


def _load_tomlkit() -> Loads:
    try:
        from ._vendor import tomlkit  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return _load_installed_tomlkit()
    return _loads_with(tomlkit)


def _load_installed_tomlkit() -> Loads:
    try:
        import tomlkit
    except ImportError:
        raise TomlkitMissing(f"there is no tomlkit here: {_REMEDY}.") from None
    version = tuple(int(part) for part in re.findall(r"\d+", tomlkit.__version__)[:3])
    if not TOMLKIT_FLOOR <= version < TOMLKIT_CEILING:
        raise TomlkitMissing(
            f"the tomlkit here is {tomlkit.__version__} ({tomlkit.__file__}): {_REMEDY}."
        )
    return _loads_with(tomlkit)


def _loads_with(tomlkit: t.Any) -> Loads:
    def loads(body: str) -> Data:
        # All that the parser makes stays until it ends; looking for garbage in it again and again
        # is a third of its time.
        collects = gc.isenabled()
        gc.disable()
        try:
            data: Data = tomlkit.parse(body).unwrap()
        finally:
            if collects:
                gc.enable()
        return data

    return loads


def _refuse_endless_key(body: str) -> None:
    """Raise TomlError for a key of so many parts that a parser needs minutes for it.

    Both parsers look at every part once more for each part that follows. Codex loads no file with
    a key of more than 80 (measured with 0.169.0). What looks like such a key in a comment or in a
    string of several lines is taken for one.
    """
    if body.count(".") < _MOST_KEY_PARTS:
        return
    for number, line in enumerate(body.split("\n"), 1):
        if line.count(".") >= _MOST_KEY_PARTS and _parts_in_a_row(line) > _MOST_KEY_PARTS:
            raise TomlError(f"a key has more than {_MOST_KEY_PARTS} parts", number)


def _parts_in_a_row(line: str) -> int:
    most = parts = 0
    before = ""
    # In a step of its own: together, every quote of a string without end is a start to try.
    unescaped = re.sub(_ESCAPED, "", line)
    for found in re.finditer(_KEY_TOKEN, re.sub(_QUOTED, "q", unescaped)):
        kind = found.lastgroup or ""
        if kind == "part":
            parts = parts + 1 if before == "dot" else 1
            most = max(most, parts)
        elif kind == "other" or (kind == "dot" and before != "part"):
            parts = 0
        if kind != "blanks":
            before = kind if parts else ""
    return most


def _without_bom(text: str) -> str:
    return text[1:] if text.startswith(BOM) else text


def _toml_error(message: str, body: str, first_column: int) -> TomlError:
    """Make a TomlError of a parser's message, whose columns count from `first_column`."""
    line: int | None = None
    column: int | None = None
    position = re.search(_POSITION, message)
    if position is not None:
        message = message[: position.start()]
        if position.group(3) is not None:
            line = body.rstrip("\r\n").count("\n") + 1
        else:
            line, column = int(position.group(1)), int(position.group(2)) - first_column
            if first_column == 0:
                line, column = _place(body, line, column)
            column += 1
    for pattern, phrase in _REDEFINITIONS:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            reason = phrase.format(*(_table_name(group) for group in found.groups()))
            return TomlError(_printable(reason), line, column, redefinition=True)
    message = message.strip().rstrip(".") or "not TOML"
    return TomlError(_printable(message[0].lower() + message[1:]), line, column)


def _place(body: str, line: int, column: int) -> tuple[int, int]:
    # To tomlkit a form feed or a line separator ends a line; to editors, and to tomllib, none does.
    offset = len("".join(body.splitlines(keepends=True)[: line - 1])) + column
    return body.count("\n", 0, offset) + 1, offset - (body.rfind("\n", 0, offset) + 1)


def _table_name(text: str) -> str:
    # tomllib names a table as the inside of a Python tuple: 'a', 'b'
    if not text.startswith(("'", '"')):
        return text
    segments = re.findall(r"'([^']*)'|\"([^\"]*)\"", text)
    return "[" + ".".join(single or double for single, double in segments) + "]"


def _printable(text: str) -> str:
    cleaned = "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in text
    )
    return cleaned if len(cleaned) <= _REASON_LENGTH else cleaned[: _REASON_LENGTH - 3] + "..."


def equal(one: t.Any, other: t.Any) -> bool:
    """Tell whether two parsed values mean the same to TOML.

    Types count (1, 1.0 and True all differ), nan equals nan, -0.0 differs from 0.0, and dates and
    times are equal when type, fields and offset are. Tables have no order.
    """
    pairs: list[tuple[t.Any, t.Any]] = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right))
        elif _atom(left) != _atom(right):
            return False
    return True


def _atom(value: t.Any) -> tuple[str, t.Any]:
    # A bool is an int and a datetime is a date to isinstance, so the order matters.
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int):
        return "int", int(value)
    if isinstance(value, str):
        return "str", str(value)
    if isinstance(value, float):
        return "float", repr(float(value))
    if isinstance(value, datetime.datetime):
        return "datetime", value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return type(value).__name__, value.isoformat()
    return type(value).__name__, None


def literal(value: Scalar) -> str:
    """Return `value` as a TOML literal on one line; strings become basic strings.

    Raises ValueError for what TOML cannot express: an integer beyond 64 bits, a lone surrogate.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{value} does not fit into the 64 bits of a TOML integer")
        return str(value)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("a TOML string cannot hold a lone surrogate")
    return '"' + re.sub(_TO_ESCAPE, _escape, value) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04X}"


def dotted_key(path: KeyPath) -> str:
    """Return `path` as a TOML key: bare segments where they can be, quoted ones elsewhere."""
    return ".".join(
        segment if re.fullmatch(_BARE_KEY, segment) else literal(segment) for segment in path
    )
