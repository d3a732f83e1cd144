# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real Codex client on a pretend laptop; every run is bounded and ends with its children."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import time
import typing as t

from . import bounded
from .laptop import Laptop

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_INSTALLED = REPOSITORY / ".cache/client/node_modules/.bin/codex"


class ClientMissing(Exception):
    """The client is not installed."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished process; `seconds` is wall time."""

    seconds: float
    returncode: int
    stdout: str
    stderr: str


@dataclasses.dataclass(frozen=True)
class Turn:
    """One turn of the client; `answer` is None where none came."""

    seconds: float
    reconnect_lines: tuple[str, ...]
    answer: str | None
    returncode: int


def executable() -> pathlib.Path:
    """Return the client's path: CODEX_E2E_CLIENT, else the one that `make client` installs.

    Raises ClientMissing when there is none.
    """
    path = pathlib.Path(os.environ.get("CODEX_E2E_CLIENT") or _INSTALLED)
    if not os.access(path, os.X_OK):
        raise ClientMissing(f"{path}: no Codex client there; install it with `make client`.")
    return path


def run_client(laptop: Laptop, *arguments: str, timeout: float = 60) -> Run:
    """Run codex with `arguments`; raise TimeoutError when it needs more than `timeout` seconds."""
    started = time.monotonic()
    command = [str(laptop.executable), *arguments]
    what = f"codex {' '.join(arguments)} on {laptop.name}"
    finished = bounded.finish(command, laptop.home, laptop.environment(), timeout, what)
    return Run(time.monotonic() - started, *finished)


def run_turn(laptop: Laptop, *overrides: str, timeout: float = 60) -> Turn:
    """Let the client say HELLO once; `overrides` are `key=value` pairs for its option -c."""
    options = [part for override in overrides for part in ("-c", override)]
    arguments = ("exec", "--json", "--skip-git-repo-check", *options, "HELLO")
    run = run_client(laptop, *arguments, timeout=timeout)
    events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    errors = [str(event["message"]) for event in events if event["type"] == "error"]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    answers = [str(item["text"]) for item in items if item["type"] == "agent_message"]
    return Turn(
        seconds=run.seconds,
        reconnect_lines=tuple(text for text in errors if text.startswith("Reconnecting...")),
        answer=answers[-1] if answers else None,
        returncode=run.returncode,
    )


def doctor(laptop: Laptop, *options: str, timeout: float = 60) -> dict[str, t.Any]:
    """Return the `checks` of `codex doctor --json`, by id."""
    run = run_client(laptop, "doctor", "--json", *options, timeout=timeout)
    checks = json.loads(run.stdout)["checks"]
    return t.cast("dict[str, t.Any]", checks)


def strict_complaint(laptop: Laptop, *options: str) -> str | None:
    """Return what `exec --strict-config` says against the configuration, or None.

    A turn that the service answers is the proof that the configuration was accepted.
    """
    run = run_client(
        laptop, "exec", "--strict-config", "--skip-git-repo-check", *options, "HELLO", timeout=60
    )
    return None if run.returncode == 0 else run.stderr
