# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person is told of each finding, word for word."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._findings import FINDINGS
from support.machine_findings import (
    BUSY,
    CHANGED,
    EXTENSION,
    FALLBACKS,
    KEY_BESIDE,
    NPM,
    details,
    process,
    proxied,
)

OTHER = ("/opt/homebrew/bin/codex", "0.150.0")
TOLD = {
    "network": "the service's host answers neither directly nor through a proxy",
    "proxy_not_used": "the service's host answers through the proxy alone, and Codex does not go "
    "through it",
    "auth_or_client_version": "the service's host answers on every way to it, and Codex fails all "
    "the same",
    "wsl_loopback_proxy": "the proxy is 127.0.0.1:7890 in a WSL 2 without mirrored networking",
    "codex_home_on_windows_drive": "CODEX_HOME lies on a drive of Windows",
    "restart_required": "started before their settings were changed: 5 sessions",
    "below_minimum_version": f"older than 0.169.0: 0.150.0 at {OTHER[0]}",
    "several_versions": f"0.169.0 at {NPM[0]}, 0.150.0 at {OTHER[0]}",
    "misplaced_keys": "keys of the root that stand in a table: tui.notify",
    "api_key_beside_login": "OPENAI_API_KEY set beside a ChatGPT login",
    "fallbacks_in_subagents_only": "all 4 fallbacks happened in threads of sub-agents",
    "fallbacks_after_idle": "all 4 fallbacks came after an hour or more without a request",
    "many_codex_processes": "5 sessions run at once",
    "many_mcp_servers": "10 MCP servers are started with every session: a, b, c and 7 more",
    "ide_extension_client": f"an IDE extension brings its own client: {EXTENSION[0]}",
}


@pytest.mark.parametrize(
    ("routes", "verdict"),
    [
        ("network", "network_unreachable"),
        ("proxy_not_used", "inconclusive"),
        ("auth_or_client_version", "inconclusive"),
    ],
)
def test_every_finding_is_told_word_for_word(routes: str, verdict: str) -> None:
    told = details(
        BUSY,
        routes=routes,
        verdict=verdict,
        wsl="wsl2",
        home_on_windows_drive=True,
        processes=(process("session", 1.0),) * 5,
        versions=(NPM, OTHER),
        misplaced_keys=("tui.notify",),
        proxies=proxied("127.0.0.1", "dead_port"),
        logs=FALLBACKS._replace(only_subagents=True, only_after_idle=True),
        login=KEY_BESIDE,
        minimum="0.169.0",
    )
    assert told == {name: TOLD[name] for name in told}
    unexplained = verdict == "inconclusive"
    left_out = {"network", "proxy_not_used", "auth_or_client_version"} - {routes}
    if not unexplained:
        left_out |= {"many_codex_processes", "many_mcp_servers"}
    assert set(told) == set(FINDINGS) - left_out


def test_an_extension_that_runs_and_was_not_found_on_the_disk() -> None:
    told = details(verdict="inconclusive", ide_clients=(), processes=(process("ide"),))
    assert told == {"ide_extension_client": "the client of an IDE extension is running"}


@pytest.mark.parametrize("host", ["[::1]", "localhost.", "LOCALHOST", "127.0.0.1"])
def test_a_loopback_address_in_any_spelling(host: str) -> None:
    told = details(wsl="wsl2", proxies=proxied(host, "dead_port"))["wsl_loopback_proxy"]
    assert told.startswith(f"the proxy is {host}:7890 in")


@pytest.mark.parametrize("host", ["localhostX", "Xlocalhost", "[::2]", "example.com"])
def test_what_is_no_loopback_address(host: str) -> None:
    assert "wsl_loopback_proxy" not in details(wsl="wsl2", proxies=proxied(host, "dead_port"))


@pytest.mark.parametrize(("early", "number"), [(2.0, 0), (2.1, 1)])
def test_a_start_is_known_to_two_seconds(early: float, number: int) -> None:
    told = details(processes=(process("session", CHANGED - early),))
    assert len(told) == number


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (3, "k0, k1, k2"),
        (4, "k0, k1, k2 and 1 more"),
    ],
)
def test_three_names_are_told_and_the_rest_counted(keys: int, told: str) -> None:
    found = details(misplaced_keys=tuple(f"k{number}" for number in range(keys)))
    assert found["misplaced_keys"] == f"keys of the root that stand in a table: {told}"


def test_a_long_name_is_cut() -> None:
    found = details(misplaced_keys=("k" * 151,))["misplaced_keys"]
    assert found.endswith(": " + "k" * 147 + "...")
