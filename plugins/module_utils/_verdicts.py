# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verdict with its cause, and which remedy follows from it. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ._advice import advice_for

REMEDIES = {
    "websocket_blocked": "http_provider",
    "http_only_broken": "http_provider",
    "proxy_misconfigured": "proxy_env",
}
"""Verdict to remedy; every other verdict has none that a tool may apply."""

NOTHING_TO_DO = ("healthy", "http_only", "not_installed", "unsupported_version")
"""The verdicts that leave nothing to do or to look into."""


class Diagnosis(t.NamedTuple):
    """A verdict, what it rests on, and what follows from it."""

    verdict: str
    cause: str
    evidence: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """http_provider, proxy_env, investigate or none."""
        nothing = "none" if self.verdict in NOTHING_TO_DO else "investigate"
        return REMEDIES.get(self.verdict, nothing)

    @property
    def advice(self) -> str:
        """One sentence for a person: what it means and what to do."""
        return advice_for(self.verdict, self.cause)


def executable_missing(executable: str) -> Diagnosis:
    """The client that was named is not there."""
    return Diagnosis("not_installed", "executable_missing", (f"there is no file {executable}",))


def not_installed() -> Diagnosis:
    """No client was found."""
    return Diagnosis("not_installed", "not_found", ("no codex executable was found",))


def no_doctor(version: str) -> Diagnosis:
    """The client is older than ``codex doctor`` (0.131.0)."""
    return Diagnosis("unsupported_version", "no_doctor", (f"codex {version} has no doctor",))


def client_unusable(detail: str) -> Diagnosis:
    """A client was found that does not answer ``--version``."""
    return Diagnosis("inconclusive", "client_not_runnable", (detail,))


def dotenv_stops_client(path: str, line: int) -> Diagnosis:
    """A NUL byte in a value of ``.env`` ends every command of the client (0.169.0)."""
    return Diagnosis("config_invalid", "dotenv_nul_byte", (f"{path} line {line}: a NUL byte",))
