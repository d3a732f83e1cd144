# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a user is logged in: what the client says, what variables hold, what of it is in conflict."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._login import (
    ask_status,
    conflicting,
    login,
    read_status,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import Login
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from support.stubs import script

WARNING = b"WARNING: proceeding, even though we could not create PATH aliases: Not logged in\n"


def said(stderr: bytes, returncode: int, ended: str = "exit", stdout: bytes = b"") -> Outcome:
    return Outcome(ended, returncode, stdout, stderr, 0.1)


# The words of 0.116.0 to 0.169.0, measured.
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (said(b"Not logged in\n", 1), "none"),
        (said(b"Logged in using ChatGPT\n", 0), "chatgpt"),
        (said(b"Logged in using an API key - ***\n", 0), "api_key"),
        (said(b"API key configured - ***\nAuthentication is checked later.\n", 0), "api_key"),
        (said(WARNING + b"Logged in using ChatGPT\n", 0), "chatgpt"),
        (said(b"", 0, stdout=b"Logged in using ChatGPT\n"), "chatgpt"),
        (said(b"Logged in using access token\n", 0), "unknown"),
        (said(b"Logged in using Amazon Bedrock API key\n", 0), "unknown"),
        (said(b"Logged in using ChatGPT\n", 1), "unknown"),
        (said(b"Not logged in\n", 0), "unknown"),
        (said(WARNING, 1), "unknown"),
        (
            said(b"Error checking login status: failed to load CLI auth from keyring: x\n", 1),
            "unknown",
        ),
        (said(b"Logged in using ChatGPT\n", -9, "timeout"), "unknown"),
        (said(b"Logged in using ChatGPT\n", 0, "output"), "unknown"),
        (said(b"\xff\x00\x1b[31m", 0), "unknown"),
        (said(b"", 0), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.stderr[-40:].decode("latin-1"),
)
def test_what_the_client_says(outcome: Outcome, status: str) -> None:
    assert read_status(outcome) == status


def test_the_client_is_asked_in_its_own_words(tmp_path: Path) -> None:
    codex = script(
        tmp_path / "codex", f'echo "$@" >{tmp_path}/asked', "echo Not logged in >&2", "exit 1"
    )
    assert ask_status(str(codex), {"PATH": "/usr/bin:/bin"}) == "none"
    assert (tmp_path / "asked").read_text() == "login status\n"


def test_a_client_that_cannot_be_asked_leaves_it_open(tmp_path: Path) -> None:
    hangs = script(tmp_path / "codex", "echo Logged in using ChatGPT", "sleep 60")
    assert ask_status(str(hangs), {"PATH": "/usr/bin:/bin"}, 0.2) == "unknown"
    assert ask_status(str(tmp_path / "none"), {}) == "unknown"


@pytest.mark.parametrize(
    ("dotenv", "environment", "variables"),
    [
        ({}, {}, ()),
        ({}, {"OPENAI_API_KEY": "k"}, ("OPENAI_API_KEY",)),
        ({"OPENAI_API_KEY": "k"}, {}, ("OPENAI_API_KEY",)),
        ({"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": "k"}, ()),
        ({}, {"CODEX_API_KEY": "k"}, ("CODEX_API_KEY",)),
        ({}, {"CODEX_API_KEY": "  "}, ()),
        ({"CODEX_API_KEY": "k", "CODEX_ACCESS_TOKEN": "t"}, {}, ()),
        ({"CODEX_API_KEY": ""}, {"CODEX_API_KEY": "k"}, ("CODEX_API_KEY",)),
        (
            {"OPENAI_API_KEY": "k"},
            {"CODEX_ACCESS_TOKEN": "t", "CODEX_API_KEY": "k", "OTHER": "x"},
            ("OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"),
        ),
    ],
    ids=str,
)
def test_the_variables_that_hold_a_key(
    dotenv: dict[str, str], environment: dict[str, str], variables: tuple[str, ...]
) -> None:
    assert login({}, dotenv, environment, None) == Login("file", "not_asked", variables)


@pytest.mark.parametrize(
    ("value", "store"),
    [
        (None, "file"),
        ("keyring", "keyring"),
        ("auto", "auto"),
        ("ephemeral", "ephemeral"),
        ("nonsense", "file"),
        (["keyring"], "file"),
        ({}, "file"),
        (1, "file"),
    ],
    ids=str,
)
def test_the_store(value: t.Any, store: str) -> None:
    document = {} if value is None else {"cli_auth_credentials_store": value}
    assert login(document, {}, {}, "chatgpt") == Login(store, "chatgpt", ())


@pytest.mark.parametrize(
    ("status", "variables", "conflict"),
    [
        ("chatgpt", (), ()),
        ("chatgpt", ("OPENAI_API_KEY",), ()),
        ("chatgpt", ("OPENAI_API_KEY", "CODEX_API_KEY"), ("CODEX_API_KEY",)),
        ("chatgpt", ("CODEX_ACCESS_TOKEN",), ("CODEX_ACCESS_TOKEN",)),
        ("api_key", ("CODEX_API_KEY",), ()),
        ("none", ("CODEX_API_KEY",), ()),
        ("not_asked", ("CODEX_API_KEY",), ()),
    ],
    ids=str,
)
def test_two_kinds_of_credentials_at_once(
    status: str, variables: tuple[str, ...], conflict: tuple[str, ...]
) -> None:
    assert conflicting(Login("file", status, variables)) == conflict


def test_no_value_of_a_variable_is_kept() -> None:
    found = login({}, {"OPENAI_API_KEY": "sk-one"}, {"CODEX_API_KEY": "sk-two"}, "chatgpt")
    assert "sk-" not in repr(found)
