# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a user is logged in to Codex, told without opening ``auth.json``.

This module util is PRIVATE to the collection. ``ask_status`` asks the client, ``login`` decides.
Measured with 0.116.0 to 0.169.0:

* ``CODEX_API_KEY`` of the process environment overrules a stored login for ``codex exec`` and for
  doctor, which then probes the API host, while an interactive session (0.169.0) keeps the stored
  login and its other host, and ``codex login status`` reports that one;
* ``CODEX_ACCESS_TOKEN`` overrules it too; where the token is no good no credential is sent at all;
* ``OPENAI_API_KEY`` changes nothing: a stored login stays, and without one the turn carries no
  credential, although doctor says "auth is provided by environment";
* from ``.env`` the client drops whatever is called ``CODEX_*``.
"""

from __future__ import annotations

import re
import typing as t

from ._client import ClientNotRunnable, run
from ._observations import Login
from ._process import Outcome

STATUS_TIMEOUT = 10.0
"""Seconds for one ``codex login status``; 0.169.0 needs about 0.1."""

OVERRULING_VARIABLES = ("CODEX_API_KEY", "CODEX_ACCESS_TOKEN")
"""Variables of the process environment that take the place of the stored login."""

_KEY_VARIABLES = ("OPENAI_API_KEY", *OVERRULING_VARIABLES)

_MOST_BYTES = 65536

_STORES = ("file", "keyring", "auto", "ephemeral")
_DEFAULT_STORE = "file"

# The client says it on stderr, after warnings it may have; 0.166 changed the words for API keys.
_SAID = (
    ("chatgpt", re.compile(r"^Logged in using ChatGPT\b", re.MULTILINE), 0),
    ("api_key", re.compile(r"^(?:Logged in using an API key|API key configured)\b", re.M), 0),
    ("none", re.compile(r"^Not logged in\b", re.MULTILINE), 1),
)


def login(
    document: t.Mapping[str, t.Any],
    dotenv: t.Mapping[str, str],
    environment: t.Mapping[str, str],
    status: str | None,
) -> Login:
    """Put together what is known of a login.

    ``document`` is the configuration as its layers merge, ``dotenv`` what the
    client reads from ``.env``, ``environment`` that of the client's process and
    ``status`` what ``ask_status`` returned, None where it was not asked.
    """
    store = document.get("cli_auth_credentials_store")
    seen = {**environment, **_kept_by_client(dotenv)}
    return Login(
        store=store if store in _STORES else _DEFAULT_STORE,
        status=status or "not_asked",
        # A blank value counts as none (measured with 0.169.0).
        api_key_variables=tuple(name for name in _KEY_VARIABLES if seen.get(name, "").strip()),
    )


def conflicting(found: Login) -> tuple[str, ...]:
    """The variables that overrule another stored login: two kinds of credentials at once.

    Then ``exec`` and doctor talk to another host than an interactive session does.
    ``OPENAI_API_KEY`` is never among them, for it has no effect.
    """
    if found.status != "chatgpt":
        return ()
    return tuple(name for name in found.api_key_variables if name in OVERRULING_VARIABLES)


def sends_nothing(found: Login) -> bool:
    """Whether the client has no credential to send, whatever doctor makes of OPENAI_API_KEY."""
    overruling = any(name in OVERRULING_VARIABLES for name in found.api_key_variables)
    return found.status == "none" and not overruling


def ask_status(
    executable: str, environment: t.Mapping[str, str], timeout: float = STATUS_TIMEOUT
) -> str:
    """What ``codex login status`` says: chatgpt, api_key, none or unknown.

    ``unknown`` also for a client that cannot be run, needs more than
    ``timeout`` seconds, cannot read what is stored (a locked keyring, a broken
    ``auth.json``) or names another kind of login. Nothing of its words is kept.
    """
    try:
        return read_status(run(executable, ["login", "status"], environment, timeout))
    except ClientNotRunnable:
        return "unknown"


def read_status(outcome: Outcome) -> str:
    """Map what ``codex login status`` printed: chatgpt, api_key, none or unknown."""
    if outcome.ended != "exit":
        return "unknown"
    said = (outcome.stdout + b"\n" + outcome.stderr)[:_MOST_BYTES].decode("utf-8", "replace")
    for status, words, returncode in _SAID:
        if outcome.returncode == returncode and words.search(said):
            return status
    return "unknown"


def _kept_by_client(dotenv: t.Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in dotenv.items() if not name.upper().startswith("CODEX_")}
