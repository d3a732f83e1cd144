# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents that fuzzing starts from: what `tests/fixtures` holds, and a few of each kind."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._dotenv import bytes_of

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
_SMALL = 5000
"""Bytes; a larger document is mutated for long before anything in it matters."""


def _json(name: str) -> t.Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def _unique(texts: t.Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(texts))


TOMLS = _unique(
    [
        *(case["input"].encode() for case in _json("toml/cases.json")),
        b"a = \"\"\"x\\\n  y\"\"\"\nb = '''z''''\n[[c]]\n[c.d]\ne = [1, {f = 2}, # g\n]\n",
        b'"a\\"]b" = "c\\"#d" # e\n[ "f\\\\" . g ] # h\nmodel_provider = "x\\u0022"\n',
        b"model_providers = { corp = { name = 'x', }, x.y = 1 }\n",
        b"model_providers.corp.name = 'x'\n[model_providers.'corp'.http_headers]\na = 1\n",
        b"\xef\xbb\xbfmodel_provider = 'corp'\r\n[model_providers]\r\ncorp.name = 'x'\r\n",
    ]
)
_DOTENV_CASES = _json("dotenv/cases.json")
DOTENVS = _unique(
    [
        *(bytes_of(row["input"]) for row in _json("dotenv/measured.json")["observed"]),
        *(bytes_of(case["input"]) for case in _DOTENV_CASES["observed"]),
        *((case["input"] or "").encode() for case in _DOTENV_CASES["edits"]),
    ]
)
_REPORTS = [json.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("doctor/**/*.json"))]
REPORTS = _unique(
    data
    for data in (json.dumps(one, separators=(",", ":")).encode() for one in _REPORTS)
    if len(data) < _SMALL
)
# Which of the texts that matter, the spans before it, and what follows it.
_ROWS = [
    ("4", "thread.id=t1", ""),
    ("1", "thread.id=t1 turn.id=u1", " (1/5 in 0.2s) sampling_error=idle timeout"),
    ("1", "thread.id=t1 turn.id=u1", " (5/5 in 3.4s) sampling_error=unexpected status 403 x"),
    ("0", "thread.id=t1 turn.id=u1", ""),
    ("2", "thread.id=t1 turn.id=u1", ""),
    ("5", "thread.id=t2", "HTTP error: 426"),
    ("3", 'conversation.id="t2" turn_id="u2"', " (5/5 in 1s)"),
    ("6", 'conversation.id="t2"', "Connection reset"),
    ("0", 'conversation.id="t2" turn_id="u2"', ""),
    ("2", 'conversation.id="t2" turn_id="u2"', ""),
]
_LINES = ["\t".join(row) for row in _ROWS]
LOGS = _unique("\n".join(_LINES[first:]).encode() for first in range(len(_LINES)))
PROXIES = (
    *(
        b"http://127.0.0.1:7890",
        b"127.0.0.1:7890",
        b"https://me:pw@proxy.corp:3128/",
        b"socks5h://h:1",
    ),
    *(b"http://[::1%eth0]:80", b"http://u:p%40@h.example:65535?x#y", b"HTTP://H:0", b"//h"),
    *(b"localhost,127.0.0.1,::1", b"*.openai.com,.openai.com, api.openai.com:443", b"*"),
)
_DIGEST = "a" * 64
_STATES: tuple[dict[str, t.Any], ...] = (
    {
        "provider_id": "openai_http",
        "restores": [{"path": ["model_provider"], "before": None, "written": "openai_http"}],
        "steps": [
            {
                "before": None,
                "after": _DIGEST,
                "replacements": [{"start": 0, "old": "", "new": "model_provider = 'x'\n"}],
            }
        ],
        "taken_back": False,
        "variables": [{"name": "HTTPS_PROXY", "before": None, "written": "h", "found": None}],
        "found": _DIGEST,
    },
    {
        "provider_id": "corp",
        "restores": [
            {
                "path": ["model_providers", "corp", "supports_websockets"],
                "before": True,
                "written": False,
            },
            {"path": ["profiles", "p", "model_provider"], "before": "x", "written": "corp"},
        ],
        "steps": [],
    },
)
_RECOVERY: dict[str, t.Any] = {
    "state": "cured",
    "attempts": 1,
    "since": 1.7e9,
    "tried": None,
    "revision": 2,
    "history": [
        {"at": 1.6e9, "event": "applied", "state": "cured", "why": "first"},
        {"at": 1.7e9, "event": "fell_back", "state": "cured", "why": "second"},
    ],
    "provider": "openai_http",
}
_OBSERVATION: dict[str, t.Any] = {"observations": {"service_error": {"first": 1, "last": 2.5}}}


def _record(values: t.Mapping[str, t.Any]) -> bytes:
    return json.dumps({"format": 1, **values}).encode()


STATES = tuple(_record(one) for one in _STATES)
RECOVERIES = tuple(_record({**_RECOVERY, **one}) for one in ({}, {"tried": 1.65e9, "attempts": 3}))
OBSERVATIONS = (_record(_OBSERVATION),)
TEXTS = (
    *(b"plain", b"two words/and more", b"\x1b[2J\x07\xe2\x80\xae", b"\xff\xfe", b"quote \" ' \\ #"),
    *(b"line\nline\r\n\x00\x7f", "ünï \U0001f600\u2028".encode(), b"{{ 1 }}", b"a" * 500),
)
