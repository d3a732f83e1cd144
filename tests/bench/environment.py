# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get what `make bench` compares with: a virtual environment of its own, and an SSH server.

    python -m bench.environment

The server comes from Debian's packages, for root on Debian; without one, the page says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from build_environment import digest

from .fleet import REPOSITORY
from .peers import PYINFRA_PROGRAM
from .sshd import SERVER

REQUIREMENTS = REPOSITORY / "tests/requirements-bench.txt"
VENV = PYINFRA_PROGRAM.parent.parent
STAMP = VENV / "requirements.sha256"
_INSTALLING = 600


def main() -> None:
    wanted = digest((REQUIREMENTS,))
    if not STAMP.is_file() or STAMP.read_text("ascii") != wanted or not _runs():
        print("Setting up the environment of what is compared with.", flush=True)
        make(wanted)
    if os.geteuid() == 0 and not SERVER.exists() and shutil.which("apt-get"):
        print("Installing an SSH server; it is not started but for the time of a run.", flush=True)
        install_server()


def make(wanted: str) -> None:
    """Make the environment anew for the requirements of digest `wanted`; ends when it fails."""
    commands = (
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)],
        [
            *(sys.executable, "-m", "pip", "--python", str(VENV / "bin/python")),
            *("--disable-pip-version-check", "install", "-qq", "-r", str(REQUIREMENTS)),
        ],
    )
    for command in commands:
        if subprocess.run(command, check=False, timeout=_INSTALLING).returncode != 0:
            sys.exit(
                f"make bench: {' '.join(command[:3])} failed; its own message is above. Mend that"
                " and run make bench again."
            )
    STAMP.write_text(wanted, "ascii")


def install_server() -> None:
    """Install Debian's SSH server, which is not to start by itself; go on without one."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", "openssh-server"],
    ):
        done = subprocess.run(
            command, env=quiet, stdout=subprocess.DEVNULL, check=False, timeout=_INSTALLING
        )
        if done.returncode != 0:
            print(f"{' '.join(command)} failed; the rows over ssh are left out.", flush=True)
            return


def _runs() -> bool:
    # A virtual environment outlives the interpreter it was made from.
    command = [str(PYINFRA_PROGRAM), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_INSTALLING)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main()
