# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check an artefact as Galaxy does on import, with galaxy-importer in its own .cache/importer.

    importer.py ARTEFACT

Galaxy takes an artefact with warnings; here every warning fails that EXPECTED has no reason for.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import typing as t
import venv
from pathlib import Path

from build_environment import REQUIREMENTS, ROOT, digest
from cores import names

HOME = ROOT / ".cache/importer"
STAMP = HOME / "requirements.sha256"
OWN = ROOT / "tests/requirements-importer.txt"
CONFIGURATION = ROOT / "tests/galaxy-importer.cfg"
COMPLETED = "Importer processing completed successfully"
# Seconds; it takes about 30 on two cores.
LIMIT = 900

EXPECTED: t.Final[t.Mapping[str, str]] = {
    r"plugins/module_utils/_vendor/tomlkit/": "the vendored tomlkit is left as its authors have it",
    r":\d+: (E203|W503) ": "ruff lays out slices and operators in the way that PEP 8 recommends",
    r"^tests/sanity/ignore-[\d.]+\.txt:\d+: sanity\[cannot-ignore\]": (
        "every line of the ignore files is for the vendored tomlkit"
    ),
    r"^Ignore files skip ansible-test sanity tests, found ignore-": (
        "every line of the ignore files is for the vendored tomlkit"
    ),
}


class ImporterError(Exception):
    """What stops the check; the text is a sentence for the developer."""


def make_environment() -> None:
    """Install galaxy-importer in .cache/importer, unless what is pinned is there."""
    wanted = digest((*REQUIREMENTS, OWN))
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return
    print("Setting up galaxy-importer; this takes about half a minute.", flush=True)
    venv.create(HOME, clear=True, with_pip=False)
    pinned = names(REQUIREMENTS[0]) | names(REQUIREMENTS[1])
    constraints = HOME / "constraints.txt"
    lines = [line for name in pinned.keys() - names(OWN).keys() for line in pinned[name]]
    constraints.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--python", str(HOME / "bin/python")]
    command += ["--disable-pip-version-check", "install", "-qq"]
    command += ["--constraint", str(constraints), "--requirement", str(OWN)]
    if subprocess.run(command, check=False).returncode != 0:
        raise ImporterError(
            "pip could not install galaxy-importer; its own message is above. Mend that and run"
            " make importer again."
        )
    STAMP.write_text(wanted, encoding="ascii")


def run_importer(artefact: Path) -> str:
    """What galaxy-importer prints for `artefact`; raises ImporterError when it refuses it."""
    with tempfile.TemporaryDirectory(prefix="importer-") as scratch:
        done = subprocess.run(
            [str(HOME / "bin/python"), "-m", "galaxy_importer.main", str(artefact)],
            cwd=scratch,
            env={
                "PATH": os.pathsep.join([str(HOME / "bin"), os.environ["PATH"]]),
                "HOME": scratch,
                "ANSIBLE_HOME": f"{scratch}/.ansible",
                "GALAXY_IMPORTER_CONFIG": str(CONFIGURATION),
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    if done.returncode != 0 or COMPLETED not in done.stdout:
        raise ImporterError(f"{done.stdout}\ngalaxy-importer refuses {artefact.name}, see above.")
    return done.stdout


def reason_for(warning: str) -> str | None:
    """Why `warning` is none for this project, or None."""
    return next((why for what, why in EXPECTED.items() if re.search(what, warning)), None)


def warnings_in(printed: str) -> list[str]:
    """The warnings and errors in what galaxy-importer `printed`, without their level."""
    lines = printed.splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith(("WARNING", "ERROR"))]


def judge(warnings: t.Iterable[str]) -> list[str]:
    """Those of `warnings` that EXPECTED has no reason for."""
    return [warning for warning in warnings if reason_for(warning) is None]


def unused(warnings: t.Collection[str]) -> list[str]:
    """The patterns of EXPECTED that none of `warnings` matches."""
    return [what for what in EXPECTED if not any(re.search(what, text) for text in warnings)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("artefact", type=Path, help="what ansible-galaxy collection build made")
    artefact = parser.parse_args().artefact.resolve()
    try:
        make_environment()
        printed = run_importer(artefact)
    except (ImporterError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"scripts/importer.py: {error}")
    warnings = warnings_in(printed)
    unexpected = judge(warnings)
    for warning in unexpected:
        print(f"WARNING: {warning}")
    if unexpected:
        sys.exit(f"galaxy-importer warns of {artefact.name}, see above; mend it.")
    # Also what tells that its warnings are no longer read aright: then none of them matches.
    stale = unused(warnings)
    if stale:
        sys.exit(
            f"scripts/importer.py: no warning of galaxy-importer matches {' or '.join(stale)}; see"
            " how it prints its warnings, and remove what it does not warn of from EXPECTED."
        )
    print(
        f"galaxy-importer accepts {artefact.name}; {len(warnings)} warnings were expected,"
        " scripts/importer.py says why."
    )


if __name__ == "__main__":
    main()
