# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get the Docker engine and the images that the Molecule scenarios run on.

`containers.py start` does that; `containers.py stop` ends the engine, if `start` had to start it.

An engine that answers is used as it is. Where there is none, root on a Debian machine gets one
from Debian's packages, started by hand, for such a machine may have no systemd.

Each base image is the one that its environment variable names, else Debian's own; one that the
engine neither has nor can pull is made from Debian's packages by mmdebstrap. MOLECULE_IMAGE_EXTRA
names images of further distributions that have apt, with commas between.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATE = ROOT / ".cache/containers"
PROCESS = STATE / "dockerd.pid"
LEFT_BEHIND = pathlib.Path("/var/run/docker.pid")
SHARED = ROOT / "molecule/shared"
REPOSITORY = "devfleet-codex-molecule"

ENGINE_PACKAGES = {"dockerd": ("docker.io", "runc", "iptables")}
# Of its own from Debian 13 on.
CLIENT_PACKAGES = {"docker": ("docker-cli",)}
BOOTSTRAP_PACKAGES = {"mmdebstrap": ("mmdebstrap",)}
PULLING = 120
STARTING = 60
STOPPING = 30


class Unavailable(Exception):
    """What stops the scenarios; the text is a sentence for the developer."""


@dataclasses.dataclass(frozen=True)
class Base:
    """A Debian release: `variable` may name another image, `image` is the usual one."""

    suite: str
    variable: str
    image: str


BASES = (
    Base("bullseye", "MOLECULE_IMAGE_BULLSEYE", "debian:11-slim"),
    Base("bookworm", "MOLECULE_IMAGE_BOOKWORM", "debian:12-slim"),
    Base("trixie", "MOLECULE_IMAGE_TRIXIE", "debian:13-slim"),
)
FURTHER = "MOLECULE_IMAGE_EXTRA"
# A laptop is built on every image, and this on one of them; each is a folder in molecule/shared.
NETWORK_SUITE = "trixie"


@dataclasses.dataclass(frozen=True)
class Image:
    """The image `name` to build on, and the tag of what is built; `variable` named it, if any."""

    tag: str
    name: str
    variable: str | None


def start_engine() -> None:
    """Return once an engine answers; raises Unavailable where none can be had."""
    if _answers():
        return
    if os.environ.get("DOCKER_HOST"):
        raise Unavailable("the engine of DOCKER_HOST does not answer; start it, or unset the name.")
    if os.geteuid() != 0:
        raise Unavailable(
            "no Docker engine answers this user; start one (and put the user into the group"
            " docker), or run this as root on Debian, which gets one from Debian's packages."
        )
    _install(ENGINE_PACKAGES)
    _install(CLIENT_PACKAGES)
    STATE.mkdir(parents=True, exist_ok=True)
    # A process that was killed leaves its number behind, and dockerd refuses to start then.
    LEFT_BEHIND.unlink(missing_ok=True)
    log = STATE / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    PROCESS.write_text(str(process.pid), encoding="ascii")
    deadline = time.monotonic() + STARTING
    while not _answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise Unavailable(f"dockerd did not start; {log} says why.")
        time.sleep(0.5)


def stop_engine() -> None:
    """End the engine that `start_engine` started; raises Unavailable when it does not end."""
    try:
        process = int(PROCESS.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    # The number may belong to another process by now.
    if _is_engine(process):
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + STOPPING
    while _is_engine(process):
        if time.monotonic() > deadline:
            raise Unavailable(f"dockerd, process {process}, did not end in {STOPPING} s.")
        time.sleep(0.2)
    PROCESS.unlink()


def _is_engine(process: int) -> bool:
    """Whether `process` is a dockerd that runs: of one that has ended no command line is left."""
    try:
        command = pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return command.split(b"\0")[0] == b"dockerd"


def build_images() -> None:
    """Build a laptop's image on each wanted one, and the network's; raises Unavailable."""
    bases = {image.tag: _pulled(image) for image in wanted_images(os.environ)}
    if not all(bases.values()):
        _install(BOOTSTRAP_PACKAGES)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # list() raises what a thread has raised.
        list(pool.map(_build, bases, bases.values()))


def wanted_images(environment: t.Mapping[str, str]) -> list[Image]:
    """Return Debian's releases, then what FURTHER names as extra-1, extra-2...

    Raises Unavailable where FURTHER names no image.
    """
    releases = [
        Image(base.suite, environment[base.variable], base.variable)
        if environment.get(base.variable)
        else Image(base.suite, base.image, None)
        for base in BASES
    ]
    names = [name.strip() for name in environment.get(FURTHER, "").split(",")]
    further = [name for name in names if name]
    for name in further:
        if len(name.split()) > 1:
            raise Unavailable(f"{FURTHER} has {name!r}, which is no image; put commas between two.")
    return releases + [
        Image(f"extra-{number}", name, FURTHER) for number, name in enumerate(further, start=1)
    ]


def _pulled(image: Image) -> str:
    """Return the name of `image` if the engine has or can pull it, else an empty string.

    Raises Unavailable where a variable named it.
    """
    if _has(image.name) or _succeeds("docker", "pull", "--quiet", image.name, seconds=PULLING):
        return image.name
    if image.variable:
        raise Unavailable(
            f"the image {image.name} of {image.variable} cannot be pulled; name another."
        )
    return ""


def _build(tag: str, pulled: str) -> None:
    base = pulled or _bootstrapped(tag)
    for kind in ("laptop", "network") if tag == NETWORK_SUITE else ("laptop",):
        built = f"{REPOSITORY}/{kind}:{tag}"
        folder = str(SHARED / kind)
        _run("docker", "build", "-q", "--build-arg", f"BASE={base}", "-t", built, folder)


def _bootstrapped(suite: str) -> str:
    """Return the image of `suite` made from Debian's packages; raises Unavailable."""
    image = f"localhost/{REPOSITORY}:{suite}"
    if _has(image):
        return image
    if os.geteuid() != 0:
        raise Unavailable(
            f"no registry has {suite} for this machine, and only root can make the image from"
            " Debian's packages; run this as root, or load the image."
        )
    STATE.mkdir(parents=True, exist_ok=True)
    archive = STATE / f"{suite}.tar"
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "locale", "man")]
    try:
        _run("mmdebstrap", "--quiet", "--variant=apt", *left_out, suite, str(archive))
        _run("docker", "import", str(archive), image)
    finally:
        archive.unlink(missing_ok=True)
    return image


def _install(packages: t.Mapping[str, tuple[str, ...]]) -> None:
    """Install what belongs to the commands that are missing; raises Unavailable."""
    missing = [
        package
        for command, names in packages.items()
        if shutil.which(command) is None
        for package in names
    ]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{' and '.join(packages)} is missing; install it and try again.")
    print(f"Installing {' '.join(missing)}.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", "-qq", environment=environment)
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    _run(*install, environment=environment)


def _answers() -> bool:
    return shutil.which("docker") is not None and _succeeds("docker", "version")


def _has(image: str) -> bool:
    return _succeeds("docker", "image", "inspect", image)


def _succeeds(*command: str, seconds: int = 30) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _run(*command: str, environment: t.Mapping[str, str] | None = None) -> None:
    """Run `command`; raises Unavailable with the end of what it said."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} could not be run: {error}") from None
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Unavailable(f"{' '.join(command[:2])} ended with {done.returncode}:\n{said}")


def start() -> None:
    """Get engine and images; raises Unavailable."""
    start_engine()
    build_images()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("start", "stop"))
    action = {"start": start, "stop": stop_engine}[parser.parse_args().action]
    try:
        action()
    except Unavailable as error:
        print(f"scripts/containers.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
