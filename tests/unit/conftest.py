# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all unit tests share."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _failing
from ansible_collections.devfleet.codex.plugins.module_utils._observations import Routes


@pytest.fixture(autouse=True)
def no_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a look at a failing machine from asking the service whether it answers."""

    def untried(host: str, *_others: t.Any) -> Routes:
        return Routes(host, None, None, None)

    monkeypatch.setattr(_failing, "routes", untried)
