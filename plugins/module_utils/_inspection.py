# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at one user's Codex and say what is the matter with it.

This module util is PRIVATE to the collection. The shell around ``_client``,
``_doctor``, ``_layers`` and ``_diagnosis``: it runs and reads, they decide.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from . import _diagnosis
from ._client import ClientNotRunnable, Installation, examine, find_executables, install_method, run
from ._diagnosis import Diagnosis
from ._doctor import (
    AUTH,
    CONFIG,
    HTTP,
    WEBSOCKET,
    Check,
    DoctorReport,
    DoctorRun,
    NoReport,
    doctor_arguments,
    read_run,
)
from ._home import CodexHome, locate, refuse_foreign
from ._layers import (
    Layers,
    Provider,
    active_provider,
    merge,
    read_layers,
    with_overrides,
)
from ._profiles import http_only_profiles
from ._provider import ProviderRefused, refuse_unloadable
from ._text import clean
from ._version import Version, doctor_flavour


@dataclasses.dataclass(frozen=True)
class Request:
    """What to look at; times are in seconds."""

    codex_home: str | None
    executable: str | None
    timeout: float
    probes: int
    probe_interval: float
    overrides: tuple[str, ...]


def inspect(request: Request, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The value ``codex`` of codex_info.

    Raises ``HomeRefused`` before anything is executed when root would run the
    client of somebody else.
    """
    home = locate(request.codex_home, environment)
    refuse_foreign(home)
    client_environment = _for_home(home, environment)
    executables = _executables(request.executable, home.path, environment)
    layers = with_overrides(read_layers(home.path), request.overrides)
    result: dict[str, t.Any] = {
        "installed": bool(executables) and os.path.isfile(executables[0]),
        "executable": None,
        "other_installations": [],
        "version": None,
        "install_method": None,
        "home": _home_value(home),
        "provider": _provider_value(active_provider(layers, None), layers, None),
        "http_only_profiles": [],
        "doctor": {"ran": False, "flavour": "none", "seconds": 0.0},
    }
    if not result["installed"]:
        absent = (
            _diagnosis.executable_missing(clean(executables[0]))
            if request.executable
            else _diagnosis.not_installed()
        )
        return {**result, "diagnosis": _diagnosis_value(absent)}
    result["executable"] = executables[0]
    result["install_method"] = install_method(executables[0])
    result["other_installations"] = [_other(path, client_environment) for path in executables[1:]]
    try:
        installation = examine(executables[0], client_environment)
    except ClientNotRunnable as error:
        return {**result, "diagnosis": _diagnosis_value(_diagnosis.client_unusable(clean(error)))}
    if installation.version is None:
        unusable = _diagnosis.client_unusable(
            f"{installation.executable} --version printed no version"
        )
        return {**result, "diagnosis": _diagnosis_value(unusable)}
    result["version"] = installation.version.text
    profiles = http_only_profiles(home.path, layers, installation.version)
    result["http_only_profiles"] = [clean(name, 80) for name in profiles]
    flavour = doctor_flavour(installation.version)
    if flavour == "none":
        return {
            **result,
            "diagnosis": _diagnosis_value(_diagnosis.no_doctor(installation.version.text)),
        }
    runs, diagnosis, provider = _ask_doctor(
        request, installation, flavour, client_environment, layers
    )
    if diagnosis.verdict == "config_invalid":
        evidence = (*diagnosis.evidence, *_not_loadable(home, layers))
        diagnosis = dataclasses.replace(diagnosis, evidence=evidence)
    return {
        **result,
        "provider": _provider_value(provider, layers, runs[-1]),
        "doctor": _doctor_value(runs),
        "diagnosis": _diagnosis_value(diagnosis),
    }


def _not_loadable(home: CodexHome, layers: Layers) -> tuple[str, ...]:
    """What we find wrong with the files ourselves: the client's doctor tells no reason."""
    user, system = layers.documents.get("user", {}), layers.documents.get("system", {})
    try:
        refuse_unloadable(user, merge(system, user))
    except ProviderRefused as error:
        return (*layers.problems, f"{os.path.join(home.path, 'config.toml')}: {error}")
    return layers.problems


def client_version(
    codex_home: str, executable: str | None, environment: t.Mapping[str, str]
) -> Version | None:
    """The version of the client that this user runs, or None where there is none to ask."""
    executables = _executables(executable, codex_home, environment)
    return _version_of(executables[0], environment) if executables else None


def _executables(named: str | None, codex_home: str, environment: t.Mapping[str, str]) -> list[str]:
    """The client that was named, or all that are found, the one that is asked first."""
    if named:
        return [os.path.expanduser(named)]
    return find_executables(codex_home, environment.get("PATH", os.defpath))


def _version_of(executable: str, environment: t.Mapping[str, str]) -> Version | None:
    try:
        return examine(executable, environment).version
    except ClientNotRunnable:
        return None


def _ask_doctor(
    request: Request,
    installation: Installation,
    flavour: str,
    environment: t.Mapping[str, str],
    layers: Layers,
) -> tuple[list[DoctorRun], Diagnosis, Provider]:
    arguments = doctor_arguments(flavour, request.overrides)
    runs: list[DoctorRun] = []
    while True:
        try:
            outcome = run(installation.executable, arguments, environment, request.timeout)
            runs.append(read_run(outcome, flavour))
        except ClientNotRunnable as error:
            runs.append(NoReport("doctor_not_runnable", clean(error), 0.0))
        provider = active_provider(layers, _told_provider(runs[-1]))
        diagnosis = _diagnosis.diagnose(runs, provider)
        if len(runs) >= request.probes or not _diagnosis.wants_second_run(diagnosis):
            return runs, diagnosis, provider
        time.sleep(request.probe_interval)


def _told_provider(run_: DoctorRun) -> str | None:
    check = run_.checks.get(WEBSOCKET) if isinstance(run_, DoctorReport) else None
    return check.details.get("model provider") if check else None


def _for_home(home: CodexHome, environment: t.Mapping[str, str]) -> dict[str, str]:
    # The client refuses a CODEX_HOME that is not there, yet does without its default one (0.169.0).
    kept = {name: value for name, value in environment.items() if name != "CODEX_HOME"}
    if home.exists or home.path != os.path.expanduser("~/.codex"):
        kept["CODEX_HOME"] = home.path
    return kept


def _other(executable: str, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    version = _version_of(executable, environment)
    return {"executable": clean(executable), "version": version.text if version else None}


def _home_value(home: CodexHome) -> dict[str, t.Any]:
    return {"path": home.path, "exists": home.exists, "owner": home.owner, "origin": home.origin}


def _provider_value(provider: Provider, layers: Layers, run_: DoctorRun | None) -> dict[str, t.Any]:
    check = run_.checks.get(WEBSOCKET) if isinstance(run_, DoctorReport) else None
    told = check.details.get("supports websockets") if check else None
    return {
        "active": clean(provider.active, 80),
        "origin": provider.origin,
        "websockets": None if told is None else told == "true",
        "problems": list(layers.problems),
    }


def _doctor_value(runs: t.Sequence[DoctorRun]) -> dict[str, t.Any]:
    last = runs[-1]
    value: dict[str, t.Any] = {
        "ran": isinstance(last, DoctorReport),
        "flavour": last.flavour if isinstance(last, DoctorReport) else "none",
        "probes": len(runs),
        "seconds": round(sum(one.seconds for one in runs), 2),
    }
    if isinstance(last, DoctorReport):
        for name, key in (
            ("config", CONFIG),
            ("http", HTTP),
            ("websocket", WEBSOCKET),
            ("auth", AUTH),
        ):
            check = last.checks.get(key)
            value[name] = _check_value(name, check) if check else None
        mode = (value["websocket"] or {}).pop("auth_mode", None)
        value["auth"] = {"mode": mode, "summary": (value["auth"] or {}).get("summary")}
    return value


_DETAILS = {
    "config": ("error", "startup warning"),
    "http": (),
    "websocket": (
        "handshake transport error",
        "handshake result",
        "immediate close code",
        "endpoint",
    ),
    "auth": (),
}


def _check_value(name: str, check: Check) -> dict[str, t.Any]:
    details = {key: value for key, value in check.details.items() if key in _DETAILS[name]}
    if name == "http":
        details.update({key: value for key, value in check.details.items() if key.endswith("URL")})
    value = {
        "status": check.status,
        "summary": check.summary,
        "detail": clean("; ".join(f"{key}: {text}" for key, text in details.items())),
    }
    if name == "http":
        value["mode"] = check.details.get("reachability mode", "")
    if name == "websocket":
        value["auth_mode"] = check.details.get("auth mode", "")
    return value


def _diagnosis_value(diagnosis: Diagnosis) -> dict[str, t.Any]:
    return {
        "verdict": diagnosis.verdict,
        "cause": diagnosis.cause,
        "evidence": [clean(line) for line in diagnosis.evidence],
        "remedy": diagnosis.remedy,
        "advice": diagnosis.advice,
    }
