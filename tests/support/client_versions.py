# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The installed clients of every generation, and a wrapper that notes how they are called."""

from __future__ import annotations

import json
import os
import pathlib
import shlex

from . import stubs
from .client import REPOSITORY, ClientMissing

LOCKED = REPOSITORY / "tests/e2e/client/package.json"
EARLIER = REPOSITORY / "tests/e2e/clients"

# 0.130.0 is the last client without a doctor. 0.131.0 has the first doctor, knows no
# --network-only and reads profiles as tables: what is oldest of all that can be cured.
USUAL = "0.130.0 0.131.0"


def chosen_versions() -> tuple[str, ...]:
    """Return the versions to test, oldest first.

    CODEX_E2E_VERSIONS names them, separated by blanks, or says `all`; else it is the usual two.
    """
    chosen = os.environ.get("CODEX_E2E_VERSIONS") or USUAL
    return all_versions() if chosen == "all" else tuple(sorted(chosen.split(), key=minor))


def all_versions() -> tuple[str, ...]:
    """Return every version that `make clients` installs, oldest first."""
    earlier = [folder.name for folder in EARLIER.iterdir() if folder.is_dir()]
    return tuple(sorted([*earlier, current_version()], key=minor))


def installed_client(version: str) -> pathlib.Path:
    """Return the client of `version` as npm installs it. Raises ClientMissing."""
    folder = ".cache/client" if version == current_version() else f".cache/clients/{version}"
    path = REPOSITORY / folder / "node_modules/.bin/codex"
    if not os.access(path, os.X_OK):
        raise ClientMissing(f"{path}: no Codex {version} there; install it with `make clients`.")
    return path


def current_version() -> str:
    """Return the version that `make client` installs."""
    return str(json.loads(LOCKED.read_text())["dependencies"]["@openai/codex"])


def minor(version: str) -> int:
    """Return 131 for `0.131.0`."""
    return int(version.split(".")[1])


def noting_client(path: pathlib.Path, client: pathlib.Path, refused: str) -> stubs.Stub:
    """Make `path` a wrapper of `client` that notes every command line before it runs it.

    A command line with the word `refused` in it is noted, and ends with status 97 instead.
    """
    log = path.with_name(path.name + ".log")
    stubs.script(
        path,
        f'echo "$*" >> {shlex.quote(str(log))}',
        f'for word in "$@"; do [ "$word" = {shlex.quote(refused)} ] && exit 97; done',
        f'exec {shlex.quote(str(client))} "$@"',
    )
    return stubs.Stub(path, log)
