# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages for people are in order and name only what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import containers
import pytest
import yaml
from support import client_versions

ROOT = Path(__file__).resolve().parents[3]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "roles/reconnect/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Contributing",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
]
MADE = (".cache/", ".venv/", "plugins/module_utils/_vendor/tomlkit/")
"""What make puts there; a checkout does not have it."""
FILE_ENDINGS = (".py", ".yml", ".yaml", ".md", ".rst", ".toml", ".txt", ".json", ".cfg")
NO_VARIABLES = {"reconnect_result", "reconnect_lines"}
"""What the role returns."""


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return `page` without its code blocks, in which `#` is no heading."""
    return re.sub(r"^( *)```.*?^\1```$", "", text(page), flags=re.MULTILINE | re.DOTALL)


def code(page: str) -> list[str]:
    """Return what stands in `page` as code, a line at a time."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```$", text(page), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", prose(page))


def anchors(page: str) -> set[str]:
    """Return the anchors that a hosted repository gives to the headings of `page`."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: str) -> list[str]:
    """Return the links of `page` to files or headings of the repository that are not there."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _hash, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(str(path))):
            broken.append(target)
    return broken


def test_the_readme_has_the_sections_of_certified_content() -> None:
    assert re.findall(r"^## (.+)$", prose("README.md"), re.MULTILINE) == SECTIONS


def test_the_readme_begins_with_what_it_is_a_picture_and_two_commands() -> None:
    title, sentences, picture, commands = (
        text("README.md").partition("\n## ")[0].strip().split("\n\n")
    )
    assert title == "# devfleet.codex"
    assert len(sentences.splitlines()) == 3
    assert re.fullmatch(r"!\[.+\]\(.+\)", picture)
    fence, *played, end = commands.splitlines()
    assert (fence, end) == ("```shell", "```")
    assert [re.findall(r"devfleet\.codex\.(\w+)", line) for line in played] == [
        ["audit"],
        ["remediate"],
    ]


def test_every_playbook_is_a_row_of_the_parts_and_no_other_is_called() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    rows = re.findall(r"^\| playbook `devfleet\.codex\.(\w+)` \|", text("README.md"), re.M)
    assert sorted(rows) == sorted(playbooks)
    called = [
        name
        for line in code("README.md")
        for name in re.findall(r"ansible-playbook .*?\bdevfleet\.codex\.(\w+)", line)
    ]
    assert set(called) == playbooks


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_is_one_of_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE))
    named = {
        word
        for line in code(page)
        if line.startswith("make ")
        for word in shlex.split(line, comments=True)[1:]
        if "=" not in word
    }
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_one_of_the_role(page: str) -> None:
    defaults = set(yaml.safe_load(text("roles/reconnect/defaults/main.yml")))
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    named = set(re.findall(r"\breconnect_[a-z_]+\b(?!\.py)", text(page)))
    assert named - defaults - modules - NO_VARIABLES == set()


def test_every_file_that_contributors_are_sent_to_is_there() -> None:
    paths = {
        word
        for line in code("CONTRIBUTING.md")
        for word in line.split()
        if re.fullmatch(r"[\w./*-]+", word) and ("/" in word or word.endswith(FILE_ENDINGS))
        if not word.startswith((*MADE, "/"))
    }
    folders = ("", "plugins/module_utils/", "plugins/plugin_utils/")
    missing = {
        path
        for path in paths
        if not any(any(ROOT.glob(folder + path)) for folder in folders)
        if path not in ("config.toml", "auth.json", "molecule.yml")
    }
    assert missing == set()
    assert {"_judgement.py", "docs/diagnosis.md", "tests/e2e/clients/"} <= paths


def test_the_readme_names_the_versions_that_are_tested() -> None:
    rows = dict(
        re.findall(r"^\| (ansible-core|Codex|machines) \| (.+) \|$", text("README.md"), re.M)
    )
    ignored = {path.stem.partition("-")[2] for path in (ROOT / "tests/sanity").glob("ignore-*")}
    assert set(rows["ansible-core"].split(", ")) == ignored
    clients = client_versions.all_versions()
    assert rows["Codex"].startswith(f"{clients[0]} to {clients[-1]};")
    debian = re.findall(r"\d+", rows["machines"].partition(" as containers")[0])
    assert [f"debian:{release}-slim" for release in debian] == [b.image for b in containers.BASES]
