# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads bytes that anybody may have written, and what must hold of each whatever they are.

A check returns for bytes that are taken or refused as declared. Anything else that is raised is a
find.
"""

from __future__ import annotations

import typing as t

from . import record_targets, text_targets, toml_targets
from .dotenv_targets import edit_dotenv, read_dotenv
from .seeds import (
    DOTENVS,
    LOGS,
    OBSERVATIONS,
    PROXIES,
    RECOVERIES,
    REPORTS,
    STATES,
    TEXTS,
    TOMLS,
)

Check = t.Callable[[bytes], None]


class Target(t.NamedTuple):
    """`what` completes "documents given to"; `tokens` are pieces that matter to the reader."""

    what: str
    check: Check
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...]


_TOML = (
    *(b"[", b"]", b"[[", b"{", b"}", b"=", b".", b",", b"#", b'"', b"'", b'"""', b"'''", b"\\"),
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\t",
        b"\xef\xbb\xbf",
        b"model_provider",
        b"model_providers",
        b"corp",
    ),
    *(
        b"name",
        b"true",
        b"1",
        b"1979-05-27T07:32:00Z",
        b"\\u006e",
        b"\\U0001F600",
        b"\\x41",
        b"\\e",
    ),
    *(b"[model_providers.corp]\n", b"[[tui]]\n", b'"model_providers"."corp"', b" = { a = 1 }\n"),
)
_DOTENV = (
    *(
        b"HTTPS_PROXY=",
        b"export ",
        b"NO_PROXY",
        b"'",
        b'"',
        b"\\",
        b"$A",
        b"${A}",
        b"${",
        b"#",
        b" #",
    ),
    *(
        b"\n",
        b"\r\n",
        b" ",
        b"=",
        b":",
        b"\xef\xbb\xbf",
        b"\0",
        b"\xff",
        b"CODEX_HOME=",
        b"\xc2\xa0",
    ),
)
_JSON = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b"-1", b"1e999", b"NaN", b"[[[["),
    *(b"\\ud800", b"\\u0000", b"\\u001b[2J", b"\\u202e", b"1" * 25, b'"format":1', b"{{ 1 }}"),
)
_URL = (
    *(
        b"http://",
        b"https://",
        b"socks5h://",
        b"@",
        b":",
        b"//",
        b"/",
        b"?",
        b"#",
        b"[",
        b"]",
        b"%40",
    ),
    *(b"::1", b"%eth0", b"127.0.0.1", b"localhost", b".openai.com", b"*", b",", b"443", b"65536"),
)
_LOG = (
    *(b"\n0\t", b"\n1\t", b"\n2\t", b"\n4\t", b"\n5\t", b"thread.id=t1", b"turn.id=u1", b"\t"),
    *(b"(5/5 in 3s) sampling_error=", b"unexpected status 429 ", b"no such words", b"certificate"),
)

TARGETS: t.Mapping[str, Target] = {
    "toml-edit": Target("the edit of TOML", toml_targets.edit, TOMLS, _TOML),
    "toml-layout": Target("the reader of TOML's layout", toml_targets.layout, TOMLS, _TOML),
    "toml-literal": Target("the writer of TOML's values", toml_targets.literal, TEXTS, _TOML),
    "dotenv-read": Target("the reader of .env", read_dotenv, DOTENVS, _DOTENV),
    "dotenv-edit": Target("the edit of .env", edit_dotenv, DOTENVS, _DOTENV),
    "doctor": Target("the reader of doctor's report", text_targets.doctor, REPORTS, _JSON),
    "log-rows": Target("the reader of log rows", text_targets.log_rows, LOGS, _LOG),
    "proxy-url": Target("the reader of proxy URLs", text_targets.proxy_url, PROXIES, _URL),
    "no-proxy": Target("the reader of NO_PROXY", text_targets.no_proxy, PROXIES, _URL),
    "clean": Target("the cleaner of strings from a host", text_targets.cleaned, TEXTS, _JSON),
    "state": Target("the reader of state records", record_targets.state, STATES, _JSON),
    "recovery": Target(
        "the reader of recovery records", record_targets.recovery, RECOVERIES, _JSON
    ),
    "observation": Target(
        "the reader of observation records", record_targets.observation, OBSERVATIONS, _JSON
    ),
}
