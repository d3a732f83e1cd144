# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PATH of stand-ins for programs, which write down how they are called."""

from __future__ import annotations

import pathlib


class Machine:
    """A machine whose PATH has stand-ins alone, which write down how they are called."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.path = folder / "bin"
        self.offered = folder / "offered"
        self._calls = folder / "calls"
        for place in (self.path, self.offered):
            place.mkdir()

    def has(self, command: str, script: str = "", *, after_install: bool = False) -> None:
        """Put `command` there, which runs the shell `script`, or let apt-get put it there."""
        path = (self.offered if after_install else self.path) / command
        path.write_text(f'#!/bin/sh\necho "{command} $*" >> "{self._calls}"\n{script}\n')
        path.chmod(0o755)

    def calls(self, start: str = "") -> list[str]:
        """What was called, as far as it begins with `start`."""
        if not self._calls.exists():
            return []
        return [call for call in self._calls.read_text().splitlines() if call.startswith(start)]
