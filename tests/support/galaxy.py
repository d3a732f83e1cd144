# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run Ansible's commands as on a machine where nobody has set anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SETTINGS = Path(__file__).resolve().parents[1] / "ansible.cfg"


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `command` in `cwd` with nothing of the developer's own settings; bounded."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cwd),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(cwd / ".ansible"),
            "ANSIBLE_CONFIG": str(_SETTINGS),
            "ANSIBLE_NOCOLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def galaxy(*arguments: str, cwd: Path) -> None:
    """Run `ansible-galaxy collection` in `cwd`; it has to succeed."""
    done = run(sys.executable, "-m", "ansible", "galaxy", "collection", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout
