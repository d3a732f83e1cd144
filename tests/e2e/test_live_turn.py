# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One live turn of the real client: what it counts where the network is well, ill, or gone."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._live import Live, live_turn
from support.laptop import CONFIG, Laptop, api_key_login, chatgpt_login, snapshot

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def take(
    laptop: Laptop,
    monkeypatch: pytest.MonkeyPatch,
    timeout: float = 90,
    mcp_servers: t.Sequence[str] = (),
) -> Live:
    monkeypatch.setenv("HOME", str(laptop.home))
    return live_turn(str(laptop.executable), laptop.environment(), timeout, mcp_servers=mcp_servers)


def test_a_healthy_turn_counts_nothing(
    make_laptop: LaptopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = make_laptop("live-healthy", login=api_key_login())

    live = take(laptop, monkeypatch)

    assert (live.answered, live.reconnect_lines, live.fell_back, live.problem) == (
        True,
        0,
        False,
        "",
    )


def test_a_refused_websocket_is_counted_out(
    make_laptop: LaptopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = make_laptop("live-refused", login=api_key_login(), websocket="http-403")

    live = take(laptop, monkeypatch)

    assert (live.answered, live.reconnect_lines, live.fell_back, live.problem) == (
        True,
        4,
        True,
        "",
    )


def test_a_service_without_an_answer_ends_at_the_bound(
    make_laptop: LaptopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = make_laptop("live-hang", login=api_key_login(), websocket="http-403", http="hang")

    live = take(laptop, monkeypatch, timeout=15)

    assert not live.answered
    assert live.reconnect_lines >= 1
    assert live.problem.startswith("no answer came within")


def test_a_refused_login_is_told_by_its_status_alone(
    make_laptop: LaptopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = make_laptop(
        "live-refused-login", login=api_key_login(), websocket="http-429", http="http-429"
    )

    live = take(laptop, monkeypatch)

    assert (live.answered, live.problem) == (False, "the service answered HTTP 429")


def test_a_turn_leaves_the_users_files_and_programs_alone(
    make_laptop: LaptopFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = make_laptop("live-quiet", login=chatgpt_login())
    started = laptop.home / "started"
    started.mkdir()
    programs = f"""notify = ["touch", "{started}/notifier"]
[mcp_servers.probe]
command = "touch"
args = ["{started}/mcp-server"]
"""
    laptop.config.write_bytes(CONFIG + programs.encode())
    before = snapshot(laptop.home)

    assert take(laptop, monkeypatch, mcp_servers=["probe"]).answered

    after = snapshot(laptop.home)
    assert {name: after.get(name) for name in before} == before
    assert list(started.iterdir()) == []
    assert not (laptop.codex_home / "sessions").exists()
    assert not (laptop.codex_home / "history.jsonl").exists()
    asked = {request.path.rpartition("/")[2] for request in laptop.service.requests}
    assert asked.isdisjoint({"mcp", "installed", "curated", "featured"})
