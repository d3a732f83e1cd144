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
from support.stub_path import Machine

NO_IMAGE = 'case "$1" in image|pull) exit 1 ;; esac'
SLEEP = "/bin/sleep"


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
    monkeypatch.setattr(containers, "SETTLING", 1)
    return made


@pytest.fixture
def as_user(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of somebody who is not root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return machine


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["containers.py", *arguments])
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


def test_root_gets_an_engine_from_packages(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    up = machine.path / "up"
    machine.has("docker", f"[ -e {up} ]", after_install=True)
    machine.has("dockerd", f": > {up}; exec {SLEEP} 60", after_install=True)
    containers.LEFT_BEHIND.write_text("1")
    containers.start_engine()
    try:
        assert "python3 scripts/containers.py stop ends it" in capsys.readouterr().out
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
    assert not containers.PROCESS.exists()


def test_an_engine_that_answers_too_late_is_ended(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    number = tmp_path / "number"
    machine.has("docker", "exit 1")
    machine.has("dockerd", f"echo $$ > {number}; exec {SLEEP} 60")
    monkeypatch.setattr(containers, "STARTING", 1)
    with pytest.raises(containers.Unavailable, match="dockerd did not start"):
        containers.start_engine()
    assert not pathlib.Path("/proc", number.read_text().strip()).exists()
    assert not containers.PROCESS.exists()


def test_the_engine_that_a_package_has_started_is_used(machine: Machine) -> None:
    asked = machine.path / "asked"
    machine.has("docker", f"[ -e {asked} ] || {{ : > {asked}; exit 1; }}", after_install=True)
    machine.has("dockerd", after_install=True)
    containers.start_engine()
    assert machine.calls("docker ") == ["docker version"] * 2
    assert not machine.calls("dockerd")


def test_an_engine_that_runs_is_waited_for_and_then_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has("docker", "exit 1")
    machine.has("dockerd")
    monkeypatch.setattr(containers, "STARTING", 1)
    with process_called("/usr/sbin/dockerd") as process:
        containers.LEFT_BEHIND.write_text(str(process.pid))
        told = f"dockerd, process {process.pid}, runs but does not answer"
        with pytest.raises(containers.Unavailable, match=told):
            containers.start_engine()
    assert len(machine.calls("docker version")) > 2
    assert containers.LEFT_BEHIND.exists()
    assert not machine.calls("dockerd")


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
    told = r"only root can make them .* load .*localhost/devfleet-codex-molecule:bullseye"
    with pytest.raises(containers.Unavailable, match=told):
        containers.build_images()
    assert not as_user.calls("apt-get")


def test_images_made_before_need_neither_registry_nor_root(as_user: Machine) -> None:
    as_user.has("docker", 'case "$3" in debian:*) exit 1 ;; esac')
    containers.build_images()
    assert not as_user.calls("docker pull")
    assert not as_user.calls("apt-get")
    assert len(as_user.calls("docker build")) == 4


@pytest.mark.parametrize(
    ("answer", "pulls"),
    [
        ("echo dial tcp: lookup registry.example: no such host >&2; exit 1", 1),
        (f"exec {SLEEP} 60", 1),
        ("echo manifest unknown >&2; exit 1", 3),
    ],
)
def test_a_registry_out_of_reach_is_asked_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answer: str, pulls: int
) -> None:
    machine.has("docker", f'case "$1" in image) exit 1 ;; pull) {answer} ;; esac')
    machine.has("mmdebstrap")
    monkeypatch.setattr(containers, "PULLING", 1)
    containers.build_images()
    assert len(machine.calls("docker pull")) == pulls


def test_another_registry_is_asked_all_the_same(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreached = 'echo "dial tcp" >&2; exit 1'
    machine.has("docker", f'case "$1$3" in image*) exit 1 ;; pulldebian*) {unreached} ;; esac')
    machine.has("mmdebstrap")
    monkeypatch.setenv("MOLECULE_IMAGE_EXTRA", "registry.example/ubuntu:24.04")
    containers.build_images()
    assert len(machine.calls("docker pull")) == 2


def test_only_the_suites_that_are_asked_for_are_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("docker", 'case "$3" in devfleet*|debian:11*) exit 1 ;; esac')
    assert run(monkeypatch, "start", "--suites", "bookworm, ") == 0
    assert sorted(call.split()[6] for call in machine.calls("docker build")) == [
        "devfleet-codex-molecule/laptop:bookworm",
        "devfleet-codex-molecule/laptop:trixie",
        "devfleet-codex-molecule/network:trixie",
    ]
    assert "one to two minutes" in capsys.readouterr().out


def test_images_that_are_there_are_not_announced(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("docker")
    containers.build_images()
    assert capsys.readouterr().out == ""


def test_a_suite_that_is_not_there_is_told(machine: Machine) -> None:
    with pytest.raises(containers.Unavailable, match="there is no suite sid; name some of bullsey"):
        containers.build_images(["sid"])
    assert not machine.calls()


def test_remove_removes_the_images_made_here_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = "devfleet-codex-molecule/laptop:trixie localhost/devfleet-codex-molecule:trixie"
    machine.has("docker", f'[ "$2" != ls ] || printf "%s\\n" {ours} debian:13-slim')
    assert run(monkeypatch, "remove") == 0
    assert machine.calls("docker image rm") == [f"docker image rm {ours}"]


@pytest.mark.parametrize("script", [None, "exit 1"])
def test_remove_is_silent_where_no_engine_answers(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str | None,
) -> None:
    if script:
        machine.has("docker", script)
    assert run(monkeypatch, "remove") == 0
    assert capsys.readouterr() == ("", "")
    assert not machine.calls("docker image")


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
