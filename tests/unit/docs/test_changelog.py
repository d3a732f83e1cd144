# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release notes speak of what is released, and fragments of what is not."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
FRAGMENTS = sorted((ROOT / "changelogs/fragments").iterdir())


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_fragment_is_one_that_a_release_reads() -> None:
    # antsibull-changelog passes over a file with another ending, and lint says nothing of it.
    assert {path.suffix for path in FRAGMENTS if path.name != ".keep"} <= {".yml", ".yaml"}


def test_the_version_is_released_or_has_fragments_with_a_summary() -> None:
    version = load(ROOT / "galaxy.yml")["version"]
    released = version in load(ROOT / "changelogs/changelog.yaml")["releases"]
    pending = [load(path) for path in FRAGMENTS if path.name != ".keep"]
    assert released == (not any("release_summary" in fragment for fragment in pending))
    assert (f"v{version}\n" in (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")) == released
