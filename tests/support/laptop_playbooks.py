# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's playbooks, run over pretend laptops as a user's ansible-playbook would."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import re
import sys
import typing as t

from . import bounded
from .certificates import Certificates
from .client import REPOSITORY
from .laptop import Laptop, process_environment
from .proxy import Proxy

HostVariables = t.Mapping[str, t.Any]

# Its temporary directory cannot be made, which Ansible calls unreachable; no ssh client is needed.
UNREACHABLE: HostVariables = {
    "ansible_connection": "local",
    "ansible_pipelining": False,
    "ansible_remote_tmp": "/dev/null/none",
}

_SUMMARY = re.compile(r"^Codex reconnect .*?(?=^(?:ok: |fatal: |$))", re.MULTILINE | re.DOTALL)
_RECAP = re.compile(r"^(\S+)\s+: ((?:\w+=\d+\s*)+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class PlaybookRun:
    """One finished run.

    `recap` holds Ansible's counters (ok, changed, failed, unreachable, ...) by host, `hosts` the
    report's `hosts` mapping, empty where no report was written.
    """

    returncode: int
    stdout: str
    stderr: str
    recap: dict[str, dict[str, int]]
    hosts: dict[str, dict[str, t.Any]]

    @property
    def changed(self) -> dict[str, int]:
        return {host: counters["changed"] for host, counters in self.recap.items()}

    @property
    def summary(self) -> tuple[str, ...]:
        """Return the lines that the collection itself says at the end; empty if it said none."""
        found = _SUMMARY.search(self.stdout)
        return tuple(found[0].splitlines()) if found else ()


@dataclasses.dataclass(frozen=True)
class Controller:
    """Where ansible-playbook runs; `proxy` refuses everything, for laptops bring their own.

    `settings` are further environment variables for Ansible.
    """

    folder: pathlib.Path
    certificates: Certificates
    proxy: Proxy
    settings: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            **process_environment(self.folder, self.proxy, self.certificates),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
            # The tools have collections beside them; this one needs none.
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_CONFIG": str(REPOSITORY / "tests/ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "8",
            **self.settings,
        }

    def run(
        self,
        playbook: str,
        laptops: t.Sequence[Laptop],
        *arguments: str,
        others: t.Mapping[str, HostVariables] | None = None,
        variables: HostVariables | None = None,
        timeout: float = 300,
    ) -> PlaybookRun:
        """Run `devfleet.codex.<playbook>` on `laptops` and on `others` (host name to variables).

        `variables` are given as extra variables, beside the report's path. Raises TimeoutError.
        """
        inventory = self.folder / "inventory.json"
        report = self.folder / "report.json"
        hosts = {laptop.name: host_variables(laptop) for laptop in laptops}
        inventory.write_text(json.dumps({"all": {"hosts": {**hosts, **(others or {})}}}))
        report.unlink(missing_ok=True)
        extra = {"reconnect_report": str(report), **(variables or {})}
        command = [
            str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(inventory)),
            f"devfleet.codex.{playbook}",
            *("--extra-vars", json.dumps(extra)),
            *arguments,
        ]
        returncode, stdout, stderr = bounded.finish(
            command, self.folder, self.environment(), timeout, command[3]
        )
        written = json.loads(report.read_text())["hosts"] if report.exists() else {}
        return PlaybookRun(returncode, stdout, stderr, recap(stdout), written)


@contextlib.contextmanager
def controller(folder: pathlib.Path, certificates: Certificates) -> t.Iterator[Controller]:
    """Make `folder` the home of a controller whose network refuses everything."""
    folder.mkdir()
    with Proxy() as proxy:
        yield Controller(folder, certificates, proxy)


def host_variables(laptop: Laptop) -> HostVariables:
    """Return the inventory variables of one laptop."""
    return {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "reconnect_codex_home": str(laptop.codex_home),
        "reconnect_executable": str(laptop.executable),
    }


def recap(stdout: str) -> dict[str, dict[str, int]]:
    """Return the counters of Ansible's PLAY RECAP by host."""
    lines = _RECAP.findall(stdout.rpartition("PLAY RECAP")[2])
    return {
        host: {name: int(value) for name, value in (pair.split("=") for pair in pairs.split())}
        for host, pairs in lines
    }
