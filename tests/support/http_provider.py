# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module http_provider as a playbook runs it, in this process and on folders of the test."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pathlib
import typing as t
from unittest import mock

from ansible.module_utils.testing import patch_module_args
from ansible_collections.devfleet.codex.plugins.module_utils._target import (
    find_changed_target,
    find_target,
)
from ansible_collections.devfleet.codex.plugins.modules import http_provider

Result = dict[str, t.Any]
Trace = dict[str, tuple[int, int, t.Optional[bytes]]]

_ADDED_BY_ANSIBLE = frozenset(
    ("invocation", "gid", "group", "mode", "owner", "secontext", "size", "state", "uid")
)

TABLE = b"""[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""


class Machine:
    """A user's home with a CODEX_HOME in it, and a system folder beside it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._name(folder)
        self.codex_home.parent.mkdir(parents=True, mode=0o755)
        self.codex_home.mkdir(mode=0o700)

    @classmethod
    def at(cls, folder: pathlib.Path) -> Machine:
        """Return the machine that is in `folder`, with what there is of it."""
        machine = cls.__new__(cls)
        machine._name(folder)
        return machine

    def _name(self, folder: pathlib.Path) -> None:
        self.home = folder / "home"
        self.codex_home = self.home / ".codex"
        self.config = self.codex_home / "config.toml"
        self.system_folder = folder / "etc-codex"

    def run(self, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        """Run the module and return its result, `failed` among it."""
        arguments = {
            "codex_home": str(self.codex_home),
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            **options,
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        system = str(self.system_folder)
        find = functools.partial(find_target, system_folder=system)
        find_changed = functools.partial(find_changed_target, system_folder=system)
        stdout = io.StringIO()
        with (
            patch_module_args(given),
            mock.patch.object(http_provider, "find_target", find),
            mock.patch.object(http_provider, "find_changed_target", find_changed),
            mock.patch.dict(os.environ, {"HOME": str(self.home)}),
            contextlib.redirect_stdout(stdout),
            contextlib.suppress(SystemExit),
        ):
            http_provider.main()
        result: Result = json.loads(stdout.getvalue())
        return {key: value for key, value in result.items() if key not in _ADDED_BY_ANSIBLE}

    def trace(self) -> Trace:
        """Return mode, mtime in ns and bytes (None for folders) of all there is, by path."""
        found: Trace = {}
        for path in [self.home, *sorted(self.home.rglob("*")), *self.system_folder.rglob("*")]:
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
        return found


def is_one_sentence(message: str) -> bool:
    """Tell whether `message` is one line that ends, and no traceback."""
    return "\n" not in message and message.endswith(".") and "Traceback" not in message
