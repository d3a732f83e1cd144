# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the modules share."""

from __future__ import annotations

import os

import pytest

# A module on a machine takes any text; a controller in the same process, as other tests need, would
# refuse it.
os.environ["ANSIBLE_MODULE_STRICT_UTF8_RESPONSE"] = "false"


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare thousands of flushes, which no test of a module can see; those of the writer do."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
