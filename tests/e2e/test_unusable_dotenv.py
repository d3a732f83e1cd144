# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A `.env` over which the client itself falls."""

from __future__ import annotations

import json
import typing as t

from support.laptop import api_key_login
from support.laptop_modules import run_module

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

SECRET = "planted-proxy-password"


def test_a_nul_byte_that_ends_every_start_is_named_without_its_value(
    make_laptop: LaptopFactory,
) -> None:
    laptop = make_laptop("nul", login=api_key_login())
    dotenv = laptop.codex_home / ".env"
    before = dotenv.read_bytes()
    dotenv.write_bytes(before + f"ALL_PROXY=http://dev:{SECRET}\0@127.0.0.1:9\n".encode())
    codex = run_module("codex_info", laptop)["codex"]
    diagnosis = codex["diagnosis"]
    line = before.count(b"\n") + 1
    assert (diagnosis["verdict"], diagnosis["cause"]) == ("config_invalid", "dotenv_nul_byte")
    assert diagnosis["evidence"] == [f"{dotenv} line {line}: a NUL byte"]
    assert SECRET not in json.dumps(codex)
