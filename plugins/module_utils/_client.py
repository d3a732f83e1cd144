# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Codex client of this machine: where it is, what version, and how it is run.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import glob
import os
import typing as t

from ._process import Outcome, run_bounded
from ._text import clean
from ._version import Version, parse_version

VERSION_TIMEOUT = 10.0
"""Seconds for one ``codex --version``; 0.169.0 needs about 0.02."""

MOST_INSTALLATIONS = 8
"""Installations looked at on one machine."""

# The PATH of a non-login shell lacks most of these. Newest version first where a
# pattern matches several; an IDE's own copy last, for it is not what a terminal runs.
_PLACES = (
    "~/.local/bin/codex",
    "~/.nvm/versions/node/*/bin/codex",
    "~/.local/share/fnm/node-versions/*/installation/bin/codex",
    "~/Library/Application Support/fnm/node-versions/*/installation/bin/codex",
    "~/.volta/bin/codex",
    "~/.asdf/shims/codex",
    "~/.local/share/mise/shims/codex",
    "~/.npm-global/bin/codex",
    "~/.bun/bin/codex",
    "~/.local/share/pnpm/codex",
    "~/Library/pnpm/codex",
    "/opt/homebrew/bin/codex",
    "/home/linuxbrew/.linuxbrew/bin/codex",
    "/usr/local/bin/codex",
    "/usr/bin/codex",
    "{codex_home}/packages/standalone/releases/*/codex",
    "{codex_home}/packages/standalone/releases/*/bin/codex",
    "~/.vscode/extensions/openai.chatgpt-*/bin/*/codex",
    "~/.vscode-server/extensions/openai.chatgpt-*/bin/*/codex",
    "~/.cursor/extensions/openai.chatgpt-*/bin/*/codex",
)

_METHODS = (
    ("vscode", ("/extensions/openai.chatgpt-",)),
    ("standalone", ("/packages/standalone/",)),
    ("bun", ("/.bun/",)),
    ("pnpm", ("/pnpm/", "/.pnpm/")),
    ("volta", ("/.volta/",)),
    # Homebrew's own node puts npm's packages below Homebrew's prefix.
    ("npm", ("/node_modules/@openai/codex",)),
    ("brew", ("/Caskroom/", "/Cellar/", "/homebrew/", "/linuxbrew/")),
)


class ClientNotRunnable(Exception):
    """A found client could not be run; the text says what was seen."""


class Installation(t.NamedTuple):
    """One Codex client on this machine."""

    executable: str
    method: str
    """npm, brew, standalone, vscode, bun, pnpm, volta or unknown."""
    version: Version | None
    """None where ``codex --version`` gave none."""


def find_executables(codex_home: str, search_path: str) -> list[str]:
    """Every distinct ``codex`` of this user: PATH first, then where installers put it."""
    found: dict[str, str] = {}
    on_path = [
        os.path.join(folder, "codex")
        for folder in search_path.split(os.pathsep)
        if os.path.isabs(folder)
    ]
    for candidate in on_path + _in_known_places(codex_home):
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            found.setdefault(os.path.realpath(candidate), candidate)
        if len(found) == MOST_INSTALLATIONS:
            break
    return list(found.values())


def executables_of(
    codex_home: str, named: str | None, environment: t.Mapping[str, str]
) -> list[str]:
    """The client that was named, or all that are found, the one that is asked first."""
    if named:
        return [os.path.expanduser(named)]
    return find_executables(codex_home, environment.get("PATH", os.defpath))


def client_version(
    codex_home: str, executable: str | None, environment: t.Mapping[str, str]
) -> Version | None:
    """The version of the client that this user runs, or None where there is none to ask."""
    executables = executables_of(codex_home, executable, environment)
    return version_of(executables[0], environment) if executables else None


def version_of(executable: str, environment: t.Mapping[str, str]) -> Version | None:
    """The version that a client tells, or None."""
    try:
        return examine(executable, environment).version
    except ClientNotRunnable:
        return None


def install_method(executable: str) -> str:
    """How a client was installed, told from where it lies and what it links to."""
    places = executable + "\n" + os.path.realpath(executable)
    for method, marks in _METHODS:
        if any(mark in places for mark in marks):
            return method
    return "unknown"


def examine(executable: str, environment: t.Mapping[str, str]) -> Installation:
    """Ask one client for its version. Raises ``ClientNotRunnable``."""
    outcome = run(executable, ["--version"], environment, VERSION_TIMEOUT)
    if outcome.ended != "exit":
        raise ClientNotRunnable(f"{executable} --version did not end within {VERSION_TIMEOUT:g} s")
    said = outcome.stdout[:500].decode("utf-8", "replace") if outcome.returncode == 0 else ""
    return Installation(executable, install_method(executable), parse_version(said))


def run(
    executable: str, arguments: t.Sequence[str], environment: t.Mapping[str, str], timeout: float
) -> Outcome:
    """Run the client, bounded. Raises ``ClientNotRunnable``."""
    try:
        return run_bounded(
            [executable, *arguments],
            _client_environment(executable, environment),
            os.path.expanduser("~") if os.path.isdir(os.path.expanduser("~")) else "/",
            timeout,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ClientNotRunnable(f"{executable} cannot be run: {clean(reason)}") from error


def _client_environment(executable: str, environment: t.Mapping[str, str]) -> dict[str, str]:
    # npm's launcher needs the node that was installed beside it; a dumb terminal
    # makes older doctors report a failure that has nothing to do with the network.
    folders = [os.path.dirname(executable), environment.get("PATH", os.defpath)]
    return {**environment, "PATH": os.pathsep.join(folders), "TERM": "xterm-256color"}


def _in_known_places(codex_home: str) -> list[str]:
    found: list[str] = []
    for place in _PLACES:
        pattern = place.replace("{codex_home}", glob.escape(codex_home))
        found += sorted(glob.glob(os.path.expanduser(pattern)), key=_newest_first)
    return found


def _newest_first(path: str) -> tuple[int, ...]:
    version = parse_version(path)
    return tuple(-number for number in version[:4]) if version else (1,)
