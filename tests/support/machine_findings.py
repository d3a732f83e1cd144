# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found on a machine that is as it should be but for what a test changes."""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._findings import findings
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_LOGS,
    NO_PROXIES,
    Finding,
    LogEvidence,
    Login,
    Process,
    ProxyProblem,
    ProxySettings,
    ProxyUrl,
    Surroundings,
)
from ansible_collections.devfleet.codex.plugins.module_utils._version import (
    Version,
    parse_version,
)

CHANGED = 1_000_000.0
NPM = ("/usr/local/bin/codex", "0.169.0")
EXTENSION = ("/home/dev/.vscode/extensions/openai.chatgpt-1.2.3/bin/linux-x86_64/codex", "0.160.0")


def process(kind: str, started: float | None = CHANGED + 60) -> Process:
    """Return a process that was started at this time, after the settings changed if not told."""
    return Process(kind, started, None)


ORDINARY = Surroundings(
    wsl="",
    home_on_windows_drive=False,
    processes=(process("session"), process("session"), process("app_server"), process("other")),
    settings_changed=CHANGED,
    mcp_servers=("docs", "tickets"),
    versions=(NPM, (EXTENSION[0], "0.169.0")),
    ide_clients=(EXTENSION[0],),
    misplaced_keys=(),
    environment_changed=CHANGED,
)
BUSY = ORDINARY._replace(
    processes=(process("session"),) * 9 + (process("ide"), process("other")),
    mcp_servers=tuple("abcdefghij"),
)
CHATGPT = Login("file", "chatgpt", ())
KEY_BESIDE = Login("file", "chatgpt", ("OPENAI_API_KEY",))
FALLBACKS = LogEvidence("read", 4, 2, CHANGED, "closed", 0)


def proxied(host: str, *problems: str, port: int | None = 7890) -> ProxySettings:
    """Return settings that name this proxy, with these problems."""
    url = ProxyUrl("http", host, port, True)
    told = tuple(ProxyProblem(name, "HTTPS_PROXY", "dotenv", "x", None) for name in problems)
    return ProxySettings("dotenv", url, None, None, (), told)


def version(text: str | None) -> Version | None:
    return parse_version(text) if text else None


def found(
    surroundings: Surroundings | None = None,
    *,
    proxies: ProxySettings = NO_PROXIES,
    logs: LogEvidence = NO_LOGS,
    login: Login | None = CHATGPT,
    routes: str | None = None,
    minimum: str | None = None,
    asked: str | None = "0.169.0",
    verdict: str = "healthy",
    cause: str = "",
    **changes: t.Any,
) -> tuple[Finding, ...]:
    """Return what is found on an ordinary machine with these changes of its surroundings."""
    return findings(
        (surroundings or ORDINARY)._replace(**changes),
        proxies,
        logs,
        login,
        routes,
        version(minimum),
        version(asked),
        verdict,
        cause,
    )


def details(*arguments: t.Any, **named: t.Any) -> dict[str, str]:
    """Return the detail of every finding by its name, for the arguments of `found`."""
    return {finding.name: finding.detail for finding in found(*arguments, **named)}
