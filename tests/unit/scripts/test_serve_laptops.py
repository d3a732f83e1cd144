# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server of the pretend laptops: it tells when it is ready, and leaves when it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import serve_laptops

SCRIPT = Path(serve_laptops.__file__)
SHORT_LIVED = (
    "import pathlib, sys; sys.path.insert(0, sys.argv[2]); import serve_laptops;"
    " serve_laptops.LIFETIME = 0; serve_laptops.serve(pathlib.Path(sys.argv[1]))"
)

Starter = t.Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> t.Iterator[Starter]:
    """Start Python with arguments and a client that is never run; end it after the test."""
    started: list[subprocess.Popen[str]] = []

    def python(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={"PATH": os.environ["PATH"], "CODEX_E2E_CLIENT": sys.executable},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield python
    for process in started:
        process.kill()
        process.communicate()


def await_inventory(folder: Path, server: subprocess.Popen[str]) -> dict[str, t.Any]:
    """Return the inventory's hosts; fail when the server ends or 20 s have passed."""
    inventory = folder / "inventory/laptops.json"
    deadline = time.monotonic() + 20
    while not inventory.exists():
        assert server.poll() is None, server.communicate()[1]
        assert time.monotonic() < deadline, "no inventory after 20 s"
        time.sleep(0.05)
    hosts: dict[str, t.Any] = json.loads(inventory.read_text())["all"]["hosts"]
    return hosts


def test_it_serves_until_it_is_stopped(start: Starter, tmp_path: Path) -> None:
    server = start(str(SCRIPT), "serve", str(tmp_path))
    hosts = await_inventory(tmp_path, server)
    assert {name: Path(host["reconnect_codex_home"]) for name, host in hosts.items()} == {
        name: tmp_path / "laptops" / name / ".codex" for name in ("blocked", "healthy", "http-down")
    }

    serve_laptops.stop(tmp_path)

    assert server.wait(timeout=20) == 0
    assert not (tmp_path / "inventory/laptops.json").exists()
    assert (tmp_path / "laptops/healthy/.codex/config.toml").exists()


def test_it_ends_by_itself(start: Starter, tmp_path: Path) -> None:
    server = start("-c", SHORT_LIVED, str(tmp_path), str(SCRIPT.parent))

    assert server.wait(timeout=20) == 0
    assert (tmp_path / "laptops/healthy").exists()
    assert not (tmp_path / "inventory/laptops.json").exists()


def test_a_second_server_is_refused_and_the_first_lives_on(start: Starter, tmp_path: Path) -> None:
    first = start(str(SCRIPT), "serve", str(tmp_path))
    hosts = await_inventory(tmp_path, first)

    second = start(str(SCRIPT), "serve", str(tmp_path))

    assert "is being served" in second.communicate(timeout=20)[1]
    assert second.returncode == 1
    assert first.poll() is None
    assert await_inventory(tmp_path, first) == hosts


def test_homes_of_an_earlier_server_are_refused(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "laptops").mkdir()

    server = start(str(SCRIPT), "serve", str(tmp_path))

    assert "is there already; remove it" in server.communicate(timeout=20)[1]
    assert server.returncode == 1


def test_stop_spares_a_process_that_has_got_the_id_since(start: Starter, tmp_path: Path) -> None:
    bystander = start("-c", "import time; time.sleep(60)")
    (tmp_path / serve_laptops.PROCESS).write_text(str(bystander.pid))

    serve_laptops.stop(tmp_path)

    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(timeout=0.5)


def test_stop_without_a_server_is_no_error(tmp_path: Path) -> None:
    serve_laptops.stop(tmp_path)
