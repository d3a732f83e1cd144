# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The harness itself: what keeps the client on this machine, and what judges its configuration."""

from __future__ import annotations

import typing as t
from http.client import HTTPConnection

import pytest
from support.client import run_turn, strict_complaint
from support.laptop import CONFIG, api_key_login
from support.laptop_playbooks import recap
from support.proxy import Proxy
from support.service import Service

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory


def test_a_host_without_a_route_is_refused_and_recorded() -> None:
    with Proxy() as proxy:
        connection = HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
        connection.set_tunnel("api.openai.com", 443)
        with pytest.raises(OSError, match="403"):
            connection.connect()

    assert (proxy.refused, proxy.tunnelled) == (["api.openai.com:443"], [])


def test_a_route_that_leaves_the_machine_is_an_error() -> None:
    with pytest.raises(ValueError, match="leaves the machine"):
        Proxy({"api.openai.com:443": ("192.0.2.1", 443)})


@pytest.mark.parametrize(("websocket", "http"), [("http-40", "ok"), ("ok", "silent")])
def test_a_mode_that_does_not_exist_is_an_error(websocket: str, http: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        Service(websocket=websocket, http=http)


def test_an_unknown_key_is_a_strict_complaint(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("strict", login=api_key_login(), config=CONFIG + b"no_such_key = 1\n")

    assert "no_such_key" in (strict_complaint(laptop) or "")


def test_a_client_that_does_not_end_is_stopped(make_laptop: LaptopFactory) -> None:
    laptop = make_laptop("endless", login=api_key_login(), websocket="hang")

    with pytest.raises(TimeoutError, match="did not end in 1 s"):
        run_turn(laptop, timeout=1)


def test_the_recap_is_read_by_host() -> None:
    stdout = (
        "TASK [x] ***\nok: [one]\n\nPLAY RECAP ****\n"
        "one   : ok=3    changed=1    unreachable=0    failed=0    skipped=2\n"
        "two.x : ok=0    changed=0    unreachable=1    failed=0    skipped=0\n\n"
    )

    counters = recap(stdout)

    assert {host: counters[host]["unreachable"] for host in counters} == {"one": 0, "two.x": 1}
    assert counters["one"]["changed"] == 1
