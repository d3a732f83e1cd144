# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines for playbooks whose stand-in for the client sees whether the cure is in place."""

from __future__ import annotations

import dataclasses
import pathlib
import shlex
import sys
import typing as t

from . import stubs
from .doctor_samples import OFF, as_json, refused, report

CONFIG = b'# mine\nmodel = "x"\n'
BLOCKED = as_json(report(refused(403)))
WORKS = as_json(report(OFF))


@dataclasses.dataclass(frozen=True)
class CurableMachine:
    """A home in which doctor says that WebSockets are refused until `openai_http` is active."""

    folder: pathlib.Path

    @property
    def config(self) -> pathlib.Path:
        return self.folder / ".codex" / "config.toml"

    @property
    def state(self) -> pathlib.Path:
        return self.config.with_name(".devfleet")

    @property
    def variables(self) -> dict[str, t.Any]:
        """What the inventory says of it."""
        return {
            "ansible_connection": "local",
            "ansible_pipelining": True,
            "ansible_python_interpreter": sys.executable,
            "reconnect_codex_home": str(self.config.parent),
            "reconnect_executable": str(self.folder / "codex"),
        }

    def answer(self, *, preflight: bytes = WORKS, proof: bytes = WORKS) -> None:
        """Set what doctor prints under overrides and once the file names the provider."""
        (self.folder / "preflight.json").write_bytes(preflight)
        (self.folder / "proof.json").write_bytes(proof)


def curable_machine(folder: pathlib.Path, before_proof: str = "") -> CurableMachine:
    """Make `folder` such a home; the shell runs `before_proof` in it when the cure is proven."""
    made = CurableMachine(folder)
    made.config.parent.mkdir(parents=True)
    made.config.write_bytes(CONFIG)
    made.config.chmod(0o640)
    made.answer()
    (folder / "blocked.json").write_bytes(BLOCKED)
    stubs.script(
        folder / "codex",
        '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit',
        f"cd {shlex.quote(str(folder))} || exit",
        'case "$*" in *model_provider=*) exec cat preflight.json ;; esac',
        "if grep -q '^model_provider = \"openai_http\"' .codex/config.toml; then",
        f"{before_proof or ':'}",
        "exec cat proof.json; fi",
        "exec cat blocked.json",
    )
    return made
