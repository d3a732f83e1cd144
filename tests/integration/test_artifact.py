# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users install: the built artefact, and the repository itself through git."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest
import vendor

ROOT = vendor.ROOT
BUILT_FROM_GIT = (
    "README.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "CHANGELOG.rst",
    "LICENSE",
    "meta/",
    "plugins/",
    "roles/",
    "playbooks/",
)
BUILT_FROM_GIT += (
    "docs/",
    "changelogs/config.yaml",
    "changelogs/changelog.yaml",
    "tests/sanity/ignore-",
)
VENDORED = "plugins/module_utils/_vendor/tomlkit/"

# TOML 1.1, which Codex reads and no tomllib before Python 3.15 does: only tomlkit can parse this.
CONFIG = 'model = "gpt-5"\ntui = {\n  theme = "dark", # mine\n}\n'


class Outcome(t.NamedTuple):
    """What `ansible` made of one module call: its exit status, all it printed, the result."""

    status: int
    printed: str
    result: dict[str, t.Any]


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `command` in `cwd` with nothing of the developer's own settings; bounded."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(cwd),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(cwd / ".ansible"),
            "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def galaxy(*arguments: str, cwd: Path) -> None:
    """Run `ansible-galaxy collection` in `cwd`; it has to succeed."""
    done = run(sys.executable, "-m", "ansible", "galaxy", "collection", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout


def working_files() -> set[str]:
    """The files of the repository that git does not ignore, as they are now."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {path for path in done.stdout.split("\0") if path and (ROOT / path).is_file()}


def recorded_files() -> set[str]:
    """Where the files that the pinned wheel's RECORD names belong in the collection."""
    with zipfile.ZipFile(vendor.WHEEL) as wheel:
        record = wheel.read(f"tomlkit-{vendor.VERSION}.dist-info/RECORD").decode("utf-8")
    paths = {row[0] for row in csv.reader(io.StringIO(record))}
    package = {path for path in paths if path.startswith("tomlkit/")}
    return {VENDORED + path.removeprefix("tomlkit/") for path in package} | {VENDORED + "LICENSE"}


def bare_python(folder: Path) -> Path:
    """The oldest Python from 3.9 on that is installed, as a virtual environment in `folder`."""
    places = [Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    places += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    for minor in range(9, sys.version_info.minor + 1):
        for place in places:
            python = place / f"python3.{minor}"
            # A version manager's stand-in exists for versions that it then refuses to run.
            if python.is_file() and _succeeds(python, "--version"):
                environment = folder / f"python3.{minor}"
                assert _succeeds(python, "-m", "venv", "--without-pip", str(environment))
                return environment / "bin/python"
    raise AssertionError(f"no Python from 3.9 to 3.{sys.version_info.minor} is on PATH")


def _succeeds(python: Path, *arguments: str) -> bool:
    done = subprocess.run([str(python), *arguments], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = bare_python(tmp_path_factory.mktemp("python"))
    assert not _succeeds(python, "-c", "import tomlkit")
    return python


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    galaxy("build", "--output-path", str(folder), str(ROOT), cwd=folder)
    (built,) = folder.glob("devfleet-codex-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An otherwise empty collections path with the artefact in it."""
    path = tmp_path_factory.mktemp("installed")
    galaxy("install", "--offline", "-p", str(path), str(artefact), cwd=path)
    return path


@pytest.fixture(scope="module")
def installed_from_git(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An otherwise empty collections path with the files that git knows, as they are now."""
    path = tmp_path_factory.mktemp("git")
    repository = path / "repository"
    for name in working_files():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, repository / name)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "as it is now")):
        done = run(*git, *command, cwd=repository)
        assert done.returncode == 0, done.stdout
    galaxy("install", "--offline", "-p", str(path), f"git+file://{repository}", cwd=path)
    return path


def call(module: str, collections: Path, python: Path, **options: str) -> Outcome:
    """Run `module` of the collection in `collections` on `python` with `options`."""
    done = run(
        *(sys.executable, "-m", "ansible", "adhoc", "localhost"),
        *("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={python}"),
        *("-m", f"devfleet.codex.{module}", "-a", json.dumps(options)),
        cwd=Path(options["codex_home"]).parent,
        ANSIBLE_COLLECTIONS_PATH=str(collections),
        ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
    )
    start = done.stdout.find("=> {")
    assert start >= 0, done.stdout
    result, _end = json.JSONDecoder().raw_decode(done.stdout[start + len("=> ") :])
    return Outcome(done.returncode, done.stdout, result)


def http_provider(collections: Path, python: Path, codex_home: Path) -> Outcome:
    """Give `codex_home` the provider; the version is named so that no client is asked."""
    home = {"codex_home": str(codex_home), "codex_version": "0.169.0"}
    return call("http_provider", collections, python, **home)


@pytest.fixture
def codex_home(tmp_path: Path) -> Path:
    home = tmp_path / ".codex"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    return home


def test_artefact_holds_what_belongs_in_it_and_nothing_else(artefact: Path) -> None:
    with tarfile.open(artefact) as archive:
        built = {member.name for member in archive if not member.isdir()}
    belongs = {path for path in working_files() if path.startswith(BUILT_FROM_GIT)}
    assert built - {"MANIFEST.json", "FILES.json"} == belongs | recorded_files()


def test_artefact_changes_a_machine_without_tomlkit(
    installed: Path, python: Path, codex_home: Path
) -> None:
    outcome = http_provider(installed, python, codex_home)
    assert outcome.status == 0, outcome.printed
    assert outcome.result["changed"] is True
    after = (codex_home / "config.toml").read_text(encoding="utf-8")
    assert 'model_provider = "openai_http"' in after
    assert "supports_websockets = false" in after
    assert http_provider(installed, python, codex_home).result["changed"] is False


def test_install_from_git_says_what_is_missing(
    installed_from_git: Path, python: Path, codex_home: Path
) -> None:
    outcome = http_provider(installed_from_git, python, codex_home)
    assert outcome.status != 0, outcome.printed
    assert outcome.result["changed"] is False
    assert "tomlkit" in outcome.result["msg"]
    assert "built artefact" in outcome.result["msg"]
    assert "tomlkit >=0.15.2,<0.16" in outcome.result["msg"]
    assert "Traceback" not in outcome.printed
    assert (codex_home / "config.toml").read_text(encoding="utf-8") == CONFIG
    assert [path.name for path in codex_home.iterdir()] == ["config.toml"]


def test_artefact_reads_a_machine_without_tomlkit(
    installed: Path, python: Path, codex_home: Path
) -> None:
    executable = codex_home.parent / "codex"
    executable.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 0.169.0\nexit 0\n', encoding="utf-8"
    )
    executable.chmod(0o755)
    options = {"codex_home": str(codex_home), "executable": str(executable)}
    outcome = call("codex_info", installed, python, **options)
    assert outcome.status == 0, outcome.printed
    assert outcome.result["codex"]["version"] == "0.169.0"
    assert outcome.result["codex"]["provider"]["active"] == "openai"
    assert outcome.result["codex"]["diagnosis"]["verdict"] == "inconclusive"
