# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one Molecule scenario whole, and name the outcomes that it has verified.

Molecule 26.10.0 ends with 0 when a playbook is missing, or when a playbook has no task. So its log
is read: every step was run, and each of its verify steps has said `seen: ...` at least once.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from sanity import stop

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/molecule"
MOLECULE = pathlib.Path(sys.executable).parent / "molecule"
LONGEST = 1800
"""Seconds for one scenario."""

FAILURES = ("fatal: ", "failed: ", "[ERROR]", "ERROR! ", "CRITICAL", "*  => ")
MOST_LINES = 20
LONGEST_LINE = 600

PASSED_ON = ("DOCKER_", "MOLECULE_IMAGE_")


class Failed(Exception):
    """Why the scenario does not count as passed; a sentence for the developer."""


def outcomes(log: str) -> list[str]:
    """Return what the verify steps of `log` have seen; raises Failed where one has seen nothing."""
    if "Molecule executed 1 scenario (1 successful)" not in log:
        raise Failed(f"{log}\nnot every step was run; restore the playbook that is called missing.")
    steps = re.split(r"^INFO +\[\S+ > (\w+)\] Executing$", log, flags=re.MULTILINE)
    verified = [
        re.findall(r'^ *"msg": ("seen: .*"),?$', text, flags=re.MULTILINE)
        for name, text in zip(steps[1::2], steps[2::2])
        if name == "verify"
    ]
    if not verified or not all(verified):
        raise Failed("a verify step has looked at nothing; it has to say what it has seen.")
    return [json.loads(line).removeprefix("seen: ") for lines in verified for line in lines]


def why(log: str) -> str:
    """Return the lines of `log` that say what failed: the end of a long log is its clearing up."""
    lines = [line for line in log.splitlines() if line.startswith(FAILURES)]
    return "\n".join(line[:LONGEST_LINE] for line in lines[:MOST_LINES])


def environment(scenario: str) -> dict[str, str]:
    """Return the environment of the scenario: nothing of the developer's but the engine."""
    folder = str(CACHE / scenario)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return {
        # The engine that docker's own settings name is not found from another home.
        **_docker_host(),
        **passed_on,
        "PATH": f"{MOLECULE.parent}:{os.environ['PATH']}",
        "HOME": folder,
        "MOLECULE_EPHEMERAL_DIRECTORY": folder,
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


def _docker_host() -> dict[str, str]:
    if shutil.which("docker") is None:
        return {}
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return {"DOCKER_HOST": done.stdout.strip()} if done.returncode == 0 else {}


def run(scenario: str) -> list[str]:
    """Run `scenario` and return what it has verified; raises Failed, with the log in it."""
    (CACHE / scenario).mkdir(parents=True, exist_ok=True)
    log = CACHE / f"{scenario}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(MOLECULE), "test", "--scenario-name", scenario],
            cwd=ROOT,
            env=environment(scenario),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        status = process.wait(LONGEST)
    except subprocess.TimeoutExpired:
        raise Failed(f"it has not ended after {LONGEST} s; {log} ends where it hangs.") from None
    finally:
        stop(process)
    said = log.read_text(encoding="utf-8", errors="replace")
    if status != 0:
        raise Failed(f"{said}\n{why(said)}\nmolecule ended with {status}; that is why.")
    return outcomes(said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario")
    scenario = parser.parse_args().scenario
    try:
        seen = run(scenario)
    except (Failed, OSError) as error:
        print(f"make molecule: {scenario}: {error}", file=sys.stderr)
        return 1
    print("\n  ".join([f"molecule/{scenario}: all of these were seen", *seen]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
