# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether this is the Windows Subsystem for Linux, and what it shares with Windows.

This module util is PRIVATE to the collection. Written after what Microsoft and
users of WSL publish, and tested with files and programs of that form: it has
not been run on Windows.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import typing as t

from ._process import run_bounded

_SECONDS = 2.0
"""For wslinfo, and again for the files of a Windows drive, which may hang."""

_MOST_BYTES = 64 * 1024
_MOST_USERS = 32

_KERNEL = "proc/sys/kernel/osrelease"
_INTEROP = ("proc/sys/fs/binfmt_misc/WSLInterop", "proc/sys/fs/binfmt_misc/WSLInterop-late")
_WSLINFO = ("usr/bin/wslinfo", "bin/wslinfo")
_DRIVE = re.compile(r"/mnt/[a-zA-Z](?:/|$)")


def wsl_kind(root: str = "/") -> str:
    """'' (no WSL), wsl1, wsl2, or wsl2_mirrored.

    ``wslinfo`` is asked first, for a ``.wslconfig`` that wants mirrored
    networking is no proof of it: WSL falls back to NAT where Windows cannot.
    """
    interop = any(os.path.exists(os.path.join(root, path)) for path in _INTEROP)
    found = generation(_text(os.path.join(root, _KERNEL)), interop)
    if found != "wsl2":
        return found
    mode = _told_mode(root)
    if mode is None:
        mode = _within(_SECONDS, lambda: _wanted_mode(root))
    return {"mirrored": "wsl2_mirrored", "wsl1": "wsl1"}.get(mode or "", "wsl2")


def generation(kernel: str, interop: bool) -> str:
    """'' , wsl1 or wsl2, from the kernel's release and whether it can start Windows programs. Pure.

    ``4.4.0-19041-Microsoft`` is that of WSL 1, ``6.6.87.2-microsoft-standard-WSL2`` one
    of WSL 2; a kernel that somebody built for WSL 2 may not say so.
    """
    name = kernel.lower()
    if "microsoft" not in name and "wsl2" not in name:
        return "wsl2" if interop else ""
    return "wsl1" if name.startswith("4.4.") and "standard" not in name else "wsl2"


def networking_mode(config: str) -> str | None:
    """``networkingMode`` of a ``.wslconfig``, in lower case; None where it is not set. Pure."""
    section, mode = "", None
    for line in config.lstrip("\ufeff").splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.strip("[] \t").lower()
        key, equals, value = stripped.partition("=")
        wanted = section in ("wsl2", "experimental") and key.strip().lower() == "networkingmode"
        if equals and wanted:
            mode = value.partition("#")[0].strip().strip("\"'").lower()
    return mode


def on_windows_drive(path: str, mounts: str) -> bool:
    """Whether a real path lies on a drive of Windows, by the table of /proc/mounts. Pure."""
    if _DRIVE.match(path):
        return True
    folders = [fields[1] for fields in map(str.split, mounts.splitlines()) if _is_drive(fields)]
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _is_drive(fields: t.Sequence[str]) -> bool:
    return len(fields) > 3 and (
        "drvfs" in (fields[2], *fields[3].replace("=", ",").split(","))
        or (fields[2] == "virtiofs" and fields[0].startswith("drvfs"))
    )


def _told_mode(root: str) -> str | None:
    for place in _WSLINFO:
        program = os.path.join(root, place)
        if not os.access(program, os.X_OK):
            continue
        with contextlib.suppress(OSError):
            arguments = [program, "--networking-mode"]
            outcome = run_bounded(arguments, {"PATH": os.defpath, "LC_ALL": "C"}, "/", _SECONDS)
            if outcome.ended == "exit" and outcome.returncode == 0:
                return outcome.stdout[:100].decode("ascii", "replace").strip().lower() or None
    return None


def _wanted_mode(root: str) -> str | None:
    users = os.path.join(root, "mnt/c/Users")
    modes = set()
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(users))[:_MOST_USERS]:
            modes.add(networking_mode(_text(os.path.join(users, name, ".wslconfig"))))
    return "mirrored" if "mirrored" in modes else None


def _within(seconds: float, read: t.Callable[[], str | None]) -> str | None:
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(read()), daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None


def _text(path: str) -> str:
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
