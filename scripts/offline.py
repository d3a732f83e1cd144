# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command on a network that consists of loopback alone.

    offline.py COMMAND [ARGUMENT ...]

The tests give every client a local proxy; this keeps back what goes past a proxy, such as the
names that doctor looks up (seen with client 0.169.0). There it also has nobody to ask for names, or
doctor would wait five seconds for an answer. Linux only, for root or where users may make
namespaces; elsewhere the command runs all the same, after a line that says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import sys
import tempfile

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_PRIVATE_ALL = 0x4000 | 0x40000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def main(command: list[str]) -> None:
    """Replace this process by `command`; raises OSError if there is no such command."""
    try:
        leave_network()
    except OSError as error:
        print(f"offline.py: the network stays open to the tests: {error}", file=sys.stderr)
    os.execvp(command[0], command)


def leave_network() -> None:
    """Move this process to a network of its own, as the user it is. Raises OSError."""
    if not sys.platform.startswith("linux"):
        raise OSError("only Linux has network namespaces")
    user, group = os.getuid(), os.getgid()
    if user == 0:
        unshare(CLONE_NEWNET | CLONE_NEWNS)
    else:
        unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    raise_loopback()
    # Only speed is at stake: where it is not allowed, lookups fail as well, and later.
    with contextlib.suppress(OSError):
        forget_name_servers()


def forget_name_servers() -> None:
    """Put a file of no use over /etc/resolv.conf, for this process alone. Raises OSError."""
    mount(None, "/", MS_PRIVATE_ALL)
    with tempfile.NamedTemporaryFile("w") as settings:
        settings.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        settings.flush()
        mount(settings.name, os.path.realpath("/etc/resolv.conf"), MS_BIND)


def mount(source: str | None, target: str, flags: int, kind: str | None = None) -> None:
    """Call mount(2) with a file or folder, or a file system of some kind. Raises OSError."""
    given, file_system = (text.encode() if text else None for text in (source, kind))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(given, target.encode(), file_system, flags, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{target} cannot be mounted: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags`. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no namespace could be made: {os.strerror(number)}")


def raise_loopback() -> None:
    """Bring up `lo`, which a new network starts without. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        _name, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: offline.py COMMAND [ARGUMENT ...]")
    main(sys.argv[1:])
