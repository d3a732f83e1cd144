# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines whose configuration is not the plain one: cured as their owner means it, and taken back.

All of them have their WebSockets refused; one run cures them, one takes the cure back.
"""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
from support.certificates import GATEWAY_HOST
from support.client import Turn, run_turn, strict_complaint
from support.laptop import CONFIG, Laptop, api_key_login, chatgpt_login
from support.laptop_config import Meaning, cured, meaning
from support.laptop_playbooks import Controller, PlaybookRun
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

GATEWAY_CONFIG = (
    b'model_provider = "gateway"  # the company\'s\n'
    + CONFIG
    + f"""
[model_providers.gateway]
name = "Company gateway"
base_url = "https://{GATEWAY_HOST}/v1"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = true
""".encode()
)
BASE_URL_CONFIG = f'openai_base_url = "https://{GATEWAY_HOST}/v1"\n'.encode() + CONFIG
STRANGER_CONFIG = (
    CONFIG
    + b"""
[model_providers.openai_http]  # a colleague's experiment
name = "Something else"
base_url = "https://else.example.com/v1"
env_key = "ELSE_KEY"
"""
)

CONFIGS = {
    "plain": CONFIG,
    "chatgpt": CONFIG,
    "gateway": GATEWAY_CONFIG,
    "base-url": BASE_URL_CONFIG,
    "stranger": STRANGER_CONFIG,
    "dotfiles": CONFIG,
}
CURED = {
    "plain": cured(CONFIG),
    "chatgpt": cured(CONFIG),
    "gateway": cured(
        GATEWAY_CONFIG, "gateway", name="Company gateway", base_url=f"https://{GATEWAY_HOST}/v1"
    ),
    "base-url": cured(BASE_URL_CONFIG, base_url=f"https://{GATEWAY_HOST}/v1"),
    "stranger": cured(STRANGER_CONFIG, "openai_http_2"),
    "dotfiles": cured(CONFIG),
}
# The hosts that may see a turn after the cure: those that saw it before.
TURN_HOSTS = {
    "plain": "api.openai.com",
    "chatgpt": "chatgpt.com",
    "gateway": GATEWAY_HOST,
    "base-url": GATEWAY_HOST,
    "stranger": "api.openai.com",
    "dotfiles": "api.openai.com",
}


@dataclasses.dataclass(frozen=True)
class Cured:
    """The fleet after `remediate`: what each config means, and the client's word on it."""

    run: PlaybookRun
    meanings: dict[str, Meaning]
    complaints: dict[str, str | None]
    turns: dict[str, Turn]
    turn_hosts: dict[str, set[str]]


@pytest.fixture(scope="module")
def fleet(make_laptop: LaptopFactory) -> dict[str, Laptop]:
    laptops = {}
    for name, config in CONFIGS.items():
        login = chatgpt_login() if name == "chatgpt" else api_key_login()
        laptops[name] = make_laptop(name, login=login, websocket="http-403", config=config)
    move_to_dotfiles(laptops["dotfiles"])
    return laptops


def move_to_dotfiles(laptop: Laptop) -> None:
    """Put the config where people keep it under version control, and a link in its place."""
    target = dotfile(laptop)
    target.parent.mkdir()
    laptop.config.rename(target)
    laptop.config.symlink_to("../dotfiles/codex.toml")


def dotfile(laptop: Laptop) -> pathlib.Path:
    return laptop.home / "dotfiles" / "codex.toml"


@pytest.fixture(scope="module")
def after_remediate(fleet: dict[str, Laptop], ansible: Controller) -> Cured:
    run = ansible.run("remediate", list(fleet.values()), variables={"reconnect_probe_interval": 0})
    meanings = {name: meaning(laptop.config.read_bytes()) for name, laptop in fleet.items()}
    complaints, turns, turn_hosts = {}, {}, {}
    for name, laptop in fleet.items():
        complaints[name] = strict_complaint(laptop)
        laptop.service.requests.clear()
        turns[name] = run_turn(laptop)
        posts = [seen for seen in laptop.service.requests if seen.path.endswith("/responses")]
        turn_hosts[name] = {seen.host for seen in posts}
    return Cured(run, meanings, complaints, turns, turn_hosts)


@pytest.fixture(scope="module")
def after_rollback(
    after_remediate: Cured, fleet: dict[str, Laptop], ansible: Controller
) -> dict[str, Meaning]:
    ansible.run("rollback", list(fleet.values()))
    return {name: meaning(laptop.config.read_bytes()) for name, laptop in fleet.items()}


@pytest.mark.parametrize("host", CONFIGS)
def test_the_cure_is_what_the_configuration_calls_for(after_remediate: Cured, host: str) -> None:
    assert after_remediate.meanings[host] == CURED[host], after_remediate.run.stdout


@pytest.mark.parametrize("host", CONFIGS)
def test_the_client_accepts_the_result_strictly(after_remediate: Cured, host: str) -> None:
    assert after_remediate.complaints[host] is None


@pytest.mark.parametrize("host", CONFIGS)
def test_a_turn_goes_to_the_same_host_without_reconnecting(
    after_remediate: Cured, host: str
) -> None:
    turn = after_remediate.turns[host]
    assert (turn.reconnect_lines, turn.answer) == ((), ANSWER)
    assert after_remediate.turn_hosts[host] == {TURN_HOSTS[host]}


@pytest.mark.parametrize("host", CONFIGS)
def test_rollback_brings_the_old_meaning_back(
    after_rollback: dict[str, Meaning], host: str
) -> None:
    after, before = after_rollback[host], meaning(CONFIGS[host])
    providers = after.pop("model_providers", {})
    earlier = before.pop("model_providers", {})
    assert after == before
    assert {name: providers[name] for name in earlier} == earlier


def test_a_linked_config_stays_a_link(after_remediate: Cured, fleet: dict[str, Laptop]) -> None:
    laptop = fleet["dotfiles"]
    assert laptop.config.is_symlink()
    assert laptop.config.resolve() == dotfile(laptop)


def test_a_handshake_that_hangs_is_cured(make_laptop: LaptopFactory, ansible: Controller) -> None:
    laptop = make_laptop("hanging", login=api_key_login(), websocket="hang")

    run = ansible.run("remediate", [laptop], variables={"reconnect_probe_interval": 0})

    assert run.changed == {"hanging": 1}, run.stdout
    assert meaning(laptop.config.read_bytes()) == cured(CONFIG)
    turn = run_turn(laptop)
    assert (turn.reconnect_lines, turn.answer) == ((), ANSWER)
