# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop a process at its system calls on a folder, as a debugger does, and interfere there.

What is counted are the calls that name a path in the folder or use a file opened there: the
process may be killed after any of them, any of them may fail without being made, and others may
write while the process stands still. Linux on x86_64 alone, where the registers are known.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import json
import os
import pathlib
import platform
import signal
import sys
import traceback
import typing as t

import pytest

_PATIENCE = 60
"""Seconds after which a process is in error rather than slow."""

_TRACE_ME, _CONTINUE_TO_CALL, _GET_REGISTERS, _SET_REGISTERS, _SET_OPTIONS = 0, 24, 12, 13, 0x4200
_MARK_CALLS, _KILL_ON_EXIT = 0x1, 0x100000
_CALL = signal.SIGTRAP | 0x80
_RESULT, _NUMBER = 10, 15
_ARGUMENTS = (14, 13, 12, 7, 8, 9)
_NO_CALL = 2**64 - 1

_BY_FILE = {
    0: "read",
    1: "write",
    3: "close",
    5: "fstat",
    8: "lseek",
    16: "ioctl",
    72: "fcntl",
    73: "flock",
    74: "fsync",
    77: "ftruncate",
    91: "fchmod",
    93: "fchown",
    190: "fsetxattr",
    193: "fgetxattr",
    196: "flistxattr",
    199: "fremovexattr",
    217: "getdents64",
}
_BY_PATH = {
    2: "open",
    4: "stat",
    6: "lstat",
    21: "access",
    82: "rename",
    83: "mkdir",
    84: "rmdir",
    86: "link",
    87: "unlink",
    88: "symlink",
    89: "readlink",
    90: "chmod",
    92: "chown",
    188: "setxattr",
    191: "getxattr",
    194: "listxattr",
    197: "removexattr",
}
_BY_PATH_AT = {
    257: "openat",
    258: "mkdirat",
    260: "fchownat",
    262: "newfstatat",
    263: "unlinkat",
    264: "renameat",
    265: "linkat",
    267: "readlinkat",
    268: "fchmodat",
    269: "faccessat",
    280: "utimensat",
    316: "renameat2",
    332: "statx",
    439: "faccessat2",
}
_NAMES = {**_BY_FILE, **_BY_PATH, **_BY_PATH_AT}
CHANGING = frozenset(
    (
        *("write", "fsync", "ftruncate", "fchmod", "fchown", "fsetxattr", "fremovexattr"),
        *("rename", "mkdir", "rmdir", "link", "unlink", "chmod", "chown"),
        *("mkdirat", "fchownat", "unlinkat", "renameat", "linkat", "fchmodat", "utimensat"),
        *("renameat2", "openat-new"),
    )
)
"""The calls that change something in the folder, or make it last."""

_FLUSH = os.fsync
"""Which tests may have put out of work in their own process, to spare time."""

Registers = ctypes.c_ulonglong * 27


class Call(t.NamedTuple):
    """One system call on the folder."""

    name: str
    """As the manual calls it; openat-new is one that may make a file."""
    path: str
    """What it is about, from the folder on."""


@dataclasses.dataclass
class Trace:
    """What a process did in the folder, and how it ended."""

    calls: list[Call]
    status: int
    """Exit status, or the negative number of the signal that ended it."""
    result: dict[str, t.Any] | None
    """What was returned, if the process ended by itself."""


Look = t.Callable[[int, Call], t.Optional[bool]]
"""Called with the number (from 0) of a call that has just been made; True kills the process."""
Spoil = t.Callable[[int, Call], int]
"""Called with one about to be made; the number of the error it is to fail with, else 0."""


def refuse_elsewhere() -> None:
    """Skip a test where processes cannot be traced."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        pytest.skip("system calls can be traced on Linux on x86_64 only")
    try:
        _ptrace_self_check()
    except OSError as error:
        pytest.skip(f"processes may not be traced here: {error}")


def traced(
    act: t.Callable[[], dict[str, t.Any]],
    folder: pathlib.Path,
    look: Look = lambda _number, _call: None,
    spoil: Spoil = lambda _number, _call: 0,
) -> Trace:
    """Call `act` in a process of its own that is stopped before and after its calls in `folder`."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        _be_traced(act, receive, send)
    os.close(send)
    try:
        trace = _followed(child, str(folder), look, spoil)
        with open(receive, closefd=False) as stream:
            text = stream.read()
    finally:
        os.close(receive)
    trace.result = json.loads(text) if text else None
    return trace


def _be_traced(act: t.Callable[[], dict[str, t.Any]], receive: int, send: int) -> t.NoReturn:
    status = 1
    try:
        os.close(receive)
        os.fsync = _FLUSH
        _ptrace(_TRACE_ME, 0)
        signal.alarm(_PATIENCE)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.write(send, json.dumps(act()).encode())
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _followed(child: int, folder: str, look: Look, spoil: Spoil) -> Trace:
    trace = Trace([], 0, None)
    os.waitpid(child, 0)
    _ptrace(_SET_OPTIONS, child, _MARK_CALLS | _KILL_ON_EXIT)
    entered: Call | None = None
    is_inside, error, passed_on = False, 0, 0
    while True:
        _ptrace(_CONTINUE_TO_CALL, child, passed_on)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSTOPPED(status):
            trace.status = os.waitstatus_to_exitcode(status)
            return trace
        passed_on = 0
        if os.WSTOPSIG(status) != _CALL:
            passed_on = os.WSTOPSIG(status)
            continue
        is_inside = not is_inside
        if is_inside:
            registers = _registers(child)
            entered = _call(child, registers, folder)
            error = spoil(len(trace.calls), entered) if entered else 0
            if error:
                registers[_NUMBER] = _NO_CALL
                _ptrace(_SET_REGISTERS, child, ctypes.byref(registers))
        elif entered:
            if error:
                registers = _registers(child)
                registers[_RESULT] = 2**64 - error
                _ptrace(_SET_REGISTERS, child, ctypes.byref(registers))
            trace.calls.append(entered)
            if look(len(trace.calls) - 1, entered):
                os.kill(child, signal.SIGKILL)
                trace.status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                return trace


def _call(child: int, registers: ctypes.Array[ctypes.c_ulonglong], folder: str) -> Call | None:
    """The call that is about to be made, if it is on the folder."""
    number = registers[_NUMBER]
    name = _NAMES.get(number)
    if name is None:
        return None
    first, second, third = (registers[one] for one in _ARGUMENTS[:3])
    if number in _BY_FILE:
        path = _opened(child, first)
    else:
        path = _text(child, first if number in _BY_PATH else second)
        if not path and number in _BY_PATH_AT:
            path = _opened(child, first)
    if path != folder and not path.startswith(f"{folder}/"):
        return None
    if name == "openat" and third & os.O_CREAT:
        name = "openat-new"
    return Call(name, path[len(folder) + 1 :])


def _opened(child: int, handle: int) -> str:
    try:
        return os.readlink(f"/proc/{child}/fd/{handle & 0xFFFFFFFF}")
    except OSError:
        return ""


def _text(child: int, address: int) -> str:
    try:
        with open(f"/proc/{child}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            # What lies beyond the end of a page may not be there.
            data = memory.read(4096 - address % 4096)
            if b"\0" not in data:
                data += memory.read(4096)
    except (OSError, ValueError, OverflowError):
        return ""
    return os.fsdecode(data.split(b"\0", 1)[0])


def _registers(child: int) -> ctypes.Array[ctypes.c_ulonglong]:
    registers = Registers()
    _ptrace(_GET_REGISTERS, child, ctypes.byref(registers))
    return registers


@functools.lru_cache(1)
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    library.ptrace.restype = ctypes.c_long
    return library


def _ptrace(request: int, child: int, data: t.Any = 0) -> None:
    if isinstance(data, int):
        data = ctypes.c_void_p(data)
    if _library().ptrace(request, child, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ptrace_self_check() -> None:
    """Raise OSError where a process may not be traced by its parent."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _ptrace(_TRACE_ME, 0)
            status = 0
        finally:
            os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise PermissionError("ptrace(2) is refused")
