# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `reuse lint` on every file that git does not ignore or that the artefact adds to those.

The vendored library is under a licence of its own and not tracked, so reuse would not see it here
and would take its licence for one that nothing uses. It is judged in a copy that holds both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import vendor
from sanity import SanityError, copy_listed

ROOT = vendor.ROOT
# New files too, so that they are judged before they are added.
NEW_AND_TRACKED = ("--cached", "--others", "--exclude-standard")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="licences-") as scratch:
        try:
            copy_listed(ROOT, Path(scratch), *NEW_AND_TRACKED)
        except SanityError as error:
            sys.exit(f"scripts/licences.py: {error}")
        vendored = Path(scratch, vendor.TARGET.relative_to(ROOT))
        for path, content in vendor.present(vendor.TARGET).items():
            (vendored / path).parent.mkdir(parents=True, exist_ok=True)
            (vendored / path).write_bytes(content)
        if (ROOT / "LICENSE").read_bytes() != Path(
            scratch, "LICENSES/GPL-3.0-or-later.txt"
        ).read_bytes():
            sys.exit("LICENSE and LICENSES/GPL-3.0-or-later.txt differ; copy one to the other.")
        done = subprocess.run(
            [sys.executable, "-m", "reuse", "--root", scratch, "lint", "--lines"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    print(done.stdout.replace(f"{scratch}/", ""), end="")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
