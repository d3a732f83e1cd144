# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts on one machine: a user each, behind one SSH server on loopback. Linux, for root."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time
import typing as t

from support.ports import dead_port

from .fleet import Host
from .measure import progress

PREFIX = "cxbench"
"""Of the names of the users; nobody else's begin so."""
SERVER = pathlib.Path("/usr/sbin/sshd")
_NEEDED = (str(SERVER), "ssh", "ssh-keygen", "useradd", "userdel")
_STARTING = 20
_STEP = 60
_PRIVILEGE_SEPARATION = pathlib.Path("/run/sshd")

_CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized
AllowUsers {prefix}*
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
UseDNS no
MaxStartups 1000
"""


class Unavailable(Exception):
    """Why there is no SSH server to measure with; the text is a sentence for the page."""


@dataclasses.dataclass(frozen=True)
class Server:
    """The server, `key` the private key that opens all of its users' doors."""

    folder: pathlib.Path
    port: int
    hosts: tuple[Host, ...]

    @property
    def key(self) -> pathlib.Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> pathlib.Path:
        return self.folder / "known_hosts"

    @property
    def variables(self) -> dict[str, t.Any]:
        """Ansible's variables that all hosts share; how it uses ssh is left as it is."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
        }

    def command(self, host: str) -> list[str]:
        """Return the command line of a plain ssh to a host, without what to do there."""
        return [
            *("ssh", "-q", "-p", str(self.port), "-i", str(self.key), "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self.known_hosts}", f"{host}@127.0.0.1"),
        ]


def missing() -> str | None:
    """Return why no server can be had here, as a sentence, or None."""
    if os.geteuid() != 0:
        return "only root can make the users that stand for hosts."
    lacking = [program for program in _NEEDED if shutil.which(program) is None]
    return f"there is no {lacking[0]}." if lacking else None


@contextlib.contextmanager
def server(folder: pathlib.Path, count: int) -> t.Iterator[Server]:
    """Make `count` users with homes in `folder` and run a server for them; then remove all.

    Users that a killed run has left are removed first. Raises Unavailable.
    """
    why = missing()
    if why:
        raise Unavailable(why)
    left = remove_users()
    if left:
        raise Unavailable(f"a user of an earlier run cannot be removed: {left[0]}")
    try:
        hosts = tuple(_make_user(folder / "users", number) for number in range(1, count + 1))
        with dead_port() as port:
            pass
        made = Server(folder, port, hosts)
        _make_keys(made)
        with _running(made):
            yield made
    finally:
        for failure in remove_users():
            progress(f"a user is left: {failure}")


def remove_users() -> list[str]:
    """Remove every user of ours, whose processes have ended; return why some could not be."""
    failures = []
    for entry in pwd.getpwall():
        if entry.pw_name.startswith(PREFIX):
            try:
                _finish("userdel", "--force", entry.pw_name)
            except (Unavailable, OSError, subprocess.SubprocessError) as error:
                failures.append(f"{entry.pw_name}: {error}")
    return failures


@contextlib.contextmanager
def closed_masters(folder: pathlib.Path) -> t.Iterator[None]:
    """In the end close the connections that Ansible keeps open; `folder` holds their sockets."""
    try:
        yield
    finally:
        for path in folder.glob("*") if folder.is_dir() else ():
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    ["ssh", "-O", "exit", "-S", str(path), "127.0.0.1"],
                    capture_output=True,
                    check=False,
                    timeout=_STEP,
                )


def _make_user(homes: pathlib.Path, number: int) -> Host:
    name = f"{PREFIX}{number:03}"
    home = homes / name
    # A password of one star fits nothing; an account without one would be locked.
    _finish(
        *("useradd", "--no-create-home", "--no-log-init", "--home-dir", str(home)),
        *("--shell", "/bin/sh", "--password", "*", "--user-group", name),
    )
    entry = pwd.getpwnam(name)
    home.mkdir(parents=True, mode=0o700)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return Host(name, home, entry.pw_uid)


def _make_keys(made: Server) -> None:
    for key in (made.key, made.folder / "host_key"):
        _finish("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    shutil.copyfile(made.folder / "key.pub", made.folder / "authorized")
    public = (made.folder / "host_key.pub").read_text().split()
    made.known_hosts.write_text(f"[127.0.0.1]:{made.port} {public[0]} {public[1]}\n")


@contextlib.contextmanager
def _running(made: Server) -> t.Iterator[None]:
    config = made.folder / "sshd_config"
    config.write_text(_CONFIG.format(port=made.port, folder=made.folder, prefix=PREFIX))
    _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    log = made.folder / "sshd.log"
    process = subprocess.Popen([str(SERVER), "-D", "-f", str(config), "-E", str(log)])
    try:
        _wait_until_it_listens(made.port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=_STEP)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTING
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise Unavailable("the SSH server did not start.")


def _finish(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_STEP)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()[:200]}")
