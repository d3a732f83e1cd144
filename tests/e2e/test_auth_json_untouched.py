# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The login's file is the client's alone: a whole run of codex_info never opens it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
from support import stubs
from support.client import REPOSITORY
from support.laptop import Laptop, chatgpt_login

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

MODULE = REPOSITORY / "plugins/modules/codex_info.py"
FIXTURES = REPOSITORY / "tests/fixtures/doctor/0.169.0"

# Everything that the interpreter reports of itself, one event a line, but the code that it loads.
WATCHED = """
import os, runpy, sys
log, module = sys.argv[1:]
sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def note(event, given):
    if event not in ("compile", "marshal.loads", "object.__setattr__"):
        os.write(sink, f"{event} {given!r}\\n".encode())
sys.addaudithook(note)
sys.argv = [module]
runpy.run_path(module, run_name="__main__")
"""


def run_codex_info(
    laptop: Laptop, executable: pathlib.Path, command: t.Sequence[str]
) -> dict[str, t.Any]:
    """Run codex_info by `command` with a first probe that fails, so that every reader is used."""
    options = {
        "codex_home": str(laptop.codex_home),
        "executable": str(executable),
        "probe_interval": 0,
    }
    done = subprocess.run(
        [*command, str(MODULE)],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        env={**laptop.environment(), "PYTHONPATH": str(REPOSITORY / ".cache/collections")},
        cwd=laptop.home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, t.Any] = json.loads(done.stdout)["codex"]
    return result


def test_the_module_itself_never_opens_it(
    make_laptop: LaptopFactory, tmp_path: pathlib.Path
) -> None:
    laptop = make_laptop("watched-login", login=chatgpt_login(), websocket="http-403")
    log = tmp_path / "events"

    result = run_codex_info(laptop, laptop.executable, [sys.executable, "-c", WATCHED, str(log)])

    # The client did read it: that is how doctor knows of the login.
    assert result["doctor"]["auth"]["mode"] == "chatgpt"
    events = log.read_text().splitlines()
    assert any(line.startswith("open ") and "/config.toml'" in line for line in events)
    assert [line for line in events if "auth.json" in line] == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_that_the_module_starts_opens_it_unless_the_client_does(
    make_laptop: LaptopFactory, tmp_path: pathlib.Path
) -> None:
    laptop = make_laptop("traced-login", login=chatgpt_login())
    answer = (FIXTURES / "openai-builtin.chatgpt-auth.ws-blocked-403.json").read_bytes()
    stand_in = stubs.codex(tmp_path / "codex", "0.169.0", [answer] * 4)
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-e", "trace=/^open", "-s", "4096", "-o", str(trace)]

    result = run_codex_info(laptop, stand_in.path, [*strace, sys.executable])

    assert result["version"] == "0.169.0"
    opened = trace.read_text(errors="replace").splitlines()
    assert any(os.fspath(laptop.config) in line for line in opened)
    assert [line for line in opened if "auth.json" in line] == []
