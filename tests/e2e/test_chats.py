# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README says of chats, after each playbook that changes the provider.

One laptop has a chat of each provider, and the real client is asked to resume them.
"""

from __future__ import annotations

import json
import typing as t

import pytest
from support import client
from support.laptop import Laptop, api_key_login
from support.laptop_playbooks import Controller

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

THEIRS, OURS = "openai", "openai_http"

Resumed = dict[tuple[str, str, t.Optional[str]], t.Optional[str]]
"""By playbook, chat and the provider that is named: the transport; None where it was refused."""

TOLD: Resumed = {
    ("remediate", THEIRS, None): None,
    ("remediate", THEIRS, THEIRS): "websocket",
    ("remediate", OURS, None): "http",
    ("recover", THEIRS, None): "websocket",
    ("recover", OURS, None): None,
    ("recover", OURS, OURS): "http",
    ("rollback", THEIRS, None): "websocket",
    ("rollback", OURS, None): None,
    ("rollback", OURS, OURS): "http",
    ("purge", THEIRS, None): "websocket",
    ("purge", OURS, None): None,
    ("purge", OURS, OURS): None,
}


def turn(laptop: Laptop, *arguments: str) -> tuple[str, str] | None:
    """Say something, and return the chat's id and the transport; None where that is refused."""
    asked = len(laptop.service.requests)
    run = client.run_client(laptop, "exec", "--json", "--skip-git-repo-check", *arguments, "HELLO")
    if run.returncode:
        return None
    events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    (chat,) = {event["thread_id"] for event in events if event["type"] == "thread.started"}
    used = {one.transport for one in laptop.service.requests[asked:]}
    return str(chat), "websocket" if "websocket" in used else "http"


def begun(laptop: Laptop, *arguments: str) -> str:
    made = turn(laptop, *arguments)
    assert made is not None
    return made[0]


@pytest.fixture(scope="module")
def chats_and_resumed(
    make_laptop: LaptopFactory, ansible: Controller
) -> tuple[dict[str, str], Resumed]:
    laptop = make_laptop("chats", login=api_key_login())
    chats = {THEIRS: begun(laptop)}
    resumed: Resumed = {}

    def play(title: str, playbook: str, **variables: t.Any) -> None:
        laptop.service.websocket = "http-403" if playbook == "remediate" else "ok"
        run = ansible.run(
            playbook, [laptop], variables={"reconnect_probe_interval": 0, **variables}
        )
        assert run.changed == {laptop.name: 1}, run.stdout
        laptop.service.websocket = "ok"
        if OURS not in chats:
            chats[OURS] = begun(laptop, "resume", "--last")
        for told, chat, named in TOLD:
            if told == title:
                option = ("-c", f"model_provider={named}") if named else ()
                answer = turn(laptop, "resume", *option, chats[chat])
                assert answer is None or answer[0] == chats[chat]
                resumed[title, chat, named] = answer and answer[1]

    play("remediate", "remediate")
    play("recover", "recover", reconnect_recovery_cooldown=0)
    play("cure again", "remediate")
    play("rollback", "rollback")
    play("purge", "rollback", reconnect_purge=True)
    return chats, resumed


def test_the_last_chat_is_not_resumed_under_another_provider(
    chats_and_resumed: tuple[dict[str, str], Resumed],
) -> None:
    chats, _resumed = chats_and_resumed
    assert chats[OURS] != chats[THEIRS]


@pytest.mark.parametrize("told", TOLD, ids=lambda told: "-".join(filter(None, told)))
def test_a_chat_is_resumed_as_the_readme_says(
    chats_and_resumed: tuple[dict[str, str], Resumed], told: tuple[str, str, str | None]
) -> None:
    _chats, resumed = chats_and_resumed
    assert resumed[told] == TOLD[told]
