# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-doc shows of every plugin and every role is complete."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
COLLECTION = "devfleet.codex"
# ansible-doc knows a module, and an action by the module of its name.
KINDS = {"modules": "module"}
WITHOUT_DOCUMENTATION = {"action", "doc_fragments", "module_utils", "plugin_utils"}

LISTS_OF_TASKS = ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks", "handlers")

Document = t.Mapping[str, t.Any]


def stems(folder: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "plugins" / folder).glob("[!_]*.*"))


PLUGINS = [
    (KINDS.get(folder.name, folder.name), name)
    for folder in sorted((ROOT / "plugins").iterdir())
    if folder.is_dir() and folder.name not in WITHOUT_DOCUMENTATION
    for name in stems(folder.name)
]
MODULES = stems("modules")
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
ENTRY_POINTS = [
    (role, entry)
    for role in ROLES
    for entry in yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())[
        "argument_specs"
    ]
]


def ansible_doc(*arguments: str) -> dict[str, t.Any]:
    """What `ansible-doc --json` prints; raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "doc", "--json", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(ROOT / ".cache"),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(ROOT / ".cache/ansible"),
            "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    printed: dict[str, t.Any] = json.loads(done.stdout)
    return printed


@functools.cache
def keywords() -> frozenset[str]:
    """The keywords of plays, blocks and tasks."""
    return frozenset(ansible_doc("--type", "keyword", "--list"))


@functools.cache
def shown(kind: str) -> dict[str, t.Any]:
    """What ansible-doc knows of everything of `kind`, by its name in the collection."""
    names = ROLES if kind == "role" else [name for one, name in PLUGINS if one == kind]
    documents = ansible_doc("--type", kind, *(f"{COLLECTION}.{name}" for name in names))
    return {name.removeprefix(f"{COLLECTION}."): one for name, one in documents.items()}


def undescribed(options: Document, below: str = "") -> list[str]:
    """The options without a description or a type, those in `suboptions` included."""
    found = []
    for name, option in options.items():
        if not option.get("description") or not option.get("type"):
            found.append(below + name)
        found += undescribed(option.get("suboptions") or {}, f"{below}{name}.")
    return found


def without_sample(values: Document, below: str = "") -> list[str]:
    """The return values without a description, and those without a sample that contain no other."""
    found = []
    for name, value in values.items():
        inner = value.get("contains")
        if not value.get("description") or (not inner and value.get("sample") is None):
            found.append(below + name)
        found += without_sample(inner or {}, f"{below}{name}.")
    return found


def actions(entries: t.Iterable[Document]) -> t.Iterator[str]:
    """The actions of a list of tasks or plays, and of the blocks in it."""
    for entry in entries:
        for name, value in entry.items():
            if name in LISTS_OF_TASKS:
                yield from actions(value)
            elif name not in keywords() and not name.startswith("with_"):
                yield name


def test_there_is_something_to_judge() -> None:
    assert {kind for kind, _name in PLUGINS} >= {"module", "filter"}
    assert ENTRY_POINTS


@pytest.mark.parametrize("name", stems("action"))
def test_every_action_has_a_module_that_documents_it(name: str) -> None:
    assert name in MODULES
    assert shown("module")[name]["doc"]["attributes"]["action"]["support"] == "full"


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_plugin_says_what_it_is(kind: str, name: str) -> None:
    document = shown(kind)[name]["doc"]
    wanted = ("short_description", "description", "author", "version_added")
    assert [key for key in wanted if not document.get(key)] == []
    assert undescribed(document["options"]) == []


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("attribute", ["check_mode", "diff_mode"])
def test_every_module_says_how_it_keeps_to_the_modes(name: str, attribute: str) -> None:
    found = shown("module")[name]["doc"]["attributes"][attribute]
    assert found["description"]
    assert found["support"] in ("full", "partial", "none", "N/A")
    assert found["support"] == "full" or found["details"]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_plugin_has_examples_that_name_every_action_in_full(kind: str, name: str) -> None:
    text = shown(kind)[name]["examples"]
    assert f"{COLLECTION}.{name}" in text
    named = list(actions(yaml.safe_load(text)))
    assert named
    assert [action for action in named if action.count(".") < 2] == []


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_return_value_has_a_sample(kind: str, name: str) -> None:
    values = shown(kind)[name]["return"]
    assert values
    assert without_sample(values) == []


@pytest.mark.parametrize(("role", "entry"), ENTRY_POINTS)
def test_every_entry_point_of_a_role_says_what_it_is(role: str, entry: str) -> None:
    document = shown("role")[role]["entry_points"][entry]
    wanted = ("short_description", "description", "author", "version_added", "options")
    assert [key for key in wanted if not document.get(key)] == []
    assert undescribed(document["options"]) == []
