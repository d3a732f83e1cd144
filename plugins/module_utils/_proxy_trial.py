# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that nothing sets yet, tried on this machine as far as that can be done.

This module util is PRIVATE to the collection. A client that is started with
the proxy in its environment goes through it unless ``.env`` says otherwise, for
``.env`` beats the environment name by name and upper case beats lower case
(measured with 0.169.0). Where it does say otherwise, whether HTTP answers
through the proxy is all that can be asked without writing.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import _dotenv
from ._beside import endpoint
from ._client import executables_of
from ._home import locate, refuse_foreign
from ._inspection import environment_for
from ._layers import active_provider, read_layers
from ._login import ask_status
from ._proxies import USUAL_NO_PROXY
from ._proxy_reading import read_dotenv
from ._proxy_url import OPENAI_HOSTS, covers, no_proxy_entries
from ._routes import routes

_TIMEOUT = 5.0
"""Seconds for one way to the service."""

_MODES = {"chatgpt": ("ChatGPT auth",), "api_key": ("API key auth",)}
"""What ``codex login status`` says to the mode in which doctor would ask; else both are tried."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """How a proxy was tried."""

    by: str
    """``doctor``, ``route`` (whether HTTP answers through it) or ``none``."""
    reason: str
    """Why doctor could not be asked; empty where it was."""
    answered: bool | None
    """Whether HTTP answers through the proxy; None where the way was not asked."""


BY_DOCTOR = Trial("doctor", "", None)


def obstacle(
    candidate: str, variables: t.Mapping[str, str], hosts: t.Collection[str]
) -> str | None:
    """Why a client with ``candidate`` in its environment would not go through it, or None. Pure.

    ``variables`` is what Codex takes from ``.env``, ``hosts`` are those of the
    service; the phrase holds no value of either.
    """
    if variables.get("HTTPS_PROXY", candidate) != candidate:
        return ".env sets HTTPS_PROXY, which beats whatever a trial can set"
    entries = no_proxy_entries(variables.get("NO_PROXY", ""))
    past = [host for host in hosts if covers(entries, host)]
    if past:
        return f".env sets NO_PROXY, which covers {past[0]} and beats whatever a trial can set"
    return None


def with_candidate(candidate: str, environment: t.Mapping[str, str]) -> dict[str, str]:
    """The environment of a client that is to go through ``candidate``.

    The list that proxy_env would write to ``.env`` would take the place of the one that is there.
    """
    return {**environment, "HTTPS_PROXY": candidate, "NO_PROXY": USUAL_NO_PROXY}


def begin(
    candidate: str,
    codex_home: str | None,
    executable: str | None,
    environment: t.Mapping[str, str],
) -> Trial:
    """Find out how ``candidate`` can be tried, and ask the way where doctor cannot be asked.

    Raises ``HomeRefused``.
    """
    home = locate(codex_home, environment)
    refuse_foreign(home)
    dotenv = read_dotenv(home.path)
    if dotenv.problem is not None:
        return Trial("none", dotenv.problem.rstrip("."), None)
    variables = _dotenv.effective(_dotenv.read(dotenv.data or b"", environment))
    layers = read_layers(home.path)
    provider = active_provider(layers, None)
    hosts = {endpoint(provider, layers, mode)[0] for modes in _MODES.values() for mode in modes}
    found = obstacle(candidate, variables, [*OPENAI_HOSTS, *sorted(hosts - set(OPENAI_HOSTS))])
    if found is None:
        return BY_DOCTOR
    executables = executables_of(home.path, executable, environment)
    status = ask_status(executables[0], environment_for(home, environment)) if executables else ""
    modes = _MODES.get(status, tuple(mode for one in _MODES.values() for mode in one))
    ends = dict.fromkeys(endpoint(provider, layers, mode) for mode in modes)
    answered = any(
        routes(host, port, candidate, None, _TIMEOUT, scheme).proxy for host, port, scheme in ends
    )
    return Trial("route", found, answered)


def trial_value(trial: Trial) -> dict[str, t.Any]:
    """The value ``trial`` of codex_info."""
    return dataclasses.asdict(trial)
