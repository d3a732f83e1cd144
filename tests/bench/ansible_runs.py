# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks on a fleet, as ansible-playbook runs them for a user."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
import typing as t

from support.laptop_playbooks import recap

from . import timed
from .fleet import REPOSITORY, Fleet

PLAYBOOKS = pathlib.Path(__file__).resolve().parent / "playbooks"
_SHOWN = 600


class Wrong(Exception):
    """A run that did not do what it was timed for; the text says what it did."""


@dataclasses.dataclass(frozen=True)
class Controller:
    """Where Ansible runs; `folder` is its home, and short, for sockets are made in it."""

    folder: pathlib.Path
    forks: int
    further: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "a"),
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".cache/collections"),
            "ANSIBLE_CONFIG": str(REPOSITORY / "tests/ansible.cfg"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": str(self.forks),
            **self.further,
        }

    def run(
        self,
        playbook: str | pathlib.Path,
        fleet: Fleet,
        *arguments: str,
        timeout: float,
        variables: t.Mapping[str, t.Any] | None = None,
    ) -> timed.Ran:
        """Run a playbook, by its path or its name in a collection. Raises NotFinished."""
        command = [
            str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(fleet.inventory(**(variables or {})))),
            str(playbook),
            *arguments,
        ]
        return timed.run(command, self.environment(), self.folder, timeout)


def expect_recap(ran: timed.Ran, hosts: int, changed: bool) -> None:
    """Raise Wrong unless all hosts are in the recap, unfailed, and changed (or none of them)."""
    counters = recap(ran.output)
    bad = {
        name: counts
        for name, counts in counters.items()
        if counts["failed"] or counts["unreachable"] or bool(counts["changed"]) is not changed
    }
    if ran.returncode != 0 or len(counters) != hosts or bad:
        example = json.dumps(next(iter(bad.items()), None))
        raise Wrong(
            f"status {ran.returncode}, {len(counters)} of {hosts} hosts in the recap,"
            f" {len(bad)} of them not as they should be ({example}): {ran.output[-_SHOWN:]!r}"
        )
