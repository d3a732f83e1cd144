# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults share."""

from __future__ import annotations

import os
import typing as t

import pytest


@pytest.fixture(autouse=True)
def nothing_is_masked() -> t.Iterator[None]:
    """Let every file be as open as it is made."""
    umask = os.umask(0)
    yield
    os.umask(umask)


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the flushes of the runs around a fault; one that is traced makes its own."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
