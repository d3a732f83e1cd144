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
from ._client import executables_of
from ._failing import endpoint
from ._home import locate, refuse_foreign
from ._inspection import environment_for
from ._layers import active_provider, read_layers
from ._login import ask_status
from ._observations import OPENAI_HOSTS
from ._proxies import USUAL_NO_PROXY
from ._proxy_reading import read_dotenv
from ._proxy_url import covers, no_proxy_entries
from ._proxy_wanted import Unwanted, assignments, wanted_of
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
    candidate: str, variables: t.Mapping[str, str], no_proxy: str, hosts: t.Collection[str]
) -> str | None:
    """Why doctor's look through ``candidate`` would not be what Codex does once it is set, or None.

    Pure. ``variables`` is what Codex takes from ``.env``, ``no_proxy`` the list that proxy_env
    would leave there, ``hosts`` are those of the service; the phrase holds no value of these.
    """
    if variables.get("HTTPS_PROXY", candidate) != candidate:
        return ".env sets HTTPS_PROXY, which beats whatever a trial can set"
    entries = no_proxy_entries(no_proxy)
    past = [host for host in hosts if covers(entries, host)]
    if past and variables.get("NO_PROXY"):
        return f".env sets NO_PROXY, which covers {past[0]} and beats whatever a trial can set"
    if past:
        return f".env sets no_proxy, which covers {past[0]} and stays beside a proxy that is set"
    return None


def no_proxy_left(candidate: str, reading: _dotenv.Reading) -> str:
    """The NO_PROXY that proxy_env would leave in ``.env``, for it adds to the list that is there.

    Raises ``Unwanted`` where it would refuse to. Pure.
    """
    wanted = wanted_of({"HTTPS_PROXY": candidate}, [USUAL_NO_PROXY], False, "align")
    values, _gone = assignments(wanted, reading)
    return values["NO_PROXY"]


def with_candidate(
    candidate: str, codex_home: str | None, environment: t.Mapping[str, str]
) -> dict[str, str]:
    """The environment of a client that is to go through ``candidate`` as it would once it is set,
    where ``begin`` has found that doctor can be asked. Raises ``HomeRefused``."""
    dotenv = read_dotenv(locate(codex_home, environment).path)
    reading = _dotenv.read(dotenv.data or b"", environment)
    try:
        no_proxy = no_proxy_left(candidate, reading)
    except Unwanted:
        # Written since by somebody else; what is set in the end is judged once more.
        no_proxy = USUAL_NO_PROXY
    return {**environment, "HTTPS_PROXY": candidate, "NO_PROXY": no_proxy}


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
    reading = _dotenv.read(dotenv.data or b"", environment)
    try:
        no_proxy = no_proxy_left(candidate, reading)
    except Unwanted as error:
        return Trial("none", f".env: {error}", None)
    variables = _dotenv.effective(reading)
    layers = read_layers(home.path)
    provider = active_provider(layers, None)
    hosts = {endpoint(provider, layers, mode)[0] for modes in _MODES.values() for mode in modes}
    every = [*OPENAI_HOSTS, *sorted(hosts - set(OPENAI_HOSTS))]
    found = obstacle(candidate, variables, no_proxy, every)
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
