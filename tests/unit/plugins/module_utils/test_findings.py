# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found on any machine, whatever the verdict, and how every finding is told.

What is found only where something fails stands in ``test_findings_failing.py``.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._findings import (
    FINDINGS,
    holds_old_environment,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_LOGS,
    NO_PROXIES,
    ROUTES_FINDINGS,
    LogEvidence,
    Process,
    ProxySettings,
    Surroundings,
)
from support.machine_findings import (
    BUSY,
    CHANGED,
    EXTENSION,
    FALLBACKS,
    KEY_BESIDE,
    NPM,
    ORDINARY,
    details,
    found,
    process,
    proxied,
)

BREW = ("/opt/homebrew/bin/codex", "0.150.0")
RELEASES = "/home/dev/.codex/packages/standalone/releases"


@pytest.mark.parametrize("verdict", ["healthy", "http_only", "not_installed"])
@pytest.mark.parametrize("surroundings", [ORDINARY, BUSY])
@pytest.mark.parametrize(
    "logs",
    [
        NO_LOGS,
        FALLBACKS._replace(fallbacks=2, only_after_idle=True, only_subagents=True),
    ],
)
@pytest.mark.parametrize("proxies", [NO_PROXIES, proxied("127.0.0.1"), proxied("proxy.corp")])
def test_a_machine_on_which_all_is_well_has_none(
    verdict: str, surroundings: Surroundings, logs: LogEvidence, proxies: ProxySettings
) -> None:
    assert (
        found(
            surroundings,
            verdict=verdict,
            logs=logs,
            proxies=proxies,
            login=KEY_BESIDE,
            minimum="0.169.0",
        )
        == ()
    )


def test_nothing_known_is_no_finding() -> None:
    nothing = Surroundings("", False, None, None, (), (), (), ())
    assert found(nothing, login=None, asked=None, minimum="0.150.0", verdict="inconclusive") == ()


@pytest.mark.parametrize(
    ("wsl", "proxies", "told"),
    [
        ("wsl2", proxied("127.0.0.1", "dead_port"), "127.0.0.1:7890"),
        ("wsl2", proxied("localhost", "dead_port", port=None), "localhost in"),
        ("wsl2", proxied("::1", "http_proxy_only", "dead_port"), "::1:7890"),
        ("wsl2", proxied("127.8.0.1", "dead_port"), "127.8.0.1"),
        ("wsl2", proxied("127.0.0.1"), None),
        ("wsl2", proxied("172.20.0.1", "dead_port"), None),
        ("wsl2", proxied("127.example.com", "dead_port"), None),
        ("wsl2", NO_PROXIES, None),
        ("wsl2_mirrored", proxied("127.0.0.1", "dead_port"), None),
        ("wsl1", proxied("127.0.0.1", "dead_port"), None),
        ("", proxied("127.0.0.1", "dead_port"), None),
    ],
)
def test_a_loopback_proxy_of_windows(wsl: str, proxies: ProxySettings, told: str | None) -> None:
    detail = details(wsl=wsl, proxies=proxies).get("wsl_loopback_proxy")
    assert (told in detail) if told and detail else detail == told


@pytest.mark.parametrize(
    ("wsl", "on_drive", "expected"),
    [("wsl2", True, 1), ("wsl1", True, 1), ("wsl2", False, 0), ("", True, 0)],
)
def test_a_home_on_a_drive_of_windows(wsl: str, on_drive: bool, expected: int) -> None:
    assert len(found(wsl=wsl, home_on_windows_drive=on_drive)) == expected


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        ((process("session", CHANGED - 60),), "1 session"),
        (
            (
                process("session", CHANGED - 60),
                process("session", CHANGED - 50),
                process("app_server", CHANGED - 40),
                process("ide", CHANGED - 40),
                process("ide", CHANGED - 3),
                process("session", CHANGED + 3),
            ),
            "2 sessions, 1 background server, 2 clients of an IDE",
        ),
        ((process("app_server", CHANGED - 1.5),), None),
        ((process("app_server", CHANGED + 60),), None),
        ((process("other", CHANGED - 60),), None),
        ((process("session", None),), None),
        (None, None),
    ],
)
def test_clients_that_were_started_before_the_settings_changed(
    processes: tuple[Process, ...] | None, told: str | None
) -> None:
    detail = details(processes=processes).get("restart_required")
    assert detail == (told and f"started before their settings were changed: {told}")


def test_settings_that_never_changed_want_no_restart() -> None:
    old = (process("session", 1.0), process("app_server", 1.0))
    assert found(processes=old, settings_changed=None, environment_changed=None) == ()


def test_a_background_server_reads_a_new_configuration_by_itself() -> None:
    old = (process("session", 1.0), process("app_server", 1.0))
    told = details(processes=old, environment_changed=0.5)["restart_required"]
    assert told == "started before their settings were changed: 1 session"


@pytest.mark.parametrize(
    ("minimum", "asked", "versions", "told"),
    [
        ("0.169.0", "0.150.0", (), "older than 0.169.0: 0.150.0"),
        ("0.169.0", "0.150.0", (BREW,), "older than 0.169.0: 0.150.0 at /opt/homebrew/bin/codex"),
        ("0.165.0", "0.169.0", (NPM, BREW), "older than 0.165.0: 0.150.0 at " + BREW[0]),
        ("0.169.0", "0.169.0-alpha.1", (), "older than 0.169.0: 0.169.0-alpha.1"),
        ("0.169.0", "0.169.0", (NPM,), None),
        ("0.169.0", "0.170.1", (), None),
        ("0.169.0", None, (("/x/codex", ""),), None),
        (None, "0.100.0", (), None),
    ],
)
def test_clients_older_than_the_wanted_one(
    minimum: str | None,
    asked: str | None,
    versions: tuple[tuple[str, str], ...],
    told: str | None,
) -> None:
    detail = details(minimum=minimum, asked=asked, versions=versions).get("below_minimum_version")
    assert detail == told


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ((NPM, BREW), f"0.169.0 at {NPM[0]}, 0.150.0 at {BREW[0]}"),
        ((NPM, (BREW[0], "0.169.0")), None),
        ((NPM, EXTENSION), None),
        (
            ((f"{RELEASES}/0.169.0-x/codex", "0.169.0"), (f"{RELEASES}/0.9.0-x/codex", "0.9.0")),
            None,
        ),
        ((NPM, (f"{RELEASES}/0.160.0-x/codex", "0.160.0")), "0.169.0 at"),
        ((NPM,), None),
        ((), None),
    ],
)
def test_installations_of_different_versions(
    versions: tuple[tuple[str, str], ...], told: str | None
) -> None:
    detail = details(versions=versions).get("several_versions")
    assert detail is None if told is None else detail is not None and detail.startswith(told)


def test_keys_that_stand_in_a_table() -> None:
    keys = tuple(f"model_providers.x.key{number}" for number in range(5))
    told = details(misplaced_keys=keys)["misplaced_keys"]
    assert told.endswith("key0, model_providers.x.key1, model_providers.x.key2 and 2 more")


@pytest.mark.parametrize(
    ("kind", "started", "changed", "holds"),
    [
        ("session", 1.0, 100.0, True),
        ("app_server", 1.0, 100.0, True),
        ("ide", 1.0, 100.0, True),
        ("other", 1.0, 100.0, False),
        ("session", 200.0, 100.0, False),
        ("session", None, 100.0, False),
        ("session", 1.0, None, False),
    ],
)
def test_a_client_that_holds_an_earlier_dotenv(
    kind: str, started: float | None, changed: float | None, holds: bool
) -> None:
    here = BUSY._replace(processes=(process(kind, started),), environment_changed=changed)
    assert holds_old_environment(here) is holds
    assert not holds_old_environment(here._replace(processes=None))


EVERYTHING = BUSY._replace(
    wsl="wsl2",
    home_on_windows_drive=True,
    processes=(process("session", 1.0),) * 5,
    versions=(NPM, BREW),
    misplaced_keys=("tui.notify",),
)
EVERY_CHANGE: dict[str, t.Any] = {
    "proxies": proxied("127.0.0.1", "dead_port"),
    "logs": FALLBACKS._replace(only_subagents=True, only_after_idle=True),
    "login": KEY_BESIDE,
    "minimum": "0.169.0",
    "verdict": "inconclusive",
}


def test_every_name_has_its_case_and_its_place() -> None:
    verdicts = ("inconclusive", "network_unreachable")
    seen = [
        list(details(EVERYTHING, routes=name, **{**EVERY_CHANGE, "verdict": verdict}))
        for name in ROUTES_FINDINGS
        for verdict in verdicts
    ]
    assert {name for names in seen for name in names} == set(FINDINGS)
    assert all(names == sorted(names, key=FINDINGS.index) for names in seen)


def test_every_finding_is_one_line_with_a_sentence_of_advice() -> None:
    for finding in found(EVERYTHING, routes="proxy_not_used", **EVERY_CHANGE):
        assert finding.detail.isprintable()
        assert finding.advice.endswith(".")
        assert finding.advice.isprintable()
        assert not finding.detail.endswith(".")


def test_the_advice_warns_of_what_harms() -> None:
    advice = {
        finding.name: finding.advice
        for name in ROUTES_FINDINGS
        for finding in found(EVERYTHING, routes=name, **EVERY_CHANGE)
    }
    assert "do not delete auth.json" in advice["auth_or_client_version"]
    assert "do not delete auth.json" in advice["api_key_beside_login"]
    assert "TUN" in advice["proxy_not_used"]
    assert "24475" in advice["fallbacks_in_subagents_only"]
    assert "6764" in advice["ide_extension_client"]


def test_hostile_names_are_shown_as_one_bounded_line() -> None:
    hostile = "\x1b]0;owned\x07\n\u202e" + "x" * 5000
    told = found(
        EVERYTHING,
        mcp_servers=(hostile,) * 50,
        versions=((hostile, "0.1.0"), (hostile + "2", "0.2.0")),
        ide_clients=(hostile + "3",),
        misplaced_keys=(hostile,) * 50,
        **EVERY_CHANGE,
    )
    assert {"many_mcp_servers", "several_versions", "misplaced_keys"} <= {one.name for one in told}
    for finding in told:
        assert finding.detail.isprintable()
    assert [
        one.detail[-11:] for one in told if one.name in ("misplaced_keys", "many_mcp_servers")
    ] == ["and 47 more"] * 2


def test_a_detail_is_bounded() -> None:
    host = "localhost" + "." * 5000
    (told,) = found(wsl="wsl2", proxies=proxied(host, "dead_port"))
    assert len(told.detail) <= 600
