# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others' tools are timed at that are no modules of Ansible, all of them over ssh."""

from __future__ import annotations

import functools
import os
import pathlib
import shlex
import shutil
import typing as t

from . import timed
from .ansible_runs import Wrong
from .figures import Row
from .fleet import CONFIG, REPOSITORY, TABLE, Fleet
from .measure import Job
from .ours import first, second
from .sshd import Server

PYINFRA = "pyinfra files.line + files.block"
SHELL = "shell loop over ssh, one after the other"
PARALLEL_SHELL = "shell over ssh, xargs -P {forks}"
CHEZMOI = "chezmoi apply over ssh, xargs -P {forks}"
PYINFRA_PROGRAM = REPOSITORY / ".cache/bench/venv/bin/pyinfra"
DEPLOYS = pathlib.Path(__file__).resolve().parent / "deploys"
NO_CHEZMOI = (
    "not available here: no chezmoi on PATH and none named by CHEZMOI; neither Debian 12 nor PyPI"
    " nor npm has a package of that name"
)

SHELL_SCRIPT = f"""\
f=${{1:-.codex/config.toml}}
line='model_provider = "openai_http"'
if ! grep -qx "$line" "$f"; then
  if grep -q '^model_provider *=' "$f"; then
    sed -i "s/^model_provider *=.*/$line/" "$f"
  else
    {{ printf '%s\\n' "$line"; cat "$f"; }} > "$f.new" && cat "$f.new" > "$f" && rm "$f.new"
  fi
fi
grep -q '^\\[model_providers\\.openai_http\\]' "$f" || cat >> "$f" <<'END'
{TABLE}END
"""

CHEZMOI_TEMPLATE = """\
{{- /* chezmoi:modify-template */ -}}
{{- $c := fromToml .chezmoi.stdin -}}
{{- $c = setValueAtPath "model_provider" "openai_http" $c -}}
{{- $c = setValueAtPath "model_providers.openai_http.name" "OpenAI HTTP only" $c -}}
{{- $c = setValueAtPath "model_providers.openai_http.wire_api" "responses" $c -}}
{{- $c = setValueAtPath "model_providers.openai_http.requires_openai_auth" true $c -}}
{{- $c = setValueAtPath "model_providers.openai_http.supports_websockets" false $c -}}
{{ $c | toToml }}
"""


class Peers(t.NamedTuple):
    """Makes jobs of other tools on one fleet behind `server`."""

    folder: pathlib.Path
    server: Server
    fleet: Fleet
    forks: int
    timeout: float

    def jobs(self) -> list[Job]:
        """Every tool that is here, twice each: something to do, then nothing."""
        commands = {
            PYINFRA: self._pyinfra(),
            SHELL: self._shell("1"),
            PARALLEL_SHELL.format(forks=self.forks): self._shell(str(self.forks)),
        }
        program = chezmoi()
        if program:
            commands[CHEZMOI.format(forks=self.forks)] = self._chezmoi(program)
        return [job for name, command in commands.items() for job in self._twice(name, command)]

    def missing(self) -> list[Row]:
        """A row for each tool that is not here; it says why."""
        if chezmoi():
            return []
        name = CHEZMOI.format(forks=self.forks)
        return [Row(name, len(self.fleet.hosts), (), left_out=NO_CHEZMOI)]

    def _twice(self, name: str, command: t.Sequence[str]) -> list[Job]:
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
        }
        run = functools.partial(timed.run, command, environment, self.folder, self.timeout)
        prepare = functools.partial(self.fleet.set_up, CONFIG)
        return [
            Job(first(name), self.fleet, run, True, prepare=prepare, check=_expect_success),
            Job(second(name), self.fleet, run, check=_expect_success),
        ]

    def _pyinfra(self) -> list[str]:
        inventory = self.folder / f"inventory_{len(self.fleet.hosts)}.py"
        hosts = [
            (
                host.name,
                {
                    "ssh_hostname": "127.0.0.1",
                    "ssh_port": self.server.port,
                    "ssh_user": host.name,
                    "ssh_key": str(self.server.key),
                    "ssh_known_hosts_file": str(self.server.known_hosts),
                    "configs": str(host.config),
                },
            )
            for host in self.fleet.hosts
        ]
        inventory.write_text(f"hosts = {hosts!r}\n")
        deploy = str(DEPLOYS / "line_and_block.py")
        return [
            *(str(PYINFRA_PROGRAM), "--yes", "--parallel", str(self.forks)),
            *(str(inventory), deploy),
        ]

    def _shell(self, parallel: str) -> list[str]:
        script = self.folder / "set.sh"
        script.write_text(SHELL_SCRIPT)
        return self._over_ssh(parallel, f"sh -s < {shlex.quote(str(script))}")

    def _chezmoi(self, program: str) -> list[str]:
        source = chezmoi_source(self.folder)
        apply = shlex.join([program, "--source", str(source), "--force", "--no-tty", "apply"])
        return self._over_ssh(str(self.forks), f"{shlex.quote(apply)} < /dev/null")

    def _over_ssh(self, parallel: str, rest: str) -> list[str]:
        names = self.folder / f"names-{len(self.fleet.hosts)}"
        names.write_text("".join(f"{host.name}\n" for host in self.fleet.hosts))
        ssh = shlex.join(self.server.command("HOST"))
        each = ("-P", parallel, "-I", "HOST", "sh", "-c", f"{ssh} {rest}")
        return ["xargs", "-a", str(names), *each]


def chezmoi() -> str | None:
    """Return the program that CHEZMOI names, else the one on PATH."""
    return shutil.which(os.environ.get("CHEZMOI") or "chezmoi")


def chezmoi_source(folder: pathlib.Path) -> pathlib.Path:
    """Make the source folder that sets the provider, as chezmoi's documentation advises for files
    that others write too."""
    source = folder / "chezmoi"
    (source / "private_dot_codex").mkdir(parents=True, exist_ok=True)
    template = source / "private_dot_codex/modify_private_config.toml"
    template.write_text(CHEZMOI_TEMPLATE)
    return source


def _expect_success(ran: timed.Ran) -> None:
    if ran.returncode != 0:
        raise Wrong(f"status {ran.returncode}: {ran.output[-400:]!r}")
