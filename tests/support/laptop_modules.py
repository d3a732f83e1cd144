# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module of the collection, run in a process of its own on a pretend laptop."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

from .client import REPOSITORY
from .laptop import Laptop


def run_module(
    name: str, laptop: Laptop, timeout: float = 120, **options: t.Any
) -> dict[str, t.Any]:
    """Run the module `name` as `ansible` would on the laptop; return its result.

    Raises CalledProcessError where the module fails, TimeoutExpired after `timeout` seconds.
    """
    given = {
        "codex_home": str(laptop.codex_home),
        "executable": str(laptop.executable),
        **options,
    }
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / f"plugins/modules/{name}.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        env={**laptop.environment(), "PYTHONPATH": str(REPOSITORY / ".cache/collections")},
        cwd=laptop.home,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    result: dict[str, t.Any] = json.loads(done.stdout)
    return result
