# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every test of `ansible-test sanity` on the tracked files and on built artefacts.

    sanity.py [--ansible-test PROGRAM] SOURCE ...

A SOURCE is a git checkout, of which the files are tested that git tracks, or an artefact that
"ansible-galaxy collection build" made. All are tested at the same time, each in a copy of its own:
ansible-test wants a folder ansible_collections/devfleet/codex, and no symbolic link to it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import typing as t
from pathlib import Path

import vendor
import yaml
from cores import find_python

ROOT = vendor.ROOT
HOME = ROOT / ".cache/sanity"
WHEELS = HOME / "wheels"
VENDORED = vendor.TARGET.relative_to(ROOT).as_posix() + "/"
PYTHONS = tuple(f"3.{minor}" for minor in range(9, 15))
# Of the longest run, which also makes every virtual environment, on a slow machine.
LIMIT = 1800
# "required" in this variable makes it an error that the oldest Python of tests/config.yml is not
# here; otherwise it is told, for not everyone who develops has a Python that old.
FLOOR_WANTED = "CODEX_SANITY_FLOOR"
SKIPPED = re.compile(r"WARNING: (Skipping |Required program )")

# ansible-test fetches this script from a host of its own, which not every network lets through.
# Its answer is the same: the pip of that version. The script's name says the version.
BOOTSTRAP = """\
import runpy
import sys

sys.path.insert(0, {wheel!r})
kept = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--no-index", "--find-links", {folder!r}, *kept]
runpy.run_module("pip", run_name="__main__")
"""

# The versions of pip that ansible-test puts into its virtual environments; it has no option for it.
PIP_VERSIONS = """\
from types import SimpleNamespace
from ansible_test._internal.constants import SUPPORTED_PYTHON_VERSIONS
from ansible_test._internal.python_requirements import get_venv_packages
for version in SUPPORTED_PYTHON_VERSIONS:
    print(get_venv_packages(SimpleNamespace(version=version))["pip"])
"""


class SanityError(Exception):
    """What stops the tests; the text is a sentence for the developer."""


class Run(t.NamedTuple):
    """One ansible-test at work: what it tests, its process, and the file of its output."""

    source: Path
    process: subprocess.Popen[bytes]
    log: Path


def copy_listed(checkout: Path, folder: Path, *options: str) -> None:
    """Copy what `git ls-files` with `options` lists in `checkout`, as it is now, to `folder`.

    Without options these are the files that git tracks.
    """
    command = ["git", "ls-files", "-z", *options]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise SanityError(f"{checkout} is no git checkout, so nothing tells what is tracked there.")
    for name in filter(None, listed.stdout.split("\0")):
        # A file that was deleted and not committed yet is still listed.
        if (checkout / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name)


def strip_ignored(folder: Path) -> None:
    """Take the lines for the vendored library out of the ignore files of `folder`.

    Where it is not, ansible-test refuses them: they name files which are not there.
    """
    for ignored in (folder / "tests/sanity").glob("ignore-*.txt"):
        lines = ignored.read_text(encoding="utf-8").splitlines(keepends=True)
        ignored.write_text("".join(line for line in lines if not line.startswith(VENDORED)))


def unpack(artefact: Path, folder: Path) -> None:
    """Unpack `artefact`, a .tar.gz, into `folder`."""
    try:
        with tarfile.open(artefact) as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise SanityError(f"{artefact} cannot be unpacked: {error}. Run make build.") from error


def download_pip(version: str) -> Path:
    """The wheel of pip `version`, fetched with pip unless it is in .cache already."""
    wheel = WHEELS / f"pip-{version}-py3-none-any.whl"
    if not wheel.is_file():
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-qq"]
        command += ["--no-deps", "--only-binary=:all:", "--dest", str(WHEELS), f"pip=={version}"]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0 or not wheel.is_file():
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise SanityError(
                f"pip could not fetch pip {version}, which ansible-test needs: {reason}. See that"
                " pip reaches its package index, then run make sanity again."
            )
    return wheel


def prepare_home(ansible_test: Path) -> None:
    """Give ansible-test a home in .cache, with the pip it wants and the user's settings of pip."""
    cache = HOME / ".ansible/test/cache"
    for folder in (cache, WHEELS):
        folder.mkdir(parents=True, exist_ok=True)
    for name in (".config/pip", ".pip"):
        link, settings = HOME / name, Path.home() / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if settings.exists() and not link.is_symlink():
            link.symlink_to(settings)
    done = subprocess.run(
        [str(ansible_test.with_name("python")), "-c", PIP_VERSIONS],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise SanityError(f"{ansible_test} does not tell which pip it needs: {reason}.")
    for version in sorted(set(done.stdout.split())):
        wheel = str(download_pip(version))
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text(BOOTSTRAP.format(wheel=wheel, folder=str(WHEELS)), encoding="utf-8")


def folder_of(python: Path) -> str:
    """Where the interpreter is that `python`, maybe a version manager's stand-in, starts."""
    command = [str(python), "-c", "import sys; print(sys.executable)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return str(Path(done.stdout.strip()).parent)


def environment(ansible_test: Path, pythons: t.Iterable[Path]) -> dict[str, str]:
    """Nothing of the developer's settings; `pythons` are to be found by their version's name."""
    # A version manager's folder of stand-ins is none: it has some for versions that do not run.
    places = [str(ansible_test.parent), *map(folder_of, pythons), "/usr/bin", "/bin"]
    return {
        "PATH": os.pathsep.join(dict.fromkeys(places)),
        "HOME": str(HOME),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
        "LC_ALL": "C.UTF-8",
    }


def start(command: list[str], folder: Path, variables: t.Mapping[str, str], source: Path) -> Run:
    log = folder.parents[2] / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(source, process, log)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End `process` and what it has started, such as the workers of pylint."""
    # Nothing is left of the group as a rule; macOS says EPERM where only a zombie is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def passed(run: Run, limit: float) -> bool:
    """Whether `run` ended with status 0 within `limit` seconds; the end is waited for."""
    try:
        return run.process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        with run.log.open("a") as output:
            output.write(f"ansible-test did not end in {LIMIT} s and was ended.\n")
        return False
    finally:
        stop(run.process)


def list_tests(command: list[str], folder: Path, variables: t.Mapping[str, str]) -> set[str]:
    """The tests that `command`, an ansible-test sanity, has for the collection in `folder`."""
    done = subprocess.run(
        [*command, "--list-tests"],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.split():
        raise SanityError(f"ansible-test does not list its tests: {done.stderr.strip()}.")
    return set(done.stdout.split())


def left_out(text: str, tests: t.Collection[str], absent: t.Collection[str]) -> list[str]:
    """What ansible-test, whose output is `text`, left out of `tests`, a sentence for each.

    A Python that is `absent` is none of it; without_floor has its say on that.
    """
    started = set(re.findall(r'^Running sanity test "(.+?)"', text, re.MULTILINE))
    # That a test runs is printed before it skips itself, so its name alone proves nothing.
    skipped = [line for line in text.splitlines() if SKIPPED.match(line)]
    no_python = [f" on Python {version} because it could not be found." for version in absent]
    others = [line for line in skipped if not line.endswith(tuple(no_python))]
    return [
        *(f"The test {test} was not run." for test in sorted(set(tests) - started)),
        *(line.removeprefix("WARNING: ") for line in dict.fromkeys(others)),
    ]


def report(run: Run, succeeded: bool, tests: t.Collection[str], absent: t.Collection[str]) -> bool:
    """Print what `run` found, and return whether all of `tests` were run and passed.

    Only a Python that is `absent` may have been skipped.
    """
    text = run.log.read_text(encoding="utf-8", errors="replace")
    if not succeeded:
        print(text)
        print(f"ansible-test sanity failed for {run.source}; its findings are above.", flush=True)
        return False
    missed = left_out(text, tests, absent)
    if missed:
        print(*missed, sep="\n")
        print(f"ansible-test sanity left out what is above for {run.source}.", flush=True)
        return False
    print(f"ansible-test sanity passed for {run.source}: {len(tests)} tests.", flush=True)
    return True


def floor() -> str:
    """The oldest Python that modules support ("3.9"), of tests/config.yml."""
    settings = yaml.safe_load((ROOT / "tests/config.yml").read_text(encoding="utf-8"))
    return str(settings["modules"]["python_requires"]).removeprefix(">=")


def without_floor(variables: t.Mapping[str, str]) -> str:
    """What to say where the Python of floor() is not here.

    Raises SanityError where `variables`, the environment, want it.
    """
    sentence = f"NOT TESTED with Python {floor()}, the oldest that modules support: it is not here."
    if variables.get(FLOOR_WANTED) == "required":
        raise SanityError(f"{sentence} Install it, or unset {FLOOR_WANTED}.")
    return sentence


def check(sources: t.Sequence[Path], ansible_test: Path, scratch: Path) -> bool:
    """Whether every test passes for each of `sources`, copied below `scratch`."""
    if any((folder / ".git").exists() for folder in scratch.resolve().parents):
        raise SanityError(
            f"{scratch.parent} lies in a git checkout, and ansible-test leaves out what git ignores"
            " there; name another temporary folder in TMPDIR."
        )
    prepare_home(ansible_test)
    pythons = {version: find_python((version,)) for version in PYTHONS}
    variables = environment(ansible_test, filter(None, pythons.values()))
    missing = [version for version, python in pythons.items() if python is None]
    floor_missing = without_floor(os.environ) if floor() in missing else ""
    if missing:
        print(f"There is no Python {', '.join(missing)} here, so nothing is imported with it.")
    folders = []
    for number, source in enumerate(sources):
        folder = scratch / str(number) / "ansible_collections/devfleet/codex"
        folder.mkdir(parents=True)
        if source.is_dir():
            copy_listed(source, folder)
            strip_ignored(folder)
        else:
            unpack(source, folder)
        folders.append(folder)
    sanity = [str(ansible_test), "sanity", "--color", "no"]
    # Two at once would make the same virtual environments in the same places.
    first = start([*sanity, "--prime-venvs"], folders[0], variables, sources[0])
    if not passed(first, LIMIT):
        return report(first, False, (), ())
    tests = list_tests(sanity, folders[0], variables)
    deadline = time.monotonic() + LIMIT
    with contextlib.ExitStack() as stack:
        runs = []
        for source, folder in zip(sources, folders):
            runs.append(start(sanity, folder, variables, source))
            stack.callback(stop, runs[-1].process)
        # Each run is reported, also after one that failed.
        verdicts = [
            report(run, passed(run, max(deadline - time.monotonic(), 0)), tests, missing)
            for run in runs
        ]
    if floor_missing:
        print(floor_missing, flush=True)
    return all(verdicts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--ansible-test",
        type=Path,
        default=ROOT / ".venv/bin/ansible-test",
        help="the program of the ansible-core to test with; default: that of .venv",
    )
    parser.add_argument(
        "sources", nargs="+", type=Path, metavar="SOURCE", help="a git checkout, or an artefact"
    )
    arguments = parser.parse_args()
    # So that what was started is ended when make, or a limit of time, ends this.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    sources = [source.resolve() for source in arguments.sources]
    try:
        with tempfile.TemporaryDirectory(prefix="sanity-") as scratch:
            succeeded = check(sources, arguments.ansible_test.absolute(), Path(scratch))
    except (SanityError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"scripts/sanity.py: {error}")
    sys.exit(not succeeded)


if __name__ == "__main__":
    main()
