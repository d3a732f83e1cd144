# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered of the recovery of a laptop, and how a test comes by it."""

from __future__ import annotations

import json
import pathlib
import shutil
import typing as t

from .laptop import Laptop

_HOUR = 3600.0


def record_of(laptop: Laptop) -> pathlib.Path:
    """Return where the recovery of a laptop is remembered."""
    return laptop.codex_home / ".devfleet/recovery.json"


def document(laptop: Laptop) -> dict[str, t.Any] | None:
    """Return what is remembered of it; None for nothing."""
    path = record_of(laptop)
    return t.cast("dict[str, t.Any]", json.loads(path.read_bytes())) if path.exists() else None


def let_hours_pass(laptop: Laptop) -> None:
    """Let what is remembered of the recovery be two hours older."""
    known = document(laptop)
    if known is not None:
        known["since"] -= 2 * _HOUR
        record_of(laptop).write_text(json.dumps(known))


def copied(one: Laptop, other: Laptop) -> None:
    """Give `other` the configuration of `one`, and all that is remembered of it."""
    shutil.copy2(one.config, other.config)
    shutil.copytree(one.codex_home / ".devfleet", other.codex_home / ".devfleet")
    log = one.codex_home / "logs_2.sqlite"
    if log.exists():
        shutil.copy2(log, other.codex_home)
