# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get the Docker engine and the images that the Molecule scenarios run on.

`containers.py start` does that, with `--suites bullseye,extra-1` for these images alone (and the
network's, which every scenario needs); `containers.py stop` ends the engine, if `start` had to
start it; `containers.py remove` removes the images made here. They stay until then: to renew
them, remove them and start again.

An engine that answers is used as it is. Where there is none, root on a Debian machine gets one
from Debian's packages, started by hand, for such a machine may have no systemd.

Each base image is the one that its environment variable names, else Debian's own; one that the
engine neither has nor can pull is made from Debian's packages by mmdebstrap. MOLECULE_IMAGE_EXTRA
names images of further distributions that have apt, with commas between, and blanks if you like.
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
COMMON = ROOT / "molecule/common"
REPOSITORY = "devfleet-codex-molecule"

ENGINE_PACKAGES = {"dockerd": ("docker.io", "runc", "iptables")}
# Of its own from Debian 13 on.
CLIENT_PACKAGES = {"docker": ("docker-cli",)}
BOOTSTRAP_PACKAGES = {"mmdebstrap": ("mmdebstrap",)}
MADE = f"localhost/{REPOSITORY}"
# What docker says where it got no answer from a registry, as against one that refuses.
UNREACHED = ("lookup ", "dial tcp", "timeout", "Timeout", "proxyconnect")
PULLING = 120
SETTLING = 5
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
# A laptop is built on every image, and this on one of them; each is a folder in molecule/common.
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
    installed = [_install(packages) for packages in (ENGINE_PACKAGES, CLIENT_PACKAGES)]
    # Where systemd is, the package has started its own engine, which needs a moment.
    if any(installed) and _answers_within(SETTLING):
        return
    running = _engine_in(LEFT_BEHIND)
    if running:
        if _answers_within(STARTING):
            return
        raise Unavailable(
            f"dockerd, process {running}, runs but does not answer; look into its log, or end it."
        )
    # A process that was killed leaves its number behind, and dockerd refuses to start then.
    LEFT_BEHIND.unlink(missing_ok=True)
    _start_dockerd()
    print("Started a Docker engine; python3 scripts/containers.py stop ends it.", flush=True)


def _start_dockerd() -> None:
    """Start dockerd and wait until it answers; raises Unavailable and leaves none otherwise."""
    STATE.mkdir(parents=True, exist_ok=True)
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
    if _answers_within(STARTING, lambda: process.poll() is None):
        return
    process.terminate()
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    PROCESS.unlink()
    raise Unavailable(f"dockerd did not start; {log} says why.")


def stop_engine() -> None:
    """End the engine that `start_engine` started; raises Unavailable when it does not end."""
    process = _engine_in(PROCESS)
    if process:
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + STOPPING
    while _engine_in(PROCESS):
        if time.monotonic() > deadline:
            raise Unavailable(f"dockerd, process {process}, did not end in {STOPPING} s.")
        time.sleep(0.2)
    PROCESS.unlink(missing_ok=True)


def _engine_in(file: pathlib.Path) -> int:
    """Return the number in `file` if a running dockerd has it, else 0."""
    try:
        process = int(file.read_text(encoding="ascii"))
        # Of a process that has ended no command line is left, or it is another's by now.
        command = pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return process if os.path.basename(command.split(b"\0")[0]) == b"dockerd" else 0


def build_images(suites: t.Collection[str] = ()) -> None:
    """Build a laptop's image on each of `suites`, or on all, and the network's.

    A suite is the tag of a wanted image. Raises Unavailable.
    """
    images = {image.tag: image for image in wanted_images(os.environ)}
    unknown = sorted(set(suites) - set(images))
    if unknown:
        raise Unavailable(f"there is no suite {unknown[0]}; name some of {', '.join(images)}.")
    tags = [tag for tag in images if not suites or tag in suites or tag == NETWORK_SUITE]
    unreached: set[str] = set()
    bases = {tag: _found(images[tag], unreached) for tag in tags}
    missing = [tag for tag, base in bases.items() if not base]
    if missing and os.geteuid() != 0:
        names = " and ".join(f"{images[tag].name} (or {MADE}:{tag})" for tag in missing)
        raise Unavailable(
            "no registry gives the base images, and only root can make them from Debian's"
            f" packages; run this as root, or load {names} into the engine."
        )
    if missing:
        _install(BOOTSTRAP_PACKAGES)
    if not all(_has(f"{REPOSITORY}/laptop:{tag}") for tag in tags):
        print("Building the images, which takes one to two minutes.", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # list() raises what a thread has raised.
        list(pool.map(_build, bases, bases.values()))


def remove_images() -> None:
    """Remove the images made here, if an engine answers; raises Unavailable."""
    if not _answers():
        return
    listed = _run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    ours = [name for name in listed if name.startswith((f"{REPOSITORY}/", f"{MADE}:"))]
    if ours:
        _run("docker", "image", "rm", *ours)


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


def _found(image: Image, unreached: set[str]) -> str:
    """Return the base that the engine has or can pull for `image`, else an empty string.

    Raises Unavailable where a variable named it. `unreached` are the registries known to be out
    of reach, and gets those that this finds to be.
    """
    if _has(image.name):
        return image.name
    # First, for a network that drops packets keeps who asks a registry waiting on every start.
    if not image.variable and _has(f"{MADE}:{image.tag}"):
        return f"{MADE}:{image.tag}"
    if _pull(image.name, unreached):
        return image.name
    if image.variable:
        raise Unavailable(
            f"the image {image.name} of {image.variable} cannot be pulled; name another."
        )
    return ""


def _pull(name: str, unreached: set[str]) -> bool:
    host, slash, _path = name.partition("/")
    registry = host if slash and (host == "localhost" or set(host) & set(".:")) else "docker.io"
    if registry in unreached:
        return False
    try:
        done = subprocess.run(
            ("docker", "pull", "--quiet", name),
            capture_output=True,
            text=True,
            timeout=PULLING,
            check=False,
        )
    except subprocess.TimeoutExpired:
        unreached.add(registry)
        return False
    if done.returncode != 0 and any(sign in done.stderr for sign in UNREACHED):
        unreached.add(registry)
    return done.returncode == 0


def _build(tag: str, found: str) -> None:
    base = found or _bootstrapped(tag)
    for kind in ("laptop", "network") if tag == NETWORK_SUITE else ("laptop",):
        built = f"{REPOSITORY}/{kind}:{tag}"
        folder = str(COMMON / kind)
        _run("docker", "build", "-q", "--build-arg", f"BASE={base}", "-t", built, folder)


def _bootstrapped(suite: str) -> str:
    """Return the image of `suite` made from Debian's packages; raises Unavailable."""
    image = f"{MADE}:{suite}"
    STATE.mkdir(parents=True, exist_ok=True)
    archive = STATE / f"{suite}.tar"
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "locale", "man")]
    try:
        _run("mmdebstrap", "--quiet", "--variant=apt", *left_out, suite, str(archive))
        _run("docker", "import", str(archive), image)
    finally:
        archive.unlink(missing_ok=True)
    return image


def _install(packages: t.Mapping[str, tuple[str, ...]]) -> bool:
    """Install what belongs to the commands that are missing, and return whether any was.

    Raises Unavailable.
    """
    missing = [
        package
        for command, names in packages.items()
        if shutil.which(command) is None
        for package in names
    ]
    if not missing:
        return False
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{' and '.join(packages)} is missing; install it and try again.")
    print(f"Installing {' '.join(missing)}.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", "-qq", environment=environment)
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    _run(*install, environment=environment)
    return True


def _answers() -> bool:
    return shutil.which("docker") is not None and _succeeds("docker", "version")


def _answers_within(seconds: float, hopeful: t.Callable[[], bool] = lambda: True) -> bool:
    """Whether an engine answers in `seconds`, as long as `hopeful` is true."""
    deadline = time.monotonic() + seconds
    while not _answers():
        if not hopeful() or time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _has(image: str) -> bool:
    return _succeeds("docker", "image", "inspect", image)


def _succeeds(*command: str, seconds: int = 30) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _run(*command: str, environment: t.Mapping[str, str] | None = None) -> str:
    """Run `command` and return what it printed; raises Unavailable with the end of what it said."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} could not be run: {error}") from None
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Unavailable(f"{' '.join(command[:2])} ended with {done.returncode}:\n{said}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    start = actions.add_parser("start", help="get the engine and the images")
    start.add_argument("--suites", default="", help="only these, with commas between")
    actions.add_parser("stop", help="end the engine that start has started")
    actions.add_parser("remove", help="remove the images made here")
    chosen = parser.parse_args()
    try:
        if chosen.action == "start":
            start_engine()
            build_images([name.strip() for name in chosen.suites.split(",") if name.strip()])
        elif chosen.action == "stop":
            stop_engine()
        else:
            remove_images()
    except Unavailable as error:
        print(f"scripts/containers.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
