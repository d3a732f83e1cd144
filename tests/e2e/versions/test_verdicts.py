# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What codex_info says with each generation of the client that has a doctor."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import typing as t

import pytest
from support.client_versions import minor
from support.laptop import CONFIG, Laptop, snapshot
from support.laptop_modules import run_module

if t.TYPE_CHECKING:
    from .conftest import Noted, NotedFactory

Snapshot = dict[str, tuple[int, int, bytes]]

# The service's way to refuse says so in its body, which clients up to 0.164 hand on.
BODY = "refused by policy"

HTTP_ONLY = CONFIG + (
    b'model_provider = "openai_http"\n[model_providers.openai_http]\nname = "OpenAI HTTP only"\n'
    b'wire_api = "responses"\nrequires_openai_auth = true\nsupports_websockets = false\n'
)

LAPTOPS: dict[str, dict[str, t.Any]] = {
    "blocked": {"websocket": "http-403"},
    "closed": {"websocket": "close-1008"},
    "portal": {"websocket": "no-101"},
    "healthy": {},
    "upgrade-required": {"websocket": "http-426"},
    "cured": {"websocket": "http-403", "config": HTTP_ONLY},
    "logged-out": {"websocket": "http-401", "login": None},
    "broken-config": {"websocket": "http-403", "config": b"model = \n"},
    "http-down": {"websocket": "reset", "http": "reset"},
    "forbidden": {"websocket": "http-403", "http": "http-403"},
    "no-scheme": {"websocket": "ok"},
}

VERDICTS = {
    "blocked": "websocket_blocked",
    "closed": "websocket_blocked",
    "portal": "websocket_blocked",
    "healthy": "healthy",
    "upgrade-required": "healthy",
    "cured": "http_only",
    "logged-out": "auth_missing",
    "broken-config": "config_invalid",
    "http-down": "network_unreachable",
    "forbidden": "inconclusive",
}


@dataclasses.dataclass(frozen=True)
class Look:
    """What one laptop's Codex is, and how the client was called for it."""

    codex: dict[str, t.Any]
    calls: list[str]
    before: Snapshot
    after: Snapshot


@dataclasses.dataclass(frozen=True)
class Looks:
    version: str
    by_laptop: dict[str, Look]
    under_overrides: dict[str, t.Any]


@pytest.fixture(scope="module")
def looks(make_noted: NotedFactory, version_with_doctor: str) -> Looks:
    made = {
        name: make_noted(version_with_doctor, name, **options) for name, options in LAPTOPS.items()
    }
    settings = made["no-scheme"].laptop.codex_home / ".env"
    settings.write_text(settings.read_text().replace("=http://", "="))
    with concurrent.futures.ThreadPoolExecutor(len(made)) as pool:
        found = dict(zip(made, pool.map(look, made.values())))
    blocked = made["blocked"].laptop
    cure = run_module("http_provider", blocked, _ansible_check_mode=True)
    overridden = run_module("codex_info", blocked, overrides=cure["overrides"])
    return Looks(version_with_doctor, found, overridden["codex"])


def look(noted: Noted) -> Look:
    before = what_counts(noted.laptop)
    codex = run_module("codex_info", noted.laptop, probes=1)["codex"]
    return Look(codex, noted.wrapper.calls, before, what_counts(noted.laptop))


def what_counts(laptop: Laptop) -> Snapshot:
    # The full doctor asks npm where it installs, and npm keeps a log (seen with 0.131.0).
    files = snapshot(laptop.home)
    return {path: file for path, file in files.items() if not path.startswith(".npm/")}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_does_not_depend_on_the_generation(looks: Looks, name: str) -> None:
    diagnosis = looks.by_laptop[name].codex["diagnosis"]
    assert diagnosis["verdict"] == VERDICTS[name], diagnosis


def test_a_proxy_without_a_scheme_is_no_reason_to_give_up_websockets(looks: Looks) -> None:
    codex = looks.by_laptop["no-scheme"].codex
    assert codex["doctor"]["websocket"]["status"] == "warning"
    assert codex["doctor"]["http"]["status"] == "ok"
    assert codex["diagnosis"]["remedy"] != "http_provider"


def test_the_client_is_known_by_its_version(looks: Looks) -> None:
    assert {look.codex["version"] for look in looks.by_laptop.values()} == {looks.version}


def test_each_generation_is_asked_as_it_understands(looks: Looks) -> None:
    # 0.131.0 ends with status 2 at --network-only, which came with 0.166.0.
    flavour, command = (
        ("network-only", "doctor --json --network-only")
        if minor(looks.version) >= 166
        else ("full", "doctor --json")
    )
    for look in looks.by_laptop.values():
        assert look.codex["doctor"]["flavour"] == flavour
        assert [call for call in look.calls if call.startswith("doctor")] == [command]


def test_the_client_is_asked_for_nothing_but_facts(looks: Looks) -> None:
    calls = {call for look in looks.by_laptop.values() for call in look.calls}
    assert {" ".join(call.split()[:2]) for call in calls} <= {
        "--version",
        "doctor --json",
        "login status",
    }


def test_looking_leaves_every_byte_and_time_alone(looks: Looks) -> None:
    for name, look in looks.by_laptop.items():
        assert look.after == look.before, name


def test_what_the_service_answered_is_not_handed_on(looks: Looks) -> None:
    assert (
        looks.by_laptop["blocked"]
        .codex["doctor"]["websocket"]["detail"]
        .endswith("handshake transport error: http 403 Forbidden")
    )
    assert BODY not in json.dumps([look.codex for look in looks.by_laptop.values()])


def test_doctor_takes_the_cure_as_overrides(looks: Looks) -> None:
    assert looks.under_overrides["diagnosis"]["verdict"] == "http_only"
    assert looks.under_overrides["provider"]["active"] == "openai_http"
