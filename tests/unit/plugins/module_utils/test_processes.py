# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running clients of one user, in /proc and in what ps prints."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _beside, _processes
from ansible_collections.devfleet.codex.plugins.module_utils._observations import Process
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._processes import (
    Client,
    Row,
    clients,
    codex_processes,
    kind,
    read_ps,
)

NATIVE = "/usr/lib/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"
DAEMON = "/home/dev/.codex/packages/app-server-daemon/releases/0.169.0-x86_64/bin/codex"
EXTENSION = "/home/dev/.vscode/extensions/openai.chatgpt-26.519.1-linux-x64/bin/linux-x86_64/codex"
UID = 1000
BOOT = 1_700_000_000


@pytest.mark.parametrize(
    ("executable", "arguments", "expected"),
    [
        (NATIVE, "", "session"),
        (NATIVE, "HELLO", "session"),
        (NATIVE, "--model gpt-5.3-codex --search", "session"),
        (NATIVE, "exec --json HELLO", "session"),
        (NATIVE, "-c model=doctor resume --last", "session"),
        (NATIVE, "--cd /srv/login review", "session"),
        (NATIVE, "-- doctor", "session"),
        (NATIVE, "doctor --json", "other"),
        (NATIVE, "-c a=b --enable x doctor", "other"),
        (NATIVE, "login status", "other"),
        (NATIVE, "--version", "other"),
        (NATIVE, "-c a=b -V", "other"),
        (NATIVE, "exec --help", "session"),
        (NATIVE, "mcp-server", "other"),
        (NATIVE, "sandbox linux true", "other"),
        (NATIVE, "-c", "session"),
        (DAEMON, "app-server --listen unix:// --managed-daemon", "app_server"),
        (DAEMON, "-c a=b app-server", "app_server"),
        (DAEMON, "app-server daemon pid-update-loop", "other"),
        (DAEMON, "app-server -c a=b proxy", "other"),
        (EXTENSION, "app-server --analytics-default-enabled", "ide"),
        (EXTENSION.replace(".vscode", ".cursor"), "", "ide"),
    ],
)
def test_the_kind_follows_from_the_place_and_the_subcommand(
    executable: str, arguments: str, expected: str
) -> None:
    assert kind(executable, arguments.split()) == expected


def row(pid: int, parent: int, *arguments: str, **other: t.Any) -> Row:
    values = {"uid": UID, "started": float(pid), "executable": NATIVE, "is_launcher": False}
    return Row(pid=pid, parent=parent, arguments=arguments, **{**values, **other})


def test_a_launcher_and_its_client_are_one() -> None:
    rows = [
        row(10, 1, executable="/usr/bin/codex", is_launcher=True),
        row(11, 10),
        row(12, 11, "app-server", executable=DAEMON),
        row(13, 11, "app-server", "daemon", "pid-update-loop", executable=DAEMON),
        row(20, 1, "exec", "x", executable="/usr/bin/codex", is_launcher=True),
    ]
    assert clients(rows, UID) == (
        Client("session", 11.0, (11, 10)),
        Client("app_server", 12.0, (12,)),
        Client("other", 13.0, (13,)),
        Client("session", 20.0, (20,)),
    )


def test_a_session_that_a_session_started_is_one_more() -> None:
    assert len(clients([row(10, 1), row(30, 20, "exec", "x"), row(31, 30, "exec", "y")], UID)) == 3


def test_other_users_and_our_own_are_left_out() -> None:
    rows = [row(10, 1), row(11, 1, uid=0), row(12, 1)]
    assert [client.pids for client in clients(rows, UID, own={12})] == [(10,)]


def test_the_oldest_come_first_and_their_number_is_bounded() -> None:
    rows = [row(pid, 1, started=None if pid == 7 else float(-pid)) for pid in range(5000)]
    found = clients(rows, UID)
    assert len(found) == _processes.MOST_CLIENTS
    assert [client.started for client in found[:2]] == [-4999.0, -4998.0]


class Machine:
    """A /proc made of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "self").mkdir(parents=True)
        (folder / "stat").write_text(f"cpu 1 2 3\nbtime {BOOT}\nprocesses 9\n")

    def start(
        self,
        pid: int,
        parent: int,
        command: bytes,
        *,
        executable: str | None = NATIVE,
        uid: int = UID,
        environment: bytes | None = b"",
        comm: str = "codex",
    ) -> Path:
        """Add a process; ``command`` has blanks between its arguments."""
        folder = self.folder / str(pid)
        folder.mkdir()
        started = os.sysconf("SC_CLK_TCK") * pid
        fields = f"S {parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {started} 0 0"
        (folder / "stat").write_text(f"{pid} ({comm}) {fields}\n")
        (folder / "cmdline").write_bytes(command.replace(b" ", b"\0") + b"\0")
        (folder / "status").write_text(f"Name:\tx\nUid:\t0\t{uid}\t{uid}\t{uid}\n")
        if executable is not None:
            (folder / "exe").symlink_to(executable)
        if environment is not None:
            (folder / "environ").write_bytes(environment)
        return folder

    def look(self) -> tuple[Process, ...]:
        found = codex_processes(UID, str(self.folder))
        assert found is not None
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "proc")


SHIM = b"node /usr/local/bin/codex"


def test_proc_tells_kinds_start_times_and_proxies(machine: Machine) -> None:
    shell = b"HOME=/home/dev\0HTTPS_PROXY=http://u:p@10.0.0.1:3128\0no_proxy=a=b\0X_PROXY=1\0"
    machine.start(10, 1, SHIM, executable="/usr/bin/node", environment=shell)
    machine.start(11, 10, NATIVE.encode(), environment=shell)
    server = b"HTTPS_PROXY=http://10.0.0.2:1\0"
    machine.start(12, 11, DAEMON.encode() + b" app-server", executable=DAEMON, environment=server)
    machine.start(13, 11, DAEMON.encode() + b" update", executable=DAEMON, environment=server)
    assert machine.look() == (
        Process(
            "session",
            BOOT + 11.0,
            {"HTTPS_PROXY": "http://u:p@10.0.0.1:3128", "no_proxy": "a=b"},
        ),
        Process("app_server", BOOT + 12.0, {"HTTPS_PROXY": "http://10.0.0.2:1"}),
        Process("other", BOOT + 13.0, None),
    )


def test_a_session_that_hides_its_environment_is_told_by_its_launcher(machine: Machine) -> None:
    machine.start(10, 1, SHIM, executable="/usr/bin/node", environment=b"ALL_PROXY=x\0")
    machine.start(11, 10, NATIVE.encode(), executable=None, environment=None)
    machine.start(21, 1, b"codex", executable=None, environment=None)
    assert machine.look() == (
        Process("session", BOOT + 11.0, {"ALL_PROXY": "x"}),
        Process("session", BOOT + 21.0, None),
    )


@pytest.mark.parametrize(
    ("command", "executable", "told"),
    [
        (b"codex", NATIVE, True),
        (b"codex", NATIVE + " (deleted)", True),
        (b"./codex-x86_64-unknown-linux-musl", "/opt/codex-x86_64-unknown-linux-musl", True),
        (b"node /usr/lib/node_modules/@openai/codex/bin/codex.js", "/usr/bin/node", True),
        (b"bun /home/dev/.bun/bin/codex", "/home/dev/.bun/bin/bun", True),
        (b"codex-linux-sandbox true", NATIVE, False),
        (b"codex", "/usr/bin/python3.12", False),
        (b"vim codex", "/usr/bin/vim", False),
        (b"node /srv/codex/server.js", "/usr/bin/node", False),
        (b"node codex-notes", "/usr/bin/node", False),
        (b"/usr/bin/codexd", "/usr/bin/codexd", False),
        (b"\0\0codex", None, False),
        (b"", None, False),
    ],
)
def test_what_is_a_client_in_proc(
    machine: Machine, command: bytes, executable: str, told: bool
) -> None:
    machine.start(10, 1, command, executable=executable)
    assert [process.kind for process in machine.look()] == ["session"] * told
    # They are not looked at where this tells that there are none.
    assert _beside._may_run(str(machine.folder)) or not told


def test_entries_that_cannot_be_read_are_passed_over(machine: Machine) -> None:
    machine.start(10, 1, b"codex").joinpath("stat").unlink()
    machine.start(11, 1, b"codex").joinpath("status").write_text("Name:\tcodex\n")
    machine.start(12, 1, b"codex").joinpath("stat").write_text("12 (codex")
    machine.start(13, 1, b"codex").joinpath("stat").write_text("13 (codex) S one two\n")
    machine.start(14, 1, b"codex").joinpath("cmdline").unlink()
    machine.start(15, 1, b"codex", uid=0)
    machine.start(16, 1, b"codex").joinpath("stat").write_text("16 (codex) S\n")
    (machine.folder / "17").write_text("no folder")
    (machine.folder / "\u00b2").mkdir()
    machine.start(18, 1, b"codex", comm="a) S 1 (\x1b[2J")
    assert machine.look() == (Process("session", BOOT + 18.0, {}),)


def test_a_hostile_command_line_and_environment_are_read_to_a_bound(machine: Machine) -> None:
    machine.start(
        10,
        1,
        b"codex -c \x1b]0;x\x07\xff\xfe" + b"x" * 500_000 + b" doctor",
        environment=b"HTTPS_PROXY=" + b"y" * 1_000_000 + b"\0HTTP_PROXY=late\0",
    )
    (found,) = machine.look()
    assert found.kind == "session"
    assert found.proxies is not None
    assert list(found.proxies) == ["HTTPS_PROXY"]
    assert len(found.proxies["HTTPS_PROXY"]) <= 256 * 1024


def test_no_boot_time_is_no_start_time(machine: Machine) -> None:
    (machine.folder / "stat").write_text("cpu 1 2 3\n")
    machine.start(10, 1, b"codex")
    assert machine.look() == (Process("session", None, {}),)


def test_a_bounded_number_of_processes_is_read(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_processes, "MOST_PROCESSES", 5)
    for pid in range(10, 20):
        machine.start(pid, 1, b"codex")
    assert len(machine.look()) == 5


def test_reading_ends_at_its_time(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processes, "_SECONDS", -1.0)
    machine.start(10, 1, b"codex")
    assert machine.look() == ()


def test_what_started_us_and_what_we_started_do_not_count(machine: Machine) -> None:
    ours = os.getpid()
    machine.start(ours - 2, 1, b"codex exec run-a-playbook")
    machine.start(ours - 1, ours - 2, b"sh")
    machine.start(ours, ours - 1, b"python3 codex_info")
    machine.start(ours + 1, ours, SHIM + b" doctor", executable="/usr/bin/node")
    machine.start(ours + 2, ours + 1, b"codex")
    machine.start(ours + 3, ours - 2, b"codex app-server")
    assert [process.kind for process in machine.look()] == ["app_server"]


def test_parents_that_go_in_a_circle_end(machine: Machine) -> None:
    ours = os.getpid()
    machine.start(ours, ours + 1, b"python3")
    machine.start(ours + 1, ours, b"codex")
    machine.start(ours + 3, ours + 4, b"codex")
    machine.start(ours + 4, ours + 3, b"sh")
    assert len(machine.look()) == 1


PS = f"""\
    1     0     0 Sat Nov 21 09:00:00 2026 /sbin/launchd
  500     1   501 Sat Nov 21 09:25:44 2026 node /opt/homebrew/bin/codex exec -m gpt-5 HELLO
  501   500   501 Sat Nov 21 09:25:45 2026 {NATIVE} exec -m gpt-5 HELLO
  502     1   501 Fri Feb  6 23:59:59 2026 /Applications/My Codex.app/Contents/Resources/codex app-server
  503     1   501 Sat Nov 21 09:25:47 2026 node /Users/jo/Library/Application Support/fnm/bin/codex
  504     1   501 Sat Nov 21 09:25:48 2026 vim /Users/jo/codex
  505     1   501 Sat Nov 21 09:25:48 2026 /bin/cat /srv/codex notes
  506     1   501 Sat Nov 21 09:25:48 2026 codex doctor --json
  509     1   501 Sat Nov 21 09:25:48 2026 /Users/jo/bin/vim /Users/jo/codex
  510     1   501 Sat Nov 21 09:25:48 2026 /Applications/Some.app/open --in a/codex
  507     1   501 Sat Nov 21 09:25:49 2026 /usr/bin/codex look at src/codex now
  508     1   501 Sat Nov 21 09:25:49 2026 codex-linux-sandbox true
"""  # noqa: E501


def test_ps_tells_kinds_and_start_times() -> None:
    parents, rows = read_ps(PS)
    assert parents[501] == 500
    assert [(one.kind, one.started, one.pids) for one in clients(rows, 501)] == [
        ("app_server", 1770422399.0, (502,)),
        ("session", 1795253145.0, (501, 500)),
        ("session", 1795253147.0, (503,)),
        ("other", 1795253148.0, (506,)),
        ("session", 1795253149.0, (507,)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ps: no such option",
        "1 2 3",
        "a b c Sat Nov 21 09:25:44 2026 codex",
        "1 2 501 21. Nov 2026 codex",
        "1 2 501 Sat Nov 21 09:25 2026 codex",
        "12345678901 2 501 Sat Nov 21 09:25:44 2026 codex",
        "1 2 501 Sat Nov 21 09:25:44 2026",
        "1 2 501 Sat Nov 21 09:25:44 2026 ",
        "1 2 501 Sat Nov 21 09:25:44 2026 \x1b[2Jcodex",
        "1 2 501 Sat Nov 21 09:25:44 2026 node",
        "\u0661 2 501 Sat Nov 21 09:25:44 2026 codex",
    ],
)
def test_lines_that_ps_does_not_print_are_passed_over(line: str) -> None:
    assert read_ps(line)[1] == []


@pytest.mark.parametrize("when", ["Sat Nix 21 09:25:44 2026", "Sat Nov 99 99:99:99 9999"])
def test_a_time_that_is_none_ends_nothing(when: str) -> None:
    (found,) = read_ps(f"7 1 501 {when} codex")[1]
    assert found.executable == "codex"


def test_thousands_of_lines_are_read_to_a_bound() -> None:
    lines = (f"{pid} 1 501 Sat Nov 21 09:25:44 2026 codex " + "x " * 20 for pid in range(30_000))
    parents, rows = read_ps("\n".join(lines))
    assert len(parents) == len(rows) == _processes.MOST_PROCESSES


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("exit", 1, b"", b"ps: illegal option", 0.1),
        Outcome("timeout", 0, PS.encode(), b"", 5.0),
        Outcome("output", -9, PS.encode(), b"", 1.0),
        OSError("no ps"),
    ],
)
def test_a_ps_that_fails_leaves_it_unknown(
    outcome: Outcome | OSError, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_arguments: t.Any) -> Outcome:
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    monkeypatch.setattr(_processes, "run_bounded", fail)
    assert codex_processes(501, str(tmp_path)) is None


@pytest.fixture
def running(tmp_path: Path) -> t.Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a session with a proxy of the shell."""
    program = tmp_path / "bin/codex"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    environment = {"HTTPS_PROXY": "http://10.0.0.1:3128"}
    with subprocess.Popen([program, "60"], env=environment) as process:
        yield process
        process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="compares /proc with ps")
def test_proc_and_ps_agree_about_a_running_process(
    running: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uid = os.geteuid()
    before = codex_processes(uid)
    assert before is not None, "what we start ourselves must not count"
    monkeypatch.setattr(_processes, "_own", lambda _pid, _parents: frozenset())
    deadline = time.monotonic() + 10
    added: list[Process] = []
    # Until it has become the program that it is to run, it is a copy of this process.
    while not added and time.monotonic() < deadline:
        added = [one for one in codex_processes(uid) or () if one.proxies == SHELL]
    assert [one.kind for one in added] == ["session"]
    table = [one for one in codex_processes(uid, str(tmp_path)) or () if one.kind == "session"]
    assert all(one.proxies is None for one in table)
    started = added[0].started
    assert started is not None
    assert any(one.started is not None and abs(one.started - started) < 2 for one in table)
    assert SHELL not in [one.proxies for one in before]


SHELL = {"HTTPS_PROXY": "http://10.0.0.1:3128"}
