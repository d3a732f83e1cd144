# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""http_provider alone, with the real client as judge: profiles, and files that are odd but valid.

On every laptop WebSockets are refused, so a turn without a reconnect line went over HTTP alone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t

import pytest
from support.client import REPOSITORY, doctor, run_client, run_turn, strict_complaint
from support.laptop import CONFIG, Laptop, api_key_login
from support.laptop_config import HTTP_ONLY_TABLE, meaning
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

AWKWARD_CONFIGS = {
    "bom-and-crlf": b"\xef\xbb\xbf# mine\r\n" + CONFIG.replace(b"\n", b"\r\n") + b"\r\n[tui]\r\n",
    "inline-parent": CONFIG
    + b'model_providers = { corp = { name = "c", base_url = "https://c.example.com/v1" } }\n',
    "dotted-parent": b'model_providers.corp.name = "c"\n'
    + CONFIG
    + b'model_providers.corp.base_url = "https://c.example.com/v1"\n[tui]',
}


def run_module(laptop: Laptop, **options: t.Any) -> dict[str, t.Any]:
    """Run http_provider as `ansible` would on the laptop; return its result."""
    module = REPOSITORY / "plugins/modules/http_provider.py"
    given = {"ANSIBLE_MODULE_ARGS": {"codex_home": str(laptop.codex_home), **options}}
    environment = {
        **laptop.environment(),
        "PYTHONPATH": str(REPOSITORY / ".cache/collections"),
        "PATH": f"{laptop.executable.parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, str(module)],
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    result: dict[str, t.Any] = json.loads(done.stdout)
    return result


@dataclasses.dataclass(frozen=True)
class ProfileTurns:
    """What `codex exec` said without and with `--profile http`, and doctor without."""

    base: tuple[str, ...]
    profile_stderr: str
    profile_stdout: str
    profile_complaint: str | None
    websocket_status: str


@pytest.fixture(scope="module")
def profiled(make_laptop: LaptopFactory) -> Laptop:
    laptop = make_laptop("profiled", login=api_key_login(), websocket="http-403")
    # The client is asked for its version: a module has no other way to know which file it reads.
    result = run_module(laptop, scope="profile", profile="http")
    assert result["path"] == str(laptop.codex_home / "http.config.toml")
    return laptop


@pytest.fixture(scope="module")
def turns(profiled: Laptop) -> ProfileTurns:
    base = run_turn(profiled)
    run = run_client(
        profiled, "exec", "--json", "--skip-git-repo-check", "--profile", "http", "HELLO"
    )
    return ProfileTurns(
        base.reconnect_lines,
        run.stderr,
        run.stdout,
        strict_complaint(profiled, "--profile", "http"),
        doctor(profiled)["network.websocket_reachability"]["status"],
    )


def test_a_profile_leaves_sessions_without_it_alone(profiled: Laptop, turns: ProfileTurns) -> None:
    assert profiled.config.read_bytes() == CONFIG
    assert len(turns.base) == 4
    assert turns.websocket_status != "ok"


def test_a_session_with_the_profile_uses_http_alone(turns: ProfileTurns) -> None:
    assert "Reconnecting" not in turns.profile_stdout + turns.profile_stderr
    assert ANSWER in turns.profile_stdout


def test_the_profile_file_is_accepted_strictly(profiled: Laptop, turns: ProfileTurns) -> None:
    assert turns.profile_complaint is None
    assert meaning((profiled.codex_home / "http.config.toml").read_bytes()) == {
        "model_provider": "openai_http",
        "model_providers": {"openai_http": HTTP_ONLY_TABLE},
    }


def test_a_profile_is_taken_back_without_a_trace(profiled: Laptop, turns: ProfileTurns) -> None:
    result = run_module(profiled, scope="profile", profile="http", state="absent", purge=True)
    assert result["changed"] is True
    assert profiled.config.read_bytes() == CONFIG
    left = {path.name for path in profiled.codex_home.iterdir()}
    assert left.isdisjoint({"http.config.toml", ".devfleet"})


@pytest.mark.parametrize("name", AWKWARD_CONFIGS)
def test_an_odd_file_is_accepted_after_the_change(make_laptop: LaptopFactory, name: str) -> None:
    config = AWKWARD_CONFIGS[name]
    laptop = make_laptop(name, login=api_key_login(), websocket="http-403", config=config)

    assert run_module(laptop)["changed"] is True

    assert strict_complaint(laptop) is None
    turn = run_turn(laptop)
    assert (turn.reconnect_lines, turn.answer) == ((), ANSWER)
    assert doctor(laptop)["config.load"]["status"] == "ok"
    assert run_module(laptop, state="absent", purge=True)["changed"] is True
    assert laptop.config.read_bytes() == config
