# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Codex clients of one user that run at this moment. They are read, never touched.

This module util is PRIVATE to the collection. On Linux /proc is read, elsewhere
``ps`` is asked. How clients look there was measured with 0.169.0 from npm: a
session is ``node .../bin/codex`` and the native client as its child, and a
session leaves an app-server and an updater behind, both run from a copy below
``$CODEX_HOME/packages``.
"""

from __future__ import annotations

import calendar
import contextlib
import os
import re
import time
import typing as t

from ._observations import Process
from ._process import run_bounded

MOST_PROCESSES = 20_000
"""Processes looked at, the highest numbers left out; a full machine has some thousands."""

MOST_CLIENTS = 200
"""Clients told; beyond that the number says no more."""

PS_COMMAND = "ps -axww -o pid= -o ppid= -o uid= -o lstart= -o command="
"""``-o`` once a column: a comma after ``=`` belongs to the heading for some ps."""

_PS_TIMEOUT = 5.0
_SECONDS = 2.0
_COMMAND_BYTES = 16 * 1024
_ENVIRONMENT_BYTES = 256 * 1024

_PROXY_NAMES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"))

_CLIENT_NAME = re.compile(r"codex(?:-[a-z0-9_]+-(?:unknown-linux|apple)-[a-z0-9_-]+)?", re.ASCII)
_SCRIPT_NAMES = ("codex", "codex.js")
_SCRIPT_RUNNERS = ("node", "nodejs", "bun", "deno")
_DELETED = " (deleted)"

_IDE_MARK = "/extensions/openai.chatgpt-"

_OPTIONS_WITH_VALUE = frozenset(
    (
        *("-c", "--config", "--enable", "--disable", "--remote", "--remote-auth-token-env"),
        *("-i", "--image", "-m", "--model", "--local-provider", "-p", "--profile"),
        *("-s", "--sandbox", "-C", "--cd", "--add-dir", "-a", "--ask-for-approval"),
    )
)
_QUESTIONS = frozenset(("-h", "--help", "-V", "--version"))

# Subcommands of 0.116.0 to 0.169.0 that hold no conversation; whatever else stands there
# is a conversation or the first words of one.
_NO_SESSION = frozenset(
    (
        *("login", "logout", "mcp", "mcp-server", "plugin", "completion", "update", "doctor"),
        *("sandbox", "debug", "apply", "a", "queue", "archive", "unarchive", "delete", "features"),
        *("migrate-rollouts", "migrate-nfs-db", "cloud", "exec-server", "remote-control", "help"),
        *("proto", "responses-api-proxy", "stdio-to-uds", "generate-ts"),
    )
)
_NO_SERVER = frozenset(("daemon", "proxy", "generate-ts", "generate-json-schema", "help"))

_PS_LINE = re.compile(
    r" *(\d{1,10}) +(\d{1,10}) +(\d{1,10}) +"
    r"([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) +(.+)",
    re.ASCII,
)
_PS_PROGRAM = re.compile(
    r"(?:/(?:Applications|Users)/(?:(?! [/-]).)*?/|[^ ]*/)?codex(?:\.js)?(?= |$)", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Row(t.NamedTuple):
    """One process of the machine, as /proc or ps shows it."""

    pid: int
    parent: int
    uid: int
    started: float | None
    """Seconds since the epoch."""
    executable: str
    """The path of what runs; the first argument where that cannot be seen."""
    arguments: tuple[str, ...]
    """What follows the name of the client, or of the script that starts it."""
    is_launcher: bool
    """Whether this is the script of a package manager that only waits for the client."""


class Client(t.NamedTuple):
    """One client: the native process, and its launcher where that is still there."""

    kind: str
    started: float | None
    pids: tuple[int, ...]


def codex_processes(uid: int, proc: str = "/proc") -> tuple[Process, ...] | None:
    """The running clients of the user ``uid``, oldest first, one entry each; None: unknown.

    Our own process, what it was started from and what it started are left out.
    The ``proxies`` of a session are its shell's: what a client takes from ``.env``
    does not show in its /proc entry. Those of an app-server are what every turn of
    its sessions goes through, the ``.env`` of its start included (measured with
    0.169.0).
    """
    if os.path.isdir(os.path.join(proc, "self")):
        parents, rows = _read_proc(uid, proc)
    else:
        table = _ask_ps()
        if table is None:
            return None
        parents, rows = read_ps(table)
    found = clients(rows, uid, _own(os.getpid(), parents))
    return tuple(
        Process(one.kind, one.started, _proxies(one, proc) if one.kind != "other" else None)
        for one in found
    )


def clients(rows: t.Sequence[Row], uid: int, own: t.Collection[int] = ()) -> tuple[Client, ...]:
    """The clients among ``rows`` that are the user's, oldest first. Pure."""
    theirs = [row for row in rows if row.uid == uid and row.pid not in own]
    launchers = {row.pid: row for row in theirs if row.is_launcher}
    native = [row for row in theirs if not row.is_launcher]
    found = []
    for row in native:
        launcher = launchers.pop(row.parent, None)
        pids = (row.pid,) if launcher is None else (row.pid, launcher.pid)
        found.append(Client(kind(row.executable, row.arguments), row.started, pids))
    found += [
        Client(kind(row.executable, row.arguments), row.started, (row.pid,))
        for row in launchers.values()
    ]
    found.sort(key=lambda client: (client.started or 0.0, client.pids))
    return tuple(found[:MOST_CLIENTS])


def kind(executable: str, arguments: t.Sequence[str]) -> str:
    """session, app_server, ide or other. Pure."""
    if _IDE_MARK in executable:
        return "ide"
    words = _positional(arguments)
    if words is None:
        return "other"
    command = words[0] if words else ""
    if command == "app-server":
        return "other" if _NO_SERVER.intersection(words[1:2]) else "app_server"
    return "other" if command in _NO_SESSION else "session"


def read_ps(output: str) -> tuple[dict[int, int], list[Row]]:
    """The parent of every process, and the rows that may be clients, in what ps printed. Pure.

    ``PS_COMMAND`` with the locale C and the time zone UTC; lines of another form are passed over.
    """
    parents: dict[int, int] = {}
    rows = []
    for line in output.split("\n")[:MOST_PROCESSES]:
        found = _PS_LINE.match(line)
        if found is None:
            continue
        pid, parent, uid = (int(number) for number in found.group(1, 2, 3))
        parents[pid] = parent
        argv = _split_ps(found.group(5)[:_COMMAND_BYTES])
        row = _row(pid, parent, uid, _ps_time(found.group(4)), argv, None)
        if row is not None:
            rows.append(row)
    return parents, rows


def _row(
    pid: int,
    parent: int,
    uid: int,
    started: float | None,
    argv: t.Sequence[str],
    executable: str | None,
) -> Row | None:
    """The row of a process, or None where it is no client."""
    if not argv:
        return None
    path = executable or argv[0]
    if path.endswith(_DELETED):
        path = path[: -len(_DELETED)]
    # A client that was started under another name is one of its own helpers, as in its sandbox.
    if all(_CLIENT_NAME.fullmatch(os.path.basename(name)) for name in (path, argv[0])):
        return Row(pid, parent, uid, started, path, tuple(argv[1:]), False)
    runs_script = os.path.basename(path).startswith(_SCRIPT_RUNNERS)
    if runs_script and len(argv) > 1 and os.path.basename(argv[1]) in _SCRIPT_NAMES:
        return Row(pid, parent, uid, started, argv[1], tuple(argv[2:]), True)
    return None


def _positional(arguments: t.Sequence[str]) -> list[str] | None:
    """The subcommands and prompts before any ``--``; None for a question about the client."""
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _QUESTIONS and not words:
            return None
        if argument == "--":
            break
        if argument in _OPTIONS_WITH_VALUE:
            next(rest, None)
        elif not argument.startswith("-"):
            words.append(argument)
    return words


def _own(pid: int, parents: t.Mapping[int, int]) -> frozenset[int]:
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    own = {pid}
    ahead = [pid]
    while ahead:
        started = [child for child in children.get(ahead.pop(), ()) if child not in own]
        own.update(started)
        ahead += started
    above = parents.get(pid, 0)
    while above > 1 and above not in own:
        own.add(above)
        above = parents.get(above, 0)
    return frozenset(own)


def _read_proc(uid: int, proc: str) -> tuple[dict[int, int], list[Row]]:
    parents: dict[int, int] = {}
    rows = []
    boot = _boot_time(proc)
    deadline = time.monotonic() + _SECONDS
    try:
        pids = sorted(int(name) for name in os.listdir(proc) if name.isascii() and name.isdigit())
    except OSError:
        pids = []
    for pid in pids[:MOST_PROCESSES]:
        if time.monotonic() > deadline:
            break
        folder = os.path.join(proc, str(pid))
        # A process may end between any two of these.
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = _head(folder, "stat", 4096).rpartition(b")")[2].split()
            parents[pid] = int(fields[1])
            argv = _head(folder, "cmdline", _COMMAND_BYTES)
            if b"codex" not in argv:
                continue
            ticks = int(fields[19]) / os.sysconf("SC_CLK_TCK")
            row = _row(
                pid,
                parents[pid],
                _effective_uid(folder),
                None if boot is None else boot + ticks,
                os.fsdecode(argv).rstrip("\0").split("\0"),
                _executable(folder),
            )
            if row is not None and row.uid == uid:
                rows.append(row)
    return parents, rows


def _boot_time(proc: str) -> float | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _head(proc, "stat", 4 * 1024 * 1024).splitlines():
            if line.startswith(b"btime "):
                return float(line.split()[1])
    return None


def _effective_uid(folder: str) -> int:
    # A process that allows no core dump has a folder that belongs to root.
    for line in _head(folder, "status", 4096).splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    raise ValueError("no Uid")


def _executable(folder: str) -> str | None:
    try:
        return os.readlink(os.path.join(folder, "exe"))
    except OSError:
        return None


def _proxies(client: Client, proc: str) -> dict[str, str] | None:
    for pid in client.pids:
        try:
            block = _head(os.path.join(proc, str(pid)), "environ", _ENVIRONMENT_BYTES)
        except OSError:
            continue
        pairs = (os.fsdecode(entry).partition("=") for entry in block.split(b"\0"))
        return {name: value for name, _equals, value in pairs if name.upper() in _PROXY_NAMES}
    return None


def _head(folder: str, name: str, size: int) -> bytes:
    with open(os.path.join(folder, name), "rb") as stream:
        return stream.read(size)


def _ask_ps() -> str | None:
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC0"}
    try:
        outcome = run_bounded(PS_COMMAND.split(), environment, "/", _PS_TIMEOUT)
    except OSError:
        return None
    if outcome.ended != "exit" or outcome.returncode != 0:
        return None
    return outcome.stdout.decode("utf-8", "replace")


def _ps_time(text: str) -> float | None:
    """``Sat Nov 21 09:25:52 2026`` as seconds; strptime would ask for the locale's months."""
    _weekday, month, day, clock, year = text.split()
    try:
        number = _MONTHS.index(month) + 1
    except ValueError:
        return None
    hour, minute, second = (int(part) for part in clock.split(":"))
    return float(calendar.timegm((int(year), number, int(day), hour, minute, second)))


def _split_ps(command: str) -> list[str]:
    """What ps shows in one string, as arguments: only a client's own path may hold blanks."""
    runner, _space, rest = command.partition(" ")
    is_runner = os.path.basename(runner).startswith(_SCRIPT_RUNNERS)
    found = _PS_PROGRAM.match(rest if is_runner else command)
    if found is None:
        return []
    arguments = (rest if is_runner else command)[found.end() :].split()
    return [*([runner] if is_runner else []), found.group(), *arguments]
