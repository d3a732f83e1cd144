# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real client makes of a `.env` file, told by its doctor.

`network.env` shows the value of SSL_CERT_FILE, whatever it is, and the names of the proxy
variables that are set and not empty (client 0.169.0). A value that holds `://` is shown with
parts of the URL hidden.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import typing as t

from . import bounded
from .dotenv_files import SHOWN

PROXY_NAMES = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (upper, upper.lower())
)
# Its one endpoint is a port of this machine that nothing listens on: no doctor waits for a network.
CONFIG = b"""\
check_for_update_on_startup = false
model_provider = "nowhere"

[model_providers.nowhere]
name = "Nowhere"
base_url = "http://127.0.0.1:9/v1"
supports_websockets = false
"""
ENVIRONMENT = {"A": "from the environment"}
"""What the files of `dotenv_files` may refer to without setting it."""
_PANIC = 101
_SHOWN = re.compile(
    r"(?:readable file (?P<file>.*)|not a file (?P<folder>.*)"
    r"|(?P<other>.*) \(.* \(os error \d+\)\))",
    re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Seen:
    """`shown` is the value of SSL_CERT_FILE, None where it is not set."""

    panicked: bool
    shown: str | None
    proxies: frozenset[str]


PANICKED = Seen(True, None, frozenset())


def prepare(home: pathlib.Path) -> None:
    """Make the Codex home in `home` for `see`."""
    codex_home = home / ".codex"
    codex_home.mkdir(mode=0o700)
    (codex_home / "config.toml").write_bytes(CONFIG)


def see(executable: pathlib.Path, home: pathlib.Path, data: bytes) -> Seen:
    """Start the client with `data` in its `.env`."""
    (home / ".codex/.env").write_bytes(data)
    return look(executable, home, repr(data))


def look(executable: pathlib.Path, home: pathlib.Path, what: str) -> Seen:
    """Start the client with whatever its `.env` is; `what` names that where it does not end."""
    environment = {
        **ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "HOME": str(home),
        "CODEX_HOME": str(home / ".codex"),
    }
    command = [str(executable), "doctor", "--json", "--network-only"]
    status, stdout, stderr = bounded.finish(command, home, environment, 30, f"codex with {what}")
    if status == _PANIC:
        assert "failed to set environment variable" in stderr
        return PANICKED
    details = json.loads(stdout)["checks"]["network.env"]["details"]
    return Seen(False, _shown(details), _proxies(details))


def _shown(details: t.Mapping[str, str]) -> str | None:
    if SHOWN not in details:
        return None
    match = _SHOWN.fullmatch(details[SHOWN])
    assert match, details[SHOWN]
    return next(value for value in match.groups() if value is not None)


def _proxies(details: t.Mapping[str, str]) -> frozenset[str]:
    return frozenset(filter(None, details.get("proxy env vars present", "").split(", ")))
