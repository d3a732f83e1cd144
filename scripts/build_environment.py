# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the developers' environment: .venv and .cache/collections at the root of the repository."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "requirements.sha256"
REQUIREMENTS = (ROOT / "tests/requirements.txt", ROOT / "tests/constraints.txt")
COLLECTION = ROOT / ".cache/collections/ansible_collections/devfleet/codex"


def digest(paths: tuple[Path, ...]) -> str:
    """SHA-256, in hexadecimal, of the contents of `paths` one after the other."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def is_current(wanted: str) -> bool:
    """Whether .venv was completed for the requirements of digest `wanted` and still runs."""
    if not STAMP.is_file() or STAMP.read_text(encoding="ascii") != wanted:
        return False
    # A virtual environment outlives the interpreter it was made from, and the move of its folder.
    command = [str(VENV / "bin/ansible-galaxy"), "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_environment(wanted: str) -> None:
    """Make .venv anew from this interpreter and install the requirements of digest `wanted`.

    Raises subprocess.CalledProcessError when venv or pip fails.
    """
    venv = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    python = str(VENV / "bin/python")
    if importlib.util.find_spec("ensurepip") is not None:
        pip = [python, "-m", "pip"]
    elif importlib.util.find_spec("pip") is not None:
        # Debian's python3 comes without ensurepip; its pip can work for another interpreter.
        venv.append("--without-pip")
        pip = [sys.executable, "-m", "pip", "--python", python]
    else:
        sys.exit(
            f"make dev: {sys.executable} has neither ensurepip nor pip, so it cannot make .venv;"
            " install one (Debian: apt-get install python3-venv), or name another Python with"
            " make PYTHON=..."
        )
    print("Setting up .venv with the project's tools; this takes one to two minutes.", flush=True)
    subprocess.run(venv, check=True)
    subprocess.run(
        [*pip, "--disable-pip-version-check", "install", "-qq", "-r", str(REQUIREMENTS[0])],
        check=True,
    )
    STAMP.write_text(wanted, encoding="ascii")


def link_collection() -> None:
    """Make the repository known to Ansible and pytest as devfleet.codex."""
    COLLECTION.parent.mkdir(parents=True, exist_ok=True)
    if not COLLECTION.is_symlink():
        COLLECTION.symlink_to(Path("../../../.."), target_is_directory=True)


def main() -> None:
    wanted = digest(REQUIREMENTS)
    link_collection()
    if is_current(wanted):
        return
    try:
        make_environment(wanted)
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"make dev: {' '.join(error.cmd[:4])} ended with status {error.returncode};"
            " its own message is above. Mend that and run make dev again."
        )


if __name__ == "__main__":
    main()
