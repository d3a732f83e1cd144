# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interactive session of the real client, behind a pseudo terminal that answers its queries.

Only such a session writes the client's log database; `codex exec` leaves it empty (0.115 to
0.169). Linux only: what the session leaves running is found in /proc.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import typing as t

from .laptop import Laptop

SETTINGS = b"[tui]\nscreen_reader_detection_done = true\nanimations = false\n"
"""What keeps the client from asking about the terminal, as a part of config.toml."""
_ROWS, _COLUMNS = 40, 120
_ANSWERS = (
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b[c", b"\x1b[?1;2c"),
    (b"\x1b[?u", b"\x1b[?0u"),
)
"""Where the cursor is, what the terminal is, which keyboard protocol it has."""
_PROMPT = b"state=idle"
"""Part of the title that the client gives its terminal when it waits for a question (0.169.0)."""
_START = 30
_SETTLING = 1.0
_KEY = 0.4
_SLICE = 0.1
_KEPT = 200_000


class TerminalSession:
    """A running session; `screen` is the raw output so far, its latest part if there is much."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.screen = b""
        self._process = process
        self._terminal = terminal

    def type(self, keys: str) -> None:
        """Send `keys` as a keyboard does."""
        os.write(self._terminal, keys.encode())

    def ask(self, text: str) -> None:
        """Wait for the prompt, then enter `text`; raises TimeoutError."""
        self.wait_until(lambda: _PROMPT in self.screen, _START, "the prompt")
        # What is typed before the session has settled is drawn and forgotten (0.169.0).
        self.attend(_SETTLING)
        self.type(text)
        # Keys that come at once are a paste, in which Enter is a line break.
        self.attend(_KEY)
        self.type("\r")

    def wait_until(self, condition: t.Callable[[], bool], timeout: float, what: str) -> None:
        """Keep the terminal alive until `condition` holds; raise TimeoutError naming `what`."""
        ends = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > ends:
                raise TimeoutError(f"{what} did not happen in {timeout:.0f} s")
            self._attend(_SLICE)

    def attend(self, seconds: float) -> None:
        """Keep the terminal alive for `seconds`."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self._attend(_SLICE)

    def _attend(self, seconds: float) -> None:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return
        try:
            output = os.read(self._terminal, 65536)
        except OSError:
            # The far end is closed: the session is over, and only the clock is left to wait for.
            time.sleep(seconds)
            return
        for query, answer in _ANSWERS:
            for _query in range(output.count(query)):
                os.write(self._terminal, answer)
        self.screen = (self.screen + output)[-_KEPT:]


def trusted(project: pathlib.Path) -> bytes:
    """Return the part of config.toml that answers the question of trust before it is asked."""
    return f'[projects."{project}"]\ntrust_level = "trusted"\n'.encode()


@contextlib.contextmanager
def terminal_session(
    laptop: Laptop, project: pathlib.Path, *options: str
) -> t.Iterator[TerminalSession]:
    """Start codex with `options` in `project`; end it and whatever it started."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        [str(laptop.executable), *options],
        cwd=project,
        env=laptop.environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield TerminalSession(process, master)
    finally:
        os.close(master)
        end_clients_of(laptop)
        process.wait(timeout=10)


def end_clients_of(laptop: Laptop) -> None:
    """Kill every process with this laptop's CODEX_HOME: the session, and what it left behind.

    Client 0.169.0 leaves an app-server and an updater in sessions of their own.
    """
    wanted = f"CODEX_HOME={laptop.codex_home}".encode()
    for _attempt in range(20):
        found = [pid for pid in _process_ids() if wanted in _environment_of(pid)]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_SLICE)


def _process_ids() -> list[int]:
    found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in found if pid != os.getpid()]


def _environment_of(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []
