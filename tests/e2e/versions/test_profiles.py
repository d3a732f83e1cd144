# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP-only provider as a profile and for all sessions, written as each generation reads it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from support.client import Run, Turn, run_client, run_turn
from support.client_versions import minor
from support.laptop import CONFIG, snapshot
from support.laptop_config import HTTP_ONLY_TABLE, cured, meaning
from support.laptop_modules import run_module
from support.service import ANSWER

if t.TYPE_CHECKING:
    from .conftest import NotedFactory

FIRST_PROFILE_FILES = 134


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; file names are relative to CODEX_HOME."""

    version: str
    profile_files: dict[str, bytes]
    found_profiles: list[str]
    profile_run: Run
    profile_transports: set[str]
    after_profile: dict[str, bytes]
    user_files: dict[str, bytes]
    user_turn: Turn
    after_user: dict[str, bytes]
    calls: list[str]


@pytest.fixture(scope="module")
def story(make_noted: NotedFactory, version: str) -> Story:
    noted = make_noted(version, "profiled", websocket="http-403")
    laptop = noted.laptop

    def provide(**options: t.Any) -> dict[str, bytes]:
        assert run_module("http_provider", laptop, **options)["changed"] is True
        files = snapshot(laptop.codex_home)
        return {
            path: content
            for path, (_mode, _mtime, content) in files.items()
            if path.endswith("config.toml") and "/" not in path
        }

    profile: dict[str, t.Any] = {"scope": "profile", "profile": "http"}
    profile_files = provide(**profile)
    found_profiles = run_module("codex_info", laptop, probes=1)["codex"]["http_only_profiles"]
    calls = noted.wrapper.calls
    laptop.service.requests.clear()
    profile_run = run_client(
        noted.direct, "exec", "--json", "--skip-git-repo-check", "--profile", "http", "HELLO"
    )
    transports = {request.transport for request in laptop.service.requests}
    return Story(
        version=version,
        profile_files=profile_files,
        found_profiles=found_profiles,
        profile_run=profile_run,
        profile_transports=transports,
        after_profile=provide(**profile, state="absent", purge=True),
        user_files=provide(),
        user_turn=run_turn(noted.direct),
        after_user=provide(state="absent", purge=True),
        calls=calls,
    )


def test_the_profile_stands_where_this_generation_reads_it(story: Story) -> None:
    provider = {"model_provider": "openai_http"}
    providers = {"model_providers": {"openai_http": HTTP_ONLY_TABLE}}
    if minor(story.version) >= FIRST_PROFILE_FILES:
        assert story.profile_files["config.toml"] == CONFIG
        assert meaning(story.profile_files["http.config.toml"]) == {**provider, **providers}
    else:
        assert story.profile_files.keys() == {"config.toml"}
        assert meaning(story.profile_files["config.toml"]) == {
            **meaning(CONFIG),
            **providers,
            "profiles": {"http": provider},
        }
    assert story.found_profiles == ["http"]


def test_a_session_with_the_profile_uses_http_alone(story: Story) -> None:
    assert story.profile_run.returncode == 0, story.profile_run.stderr
    assert ANSWER in story.profile_run.stdout
    assert "Reconnecting" not in story.profile_run.stdout + story.profile_run.stderr
    assert story.profile_transports == {"http"}


@pytest.mark.parametrize("step", ["after_profile", "after_user"])
def test_it_is_taken_back_without_a_trace(story: Story, step: str) -> None:
    assert getattr(story, step) == {"config.toml": CONFIG}


def test_every_generation_reads_the_provider_for_all_sessions(story: Story) -> None:
    assert meaning(story.user_files["config.toml"]) == cured(CONFIG)
    assert (story.user_turn.reconnect_lines, story.user_turn.answer) == ((), ANSWER)


def test_writing_asks_the_client_for_its_version_alone(story: Story) -> None:
    assert story.calls[0] == "--version"
    assert [
        call for call in story.calls if call.split()[0] not in ("--version", "doctor", "login")
    ] == []
