# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading TOML, comparing what was read, and writing scalars and keys."""

from __future__ import annotations

import contextlib
import gc
import sys
import types
import typing as t
from datetime import date, datetime, time, timedelta, timezone

import pytest
import tomllib
from ansible_collections.devfleet.codex.plugins.module_utils import _toml

DEEP = "a = " + "[" * 5000
# tomlkit 0.15.2 calls this valid text a redefinition (its issue 571).
TABLES_OUT_OF_ORDER = "".join(
    f"[{name}]\n" for name in ("a.b", "a.b.c.x", "a.b.c", "[a.d.e]", "a.b.c.y")
)
MULTILINE_INLINE = "a = {\n  b = 1, # c\n}\n"


@pytest.fixture(autouse=True)
def nothing_kept() -> t.Iterator[None]:
    """Keep what one test has parsed from the next, whose parsers may be others."""
    for parser in (_toml._tomllib, _toml._tomlkit):
        parser.cache_clear()
    yield
    for parser in (_toml._tomllib, _toml._tomlkit):
        parser.cache_clear()


@pytest.fixture
def no_tomllib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_toml, "_tomllib_loads", None)


def without_vendored_tomlkit(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = _toml.__name__.rpartition(".")[0] + "._vendor"
    monkeypatch.setitem(sys.modules, vendor, types.ModuleType(vendor))
    monkeypatch.delitem(sys.modules, f"{vendor}.tomlkit", raising=False)


@pytest.fixture
def no_tomlkit(monkeypatch: pytest.MonkeyPatch) -> None:
    without_vendored_tomlkit(monkeypatch)
    monkeypatch.setitem(sys.modules, "tomlkit", None)


@pytest.fixture
def installed_tomlkit(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], None]:
    """Return a function that lets the target have a tomlkit of the given version only."""

    def install(version: str) -> None:
        without_vendored_tomlkit(monkeypatch)
        module = types.ModuleType("tomlkit")
        module.__version__ = version  # type: ignore[attr-defined]
        module.__file__ = "/usr/lib/python3/tomlkit/__init__.py"
        document = types.SimpleNamespace(unwrap=lambda: {"read": "by the target's own"})
        module.parse = lambda text: document  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tomlkit", module)

    return install


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("\ufeffa = 1\n", {"a": 1}, id="byte order mark"),
        pytest.param(MULTILINE_INLINE, {"a": {"b": 1}}, id="TOML 1.1"),
        pytest.param('a = "\\e[0m"\n', {"a": "\x1b[0m"}, id="TOML 1.1 escape"),
        pytest.param("a = 07:32\n", {"a": time(7, 32)}, id="TOML 1.1 time"),
    ],
)
@pytest.mark.parametrize("reader", ["with tomllib", "without tomllib"])
def test_valid_text_is_read(
    text: str, data: _toml.Data, reader: str, request: pytest.FixtureRequest
) -> None:
    if reader == "without tomllib":
        request.getfixturevalue("no_tomllib")
    assert _toml.parse(text) == data


@pytest.mark.parametrize(
    ("text", "reason", "line", "redefinition"),
    [
        pytest.param("a=1\na=2\n", 'key "a" is defined twice', 2, True, id="key twice"),
        pytest.param("[a]\n[a]\n", 'key "a" is defined twice', 2, True, id="table twice"),
        pytest.param("b=1\na={c=1,c=2}\n", 'key "c" is defined twice', 2, True, id="entry twice"),
        pytest.param("a = 1 2\n", "expected newline or end", 1, False, id="two values"),
        pytest.param("b=1\na=\n", "invalid value", 2, False, id="no value"),
        pytest.param("a=1\rb=2\n", "expected newline", 1, False, id="lone CR"),
        pytest.param("a={\nb=1,\rc=2}\n", "carriage return", 2, False, id="lone CR in braces"),
        pytest.param("b=1\na = '\n", "expected", 2, False, id="open string"),
        pytest.param("a=1\nb = [1,", "invalid value", 2, False, id="cut off"),
        pytest.param(MULTILINE_INLINE + "b=\n", "unexpected character", 4, False, id="1.1"),
        pytest.param(DEEP, "nested", None, False, id="nested deeply"),
        pytest.param("a = " + "1" * 5000, "", 1, False, id="huge integer"),
        pytest.param("a = '\x00\x07'\n", "", 1, False, id="control characters"),
    ],
)
def test_invalid_text_is_refused_in_a_plain_phrase(
    text: str, reason: str, line: int | None, redefinition: bool
) -> None:
    with pytest.raises(_toml.TomlError) as caught:
        _toml.parse(text)
    error = caught.value
    assert reason in error.reason
    assert line is None or error.line == line
    assert error.redefinition is redefinition
    assert "at line" not in error.reason
    assert error.reason.isprintable()
    assert 0 < len(error.reason) <= 200


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        pytest.param("a=1\na=2\n", 'key "a" is defined twice', 2, 1, id="key twice"),
        pytest.param("a = 1 2\n", "unexpected character", 1, 7, id="two values"),
        pytest.param("a = {b = 1, b = 2}\n", 'key "b" is defined twice', None, None, id="entry"),
        pytest.param("a.b = 1\n[a]\n", "a table is defined twice", 2, 1, id="table"),
        pytest.param(DEEP, "nested", 1, None, id="nested deeply"),
        # To tomlkit these end lines as well.
        pytest.param("# \u2028 \x85\na = 1 2\n", "unexpected character", 2, 7, id="no line ends"),
        pytest.param("a=1\x0b\x10", "invalid number", 1, None, id="no line end in a number"),
    ],
)
@pytest.mark.usefixtures("no_tomllib")
def test_invalid_text_is_refused_without_tomllib(
    text: str, reason: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(_toml.TomlError) as caught:
        _toml.parse(text)
    assert reason in caught.value.reason
    assert caught.value.line == line
    assert column is None or caught.value.column == column


def test_what_tomllib_reads_needs_no_tomlkit(no_tomlkit: None) -> None:
    document = _toml.read(TABLES_OUT_OF_ORDER)
    assert document.data == tomllib.loads(TABLES_OUT_OF_ORDER)
    assert document.loads("a = 1") == {"a": 1}


def test_the_parser_that_read_a_text_comes_with_what_it_read() -> None:
    text = "a = '''\r\n\r\n'''\r\n"
    assert _toml.read(text).data == {"a": "\n"}
    by_tomlkit = _toml.read(text + MULTILINE_INLINE.replace("a", "c", 1))
    assert by_tomlkit.data["a"] == "\r\n"
    assert by_tomlkit.loads(text) == {"a": "\r\n"}


@pytest.mark.parametrize("text", [MULTILINE_INLINE, "a = 1"])
def test_both_ways_out_are_named_where_tomlkit_is_missing(
    text: str, no_tomllib: None, no_tomlkit: None
) -> None:
    with pytest.raises(_toml.TomlkitMissing) as caught:
        _toml.parse(text)
    assert "built artefact" in str(caught.value)
    assert "tomlkit >=0.15.2,<0.16" in str(caught.value)


def test_a_missing_tomlkit_does_not_hide_why_tomllib_refused(no_tomlkit: None) -> None:
    with pytest.raises(_toml.TomlkitMissing, match=r"line 1: .*built artefact"):
        _toml.parse(MULTILINE_INLINE)


@pytest.mark.parametrize("version", ["0.15.2", "0.15.10"])
def test_the_targets_own_tomlkit_is_used(
    version: str, installed_tomlkit: t.Callable[[str], None], no_tomllib: None
) -> None:
    installed_tomlkit(version)
    assert _toml.parse("a = 1") == {"read": "by the target's own"}


@pytest.mark.parametrize("version", ["0.15.1", "0.9.0", "0.16.0", "1.0", "unknown"])
def test_another_tomlkit_is_refused_with_its_version_and_file(
    version: str, installed_tomlkit: t.Callable[[str], None], no_tomllib: None
) -> None:
    installed_tomlkit(version)
    with pytest.raises(_toml.TomlkitMissing) as caught:
        _toml.parse("a = 1")
    assert version in str(caught.value)
    assert "/usr/lib/python3/tomlkit/__init__.py" in str(caught.value)
    assert "built artefact" in str(caught.value)


UTC = timezone.utc
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(1, 1, True, id="integers"),
        pytest.param(1, 1.0, False, id="integer and float"),
        pytest.param(1, True, False, id="integer and boolean"),
        pytest.param(0, False, False, id="zero and false"),
        pytest.param("1", 1, False, id="string and integer"),
        pytest.param(float("nan"), float("nan"), True, id="nan"),
        pytest.param(0.0, -0.0, False, id="signed zero"),
        pytest.param(float("inf"), float("-inf"), False, id="infinities"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="order of keys"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="one key more"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": True}}, False, id="deep difference"),
        pytest.param([1, 2], [2, 1], False, id="order of items"),
        pytest.param([1], [1, 2], False, id="one item more"),
        pytest.param([], {}, False, id="array and table"),
        pytest.param(date(2024, 1, 2), date(2024, 1, 2), True, id="dates"),
        pytest.param(date(2024, 1, 2), datetime(2024, 1, 2), False, id="date and datetime"),
        pytest.param(time(7, 32), time(7, 33), False, id="times"),
        pytest.param(
            datetime(2024, 1, 2, 12, tzinfo=UTC),
            datetime(2024, 1, 2, 14, tzinfo=EAST),
            False,
            id="same moment, other offset",
        ),
        pytest.param(None, None, True, id="no value"),
        pytest.param(None, 0, False, id="no value and zero"),
    ],
)
def test_values_are_compared_with_their_types(one: t.Any, other: t.Any, same: bool) -> None:
    for first, second in ((one, other), (other, one)):
        assert _toml.equal(first, second) is same


def test_values_nested_beyond_the_recursion_limit_are_compared() -> None:
    def nested(bottom: int) -> t.Any:
        value: t.Any = bottom
        for _level in range(sys.getrecursionlimit() * 2):
            value = {"a": value}
        return value

    assert _toml.equal(nested(1), nested(1))
    assert not _toml.equal(nested(1), nested(2))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(-(2**63), "-9223372036854775808", id="smallest integer"),
        pytest.param("", '""', id="empty string"),
        pytest.param('it\'s "x\\y"', '"it\'s \\"x\\\\y\\""', id="quotes and backslash"),
        pytest.param("a\b\t\n\f\r", '"a\\b\\t\\n\\f\\r"', id="short escapes"),
        pytest.param("\x00\x1b\x7f", '"\\u0000\\u001B\\u007F"', id="control characters"),
        pytest.param("\x85\u2028\ufeff", '"\\u0085\\u2028\\uFEFF"', id="odd line separators"),
        pytest.param("Größe 🚀", '"Größe 🚀"', id="letters and emoji"),
    ],
)
def test_scalars_are_written_so_that_they_read_back(value: _toml.Scalar, text: str) -> None:
    assert _toml.literal(value) == text
    assert _toml.equal(tomllib.loads(f"a = {text}")["a"], value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "\ud800"], ids=ascii)
def test_what_toml_cannot_express_is_an_error(value: _toml.Scalar) -> None:
    with pytest.raises(ValueError, match="TOML"):
        _toml.literal(value)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("model_providers", "openai-http", "1"), "model_providers.openai-http.1"),
        (("a.b", ""), '"a.b".""'),
        (("C:\\x", 'say "hi"', "ö"), '"C:\\\\x"."say \\"hi\\""."ö"'),
    ],
)
def test_keys_are_quoted_where_they_have_to_be(path: _toml.KeyPath, text: str) -> None:
    assert _toml.dotted_key(path) == text
    data: t.Any = tomllib.loads(f"{text} = 1")
    for segment in path:
        data = data[segment]
    assert data == 1


@pytest.mark.parametrize("parser", ["tomllib", "tomlkit"])
@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 101) + " = 1\n",
        "x = 1\n[" + " . ".join(["a"] * 50_000) + "]\n",
        ".".join(['"a b"', "'.'"] * 60) + " = 1\n",
        ".".join(['"\\""'] * 32_000) + " = 1\n",
        "x = [{ b = 1, " + ".".join(["a"] * 101) + " = 1 }]\n",
    ],
    ids=["key", "table", "quoted", "quotes", "inline"],
)
def test_a_key_without_end_is_refused_before_it_is_parsed(
    text: str, parser: str, request: pytest.FixtureRequest
) -> None:
    if parser == "tomlkit":
        request.getfixturevalue("no_tomllib")
    with pytest.raises(_toml.TomlError) as caught:
        _toml.parse(text)
    assert caught.value.reason == "a key has more than 100 parts"
    assert caught.value.line == (2 if "[" in text[:8] and text.startswith("x = 1\n") else 1)


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 80) + " = 1\n",
        "x = [" + ", ".join(["1.5"] * 200) + "]\n",
        "x = '" + "a." * 200 + "'\n",
        'x = """\n' + "This is a sentence. " * 200 + '"""\n',
        "# " + "." * 300 + "\n",
        "".join(f"a.b{number} = 1\n" for number in range(200)),
    ],
    ids=["80-parts", "numbers", "string", "prose", "dots", "many-short-keys"],
)
def test_many_dots_are_no_key_without_end(text: str) -> None:
    assert _toml.parse(text) is not None


def test_a_text_is_parsed_once_however_often_it_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def loads(body: str) -> dict[str, t.Any]:
        asked.append(body)
        return {"a": 1}

    monkeypatch.setattr(_toml, "_tomllib_loads", loads)
    document = _toml.read("a = 1\n")
    assert document.loads("a = 1\n") == _toml.parse("a = 1\n") == {"a": 1}
    assert asked == ["a = 1\n"]
    _toml.parse("a = 2\n")
    assert asked == ["a = 1\n", "a = 2\n"]


@pytest.mark.usefixtures("no_tomllib")
@pytest.mark.parametrize("text", ["a = 1\n", "a = \n"])
def test_garbage_is_collected_again_after_tomlkit_has_parsed(text: str) -> None:
    for collects in (True, False):
        (gc.enable if collects else gc.disable)()
        try:
            with contextlib.suppress(_toml.TomlError):
                _toml.parse(text)
            assert gc.isenabled() is collects
        finally:
            gc.enable()
