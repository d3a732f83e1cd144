# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of playbooks that are killed, between two tasks or between two modules of one task."""

from __future__ import annotations

import dataclasses
import pathlib
import shlex
import signal
import sys
import typing as t

from . import stubs
from .laptop_playbooks import Controller, HostVariables

_CALLBACKS = pathlib.Path(__file__).with_name("callbacks")

KILLS_ITSELF = """
import os
import signal

fsync = os.fsync


def fsync_or_die(handle):
    folder, name = os.path.split(os.environ.get("KILLED_AT", "/"))
    if name and os.readlink(f"/proc/self/fd/{handle}").startswith(f"{folder}/.{name}."):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)


os.fsync = fsync_or_die
"""
"""A `sitecustomize` that kills a Python when all is written that is to take the place of
KILLED_AT. Linux only."""


def killed_before(
    ansible: Controller, playbook: str, hosts: t.Mapping[str, HostVariables], task: str
) -> None:
    """Run `playbook` on `hosts` and kill it where `task` would begin."""
    _killed(ansible, playbook, hosts, {"KILLED_AT_TASK": task}, task)


def killed_once(
    ansible: Controller, playbook: str, name: str, variables: HostVariables, condition: str
) -> None:
    """Run `playbook` on one laptop; kill it after the module that makes `condition` (shell) hold.

    Every process between the two is killed with it, for those go on by themselves (Ansible 2.19).
    Linux only: they are found in /proc.
    """
    pid = ansible.folder / "pid"
    python = stubs.script(
        ansible.folder / "python",
        f'{shlex.quote(sys.executable)} "$@"',
        "code=$?",
        f"{condition} || exit $code",
        f"main=$(cat {shlex.quote(str(pid))})",
        "last=$PPID all=$PPID",
        "while [ $last -gt 1 ] && [ $last != $main ]; do",
        "last=$(sed 's/.*) . //' /proc/$last/stat | cut -d ' ' -f 1)",
        'all="$all $last"',
        "done",
        "kill -9 $all",
    )
    hosts = {name: {**variables, "ansible_python_interpreter": str(python)}}
    _killed(ansible, playbook, hosts, {"KILLED_AT_CONTROLLER": str(pid)}, condition)


def _killed(
    ansible: Controller,
    playbook: str,
    hosts: t.Mapping[str, HostVariables],
    settings: t.Mapping[str, str],
    where: str,
) -> None:
    loaded = {
        "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "killed_at",
    }
    killer = dataclasses.replace(ansible, settings={**ansible.settings, **loaded, **settings})
    run = killer.run(playbook, [], others=hosts)
    assert run.returncode == -signal.SIGKILL, f"not killed at {where}: {run.stdout}"
