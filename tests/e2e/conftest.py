# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the end-to-end tests: certificates, the real client, laptops and a controller."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest
from support import client
from support.certificates import Certificates, make_certificates
from support.laptop import Laptop, laptop
from support.laptop_playbooks import Controller, controller

# Updates, plug-ins and telemetry: what client 0.169.0 asks for beside the service.
UNANSWERED_HOSTS = frozenset(("api.github.com:443", "github.com:443", "ab.chatgpt.com:443"))


class LaptopFactory:
    """Make laptops that live until the fixture ends; then look at what they asked the proxy for."""

    def __init__(
        self, folder: pathlib.Path, certificates: Certificates, executable: pathlib.Path
    ) -> None:
        self._stack = contextlib.ExitStack()
        self._laptops: list[Laptop] = []
        self._folder = folder
        self._certificates = certificates
        self._executable = executable

    def __call__(
        self, name: str, executable: pathlib.Path | None = None, **options: t.Any
    ) -> Laptop:
        """Start a laptop; `options` are those of support.laptop.laptop."""
        made = self._stack.enter_context(
            laptop(
                self._folder, name, executable or self._executable, self._certificates, **options
            )
        )
        self._laptops.append(made)
        return made

    def close(self) -> None:
        self._stack.close()
        for made in self._laptops:
            strangers = set(made.proxy.refused) - UNANSWERED_HOSTS
            assert not strangers, f"{made.name} asked for unexpected hosts: {strangers}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def executable() -> pathlib.Path:
    return client.executable()


@pytest.fixture(scope="module")
def make_laptop(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, executable: pathlib.Path
) -> t.Iterator[LaptopFactory]:
    factory = LaptopFactory(tmp_path_factory.mktemp("laptops"), certificates, executable)
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def ansible(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> t.Iterator[Controller]:
    with controller(tmp_path_factory.mktemp("controller") / "home", certificates) as made:
        yield made
        assert made.proxy.refused == [], "a process fell back on the controller's proxy"
