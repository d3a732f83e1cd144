# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after every fault, whatever it was and wherever it struck."""

from __future__ import annotations

import os
import re
import typing as t

from .fault_cases import Case, Tree, contents

TEMPORARY = re.compile(r"\.(.+?)(?:\.[0-9a-f]{32})?\.[a-z0-9_]{8}\.devfleet")

AT_CALLS: t.Sequence[str] = (
    "http_provider-present-plain",
    "http_provider-present-no-folder",
    "http_provider-absent-link",
    "http_provider-purge-plain",
    "http_provider-purge-no-file",
    "http_provider-present-system",
    "proxy_env-present-again-CRLF",
    "proxy_env-absent-plain",
    "observation-absent",
    "recovery-trial",
)
"""The cases of a usual run that faults strike at system calls; a full one has all."""


def refuse_half_a_file(case: Case, before: Tree, after: Tree, left: Tree, where: str) -> None:
    """Fail unless the user's files are as `before` or as `after`, their modes included."""
    assert contents(case, left) in (contents(case, before), contents(case, after)), where


def refuse_open_leftovers(before: Tree, after: Tree, left: Tree, where: str) -> None:
    """Fail if something that a run has left may be read by whom it was not meant for.

    A temporary file may have the mode of the file whose place it was to take, and no wider one.
    """
    for path, (mode, _content) in left.items():
        folder, name = os.path.split(path)
        found = TEMPORARY.fullmatch(name)
        if found:
            place = os.path.join(folder, found[1])
            allowed = max(one.get(place, (0o600, None))[0] for one in (before, after))
            assert not mode & ~(allowed | 0o600), f"{where}: {path} has mode {mode:o}"
        elif name == ".devfleet":
            assert mode == 0o700, f"{where}: {path} has mode {mode:o}"
        elif os.path.basename(folder) == ".devfleet":
            assert mode == 0o600, f"{where}: {path} has mode {mode:o}"
