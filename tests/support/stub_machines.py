# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines for playbooks, each with a home of its own and a stand-in for the client."""

from __future__ import annotations

import pathlib
import shlex
import sys
import typing as t

from . import stubs


class Machine(t.NamedTuple):
    """`variables` are those of the inventory; `log` gets a line at every start of the client."""

    variables: dict[str, t.Any]
    log: pathlib.Path

    @property
    def calls(self) -> list[str]:
        """The client's command lines so far, in order."""
        return self.log.read_text().splitlines() if self.log.exists() else []


def machine(folder: pathlib.Path, name: str, answer: bytes, logs: pathlib.Path) -> Machine:
    """Make `folder/name` a home whose client's doctor always gives `answer`.

    The log lies in `logs`, so that a snapshot of `folder` shows what playbooks do.
    """
    home = folder / name / ".codex"
    home.mkdir(parents=True)
    (home / "config.toml").write_text('model = "x"\n')
    answers = folder / name / "answer.json"
    answers.write_bytes(answer)
    log = logs / f"{name}.log"
    client = stubs.script(
        folder / name / "codex",
        f'echo "$*" >> {shlex.quote(str(log))}',
        '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit',
        f"exec cat {shlex.quote(str(answers))}",
    )
    variables = {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "reconnect_codex_home": str(home),
        "reconnect_executable": str(client),
    }
    return Machine(variables, log)
