# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines that fail in the middle of a run; what they are made of lies beside their home."""

from __future__ import annotations

import pathlib
import shlex
import sys
import typing as t

from . import stubs


def broken_once(home: pathlib.Path, condition: str) -> dict[str, str]:
    """Return variables of a Python that works until `condition` (of the shell) and fails once."""
    folder = home.parent / f"{home.name}-python"
    python = stubs.script(
        folder / "python",
        f"cd {shlex.quote(str(folder))} || exit",
        "if [ -e now ]; then mv now done; echo no more Python >&2; exit 3; fi",
        f'{shlex.quote(sys.executable)} "$@"',
        "code=$?",
        f"[ -e done ] || ! {condition} || touch now",
        "exit $code",
    )
    return {"ansible_python_interpreter": str(python)}


def unreachable_once(home: pathlib.Path, condition: str) -> dict[str, t.Any]:
    """Return variables of a shell that takes nothing more once `condition` holds."""
    folder = home.parent / f"{home.name}-shell"
    shell = stubs.script(folder / "sh", f"{condition} && exit 1", 'exec /bin/sh "$@"')
    return {"ansible_shell_executable": str(shell), "ansible_pipelining": False}
