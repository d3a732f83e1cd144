# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version matrix: the collection under every ansible-core that it supports.

`make matrix` runs all of it; `nox --tags 2.20` one ansible-core; `nox --list` names the sessions.
A session whose Python is missing fails; `--no-error-on-missing-interpreters` skips it instead.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
sys.path.insert(0, str(ROOT / "scripts"))

from build_environment import link_collection  # noqa: E402
from cores import CONSTRAINTS, cores, find_python, pinned  # noqa: E402

nox.needs_version = ">=2025.2.9"
nox.options.download_python = "never"
nox.options.envdir = str(CACHE / "nox")
nox.options.error_on_missing_interpreters = True
nox.options.reuse_existing_virtualenvs = True

TESTING = ("aiohttp", "cryptography", "hypothesis", "nox", "pytest", "PyYAML", "tomlkit", "tomlrt")
TARGET_REQUIREMENTS = ROOT / "tests/requirements-target.txt"
# What these judge results by, tomllib and tomlrt, needs Python 3.11.
NOT_ON_THE_TARGET = (
    *("test_http_provider.py", "test_provider.py", "test_provider_misplaced.py"),
    *("test_provider_undo.py", "test_snippets.py", "test_snippets_cured.py"),
    *("test_toml.py", "test_toml_properties.py"),
)


def interpreter(*versions: str) -> str:
    """The first Python of `versions` there is, else a name by which nox calls it missing."""
    return str(find_python(versions) or " or ".join(f"python{version}" for version in versions))


for_every_core = nox.parametrize(
    "python,core",
    [
        nox.param(interpreter(*core.pythons), core.version, id=core.series, tags=[core.series])
        for core in cores()
    ],
)


def install(session: nox.Session, core: str) -> None:
    """Install ansible-core of version `core` and what the tests need beside it, as pinned."""
    wanted = [f"ansible-core=={core}", *pinned(TESTING)]
    session.install("--constraint", str(CONSTRAINTS), *wanted)


def prepare(session: nox.Session) -> None:
    """Make the collection importable with its vendored library, and Ansible nobody's own."""
    session.env["ANSIBLE_HOME"] = str(CACHE / "nox/ansible")
    session.env["ANSIBLE_COLLECTIONS_PATH"] = str(CACHE / "collections")
    session.env["ANSIBLE_CONFIG"] = str(ROOT / "tests/ansible.cfg")
    session.env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(CACHE / "hypothesis")
    link_collection()
    session.run("python", "scripts/vendor.py")


@nox.session
@for_every_core
def unit(session: nox.Session, core: str) -> None:
    """Run the unit tests; arguments after -- go to pytest."""
    install(session, core)
    prepare(session)
    session.run("python", "-m", "pytest", "tests/unit", *session.posargs)


@nox.session
@for_every_core
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity on the tracked files and on the artefact that this core builds."""
    session.install("--constraint", str(CONSTRAINTS), f"ansible-core=={core}")
    prepare(session)
    # Not in the session's own temporary folder: to make that moves TMPDIR into this git checkout,
    # and ansible-test leaves out whatever git ignores.
    folder = CACHE / "nox/artefacts" / core
    shutil.rmtree(folder, ignore_errors=True)
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(folder))
    artefacts = [str(path) for path in folder.glob("*.tar.gz")]
    program = str(Path(session.bin, "ansible-test"))
    session.run("python", "scripts/sanity.py", "--ansible-test", program, str(ROOT), *artefacts)


@nox.session
@for_every_core
def e2e(session: nox.Session, core: str) -> None:
    """Run the shipped playbooks with the real client on pretend laptops."""
    install(session, core)
    prepare(session)
    session.run("make", "client", external=True)
    tests = session.posargs or ["tests/e2e/test_playbooks.py"]
    session.run("python", "scripts/offline.py", "python", "-m", "pytest", *tests)


@nox.session(name="target-3.9", python=interpreter("3.9"), tags=["target"])
def target(session: nox.Session) -> None:
    """Run the unit tests of the module utils on the oldest Python that a machine may have."""
    session.install("--requirement", str(TARGET_REQUIREMENTS))
    # Its controller side needs a later Python; its module_utils, all that is wanted here, run.
    core = f"ansible-core=={cores()[-1].version}"
    session.install("--no-deps", "--ignore-requires-python", core)
    prepare(session)
    folder = "tests/unit/plugins/module_utils"
    ignored = [f"--ignore={folder}/{name}" for name in NOT_ON_THE_TARGET]
    session.run("python", "-m", "pytest", folder, *ignored, *session.posargs)
