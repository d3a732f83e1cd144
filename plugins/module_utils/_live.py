# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real turn of the client, as the last word on whether it reconnects.

This module util is PRIVATE to the collection. It costs a few tokens of the user's login.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
import typing as t

from ._client import ClientNotRunnable, run
from ._process import Outcome
from ._text import clean

TIMEOUT = 150.0
"""Seconds for one turn: a handshake that hangs needs 112 before HTTP is tried (0.169.0)."""

PROMPT = "Reply with OK. Use no tools."

_MOST_LINES = 20000

# The flags exist from 0.116.0 to 0.169.0, and ``exec`` asks for no approvals by itself.
_FLAGS = (
    "--json",
    "--color",
    "never",
    "--skip-git-repo-check",
    "--ephemeral",
    "--sandbox",
    "read-only",
)

# What belongs to the user's work has no part in the turn: programs that Codex would start, tools
# and instructions that would cost tokens. An old client says nothing of a feature it has not.
_SETTINGS = (
    'approval_policy="never"',
    'model_reasoning_effort="low"',
    'web_search="disabled"',
    "notify=[]",
    "project_doc_max_bytes=0",
    *(
        f"features.{feature}=false"
        for feature in (
            "apps",
            "hooks",
            "memories",
            "multi_agent",
            "plugins",
            "shell_snapshot",
            "shell_tool",
            "unified_exec",
        )
    ),
)

# ``-c`` has no quotes for keys.
_MCP_SERVER = re.compile(r"[A-Za-z0-9_-]{1,100}")

_ATTEMPT = re.compile(r"Reconnecting\.\.\. \d+/\d+")
_FELL_BACK = "Falling back from WebSockets to HTTPS transport"

# The client's words hold bodies of answers and addresses: they are told apart, never passed on.
_STATUS = re.compile(r"\b(?:unexpected|last) status:? (\d{3})\b")
_REASONS = (
    (re.compile(r"usage limit|quota|rate limit", re.I), "the account's usage limit is reached"),
    (
        re.compile(r"waiting for network|Connection failed|error sending request", re.I),
        "the service could not be reached over HTTP",
    ),
    (
        re.compile(r"stream disconnected|closed before response", re.I),
        "the answer of the service broke off",
    ),
)


@dataclasses.dataclass(frozen=True)
class Live:
    """What one turn showed; also of a turn that was ended at its bound."""

    answered: bool
    seconds: float
    """Wall time of the whole client run."""
    reconnect_lines: int
    """How many attempts ``Reconnecting... n/m`` the client counted out, over HTTP as well."""
    fell_back: bool
    """Whether the client said that it fell back to HTTP; 0.116, 0.150 and later do, 0.130 not."""
    problem: str
    """Why there is no answer, as a phrase; '' where there is one."""


def live_turn(
    executable: str,
    environment: t.Mapping[str, str],
    timeout: float = TIMEOUT,
    overrides: t.Sequence[str] = (),
    mcp_servers: t.Iterable[str] = (),
) -> Live:
    """Let the client take one turn in an empty private directory, sandboxed and not recorded.

    Ends after ``timeout`` seconds at the latest, for a client without any
    network waits for ever (0.169.0). ``overrides`` are ``key=TOML value`` for
    ``-c``; ``mcp_servers`` the names of the configured ones, which are not
    started. Raises nothing: a client that cannot be run is a ``problem``.
    """
    folder = tempfile.mkdtemp(prefix="codex-live-")
    unused = [
        f"mcp_servers.{name}.enabled=false" for name in mcp_servers if _MCP_SERVER.fullmatch(name)
    ]
    settings = [part for setting in (*_SETTINGS, *unused, *overrides) for part in ("-c", setting)]
    try:
        outcome = run(
            executable, ["exec", *_FLAGS, *settings, "--cd", folder, PROMPT], environment, timeout
        )
    except ClientNotRunnable as error:
        return Live(False, 0.0, 0, False, clean(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return read_turn(outcome)


def read_turn(outcome: Outcome) -> Live:
    """Count what ``codex exec --json`` printed, whether or not it came to its end."""
    answered, attempts, fell_back, reason = False, 0, False, ""
    for kind, text in _events(outcome.stdout):
        if kind == "agent_message":
            answered = True
        elif _ATTEMPT.match(text):
            attempts += 1
        elif text.startswith(_FELL_BACK):
            fell_back = True
        elif kind in ("error", "turn.failed"):
            reason = _reason(text) or reason
    problem = "" if answered else _problem(outcome, reason)
    return Live(answered, round(outcome.seconds, 1), attempts, fell_back, problem)


def _events(stdout: bytes) -> t.Iterator[tuple[str, str]]:
    """The kind of every event that matters and its text, which may be empty."""
    for line in stdout.splitlines()[:_MOST_LINES]:
        try:
            event = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if not isinstance(event, dict):
            continue
        kind: t.Any = event.get("type")
        held: t.Any = event
        if kind == "item.completed":
            held = event.get("item")
            kind = held.get("type") if isinstance(held, dict) else None
        elif kind == "turn.failed":
            held = event.get("error")
        text = held.get("message") if isinstance(held, dict) else None
        yield str(kind), text if isinstance(text, str) else ""


def _reason(text: str) -> str:
    status = _STATUS.search(text)
    if status:
        return f"the service answered HTTP {status.group(1)}"
    return next((reason for words, reason in _REASONS if words.search(text)), "")


def _problem(outcome: Outcome, reason: str) -> str:
    if outcome.ended == "timeout":
        ended = f"no answer came within {outcome.seconds:.0f} s"
        return f"{ended}: {reason}" if reason else ended
    if outcome.ended == "output":
        return "the client printed without end"
    if reason:
        return reason
    return f"codex exec ended with status {outcome.returncode} and no answer"
