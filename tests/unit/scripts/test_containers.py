# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""containers.py gets an engine and images by what the machine has, or says what is missing."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import containers
import pytest

NO_IMAGE = 'case "$1" in image|pull) exit 1 ;; esac'
SLEEP = "/bin/sleep"


class Machine:
    """A machine whose PATH has stand-ins alone, which write down how they are called."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path = folder / "bin"
        self.offered = folder / "offered"
        self._calls = folder / "calls"
        for place in (self.path, self.offered):
            place.mkdir()

    def has(self, command: str, script: str = "", *, after_install: bool = False) -> None:
        """Put `command` there, which runs the shell `script`, or let apt-get put it there."""
        path = (self.offered if after_install else self.path) / command
        path.write_text(f'#!/bin/sh\necho "{command} $*" >> "{self._calls}"\n{script}\n')
        path.chmod(0o755)

    def calls(self, start: str = "") -> list[str]:
        """What was called, as far as it begins with `start`."""
        if not self._calls.exists():
            return []
        return [call for call in self._calls.read_text().splitlines() if call.startswith(start)]


@pytest.fixture
def machine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One of root's, with apt-get and nothing else."""
    made = Machine(tmp_path)
    made.has("apt-get", f'if [ "$1" = install ]; then /bin/cp {made.offered}/* {made.path}; fi')
    monkeypatch.setenv("PATH", str(made.path))
    for name in [name for name in os.environ if name.startswith(("MOLECULE_IMAGE_", "DOCKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    state = tmp_path / "state"
    monkeypatch.setattr(containers, "STATE", state)
    monkeypatch.setattr(containers, "PROCESS", state / "dockerd.pid")
    monkeypatch.setattr(containers, "LEFT_BEHIND", tmp_path / "docker.pid")
    return made


@pytest.fixture
def as_user(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of somebody who is not root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return machine


def run(monkeypatch: pytest.MonkeyPatch, action: str) -> int:
    monkeypatch.setattr(sys, "argv", ["containers.py", action])
    return containers.main()


def test_an_engine_that_answers_is_used_as_it_is(machine: Machine) -> None:
    machine.has("docker")
    machine.has("dockerd")
    containers.start_engine()
    assert machine.calls() == ["docker version"]
    assert not containers.PROCESS.exists()


def test_without_an_engine_a_user_is_told_in_one_sentence(
    as_user: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_user.has("docker", "exit 1")
    assert run(monkeypatch, "start") == 1
    said = capsys.readouterr().err
    assert said.startswith("scripts/containers.py: no Docker engine answers this user; start one")
    assert said.count("\n") == 1
    assert as_user.calls() == ["docker version"]


def test_another_machines_engine_is_not_replaced(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has("docker", "exit 1")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(containers.Unavailable, match="the engine of DOCKER_HOST does not answer"):
        containers.start_engine()
    assert machine.calls() == ["docker version"]


def test_root_gets_an_engine_from_packages(machine: Machine) -> None:
    up = machine.path / "up"
    machine.has("docker", f"[ -e {up} ]", after_install=True)
    machine.has("dockerd", f": > {up}; exec {SLEEP} 60", after_install=True)
    containers.LEFT_BEHIND.write_text("1")
    containers.start_engine()
    try:
        assert "docker.io" in machine.calls("apt-get install")[0].split()
        assert machine.calls("dockerd") == ["dockerd "]
        assert not containers.LEFT_BEHIND.exists()
    finally:
        os.kill(int(containers.PROCESS.read_text()), signal.SIGTERM)


def test_an_engine_that_does_not_start_is_told_with_its_log(machine: Machine) -> None:
    machine.has("docker", "exit 1")
    machine.has("dockerd", "echo no bridge; exit 1")
    began = time.monotonic()
    with pytest.raises(containers.Unavailable, match=r"dockerd did not start; .*dockerd\.log says"):
        containers.start_engine()
    assert time.monotonic() - began < containers.STARTING / 2
    assert (containers.STATE / "dockerd.log").read_text() == "no bridge\n"


def test_without_apt_what_is_missing_is_named(machine: Machine) -> None:
    (machine.path / "apt-get").unlink()
    with pytest.raises(containers.Unavailable, match="dockerd is missing; install it"):
        containers.start_engine()


def test_a_pulled_image_needs_no_mmdebstrap(machine: Machine) -> None:
    machine.has("docker", 'case "$1" in image) exit 1 ;; esac')
    containers.build_images()
    built = [call.split() for call in machine.calls("docker build")]
    assert sorted((call[4], call[6]) for call in built) == [
        ("BASE=debian:11-slim", "devfleet-codex-molecule/laptop:bullseye"),
        ("BASE=debian:12-slim", "devfleet-codex-molecule/laptop:bookworm"),
        ("BASE=debian:13-slim", "devfleet-codex-molecule/laptop:trixie"),
        ("BASE=debian:13-slim", "devfleet-codex-molecule/network:trixie"),
    ]
    assert not machine.calls("apt-get")


def test_what_cannot_be_pulled_is_made_from_packages(machine: Machine) -> None:
    machine.has("docker", NO_IMAGE)
    machine.has("mmdebstrap", after_install=True)
    containers.build_images()
    assert machine.calls("apt-get install")[0].endswith(" mmdebstrap")
    assert sorted(call.split()[-2] for call in machine.calls("mmdebstrap")) == [
        "bookworm",
        "bullseye",
        "trixie",
    ]
    bases = {call.split()[4] for call in machine.calls("docker build")}
    assert bases == {
        f"BASE=localhost/devfleet-codex-molecule:{suite}"
        for suite in ("bullseye", "bookworm", "trixie")
    }


def test_only_root_makes_images_from_packages(as_user: Machine) -> None:
    as_user.has("docker", NO_IMAGE)
    as_user.has("mmdebstrap")
    with pytest.raises(containers.Unavailable, match="only root can make the image"):
        containers.build_images()
    assert not as_user.calls("mmdebstrap")


@pytest.mark.parametrize("variable", ["MOLECULE_IMAGE_BOOKWORM", "MOLECULE_IMAGE_EXTRA"])
def test_an_image_that_was_named_is_not_replaced(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    machine.has("docker", NO_IMAGE)
    machine.has("mmdebstrap")
    monkeypatch.setenv(variable, "registry.example/nothing:1")
    told = f"the image registry.example/nothing:1 of {variable} cannot be pulled"
    with pytest.raises(containers.Unavailable, match=told):
        containers.build_images()
    assert not machine.calls("docker build")


def test_each_further_image_becomes_a_laptop(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has("docker")
    monkeypatch.setenv("MOLECULE_IMAGE_EXTRA", "ubuntu:24.04, ubuntu:26.04,")
    containers.build_images()
    built = [call.split() for call in machine.calls("docker build")]
    assert {(call[4], call[6]) for call in built if "extra" in call[6]} == {
        ("BASE=ubuntu:24.04", "devfleet-codex-molecule/laptop:extra-1"),
        ("BASE=ubuntu:26.04", "devfleet-codex-molecule/laptop:extra-2"),
    }


def test_further_images_need_commas() -> None:
    with pytest.raises(containers.Unavailable, match="put commas between two"):
        containers.wanted_images({"MOLECULE_IMAGE_EXTRA": "ubuntu:24.04 ubuntu:26.04"})


def test_a_build_that_fails_tells_the_end_of_its_output(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"echo line {number}; " for number in range(1, 31))
    machine.has("docker", f'if [ "$1" = build ]; then {lines} echo no space left >&2; exit 3; fi')
    assert run(monkeypatch, "start") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "scripts/containers.py: docker build ended with 3:"
    assert said[1:] == [*(f"line {number}" for number in range(17, 31)), "no space left"]


@contextlib.contextmanager
def process_called(name: str) -> t.Iterator[subprocess.Popen[bytes]]:
    """A process whose command line begins with `name`."""
    process = subprocess.Popen([name, "60"], executable=SLEEP)
    try:
        # The kernel shows it a moment after the process has begun.
        command = pathlib.Path(f"/proc/{process.pid}/cmdline")
        deadline = time.monotonic() + 10
        while not command.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait(10)


def stop_with(process: subprocess.Popen[bytes]) -> None:
    """Stop, with `process` as the one that start has written down."""
    containers.STATE.mkdir()
    containers.PROCESS.write_text(str(process.pid))
    containers.stop_engine()


@pytest.mark.usefixtures("machine")
def test_stop_ends_the_engine_that_start_started() -> None:
    with process_called("dockerd") as process:
        stop_with(process)
        # Its command line is gone a moment before it can be waited for.
        assert process.wait(10) == -signal.SIGTERM
    assert not containers.PROCESS.exists()


@pytest.mark.usefixtures("machine")
def test_stop_spares_what_has_got_the_engines_number() -> None:
    with process_called("another") as process:
        stop_with(process)
        assert process.poll() is None


def test_stop_spares_an_engine_that_start_did_not_start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has("docker")
    with process_called("dockerd") as process:
        assert run(monkeypatch, "start") == 0
        assert run(monkeypatch, "stop") == 0
        assert process.poll() is None


@pytest.mark.usefixtures("machine")
def test_an_engine_that_does_not_stop_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with process_called("dockerd") as process, monkeypatch.context() as patched:
        patched.setattr(containers, "STOPPING", 0)
        patched.setattr(os, "kill", lambda *_signal: None)
        told = f"dockerd, process {process.pid}, did not end"
        with pytest.raises(containers.Unavailable, match=told):
            stop_with(process)
