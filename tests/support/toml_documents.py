# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Config files in any layout that Codex loads, and requests to edit them, for hypothesis.

A document knows of each line what it is, so that checks need no parser of layouts to judge an
edit. Every comment is unique ("note 7"), and so is every line that is not blank.
"""

from __future__ import annotations

import dataclasses
import typing as t

from hypothesis import strategies as st

KeyPath = tuple[str, ...]
Scalar = t.Union[str, bool, int]
Draw = t.Callable[[st.SearchStrategy[t.Any]], t.Any]
Keys = dict[str, str]
T = t.TypeVar("T")

BOM = "\ufeff"
ROOT_KEY = ("model_provider",)
PROVIDERS = "model_providers"
OTHER_PROVIDER = "x"
PROVIDER_IDS = ("openai_http", "corp", "my.id", 'say "hi"')
FORMS = (
    "none",
    "headers",
    "dotted in root",
    "dotted in table",
    "inline in root",
    "inline in table",
    "inline behind dotted key",
)
WANTED: dict[str, Scalar] = {
    "name": "Corp",
    "wire_api": "responses",
    "requires_openai_auth": True,
    "supports_websockets": False,
}
SPELLINGS = {
    "name": ("'Corp'", '"Corp"', '"C\\u006Frp"', "'Other'", '"""\nCorp"""', "1"),
    "wire_api": ("'responses'", "'chat'", "'''responses'''"),
    "requires_openai_auth": ("true", "false", "'true'"),
    "supports_websockets": ("false", "true", "0", "[\n  1,\n]"),
}
FOREIGN_KEYS = {
    "base_url": "'https://gateway.example/v1'",
    "env_key": "'GATEWAY_KEY'",
    "query_params": "{ version = '1', trace = 'a#b' }",
}
ROOT_KEYS = {
    ("model",): "'gpt-5'",
    ("model_context_window",): "1_000",
    ("notify",): '[ "a]b", # {}\n  "c", # {}\n]',
    ("instructions",): '"""\n[model_providers.corp]\nmodel_provider = "no" # no note\n\\""" """""',
    ("developer_instructions",): "'''\n# not a comment\n[[tui]]\n'''''",
    ("history", "persistence"): "'none'",
    ("sandbox_workspace_write",): "{ network_access = true, roots = [ '/a', '/b' ] }",
    ("since",): "1979-05-27 07:32:00.5Z",
    ("odd key", "b.c"): "+inf",
}
TABLES: tuple[tuple[str, tuple[tuple[KeyPath, tuple[tuple[str, str], ...]], ...]], ...] = (
    ("table", ((("tui",), (("theme", "'dark'"), ("notifications", "[ 'a', 'b' ]"))),)),
    ("table", ((("projects", "/home/dev/my app"), (("trust_level", '"trusted"'),)),)),
    ("table", ((("projects", "C:\\[x]"), (("trust_level", '"""a\n[b]\n"""'),)),)),
    ("table", ((("profiles", "p"), (("model_provider", "'openai'"),)),)),
    ("table", ((("tools", "web", "deep"), ()),)),
    ("table", ((("tools",), (("view_image", "true"),)),)),
    ("table", ((("features",), (("a.b", "1"), ("a.c", "07:32:00"))),)),
    (
        "array of tables",
        (
            (("hooks", "list"), (("command", "'one'"),)),
            (("hooks", "list", "match"), (("tool", "'shell'"),)),
            (("hooks", "list"), (("command", "'two'"),)),
        ),
    ),
)


@dataclasses.dataclass(frozen=True)
class Line:
    """A line without its ending. `kind`: blank, comment, directive, header, key or inside.

    `path` is the full path of the header or key; "inside" is a further line of such a key's value.
    """

    text: str
    kind: str
    path: KeyPath = ()


@dataclasses.dataclass(frozen=True)
class Document:
    """A config file; `traits` name what is special about it."""

    lines: tuple[Line, ...]
    endings: tuple[str, ...]
    bom: bool
    traits: frozenset[str]

    @property
    def text(self) -> str:
        """What stands in the file."""
        body = "".join(line.text + end for line, end in zip(self.lines, self.endings))
        return BOM + body if self.bom else body


@dataclasses.dataclass(frozen=True)
class Request:
    """An edit to ask for."""

    set_values: dict[KeyPath, Scalar]
    remove: tuple[KeyPath, ...]


# Making a strategy anew for every draw would take a quarter of the time.
_BELOW = {count: st.integers(0, count - 1) for count in range(1, 10)}


class _Writer:
    """Draws the choices and keeps count of the notes."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._notes = 0
        self.traits: set[str] = set()

    def often(self, one_in: int) -> bool:
        return bool(self._draw(_BELOW[one_in]) == one_in - 1)

    def pick(self, options: t.Sequence[T]) -> T:
        return options[self._draw(_BELOW[len(options)])]

    def shuffled(self, items: t.Sequence[T]) -> list[T]:
        return list(self._draw(st.permutations(items)))

    def note(self) -> str:
        self._notes += 1
        return f"# note {self._notes};" + self.pick(("", "", " [tui]", " model_provider = 'x'"))

    def comments(self) -> list[Line]:
        return [Line(self.note(), "comment") for _line in range(self.pick((0, 0, 0, 1, 1, 2)))]

    def blanks(self) -> list[Line]:
        return [
            Line(self.pick(("", "", "  ")), "blank") for _line in range(self.pick((0, 1, 1, 2)))
        ]

    def statement(self, text: str, kind: str, path: KeyPath) -> list[Line]:
        first, *others = (text + self.pick(("", "", "", "  " + self.note()))).split("\n")
        return [Line(first, kind, path), *(Line(other, "inside", path) for other in others)]

    def key(self, path: KeyPath, written: KeyPath, value: str, indent: str = "") -> list[Line]:
        while "{}" in value and "#" in value:
            value = value.replace("# {}", self.note(), 1)
        text = indent + key_text(self, written) + self.pick((" = ", " = ", "=", "  =\t")) + value
        return [*self.comments(), *self.statement(text, "key", path)]

    def header(self, path: KeyPath, array: bool = False) -> list[Line]:
        pad = self.pick(("", "", "", " "))
        inside = f"{pad}{key_text(self, path)}{pad}"
        text = f"[[{inside}]]" if array else f"[{inside}]"
        text = self.pick(("", "", "", "  ")) + text
        return [*self.comments(), *self.statement(text, "header", path)]


def key_text(writer: _Writer, path: KeyPath) -> str:
    """Return a key in one of the spellings TOML has for it."""
    quotes = writer.pick(("", "", "", "", "'", '"', "'\""))
    dot = " . " if quotes == "'" else "."
    spelled = [
        _segment(part, quotes[index % len(quotes)] if quotes else "")
        for index, part in enumerate(path)
    ]
    return dot.join(spelled)


def _segment(part: str, quote: str) -> str:
    bare = part.replace("_", "").isalnum()
    if bare and not quote:
        return part
    if quote == "'" and "'" not in part:
        return f"'{part}'"
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _provider_keys(writer: _Writer) -> Keys:
    keys = {key: writer.pick(spellings) for key, spellings in SPELLINGS.items() if writer.often(2)}
    keys.update((key, value) for key, value in FOREIGN_KEYS.items() if writer.often(4))
    return {key: keys[key] for key in writer.shuffled(list(keys))}


def _inline(writer: _Writer, keys: dict[KeyPath, str]) -> str:
    """Return an inline table; on several lines only TOML 1.1 knows it."""
    entries = [
        f"{key_text(writer, key)}{writer.pick((' = ', '='))}{value}" for key, value in keys.items()
    ]
    if not writer.often(3):
        pad = writer.pick(("", " "))
        return "{" + pad + ", ".join(entries) + (pad if entries else "") + "}"
    writer.traits.update(("multi-line inline", "1.1"))
    lines = ["{"]
    for entry in entries:
        comma = "," if entry is not entries[-1] or writer.often(2) else ""
        lines.append(f"  {entry}{comma}" + writer.pick(("", "", " " + writer.note())))
    if writer.often(4):
        lines.append("  " + writer.note())
    return "\n".join([*lines, "}"])


def _flat(keys: Keys) -> dict[KeyPath, str]:
    return {(key,): value for key, value in keys.items()}


def _providers(
    writer: _Writer, form: str, providers: dict[str, Keys]
) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return the statements for the root and the blocks of tables that make `providers`."""
    top = (PROVIDERS,)
    pairs: list[tuple[KeyPath, str]] = [
        ((name, key), value) for name, keys in providers.items() for key, value in keys.items()
    ]
    if form == "dotted in root":
        return [writer.key(top + path, top + path, value) for path, value in pairs], []
    if form == "inline behind dotted key":
        return [
            writer.key((*top, name), (*top, name), _inline(writer, _flat(keys)))
            for name, keys in providers.items()
        ], []
    if form == "inline in root":
        inner: dict[KeyPath, str] = {
            (name,): _inline(writer, _flat(keys)) for name, keys in providers.items()
        }
        if writer.often(4):
            writer.traits.add("dotted in inline")
            inner = dict(pairs)
        return [writer.key(top, top, _inline(writer, inner))], []
    if form == "dotted in table":
        body = [writer.key(top + path, path, value) for path, value in pairs]
        return [], [[*writer.header(top), *(line for lines in body for line in lines)]]
    if form == "inline in table":
        body = [
            writer.key((*top, name), (name,), _inline(writer, _flat(keys)))
            for name, keys in providers.items()
        ]
        return [], [[*writer.header(top), *(line for lines in body for line in lines)]]
    return [], _provider_tables(writer, providers)


def _provider_tables(writer: _Writer, providers: dict[str, Keys]) -> list[list[Line]]:
    blocks = [_block(writer, (PROVIDERS,), ())] if providers and writer.often(4) else []
    for name, keys in providers.items():
        path = (PROVIDERS, name)
        if writer.often(4):
            headers = (*path, "http_headers")
            blocks.append(_block(writer, headers, (("X-Team", f"'{name[0]}'"),)))
            if writer.often(2):
                continue
        blocks.append(_block(writer, path, tuple(keys.items())))
    return blocks


def _block(
    writer: _Writer, path: KeyPath, keys: t.Iterable[tuple[str, str]], array: bool = False
) -> list[Line]:
    lines = writer.header(path, array)
    indent = writer.pick(("", "", "", "  "))
    for key, value in keys:
        written = tuple(key.split("."))
        lines.extend(writer.key((*path, *written), written, value, indent))
    return [*lines, *writer.comments()]


def _other_blocks(writer: _Writer) -> list[list[Line]]:
    blocks: list[list[Line]] = []
    for kind, tables in TABLES:
        if not writer.often(4):
            continue
        if kind == "table":
            blocks.extend(_block(writer, path, keys) for path, keys in tables)
            continue
        writer.traits.add(kind)
        parts = [_block(writer, path, keys, array=path[-1] != "match") for path, keys in tables]
        blocks.append([line for part in parts for line in part])
    return blocks


def _endings(writer: _Writer, lines: list[Line]) -> list[str]:
    kind = writer.pick(("lf", "lf", "lf", "crlf", "crlf", "mixed"))
    writer.traits.add(kind)
    if kind == "mixed":
        endings = [writer.pick(("\n", "\r\n")) for _line in lines]
    else:
        endings = ["\n" if kind == "lf" else "\r\n"] * len(lines)
    if lines and lines[-1].text and writer.often(5):
        writer.traits.add("no final newline")
        endings[-1] = ""
    return endings


@st.composite
def edits(draw: Draw) -> tuple[Document, Request]:
    """Return a document and a request to edit it."""
    writer = _Writer(draw)
    provider_id = writer.pick(PROVIDER_IDS)
    # What is usual comes more often.
    form = writer.pick((*FORMS, "headers"))
    writer.traits.add(form)
    providers: dict[str, Keys] = {}
    if form != "none":
        if writer.often(2):
            providers[provider_id] = _provider_keys(writer)
        if not providers or writer.often(2):
            providers[OTHER_PROVIDER] = {"name": "'X'", "base_url": "'https://x.example'"}
    statements, blocks = _providers(writer, form, providers)
    if writer.often(3):
        old = writer.pick((f"'{OTHER_PROVIDER}'", '"openai"', "3", '"""\nopenai"""'))
        statements.append(writer.key(ROOT_KEY, ROOT_KEY, old))
    elif writer.often(4):
        right = "'" + provider_id + "'"
        statements.append(writer.key(ROOT_KEY, ROOT_KEY, right))
    for path, value in ROOT_KEYS.items():
        if writer.often(5):
            statements.append(writer.key(path, path, value, writer.pick(("", "", "", "  "))))
    blocks.extend(_other_blocks(writer))
    lines = _assembled(writer, writer.shuffled(statements), writer.shuffled(blocks))
    endings = _endings(writer, lines)
    document = Document(
        lines=tuple(lines),
        endings=tuple(endings),
        bom=writer.often(6),
        traits=frozenset(writer.traits),
    )
    return document, _request(writer, provider_id)


def _assembled(
    writer: _Writer, statements: list[list[Line]], blocks: list[list[Line]]
) -> list[Line]:
    lines: list[Line] = []
    if writer.often(6):
        writer.traits.add("directive")
        lines.append(Line("#:schema https://schema.example/config.json", "directive"))
    lines.extend([*writer.comments(), *writer.blanks()])
    for statement in statements:
        lines.extend([*statement, *(writer.blanks() if writer.often(3) else [])])
    lines.extend(writer.comments())
    for block in blocks:
        lines.extend([*writer.blanks(), *block])
    return [*lines, *(writer.blanks() if writer.often(3) else [])]


def _request(writer: _Writer, provider_id: str) -> Request:
    table = (PROVIDERS, provider_id)
    set_root: dict[KeyPath, Scalar] = {ROOT_KEY: provider_id}
    set_table: dict[KeyPath, Scalar] = {(*table, key): value for key, value in WANTED.items()}
    return writer.pick(
        (
            Request({**set_root, **set_table}, ()),
            Request(set_root, ()),
            Request(set_table, ()),
            Request({}, (ROOT_KEY, table)),
            Request({}, (table,)),
            Request({ROOT_KEY: "openai"}, (table,)),
        )
    )
