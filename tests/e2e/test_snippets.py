# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Published snippets that were followed in vain, before and after the cure, by the real client.

WebSockets work on every laptop, so a turn over HTTP is one of the provider that the snippet is for.
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._layers import read_layers
from ansible_collections.devfleet.codex.plugins.module_utils._provider_table import ROOT_KEYS
from ansible_collections.devfleet.codex.plugins.module_utils._snippets import (
    broken_snippet,
    misplaced_root_keys,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml_edit import read
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from support.client import doctor, run_client
from support.laptop import CONFIG, Laptop, api_key_login
from support.laptop_modules import run_module
from support.provider_tables import CHOICE, OURS, WITH_API_HOST, WITHOUT_LOGIN

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

VERSION = parse_version("0.169.0")
PROFILE = f"\n[profiles.http]\n{CHOICE}"
SELECTED = 'profile = "http"\n'


@dataclasses.dataclass(frozen=True)
class Snippet:
    """A configuration, and what the client makes of it; `profile` is what --profile is given."""

    config: str
    cause: str
    load: str
    warned: str | None = None
    warned_after: str | None = None
    profile: str | None = None
    refused_with: str | None = None


BASE = CONFIG.decode()
SNIPPETS = {
    "below-another-table": Snippet(
        f"{BASE}\n[tui]\nanimations = false\n{CHOICE}{OURS}", "root_key_in_table", "ok"
    ),
    "below-its-own-header": Snippet(
        f"{BASE}{WITHOUT_LOGIN}{CHOICE}",
        "root_key_in_table",
        "warning",
        warned="`model_providers.openai_http.model_provider` is ignored",
    ),
    "with-keys-of-the-user": Snippet(
        f'{BASE}{WITH_API_HOST}{CHOICE}notify = ["true"]\n',
        "root_key_in_table",
        "warning",
        warned="`model_providers.openai_http.model_provider` is ignored",
        warned_after="`model_providers.openai_http.notify` is ignored",
    ),
    "in-a-project": Snippet(
        f'{BASE}\n[projects."/x"]\ntrust_level = "trusted"\n{CHOICE}{OURS}',
        "root_key_in_table",
        "warning",
        warned="`projects./x.model_provider` is ignored",
        warned_after="`projects./x.model_provider` is ignored",
    ),
    "among-features": Snippet(
        f"{BASE}\n[features]\n{CHOICE}{OURS}",
        "root_key_in_table",
        "fail",
        refused_with="expected a boolean",
    ),
    "among-tables-of-tables": Snippet(
        f"{BASE}\n[agents]\n{CHOICE}\n[mcp_servers]\n{CHOICE}\n[projects]\n{CHOICE}{OURS}",
        "root_key_in_table",
        "fail",
        refused_with="expected struct",
    ),
    "profile": Snippet(
        f"{BASE}{OURS}{PROFILE}",
        "legacy_profile",
        "ok",
        profile="http",
        refused_with="--profile `http` cannot be used while",
    ),
    "selected-profile": Snippet(
        f"{SELECTED}{BASE}{OURS}{PROFILE}",
        "legacy_profile",
        "fail",
        refused_with='legacy `profile = "http"` config is no longer supported',
    ),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """What doctor and one turn showed; `requests` are the transport and scheme of each request."""

    load: dict[str, t.Any]
    websocket: dict[str, t.Any]
    returncode: int
    stderr: str
    requests: frozenset[tuple[str, str | None]]
    cause: str | None


def seen(laptop: Laptop, profile: str | None) -> Seen:
    checks = doctor(laptop)
    asked_before = len(laptop.service.requests)
    options = ("--profile", profile) if profile else ()
    run = run_client(laptop, "exec", "--json", "--skip-git-repo-check", *options, "HELLO")
    found = broken_snippet(read_layers(str(laptop.codex_home), "/nonexistent"), VERSION)
    return Seen(
        checks["config.load"],
        checks.get("network.websocket_reachability", {}),
        run.returncode,
        run.stderr,
        frozenset(
            (request.transport, request.authorization)
            for request in laptop.service.requests[asked_before:]
            if request.path.endswith("/responses")
        ),
        found.cause if found else None,
    )


def cure(laptop: Laptop) -> None:
    """Make the change as a playbook would, once and no more."""
    executable = str(laptop.executable)
    assert run_module("http_provider", laptop, executable=executable)["changed"]
    assert not run_module("http_provider", laptop, executable=executable)["changed"]


class Case(t.NamedTuple):
    snippet: Snippet
    before: Seen
    after: Seen


@pytest.fixture(scope="module", params=SNIPPETS)
def case(make_laptop: LaptopFactory, request: pytest.FixtureRequest) -> Case:
    snippet = SNIPPETS[request.param]
    laptop = make_laptop(request.param, login=api_key_login(), config=snippet.config.encode())
    before = seen(laptop, snippet.profile)
    cure(laptop)
    return Case(snippet, before, seen(laptop, "http"))


def warning(found: Seen) -> str:
    return str(found.load["details"].get("startup warning", ""))


def test_the_snippet_has_no_effect_and_is_told(case: Case) -> None:
    snippet, before, _after = case
    assert before.cause == snippet.cause
    assert before.load["status"] == snippet.load
    assert (snippet.warned or "") in warning(before)
    if snippet.refused_with is None:
        assert before.returncode == 0
        assert before.requests == {("websocket", "Bearer")}
    else:
        assert before.returncode == 1
        assert snippet.refused_with in before.stderr
        assert before.requests == frozenset()


def test_cured_it_sends_the_login_over_http_and_profiles_start(case: Case) -> None:
    snippet, _before, after = case
    assert after.cause is None
    assert after.returncode == 0, after.stderr
    assert after.requests == {("http", "Bearer")}
    assert after.websocket["details"]["model provider"] == "openai_http"
    assert after.websocket["details"]["supports websockets"] == "false"
    assert after.load["status"] == ("warning" if snippet.warned_after else "ok")
    assert warning(after).count("is ignored") == (1 if snippet.warned_after else 0)
    assert (snippet.warned_after or "") in warning(after)


def test_no_key_of_the_root_is_read_in_a_provider_table(make_laptop: LaptopFactory) -> None:
    below = "".join(f"{key} = 1\n" for key in sorted(ROOT_KEYS))
    config = f"{CHOICE}{BASE}{OURS}{below}"
    laptop = make_laptop("all-root-keys", login=api_key_login(), config=config.encode())
    load = doctor(laptop)["config.load"]
    assert f"ignoring {len(ROOT_KEYS)} unrecognized" in load["details"]["startup warning"]
    assert misplaced_root_keys(read(config))


def test_no_profile_starts_beside_one_that_the_root_selects(
    make_laptop: LaptopFactory,
) -> None:
    laptop = make_laptop("another", login=api_key_login(), config=(SELECTED + BASE + OURS).encode())
    (laptop.codex_home / "other.config.toml").write_text(CHOICE)
    run = run_client(laptop, "exec", "--skip-git-repo-check", "--profile", "other", "HELLO")
    assert run.returncode == 1
    assert 'legacy `profile = "http"` config is no longer supported' in run.stderr
