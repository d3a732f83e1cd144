# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every generation that has a doctor reads `.env` as the newest does."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import shlex
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from support import dotenv_client, stubs
from support.client import REPOSITORY
from support.client_versions import installed_client

MEASURED = REPOSITORY / "tests/fixtures/dotenv/measured.json"
AT_ONCE = 4
# A full doctor takes 0.6 s of the processor: without a choice of versions, a sample has to do.
STEP = 1 if os.environ.get("CODEX_E2E_VERSIONS") else 8


@pytest.fixture(scope="module")
def full_doctor(version_with_doctor: str, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a client that takes `--network-only` for nothing, as its doctor may not know it."""
    client = installed_client(version_with_doctor)
    path = tmp_path_factory.mktemp("full-doctor") / "codex"
    return stubs.script(path, f"exec {shlex.quote(str(client))} doctor --json")


def test_the_measured_files_are_read_as_ever(
    full_doctor: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    rows = json.loads(MEASURED.read_text(encoding="utf-8"))["observed"][::STEP]
    shares = [rows[start::AT_ONCE] for start in range(AT_ONCE)]
    homes = [tmp_path / str(number) for number in range(AT_ONCE)]

    def differences(home: pathlib.Path, share: list[dict[str, t.Any]]) -> list[t.Any]:
        home.mkdir()
        dotenv_client.prepare(home)
        found = []
        for row in share:
            seen = dotenv_client.see(full_doctor, home, _dotenv.bytes_of(row["input"]))
            wanted = (row["panicked"], row["shown"], frozenset(row["proxies"]))
            if seen != dotenv_client.Seen(*wanted):
                found.append((row, seen))
        return found

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        assert [one for found in pool.map(differences, homes, shares) for one in found] == []
