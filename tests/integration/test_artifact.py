# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users install: the built artefact, and the repository itself through git."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest
import vendor
from cores import find_python
from support.galaxy import galaxy, run

ROOT = vendor.ROOT
BUILT_FROM_GIT: tuple[str, ...] = (
    "README.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "CHANGELOG.rst",
    "LICENSE",
    "LICENSES/",
    "REUSE.toml",
    "meta/",
    "plugins/",
    "roles/",
    "playbooks/",
    "docs/",
    "changelogs/config.yaml",
    "changelogs/changelog.yaml",
    "tests/config.yml",
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
    versions = [f"3.{minor}" for minor in range(9, sys.version_info.minor + 1)]
    python = find_python(versions)
    assert python is not None, f"no Python from 3.9 to {versions[-1]} is on PATH"
    environment = folder / python.name
    assert _succeeds(python, "-m", "venv", "--without-pip", str(environment))
    return environment / "bin/python"


def _succeeds(python: Path, *arguments: str) -> bool:
    done = subprocess.run([str(python), *arguments], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = bare_python(tmp_path_factory.mktemp("python"))
    assert not _succeeds(python, "-c", "import tomlkit")
    return python


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
