# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the end-to-end tests, on as many processors as there are where that can be done.

    e2e.py [ARGUMENT OF PYTEST ...]

Tests that run side by side must not see one another's clients (scripts/hidden.py says why); where
they would, all of them run one after the other on a network of loopback alone.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent
MOST_WORKERS = 4
"""More would only wait: a test starts up to a dozen processes itself."""


def main(arguments: list[str]) -> None:
    """Replace this process by pytest."""
    pytest = [sys.executable, "-m", "pytest"]
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    hidden = [sys.executable, str(SCRIPTS / "hidden.py")]
    if workers > 1 and subprocess.run([*hidden, "true"], check=False).returncode == 0:
        worker = f"popen//python={' '.join([*hidden, sys.executable])}"
        side_by_side = ["--dist=loadfile", *["--tx", worker] * workers]
        command = [*pytest, *side_by_side, *arguments]
    else:
        command = [sys.executable, str(SCRIPTS / "offline.py"), *pytest, *arguments]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
