# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of the real client as the collection sees them, and what they go on holding."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._findings import findings
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Layers
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    NO_LOGS,
    NO_PROXIES,
    Process,
)
from ansible_collections.devfleet.codex.plugins.module_utils._processes import codex_processes
from ansible_collections.devfleet.codex.plugins.module_utils._surroundings import (
    read_surroundings,
)
from support import bounded, client
from support.certificates import HOSTS, Certificates
from support.laptop import CONFIG, PROXY_VARIABLES, Laptop, chatgpt_login, laptop
from support.proxy import Proxy
from support.terminal_session import (
    SETTINGS,
    TerminalSession,
    end_clients_of,
    terminal_session,
    trusted,
)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a session's processes are found in /proc"
)

PATIENCE = 60
HTTP_ONLY = """
[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""


@pytest.fixture
def machine(
    tmp_path: pathlib.Path, certificates: Certificates, executable: pathlib.Path
) -> t.Iterator[Laptop]:
    """A laptop whose user works in the folder ``project`` beside it."""
    project = tmp_path / "project"
    project.mkdir()
    with laptop(
        tmp_path,
        "laptop",
        executable,
        certificates,
        config=CONFIG + SETTINGS + trusted(project),
        login=chatgpt_login(),
    ) as made:
        yield made
        end_clients_of(made)


def seen_from_elsewhere(proc: pathlib.Path) -> list[Process]:
    """What a program sees that neither started the session nor was started by it."""
    code = (
        "import json, os, sys\n"
        f"from {codex_processes.__module__} import codex_processes\n"
        "found = codex_processes(os.geteuid(), sys.argv[1])\n"
        "print(json.dumps([one._asdict() for one in found]))\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(proc)]
    run = bounded.finish(command, proc, environment, PATIENCE, "a look at the processes")
    return [Process(**one) for one in json.loads(run[1])]


def of_this_laptop(machine: Laptop, folder: pathlib.Path) -> list[Process]:
    """The clients of this laptop alone, by a /proc in which there is nothing else."""
    view = folder / f"proc-{time.monotonic_ns()}"
    view.mkdir()
    for name in ("self", "stat"):
        (view / name).symlink_to(f"/proc/{name}")
    wanted = f"CODEX_HOME={machine.codex_home}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = pathlib.Path("/proc", pid, "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(pid) != os.getpid():
            (view / pid).symlink_to(f"/proc/{pid}")
    return seen_from_elsewhere(view)


def kinds(machine: Laptop, folder: pathlib.Path) -> list[str]:
    return sorted(process.kind for process in of_this_laptop(machine, folder))


def turn(session: TerminalSession) -> None:
    """Wait until this session's prompt is answered."""
    session.wait_until(lambda: b"Worked for" in session.screen, PATIENCE, "a turn")


def restart_required(machine: Laptop, processes: t.Sequence[Process]) -> str | None:
    """The detail of this finding."""
    surroundings = read_surroundings(
        str(machine.codex_home), Layers({}, ()), [], [], tuple(processes)
    )
    told = findings(
        surroundings, NO_PROXIES, NO_LOGS, None, None, None, None, "healthy", "handshake_ok"
    )
    return next((one.detail for one in told if one.name == "restart_required"), None)


def test_a_session_is_one_client_with_the_proxies_of_its_shell(
    machine: Laptop, tmp_path: pathlib.Path
) -> None:
    shell, dotenv = machine.proxy.url, machine.proxy.url.replace("127.0.0.1", "localhost")
    settings = machine.codex_home / ".env"
    settings.write_text(settings.read_text().replace(shell, dotenv))
    started = time.time()
    with terminal_session(machine, tmp_path / "project") as session:
        session.wait_until(
            lambda: kinds(machine, tmp_path) == ["app_server", "other", "session"],
            PATIENCE,
            "the start of a background server and its updater",
        )
        found = {process.kind: process for process in of_this_laptop(machine, tmp_path)}
        assert found["session"].proxies == dict.fromkeys(PROXY_VARIABLES, shell)
        assert (found["app_server"].proxies or {}).get("HTTPS_PROXY") == dotenv
        for process in found.values():
            assert process.started is not None
            assert started - 2 <= process.started <= time.time() + 2
        assert restart_required(machine, tuple(found.values())) is None
        everybody = seen_from_elsewhere(pathlib.Path("/proc"))
        assert [one.kind for one in everybody if one == found["session"]] == ["session"]


def test_a_background_server_keeps_its_proxy_until_the_advised_command_ends_it(
    machine: Laptop, tmp_path: pathlib.Path
) -> None:
    project = tmp_path / "project"
    with (
        Proxy({f"{host}:443": machine.service.address for host in HOSTS}) as newer,
        terminal_session(machine, project, "HELLO") as first,
    ):
        turn(first)
        settings = machine.codex_home / ".env"
        settings.write_text(settings.read_text().replace(machine.proxy.url, newer.url))
        later = time.time() + 60
        os.utime(settings, (later, later))
        told = restart_required(machine, of_this_laptop(machine, tmp_path))
        assert told is not None
        assert told.endswith("1 session, 1 background server")
        with terminal_session(machine, project, "HELLO") as second:
            turn(second)
            assert newer.tunnelled == [], "the turn went through the proxy of today"
            client.run_client(machine, "app-server", "daemon", "stop")
            assert "app_server" not in kinds(machine, tmp_path)
        with terminal_session(machine, project, "HELLO") as third:
            turn(third)
            assert newer.tunnelled


def test_a_background_server_reads_a_new_configuration_for_every_session(
    machine: Laptop, tmp_path: pathlib.Path
) -> None:
    project = tmp_path / "project"
    with terminal_session(machine, project, "HELLO") as first:
        turn(first)
        first.attend(1)
        before = machine.service.requests[:]
        config = machine.config.read_text()
        machine.config.write_text(f'model_provider = "openai_http"\n{config}{HTTP_ONLY}')
        with terminal_session(machine, project, "HELLO") as second:
            turn(second)
            after = machine.service.requests[len(before) :]
    assert "websocket" in {one.transport for one in before if one.path.endswith("/responses")}
    assert {one.transport for one in after if one.path.endswith("/responses")} == {"http"}
