# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts to measure on: a home each, with a Codex home in it and a client that answers at once."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import typing as t

from support import stubs
from support.laptop import api_key_login

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_RECORDED = REPOSITORY / "tests/fixtures/doctor/0.169.0"
HEALTHY = "openai-builtin.apikey.via-good-proxy.json"
BLOCKED = "openai-builtin.apikey.ws-blocked-403.json"
CURED = "openai_http-fix-applied.apikey.json"
VERSION = "0.169.0"
_USUAL_PYTHON = "/usr/bin/python3"

CONFIG = """\
# My settings.
model = "gpt-5.3-codex"
check_for_update_on_startup = false

[projects."/home/dev/code/api"]
trust_level = "trusted"

[mcp_servers.docs]
command = "docs-server"
args = ["--stdio"]

[tui]
notifications = true
"""
TABLE = """
[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""
CURED_CONFIG = CONFIG.replace(
    "check_for_update_on_startup = false\n",
    'check_for_update_on_startup = false\nmodel_provider = "openai_http"\n',
).replace("notifications = true\n", "notifications = true\n" + TABLE)

# What lineinfile and blockinfile make of it.
LINED_CONFIG = (
    'model_provider = "openai_http"\n'
    + CONFIG
    + "# BEGIN ANSIBLE MANAGED BLOCK: HTTP-only provider"
    + TABLE
    + "# END ANSIBLE MANAGED BLOCK: HTTP-only provider\n"
)


@dataclasses.dataclass(frozen=True)
class Host:
    """`home` belongs to the user of the number `user`."""

    name: str
    home: pathlib.Path
    user: int

    @property
    def codex_home(self) -> pathlib.Path:
        return self.home / ".codex"

    @property
    def config(self) -> pathlib.Path:
        return self.codex_home / "config.toml"

    def set_up(self, config: str) -> None:
        """Give the host a new Codex home with this config, and a login by API key."""
        shutil.rmtree(self.codex_home, ignore_errors=True)
        self.codex_home.mkdir(mode=0o700)
        _write(self.config, config)
        _write(self.codex_home / "auth.json", api_key_login().decode())
        if self.user != os.getuid():
            for path in (self.codex_home, *self.codex_home.iterdir()):
                os.chown(path, self.user, self.home.stat().st_gid)


@dataclasses.dataclass(frozen=True)
class Fleet:
    """`hosts` in order; `variables` are those of Ansible's that all of them share."""

    folder: pathlib.Path
    hosts: tuple[Host, ...]
    variables: t.Mapping[str, t.Any]
    variables_of: t.Callable[[Host], t.Mapping[str, t.Any]]

    def first(self, count: int) -> Fleet:
        """Return the fleet of the first `count` hosts, with an inventory of its own."""
        return dataclasses.replace(self, hosts=self.hosts[:count])

    def set_up(self, config: str) -> None:
        for host in self.hosts:
            host.set_up(config)

    def configs(self) -> dict[str, bytes]:
        """Return the config of each host."""
        return {host.name: host.config.read_bytes() for host in self.hosts}

    def inventory(self, **further: t.Any) -> pathlib.Path:
        """Write Ansible's inventory of these hosts and return its path."""
        path = self.folder / f"inventory-{len(self.hosts)}.json"
        hosts = {host.name: dict(self.variables_of(host)) for host in self.hosts}
        shared = {**self.variables, **further}
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}))
        return path


def local_fleet(folder: pathlib.Path, count: int, client: pathlib.Path, python: str) -> Fleet:
    """Make `count` hosts of this user that Ansible reaches without a network."""
    hosts = tuple(_home(folder / "homes", f"host{number:03}") for number in range(1, count + 1))
    variables = {"ansible_connection": "local", **_shared(client, python)}
    return Fleet(folder, hosts, variables, _its_home)


def remote_fleet(
    folder: pathlib.Path,
    hosts: t.Sequence[Host],
    client: pathlib.Path,
    python: str,
    connection: t.Mapping[str, t.Any],
) -> Fleet:
    """Return the fleet of `hosts` that Ansible reaches by `connection`, each as its own user."""

    def of_host(host: Host) -> dict[str, t.Any]:
        return {"ansible_user": host.name, **_its_home(host)}

    variables = {**connection, **_shared(client, python)}
    return Fleet(folder, tuple(hosts), variables, of_host)


def _home(folder: pathlib.Path, name: str) -> Host:
    home = folder / name
    home.mkdir(mode=0o700, parents=True)
    return Host(name, home, os.getuid())


def _shared(client: pathlib.Path, python: str) -> dict[str, t.Any]:
    return {"ansible_python_interpreter": python, "reconnect_executable": str(client)}


def _its_home(host: Host) -> dict[str, t.Any]:
    return {"reconnect_codex_home": str(host.codex_home)}


def stub_client(path: pathlib.Path, before: str) -> pathlib.Path:
    """Make `path` a client whose doctor prints what was recorded, at once and for any home.

    That is `before`, a file of tests/fixtures/doctor/0.169.0, until the HTTP-only provider is the
    active one in the home or in the overrides.
    """
    answers = path.with_name(path.name + ".answers")
    answers.mkdir(parents=True)
    for name, recorded in (("before", before), ("cured", CURED)):
        shutil.copyfile(_RECORDED / recorded, answers / name)
    return stubs.script(
        path,
        f'[ "$1" = --version ] && echo codex-cli {VERSION} && exit',
        f'case "$*" in *model_provider=*) exec cat {answers}/cured ;; esac',
        "while read -r key _ value; do",
        f'  [ "$key$value" = \'model_provider"openai_http"\' ] && exec cat {answers}/cured',
        '  case "$key" in "["*) break ;; esac',
        'done < "$CODEX_HOME/config.toml"',
        f"exec cat {answers}/before",
    )


def hanging_client(path: pathlib.Path, seconds: int) -> pathlib.Path:
    """Make `path` a client whose doctor, which alone asks the network, is silent for `seconds`."""
    return stubs.script(
        path,
        f'[ "$1" = --version ] && echo codex-cli {VERSION} && exit',
        f'[ "$1" = doctor ] && exec sleep {seconds}',
        'echo "Logged in using an API key"',
    )


def python() -> str:
    """Return the Python of the hosts: one that every user may run."""
    usual = pathlib.Path(_USUAL_PYTHON)
    return _USUAL_PYTHON if usual.exists() else str(shutil.which("python3"))


def _write(path: pathlib.Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
