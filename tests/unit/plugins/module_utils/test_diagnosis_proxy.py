# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a proxy that rejects a user's credentials is told of."""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._diagnosis import diagnose
from ansible_collections.devfleet.codex.plugins.module_utils._judgement import (
    judge,
    wants_second_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_PROXIES,
    ProxyUrl,
)
from support.diagnosis_cases import LOCKED, WRONG_PASSWORD, seen
from support.doctor_samples import BUILT_IN


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (ProxyUrl("http", "p.example", 3128, True), "p.example:3128, with a user name"),
        (ProxyUrl("http", "::1", None, False), "[::1], without a user name and password"),
    ],
)
def test_a_proxy_that_rejects_credentials_is_named(url: ProxyUrl, told: str) -> None:
    settings = NO_PROXIES._replace(source="dotenv", https=url)
    found = diagnose(seen(LOCKED, proxies=settings))
    assert (found.verdict, found.cause) == WRONG_PASSWORD
    assert found.evidence[-1] == f"the proxy (dotenv): {told}"


def test_one_answer_of_such_a_proxy_is_no_proof() -> None:
    assert wants_second_run(judge([LOCKED], BUILT_IN))
