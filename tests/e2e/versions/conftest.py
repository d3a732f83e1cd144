# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Laptops with a client of a given version, which they call through a wrapper that takes notes."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from support import stubs
from support.client_versions import chosen_versions, installed_client, minor, noting_client
from support.laptop import Laptop, api_key_login

if t.TYPE_CHECKING:
    from ..conftest import LaptopFactory

# Below it, `codex doctor` starts a chat whose prompt is "doctor".
FIRST_DOCTOR = 131


@dataclasses.dataclass(frozen=True)
class Noted:
    """A laptop on which the collection calls the client through `wrapper`.

    `laptop` names the wrapper as its client, `direct` the client itself.
    """

    laptop: Laptop
    direct: Laptop
    wrapper: stubs.Stub


class NotedFactory(t.Protocol):
    def __call__(self, version: str, name: str, **options: t.Any) -> Noted:
        """Start a laptop; `options` are those of support.laptop.laptop."""


@pytest.fixture(scope="module")
def make_noted(
    make_laptop: LaptopFactory, tmp_path_factory: pytest.TempPathFactory
) -> NotedFactory:
    wrappers = tmp_path_factory.mktemp("wrappers")

    def make(version: str, name: str, **options: t.Any) -> Noted:
        client = installed_client(version)
        # Whoever calls a doctor where there is none is noted and gets no answer.
        refused = "doctor" if minor(version) < FIRST_DOCTOR else "no such word"
        full_name = f"{name}-{version}"
        wrapper = noting_client(wrappers / full_name / "codex", client, refused)
        made = make_laptop(full_name, wrapper.path, **{"login": api_key_login(), **options})
        return Noted(made, dataclasses.replace(made, executable=client), wrapper)

    return make


def versions_with_doctor() -> list[str]:
    return [version for version in chosen_versions() if minor(version) >= FIRST_DOCTOR]


def versions_without_doctor() -> list[str]:
    return [version for version in chosen_versions() if minor(version) < FIRST_DOCTOR]


@pytest.fixture(scope="module", params=versions_with_doctor())
def version_with_doctor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=versions_without_doctor())
def version_without_doctor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=chosen_versions())
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)
