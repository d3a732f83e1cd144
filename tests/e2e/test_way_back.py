# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back as overrides: doctor looks at what was there before the cure, which stays in place.

The client is the judge: it must ask the host that turns went to before the cure for a WebSocket.
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from support.certificates import API_HOST, CHATGPT_HOST, GATEWAY_HOST
from support.client import doctor
from support.laptop import CONFIG, Laptop, api_key_login, chatgpt_login, snapshot
from support.laptop_modules import run_module

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

TABLE = f"""name = "Company gateway"
base_url = "https://{GATEWAY_HOST}/v1"
requires_openai_auth = true
supports_websockets = true
""".encode()
BLOCKED = ("websocket_blocked", "upgrade_refused")
HEALTHY = ("healthy", "handshake_ok")


@dataclasses.dataclass(frozen=True)
class Case:
    """A configuration before the cure, and which provider and host it leads back to."""

    config: bytes = CONFIG
    login: bytes = dataclasses.field(default_factory=api_key_login)
    provider: str = "openai"
    host: str = API_HOST


CASES = {
    "plain": Case(),
    "chatgpt": Case(login=chatgpt_login(), host=CHATGPT_HOST),
    "named": Case(b'model_provider = "openai"\n' + CONFIG),
    "gateway": Case(
        b'model_provider = "corp"\n' + CONFIG + b"[model_providers.corp]\n" + TABLE,
        provider="corp",
        host=GATEWAY_HOST,
    ),
    "base-url": Case(
        f'openai_base_url = "https://{GATEWAY_HOST}/v1"\n'.encode() + CONFIG, host=GATEWAY_HOST
    ),
}


@dataclasses.dataclass(frozen=True)
class Look:
    """What codex_info said, and the hosts that were asked for a WebSocket."""

    verdict: tuple[str, str]
    provider: tuple[str, bool | None]
    hosts: set[str]


def look(laptop: Laptop, overrides: list[str]) -> Look:
    before = len(laptop.service.requests)
    codex = run_module("codex_info", laptop, probe_interval=0, overrides=overrides)["codex"]
    asked = laptop.service.requests[before:]
    return Look(
        (codex["diagnosis"]["verdict"], codex["diagnosis"]["cause"]),
        (codex["provider"]["active"], codex["provider"]["websockets"]),
        {one.host for one in asked if one.transport == "websocket"},
    )


@pytest.mark.parametrize("name", CASES)
def test_doctor_looks_behind_the_cure(make_laptop: LaptopFactory, name: str) -> None:
    case = CASES[name]
    laptop = make_laptop(name, login=case.login, websocket="http-403", config=case.config)
    assert run_module("http_provider", laptop)["changed"] is True
    cured = snapshot(laptop.home)

    way_back = run_module("http_provider", laptop, state="absent", _ansible_check_mode=True)

    assert (way_back["changed"], way_back["overrides_provider"]) == (True, case.provider)
    behind = Look(BLOCKED, (case.provider, True), {case.host})
    assert look(laptop, way_back["overrides"]) == behind
    laptop.service.websocket = "ok"
    assert look(laptop, way_back["overrides"]) == dataclasses.replace(behind, verdict=HEALTHY)
    assert look(laptop, []).verdict[0] == "http_only"
    assert look(laptop, []).hosts == set()
    assert snapshot(laptop.home) == cured
    taken_back = run_module("http_provider", laptop, state="absent")
    assert taken_back["overrides"] == way_back["overrides"]
    assert look(laptop, []) == dataclasses.replace(behind, verdict=HEALTHY)


def test_an_id_in_quotes_cannot_be_asked_about(make_laptop: LaptopFactory) -> None:
    config = b'model_provider = "my gateway"\n' + CONFIG
    config += b'[model_providers."my gateway"]\n' + TABLE
    laptop = make_laptop("quotes", login=api_key_login(), websocket="http-403", config=config)
    override = 'model_providers."my gateway".supports_websockets=true'
    assert doctor(laptop, "-c", override)["config.load"]["status"] == "fail"
    assert run_module("http_provider", laptop)["overrides"] == []
    taken_back = run_module("http_provider", laptop, state="absent")
    assert (taken_back["changed"], taken_back["overrides"]) == (True, [])
    assert laptop.config.read_bytes() == config
