# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release notes as `make changelog` would write them now."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.galaxy import run

ROOT = Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
BIN = Path(sys.executable).parent


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip("\0").split("\0")


def fragments(root: Path) -> list[Path]:
    folder = root / "changelogs/fragments"
    return [path for path in folder.iterdir() if path.name != ".keep"] if folder.exists() else []


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """CHANGELOG.rst with the version of galaxy.yml: as it is, or as released from a copy."""
    changes = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    if VERSION in changes["releases"]:
        return (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
    copy = tmp_path_factory.mktemp("release")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    program = str(BIN / "antsibull-changelog")
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = run(program, "release", "--reload-plugins", cwd=copy, PATH=path)
    assert done.returncode == 0, done.stdout
    assert not fragments(copy), "a fragment was left over"
    return (copy / "CHANGELOG.rst").read_text(encoding="utf-8")


def test_the_version_and_its_fragments_are_in_the_release_notes(notes: str) -> None:
    assert f"\nv{VERSION}\n=" in notes
    for path in fragments(ROOT):
        for texts in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for text in [texts] if isinstance(texts, str) else texts:
                assert text.strip() in notes, path.name


def test_everything_that_the_collection_offers_was_new_once(notes: str) -> None:
    places = ("plugins/modules/*.py", "plugins/filter/*.py", "roles/*")
    offered = {path.stem for place in places for path in ROOT.glob(place)}
    assert {"codex_info", "provider_proven", "reconnect"} <= offered
    listed = re.findall(r"^- devfleet\.codex\.(\w+) - \S", notes, re.MULTILINE)
    assert sorted(listed) == sorted(offered)
