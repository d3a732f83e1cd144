# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a machine on which something is not as it should be, with a stand-in for the client."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _beside, _client
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect

from . import stubs
from .doctor_cases import Pair
from .doctor_samples import OPEN, as_json, refused, report

HEALTHY = as_json(report(OPEN))
BLOCKED = as_json(report(refused(403)))

NOT_READ = ("inconclusive", "logs_not_read")
FINE = ("healthy", "handshake_ok")


def own_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder a user's home with a Codex home in it, on a machine where no Codex runs."""
    (folder / ".codex").mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(_client, "_PLACES", ())
    monkeypatch.setattr(_beside, "_running", lambda: ())
    return folder


def look(
    home: Path, answer: bytes, environment: t.Mapping[str, str] | None = None, **changes: t.Any
) -> dict[str, t.Any]:
    """Return what is told of a machine whose doctor always gives `answer`."""
    if not (home / "codex").exists():
        stubs.codex(home / "codex", "0.169.0", [answer] * 2)
    request = Request(None, str(home / "codex"), 20, 2, 0, (), **changes)
    value = inspect(request, {"PATH": os.defpath, **(environment or {})})
    json.dumps(value)
    assert judged(value) in VERDICTS_AND_CAUSES, value["diagnosis"]
    return value


def judged(value: dict[str, t.Any]) -> Pair:
    """Return the verdict and its cause."""
    return value["diagnosis"]["verdict"], value["diagnosis"]["cause"]
