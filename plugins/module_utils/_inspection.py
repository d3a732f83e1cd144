# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at one user's Codex and say what is the matter with it.

This module util is PRIVATE to the collection. The shell around the readers
(``_client``, ``_doctor``, ``_layers``, ``_beside``) and those who judge what
they read (``_diagnosis``, ``_findings``): it runs and reads, they decide.
"""

from __future__ import annotations

import os
import time
import typing as t

from ._beside import Beside, read_beside
from ._client import (
    ClientNotRunnable,
    Installation,
    examine,
    executables_of,
    install_method,
    run,
    version_of,
)
from ._codex_value import (
    diagnosis_value,
    doctor_value,
    finding_value,
    home_value,
    live_value,
    login_value,
    logs_value,
    observed_value,
    provider_value,
    proxy_value,
    recovery_value,
    routes_value,
)
from ._diagnosis import Observed, diagnose, diagnose_without_doctor
from ._doctor import (
    AUTH,
    WEBSOCKET,
    DoctorReport,
    DoctorRun,
    NoReport,
    doctor_arguments,
    read_run,
)
from ._findings import findings, holds_old_environment
from ._home import CodexHome, locate, refuse_foreign
from ._judgement import judge, wants_second_run
from ._layers import (
    SYSTEM_FOLDER,
    Layers,
    Provider,
    active_provider,
    merge,
    provider_file,
    read_layers,
    with_overrides,
)
from ._observations import NOT_READ, Surroundings
from ._profiles import http_only_profiles
from ._record_place import is_remembering
from ._snippets import broken_snippet, misplaced_root_keys
from ._surroundings import mcp_servers, read_surroundings
from ._text import clean
from ._verdicts import (
    NOTHING_TO_DO,
    Diagnosis,
    client_unusable,
    dotenv_stops_client,
    executable_missing,
    not_installed,
)
from ._version import Version, doctor_flavour, parse_version

if t.TYPE_CHECKING:
    from ._recovery_record import Found

_NO_TURN = ("not_installed", "config_invalid", "auth_missing")
"""The verdicts under which a live turn cannot be answered."""


class Request(t.NamedTuple):
    """What to look at; times are in seconds, ``log_window`` is in hours."""

    codex_home: str | None
    executable: str | None
    timeout: float
    probes: int
    probe_interval: float
    overrides: tuple[str, ...]
    log_window: float = 72
    minimum_version: str | None = None
    live_check: bool = False
    recovery_scope: str = "user"
    """Whose recovery is told where there are two."""


class _Client(t.NamedTuple):
    """The client that is asked, and what it is asked with."""

    installation: Installation
    version: Version
    environment: t.Mapping[str, str]


def inspect(request: Request, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The value ``codex`` of codex_info.

    Raises ``HomeRefused`` before anything is executed when root would run the
    client of somebody else.
    """
    home = locate(request.codex_home, environment)
    refuse_foreign(home)
    client_environment = environment_for(home, environment)
    executables = executables_of(home.path, request.executable, environment)
    layers = with_overrides(read_layers(home.path), request.overrides)
    recovery = _find_recovery(home.path, request.recovery_scope)
    beside = read_beside(
        home.path,
        layers,
        client_environment,
        request.log_window,
        _trial_since(recovery, request.recovery_scope),
    )
    value: dict[str, t.Any] = {
        "installed": bool(executables) and os.path.isfile(executables[0]),
        "executable": None,
        "other_installations": [],
        "version": None,
        "install_method": None,
        "home": home_value(home),
        "provider": provider_value(active_provider(layers, None), layers, None),
        "proxy": proxy_value(beside.proxies.settings),
        "routes": None,
        "login": None,
        "http_only_profiles": [],
        "doctor": {"ran": False, "flavour": "none", "seconds": 0.0},
        "logs": logs_value(beside.logs),
        "observed": observed_value(beside.observed),
        "recovery": _recovery(recovery),
        "findings": [],
        "live": None,
    }
    if not value["installed"]:
        absent = (
            executable_missing(clean(executables[0])) if request.executable else not_installed()
        )
        return {**value, "diagnosis": diagnosis_value(absent)}
    value["executable"] = executables[0]
    value["install_method"] = install_method(executables[0])
    value["other_installations"] = [_other(path, client_environment) for path in executables[1:]]
    try:
        installation = examine(executables[0], client_environment)
    except ClientNotRunnable as error:
        return {**value, "diagnosis": diagnosis_value(client_unusable(clean(error)))}
    if installation.version is None:
        unusable = client_unusable(f"{installation.executable} --version printed no version")
        if beside.fatal_line is not None:
            unusable = dotenv_stops_client(os.path.join(home.path, ".env"), beside.fatal_line)
        return {**value, "diagnosis": diagnosis_value(unusable)}
    value["version"] = installation.version.text
    profiles = http_only_profiles(home.path, layers, installation.version)
    value["http_only_profiles"] = [clean(name, 80) for name in profiles]
    client = _Client(installation, installation.version, client_environment)
    return {
        **value,
        **_examined(request, client, home, layers, beside, value["other_installations"]),
    }


def _examined(
    request: Request,
    client: _Client,
    home: CodexHome,
    layers: Layers,
    beside: Beside,
    others: t.Sequence[t.Mapping[str, t.Any]],
) -> dict[str, t.Any]:
    """The values that a client with a version gives: diagnosis, findings and the live turn."""
    flavour = doctor_flavour(client.version)
    surroundings = _surroundings(client, home, layers, beside, others)
    failure = NOT_READ
    if flavour == "none":
        diagnosis = diagnose_without_doctor(client.version.text, beside.logs)
        value: dict[str, t.Any] = {}
    else:
        runs, provider = _ask_doctor(request, client, flavour, layers)
        judged, executable = judge(runs, provider).verdict, client.installation.executable
        if judged not in NOTHING_TO_DO:
            from ._failing import read_failure

            failure = read_failure(
                beside, layers, provider, runs[-1], executable, client.environment
            )
        elif judged == "http_only" and not _tells_of_login(runs[-1]):
            from ._failing import read_login

            asked = read_login(beside, layers, executable, client.environment)
            failure = NOT_READ._replace(login=asked)
        seen = Observed(
            runs=tuple(runs),
            provider=provider,
            proxies=beside.proxies.settings,
            routes=failure.routes,
            logs=beside.logs,
            login=failure.login,
            certificates=failure.certificates,
            snippet=broken_snippet(layers, client.version),
            service_error_since=beside.service_error_since,
            holds_old_environment=holds_old_environment(surroundings),
        )
        diagnosis = diagnose(seen)
        told = (*diagnosis.evidence, *_places(diagnosis, home, layers, provider))
        diagnosis = diagnosis._replace(evidence=told)
        value = {
            "provider": provider_value(provider, layers, runs[-1]),
            "routes": routes_value(seen.routes),
            "login": login_value(seen.login),
            "doctor": doctor_value(runs),
        }
    found = findings(
        surroundings,
        beside.proxies.settings,
        beside.logs,
        failure.login,
        failure.routes_finding,
        parse_version(request.minimum_version) if request.minimum_version else None,
        client.version,
        diagnosis.verdict,
        diagnosis.cause,
    )
    live = None
    if request.live_check and diagnosis.verdict not in _NO_TURN:
        from ._live import live_turn

        live = live_turn(
            client.installation.executable,
            client.environment,
            overrides=request.overrides,
            mcp_servers=mcp_servers(layers),
        )
    return {
        **value,
        "diagnosis": diagnosis_value(diagnosis),
        "findings": [finding_value(one) for one in found],
        "live": live_value(live),
    }


def _find_recovery(codex_home: str, scope: str) -> Found | None:
    if not (is_remembering(codex_home) or is_remembering(SYSTEM_FOLDER)):
        return None
    from ._recovery_record import find

    return find(codex_home, first=scope)


def _trial_since(found: Found | None, scope: str) -> float | None:
    """When the trial of this scope began, in seconds since the epoch; None where there is none."""
    is_trial = found and found.scope == scope and found.recovery.state == "trial"
    return found.recovery.since if found and is_trial else None


def _recovery(found: Found | None) -> dict[str, t.Any] | None:
    return recovery_value(found.recovery, found.scope, time.time()) if found else None


def _surroundings(
    client: _Client,
    home: CodexHome,
    layers: Layers,
    beside: Beside,
    others: t.Sequence[t.Mapping[str, t.Any]],
) -> Surroundings:
    installed = [
        (client.installation.executable, client.version.text),
        *((one["executable"], one["version"] or "") for one in others),
    ]
    misplaced = misplaced_root_keys(layers.documents.get("user", {}))
    return read_surroundings(home.path, layers, installed, misplaced, beside.processes)


def _places(
    diagnosis: Diagnosis, home: CodexHome, layers: Layers, provider: Provider
) -> tuple[str, ...]:
    """The files that a verdict is about."""
    if diagnosis.verdict == "config_invalid":
        return _not_loadable(home, layers)
    if diagnosis.verdict == "managed_elsewhere":
        is_managed = provider.origin in ("managed", "requirements")
        place = provider_file(layers, provider) if is_managed else None
        place = place or layers.paths.get(provider.table_layer)
        return (f"decided by {clean(place)}",) if place else ()
    return ()


def _not_loadable(home: CodexHome, layers: Layers) -> tuple[str, ...]:
    """What we find wrong with the files ourselves: the client's doctor tells no reason."""
    if _is_told(home) and not home.exists:
        what = "is no directory" if os.path.exists(home.path) else "does not exist"
        return (f"CODEX_HOME {clean(home.path)} {what}; make it, or correct where it is set",)
    from ._provider import ProviderRefused, refuse_unloadable

    user, system = layers.documents.get("user", {}), layers.documents.get("system", {})
    try:
        refuse_unloadable(user, merge(system, user))
    except ProviderRefused as error:
        return (*layers.problems, f"{os.path.join(home.path, 'config.toml')}: {error}")
    return layers.problems


def _ask_doctor(
    request: Request, client: _Client, flavour: str, layers: Layers
) -> tuple[list[DoctorRun], Provider]:
    arguments = doctor_arguments(flavour, request.overrides)
    executable = client.installation.executable
    runs: list[DoctorRun] = []
    while True:
        try:
            outcome = run(executable, arguments, client.environment, request.timeout)
            runs.append(read_run(outcome, flavour))
        except ClientNotRunnable as error:
            runs.append(NoReport("doctor_not_runnable", clean(error), 0.0))
        provider = active_provider(layers, _told_provider(runs[-1]))
        if len(runs) >= request.probes or not wants_second_run(judge(runs, provider)):
            return runs, provider
        time.sleep(request.probe_interval)


def _tells_of_login(run_: DoctorRun) -> bool:
    return isinstance(run_, DoctorReport) and AUTH in run_.checks


def _told_provider(run_: DoctorRun) -> str | None:
    check = run_.checks.get(WEBSOCKET) if isinstance(run_, DoctorReport) else None
    return check.details.get("model provider") if check else None


def environment_for(home: CodexHome, environment: t.Mapping[str, str]) -> dict[str, str]:
    """The environment of a client that is to use ``home``."""
    # The client refuses a CODEX_HOME that is not there, yet does without its default one (0.169.0).
    kept = {name: value for name, value in environment.items() if name != "CODEX_HOME"}
    if _is_told(home):
        kept["CODEX_HOME"] = home.path
    return kept


def _is_told(home: CodexHome) -> bool:
    """Whether the client is told of its home, which must be there then."""
    return home.exists or home.path != os.path.expanduser("~/.codex")


def _other(executable: str, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    version = version_of(executable, environment)
    return {"executable": clean(executable), "version": version.text if version else None}
