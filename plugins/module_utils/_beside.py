# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a diagnosis rests on beside the answers of doctor.

This module util is PRIVATE to the collection. This is read on every machine;
what costs a process or a connection, only where something fails (``_failing``).
Most machines have no ``.env``, no log and nothing that is remembered. Compiling
a reader out of the module archive costs more than all that is done here, so
those are imported where there is something for them to read.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ._layers import SYSTEM_FOLDER, Layers, active_provider, base_url, effective
from ._observations import NO_LOGS, OPENAI_HOSTS, LogEvidence, Process
from ._profiles import profile_files
from ._proxy_reading import Proxies, read_dotenv, read_proxies
from ._record_place import is_remembering, last_change

if t.TYPE_CHECKING:
    from ._observation_record import Observation, Observations

_HOUR = 3600.0
_COMMAND_BYTES = 16 * 1024
_CLOCK_SKEW = 300.0
MOST_PROCESSES = 20_000
"""Processes looked at here; with more, their reader is asked, which has the same bound."""
_SECONDS = 2.0
"""Of looking at them, likewise."""
_LONGEST_WINDOW = 8760 * _HOUR
"""Seconds."""


class Beside(t.NamedTuple):
    """What is read on every machine."""

    variables: t.Mapping[str, str]
    """What Codex takes from ``.env``, secrets included: nothing of it leaves the machine."""
    proxies: Proxies
    processes: tuple[Process, ...] | None
    logs: LogEvidence
    fatal_line: int | None
    """The line of ``.env`` that ends every start of the client."""
    observed: Observations
    """What earlier runs of the role have seen."""
    service_error_since: float | None
    """Seconds since they first saw a server error; None where they did not within the window."""

    def __repr__(self) -> str:
        return "Beside(...)"


def read_beside(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    trial_since: float | None = None,
) -> Beside:
    """Read what is cheap; ``log_window`` is in hours, 0 for no look into the client's log.

    ``trial_since`` is when a trial of WebSockets began, in seconds since the
    epoch: until it ends, all that is logged in it counts.
    """
    dotenv = read_dotenv(codex_home)
    variables, fatal_line = _variables(dotenv.data, environment)
    processes = _running()
    url = base_url(active_provider(layers, None), layers)
    hosts = (url.hostname,) if url is not None and url.hostname else OPENAI_HOSTS
    merged = {**environment, **variables}
    observed = _observed(codex_home)
    return Beside(
        variables,
        read_proxies(dotenv, environment, _shell(processes or ()), hosts),
        processes,
        _logs(codex_home, layers, merged, log_window, trial_since),
        fatal_line,
        observed,
        _lasts(codex_home, layers, merged, log_window, observed.get("service_error")),
    )


def _variables(
    dotenv: bytes | None, environment: t.Mapping[str, str]
) -> tuple[t.Mapping[str, str], int | None]:
    """What the client takes from ``.env``, and the line of it that ends every start, if any."""
    if not dotenv:
        return {}, None
    from ._dotenv import effective as effective_variables
    from ._dotenv import read

    reading = read(dotenv, environment)
    fatal = next((one.line for one in reading.dropped if one.reason == "nul_byte"), None)
    return effective_variables(reading), fatal


def _running(proc: str = "/proc") -> tuple[Process, ...] | None:
    if os.path.isdir(os.path.join(proc, "self")) and not _may_run(proc):
        return ()
    from ._processes import codex_processes

    return codex_processes(os.geteuid(), proc)


def _may_run(proc: str) -> bool:
    """Whether a process, or the script that it runs, is called as clients are."""
    try:
        numbers = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return True
    if len(numbers) > MOST_PROCESSES:
        return True
    deadline = time.monotonic() + _SECONDS
    for number in numbers:
        if time.monotonic() > deadline:
            return True
        # A process may end before it is looked at.
        with contextlib.suppress(OSError), open(f"{proc}/{number}/cmdline", "rb") as stream:
            words = stream.read(_COMMAND_BYTES).split(b"\0", 2)[:2]
            if any(word.rpartition(b"/")[2].startswith(b"codex") for word in words):
                return True
    return False


def _observed(codex_home: str) -> Observations:
    if not is_remembering(codex_home):
        return {}
    from ._observation_record import load

    return load(codex_home)


def _shell(processes: t.Sequence[Process]) -> t.Mapping[str, str] | None:
    # The newest stands last. A background server shows what it took from .env, a session does not.
    seen = [one.proxies for one in processes if one.kind == "session" and one.proxies is not None]
    return seen[-1] if seen else None


def _logs(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    trial_since: float | None,
) -> LogEvidence:
    if not log_window:
        return NO_LOGS
    now = time.time()
    if trial_since is None:
        since = max(now - log_window * _HOUR, _last_change(codex_home))
    else:
        # A cure in between that did not hold changed the file too; what it was for still counts.
        since = max(now - _LONGEST_WINDOW, trial_since)
    # Whatever has failed with another .env, which Codex never writes itself, tells of that one.
    dotenv_changed = _written(os.path.realpath(os.path.join(codex_home, ".env")))
    return _logged(codex_home, layers, environment, max(since, dotenv_changed))


def _lasts(
    codex_home: str,
    layers: Layers,
    environment: t.Mapping[str, str],
    log_window: float,
    seen: Observation | None,
) -> float | None:
    """For how many seconds a server error has been seen that has not passed in between."""
    if seen is None:
        return None
    from ._observation_record import age

    since = age(seen, time.time(), log_window * _HOUR)
    if since is None:
        return None
    logs = _logged(codex_home, layers, environment, seen.first)
    return None if logs.completed_since else since


def _logged(
    codex_home: str, layers: Layers, environment: t.Mapping[str, str], since: float
) -> LogEvidence:
    named = environment.get("CODEX_SQLITE_HOME") or effective(layers).get("sqlite_home")
    sqlite_home = named if named and isinstance(named, str) else None
    if not _may_be_logged(sqlite_home or codex_home):
        return NO_LOGS._replace(outcome="absent")
    from ._logs import read_logs

    return read_logs(codex_home, since, sqlite_home=sqlite_home)


def _may_be_logged(folder: str) -> bool:
    """Whether there is anything for ``_logs`` to read, or to say about this folder."""
    try:
        return any(name.startswith("logs_") for name in os.listdir(folder))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def _last_change(codex_home: str) -> float:
    """When we last changed a file, in seconds since the epoch: each change is recorded."""
    changed = [
        os.path.join(codex_home, ".env"),
        os.path.join(codex_home, "config.toml"),
        os.path.join(SYSTEM_FOLDER, "config.toml"),
        *profile_files(codex_home),
    ]
    return max(_written(kept) for path in changed for kept in last_change(path))


def _written(path: str) -> float:
    """When this was written, in seconds since the epoch; 0 for never.

    A time ahead, which is of a clock that was wrong, counts as now, for what
    was logged before cannot be told from what was logged after. It costs the
    evidence of the log until that time has come; a handshake is believed all
    the same.
    """
    try:
        moment = os.lstat(path).st_mtime
    except OSError:
        return 0.0
    now = time.time()
    return moment if moment <= now + _CLOCK_SKEW else now
