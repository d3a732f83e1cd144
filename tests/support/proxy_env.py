# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module proxy_env as a playbook runs it, in this process and on folders of the test."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import typing as t
from unittest import mock

from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args
from ansible_collections.devfleet.codex.plugins.modules import proxy_env

Result = dict[str, t.Any]
Trace = dict[str, tuple[int, int, t.Optional[bytes]]]

_ADDED_BY_ANSIBLE = frozenset(
    ("invocation", "gid", "group", "mode", "owner", "secontext", "size", "state", "uid")
)
# A module of ansible-core 2.21 tells its invocation only when it is asked to, as -vvv does.
_WITH_INVOCATION = {f"_ansible_{name}": True for name in PASS_VARS if name == "inject_invocation"}
URL = "http://proxy.example.com:3128"


class Machine:
    """A user's home with a CODEX_HOME in it."""

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
        self.dotenv = self.codex_home / ".env"
        self.record = self.codex_home / ".devfleet" / ".env.json"

    def output(
        self,
        *,
        check: bool = False,
        diff: bool = False,
        environment: t.Mapping[str, str] | None = None,
        **options: t.Any,
    ) -> str:
        """Run the module and return what it prints, the invocation among it."""
        arguments = {
            "codex_home": str(self.codex_home),
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            **_WITH_INVOCATION,
            **options,
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        stdout = io.StringIO()
        with (
            patch_module_args(given),
            mock.patch.dict(os.environ, {"HOME": str(self.home), **(environment or {})}),
            contextlib.redirect_stdout(stdout),
            contextlib.suppress(SystemExit),
        ):
            proxy_env.main()
        return stdout.getvalue()

    def run(self, **options: t.Any) -> Result:
        """Run the module and return its result, `failed` among it; options as in `output`."""
        result: Result = json.loads(self.output(**options))
        return {key: value for key, value in result.items() if key not in _ADDED_BY_ANSIBLE}

    def present(self, **options: t.Any) -> Result:
        """Run the module with the usual proxy, unless others are given."""
        proxies = {"https_proxy", "http_proxy", "all_proxy"} & set(options)
        return self.run(**({} if proxies else {"https_proxy": URL}), **options)

    def absent(self, **options: t.Any) -> Result:
        """Run the module with state absent."""
        return self.run(state="absent", **options)

    def trace(self) -> Trace:
        """Return mode, mtime in ns and bytes (None for folders) of all there is, by path."""
        found: Trace = {}
        for path in [self.home, *sorted(self.home.rglob("*"))]:
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
        return found
