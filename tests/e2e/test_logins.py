# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real client says of its login, and which credential it then sends."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._login import (
    OVERRULING_VARIABLES,
    ask_status,
)
from support import bounded
from support.laptop import CONFIG, Laptop, api_key_login, chatgpt_login

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

API = "api.openai.com"
CHATGPT = "chatgpt.com"


@pytest.fixture(autouse=True)
def _home(tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The client is started in the home of whoever runs it.
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("login", "store", "status"),
    [
        (None, "file", "none"),
        (api_key_login(), "file", "api_key"),
        (chatgpt_login(), "file", "chatgpt"),
        (chatgpt_login(), "auto", "chatgpt"),
        (chatgpt_login(), "ephemeral", "none"),
        (chatgpt_login(), "keyring", "unknown"),
        (b"{not json", "file", "unknown"),
        (b"", "file", "unknown"),
    ],
    ids=["none", "api-key", "chatgpt", "auto", "ephemeral", "no-keyring", "broken", "empty"],
)
def test_the_status_of_a_login(
    make_laptop: LaptopFactory,
    request: pytest.FixtureRequest,
    login: bytes | None,
    store: str,
    status: str,
) -> None:
    config = CONFIG + f'cli_auth_credentials_store = "{store}"\n'.encode()
    laptop = make_laptop(f"status-{request.node.callspec.id}", login=login, config=config)

    assert ask_status(str(laptop.executable), laptop.environment()) == status
    assert laptop.service.requests == []


def turn(laptop: Laptop, **variables: str) -> set[tuple[str, str | None]]:
    """The hosts that a turn was sent to, each with the scheme of its credential."""
    laptop.service.requests.clear()
    command = [str(laptop.executable), "exec", "--json", "--skip-git-repo-check", "HELLO"]
    environment = {**laptop.environment(), **variables}
    bounded.finish(command, laptop.home, environment, 60, "a turn")
    return {
        (request.host, request.authorization)
        for request in laptop.service.requests
        if request.path.endswith("/responses")
    }


@pytest.fixture(scope="module")
def with_chatgpt(make_laptop: LaptopFactory) -> Laptop:
    return make_laptop("with-chatgpt", login=chatgpt_login())


@pytest.fixture(scope="module")
def without_login(make_laptop: LaptopFactory) -> Laptop:
    return make_laptop("without-login")


def test_a_key_for_the_client_overrules_a_stored_login(with_chatgpt: Laptop) -> None:
    assert turn(with_chatgpt) == {(CHATGPT, "Bearer")}
    assert turn(with_chatgpt, CODEX_API_KEY="not-a-key") == {(API, "Bearer")}
    environment = {**with_chatgpt.environment(), "CODEX_API_KEY": "not-a-key"}
    assert ask_status(str(with_chatgpt.executable), environment) == "chatgpt"


def test_a_bad_token_for_the_client_takes_the_credential_away(with_chatgpt: Laptop) -> None:
    assert turn(with_chatgpt, CODEX_ACCESS_TOKEN="not-a-token") == {(API, None)}
    environment = {**with_chatgpt.environment(), "CODEX_ACCESS_TOKEN": "not-a-token"}
    assert ask_status(str(with_chatgpt.executable), environment) == "unknown"


def test_a_key_for_the_service_has_no_effect(with_chatgpt: Laptop, without_login: Laptop) -> None:
    assert turn(with_chatgpt, OPENAI_API_KEY="not-a-key") == {(CHATGPT, "Bearer")}
    assert turn(without_login, OPENAI_API_KEY="not-a-key") == {(API, None)}


@pytest.mark.parametrize("variable", OVERRULING_VARIABLES)
def test_the_clients_own_variables_are_dropped_from_dotenv(
    with_chatgpt: Laptop, variable: str
) -> None:
    dotenv = with_chatgpt.codex_home / ".env"
    before = dotenv.read_bytes()
    dotenv.write_bytes(before + f"{variable}=not-a-key{os.linesep}".encode())
    try:
        assert turn(with_chatgpt) == {(CHATGPT, "Bearer")}
    finally:
        dotenv.write_bytes(before)
