# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real client reads `.env` as `_dotenv` says, and the edits of `_dotenv_edit` as wanted.

CODEX_E2E_DOTENV_FILES is the number of generated files that each test shows to the client (some
0.06 s a file), CODEX_E2E_DOTENV_SEED the seed that they are made from.
"""

from __future__ import annotations

import itertools
import json
import os
import pathlib

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv, _dotenv_edit
from support import dotenv_client
from support.dotenv_client import ENVIRONMENT, Seen
from support.dotenv_expected import expected
from support.dotenv_files import SHOWN, files

FIXTURES = pathlib.Path(__file__).parents[1] / "fixtures" / "dotenv"
COUNT = int(os.environ.get("CODEX_E2E_DOTENV_FILES", "200"))
SEED = int(os.environ.get("CODEX_E2E_DOTENV_SEED", "1"))
VALUES = ("http:h", "", "it's $A", "a  b", 'é"\\\n', "#x ")


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    dotenv_client.prepare(tmp_path)
    return tmp_path


def test_the_measured_files_are_read_as_ever(executable: pathlib.Path, home: pathlib.Path) -> None:
    document = json.loads((FIXTURES / "measured.json").read_text(encoding="utf-8"))
    different = []
    for row in document["observed"]:
        seen = dotenv_client.see(executable, home, _dotenv.bytes_of(row["input"]))
        if seen != Seen(row["panicked"], row["shown"], frozenset(row["proxies"])):
            different.append((row, seen))
    assert not different


def test_the_recorded_cases_are_seen(executable: pathlib.Path, home: pathlib.Path) -> None:
    document = json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))
    for case in document["observed"]:
        seen = dotenv_client.see(executable, home, _dotenv.bytes_of(case["input"]))
        assert ("HTTPS_PROXY" in seen.proxies) is case["seen"], case
    for case in document["edits"]:
        data = None if case["input"] is None else case["input"].encode()
        edit = _dotenv_edit.plan(data, case["set"], (), ENVIRONMENT)
        seen = dotenv_client.see(executable, home, edit.after)
        assert "HTTPS_PROXY" in seen.proxies, case


def test_generated_files_are_read_alike(executable: pathlib.Path, home: pathlib.Path) -> None:
    different = []
    for data in itertools.islice(files(SEED), COUNT):
        seen = dotenv_client.see(executable, home, data)
        if seen != expected(data):
            different.append((data, seen, expected(data)))
    assert not different


def test_an_edit_of_a_generated_file_takes_effect(
    executable: pathlib.Path, home: pathlib.Path
) -> None:
    edited, different = 0, []
    for data, value in zip(files(SEED + 1), itertools.islice(itertools.cycle(VALUES), COUNT)):
        try:
            edit = _dotenv_edit.plan(data, {SHOWN: value}, ("HTTPS_PROXY",), ENVIRONMENT)
        except _dotenv_edit.EditRefused:
            continue
        edited += 1
        seen = dotenv_client.see(executable, home, edit.after)
        proxies = expected(data).proxies - {"HTTPS_PROXY", *edit.followers}
        if seen.shown != value or seen.proxies - {*edit.followers} != proxies:
            different.append((data, value, edit.after, seen))
    assert not different
    assert edited > COUNT / 2


def test_a_nul_byte_in_a_value_ends_the_client(
    executable: pathlib.Path, home: pathlib.Path
) -> None:
    assert dotenv_client.see(executable, home, b"B=\0\n").panicked
    assert not dotenv_client.see(executable, home, b"B\0=1\n# \0\n").panicked


def test_what_is_no_file_sets_nothing(executable: pathlib.Path, home: pathlib.Path) -> None:
    nothing = Seen(False, None, frozenset())
    assert dotenv_client.see(executable, home, b"") == nothing
    (home / ".codex/.env").unlink()
    (home / ".codex/.env").mkdir()
    assert dotenv_client.look(executable, home, ".env is a folder") == nothing
