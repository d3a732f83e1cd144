# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients that the end-to-end tests install: named exactly, and checked by their content."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import typing as t

import pytest
from support import client_versions
from support.client import REPOSITORY, ClientMissing

FOLDERS = [
    REPOSITORY / "tests/e2e/client",
    *sorted((REPOSITORY / "tests/e2e/clients").iterdir()),
]
# What npm has of 0.150.0 is the package for linux-x64.
UNCHECKED = {
    f"0.150.0-{platform}"
    for platform in ("darwin-arm64", "darwin-x64", "linux-arm64", "win32-arm64", "win32-x64")
}


def read(folder: pathlib.Path, name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads((folder / name).read_text())
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_client_is_named_exactly(folder: pathlib.Path) -> None:
    dependencies = read(folder, "package.json")["dependencies"]
    version = dependencies["@openai/codex"]
    assert re.fullmatch(r"0\.\d+\.\d+", version)
    assert folder.name in ("client", version)
    packages = read(folder, "package-lock.json")["packages"]
    assert packages.pop("")["dependencies"] == dependencies
    launcher = packages["node_modules/@openai/codex"]
    locked = {package["version"] for package in packages.values()}
    named = {spec.rpartition("@")[2] for spec in launcher["optionalDependencies"].values()}
    assert locked == {version, *named}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_client_is_checked_by_its_content_and_bound_to_no_registry(folder: pathlib.Path) -> None:
    packages = read(folder, "package-lock.json")["packages"]
    packages.pop("")
    unchecked = {
        package["version"]
        for package in packages.values()
        if not package.get("integrity", "").startswith("sha512-")
    }
    assert unchecked == (UNCHECKED if folder.name == "0.150.0" else set())
    assert not [package for package in packages.values() if "resolved" in package]


def test_the_usual_versions_are_those_that_make_installs() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert re.findall(r"^USUAL_VERSIONS := (.*)$", makefile, re.MULTILINE) == [
        client_versions.USUAL
    ]


@pytest.mark.parametrize(
    ("chosen", "versions"),
    [
        (None, ("0.130.0", "0.131.0")),
        ("", ("0.130.0", "0.131.0")),
        ("0.150.0  0.116.0", ("0.116.0", "0.150.0")),
        ("all", tuple(sorted([folder.name for folder in FOLDERS[1:]] + ["0.169.0"]))),
    ],
)
def test_the_versions_are_chosen(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, versions: tuple[str, ...]
) -> None:
    monkeypatch.delenv("CODEX_E2E_VERSIONS", raising=False)
    if chosen is not None:
        monkeypatch.setenv("CODEX_E2E_VERSIONS", chosen)
    assert client_versions.chosen_versions() == versions


def test_a_version_that_is_not_installed_is_named() -> None:
    with pytest.raises(ClientMissing, match=r"no Codex 0\.1\.0 there; install it with `make"):
        client_versions.installed_client("0.1.0")


def test_a_wrapper_notes_what_it_runs_and_what_it_keeps_back(tmp_path: pathlib.Path) -> None:
    client = tmp_path / "client"
    client.write_text('#!/bin/sh\necho "ran $*"\n')
    client.chmod(0o755)
    wrapper = client_versions.noting_client(tmp_path / "codex", client, "doctor")

    ran = [
        subprocess.run(
            [wrapper.path, *words], capture_output=True, text=True, timeout=10, check=False
        )
        for words in (["--version"], ["-c", "a=1", "doctor"], ["exec", "doctors"])
    ]

    assert [run.stdout for run in ran] == ["ran --version\n", "", "ran exec doctors\n"]
    assert [run.returncode for run in ran] == [0, 97, 0]
    assert wrapper.calls == ["--version", "-c a=1 doctor", "exec doctors"]
