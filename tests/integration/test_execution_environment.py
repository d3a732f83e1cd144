# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An execution environment with the collection: what ansible-builder makes of the artefact.

The image itself is not built, for that needs an engine and a registry; what would be done in it
with the build context is done here instead.
"""

from __future__ import annotations

import json
import shutil
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from support.galaxy import galaxy, run

BUILDER = str(Path(sys.executable).with_name("ansible-builder"))


class Context(t.NamedTuple):
    """A build context: the Containerfile's instructions, and the folder that it copies."""

    instructions: list[str]
    files: Path


@pytest.fixture(scope="module")
def context(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """What `create` makes for an environment that gets the collection from its artefact."""
    folder = tmp_path_factory.mktemp("environment")
    collection = {"name": f"artefact/{artefact.name}", "type": "file"}
    definition = {
        "version": 3,
        "images": {"base_image": {"name": "localhost/base:1"}},
        "dependencies": {
            "ansible_core": {"package_pip": "ansible-core"},
            "ansible_runner": {"package_pip": "ansible-runner"},
            "galaxy": {"collections": [collection]},
        },
        "additional_build_files": [{"src": str(artefact), "dest": "artefact"}],
    }
    (folder / "definition.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    arguments = ("--file", "definition.yml", "--context", "context")
    done = run(BUILDER, "create", *arguments, "--output-filename", "Containerfile", cwd=folder)
    assert done.returncode == 0, done.stdout
    containerfile = (folder / "context/Containerfile").read_text(encoding="utf-8")
    return Context(containerfile.splitlines(), folder / "context/_build")


def asked_for(collections: Path, *command: str) -> dict[str, str]:
    """What `command introspect` writes for pip and bindep, where `collections` ask for anything."""
    written = {"pip": collections / "pip.txt", "bindep": collections / "bindep.txt"}
    options = [f"--write-{kind}={path}" for kind, path in written.items()]
    done = run(*command, "introspect", str(collections), *options, cwd=collections)
    assert done.returncode == 0, done.stdout
    return {kind: path.read_text("utf-8") for kind, path in written.items() if path.exists()}


def test_the_collection_asks_for_nothing_on_the_controller(installed: Path) -> None:
    metadata = installed / "ansible_collections/devfleet/codex/meta/execution-environment.yml"
    assert metadata.is_file()
    assert asked_for(installed, BUILDER) == {}
    manifest = json.loads((metadata.parents[1] / "MANIFEST.json").read_text(encoding="utf-8"))
    assert manifest["collection_info"]["dependencies"] == {}


def test_what_the_collection_asked_for_would_be_met(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    collection = tmp_path / "ansible_collections/devfleet/codex"
    metadata = collection / "meta/execution-environment.yml"
    asking = {"python": "meta/python.txt", "system": "meta/system.txt"}
    stated = yaml.safe_load(metadata.read_text(encoding="utf-8"))
    stated["dependencies"] |= asking
    metadata.write_text(yaml.safe_dump(stated), encoding="utf-8")
    (collection / asking["python"]).write_text("tomlkit\n", encoding="utf-8")
    (collection / asking["system"]).write_text("gcc [compile]\n", encoding="utf-8")
    asked = asked_for(tmp_path, BUILDER)
    assert "tomlkit" in asked["pip"] and "devfleet.codex" in asked["pip"]
    assert "gcc" in asked["bindep"] and "devfleet.codex" in asked["bindep"]


def test_the_builder_knows_every_key_of_the_metadata(installed: Path, tmp_path: Path) -> None:
    # A collection's metadata has the form of a definition, and that one alone is held to a schema.
    metadata = installed / "ansible_collections/devfleet/codex/meta/execution-environment.yml"
    done = run(BUILDER, "create", "--file", str(metadata), "--context", "context", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_context_holds_the_artefact_and_installs_it(
    context: Context, artefact: Path, tmp_path: Path
) -> None:
    assert {"COPY _build /build", "WORKDIR /build"} <= set(context.instructions)
    installs = [
        line for line in context.instructions if "ansible-galaxy collection install" in line
    ]
    assert [" -r requirements.yml " in line for line in installs] == [True]
    held = context.files / "artefact" / artefact.name
    assert held.read_bytes() == artefact.read_bytes()
    requirements = str(context.files / "requirements.yml")
    galaxy("install", "--offline", "-p", str(tmp_path), "-r", requirements, cwd=context.files)
    assert (tmp_path / "ansible_collections/devfleet/codex/plugins/modules/codex_info.py").is_file()
    script = str(context.files / "scripts/introspect.py")
    assert asked_for(tmp_path, sys.executable, script) == {}
