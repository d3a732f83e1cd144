# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client process is connected to, read from Linux's /proc while it runs."""

from __future__ import annotations

import contextlib
import ipaddress
import pathlib
import socket
import threading
import typing as t

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_INTERVAL = 0.005


@contextlib.contextmanager
def watched_connections(executable: pathlib.Path) -> t.Iterator[set[Address]]:
    """Collect the remote TCP addresses of every process whose program lies beside `executable`.

    `executable` is the client as npm installs it; the programs below its node_modules are the
    client's own. The set grows while the block runs.
    """
    (packages,) = [folder for folder in executable.parents if folder.name == "node_modules"][:1]
    found: set[Address] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            for process in _processes(packages.resolve()):
                found.update(_remote_addresses(process))

    watcher = threading.Thread(target=watch, name="connections", daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def _processes(folder: pathlib.Path) -> t.Iterator[pathlib.Path]:
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "exe").readlink().is_relative_to(folder):
                yield process


def _remote_addresses(process: pathlib.Path) -> set[Address]:
    """Return the far ends of the sockets that `process` itself holds."""
    found: set[Address] = set()
    # A process may end between any two of these reads.
    with contextlib.suppress(OSError):
        held = {str(link.readlink()) for link in (process / "fd").iterdir()}
        for table in ("tcp", "tcp6"):
            for line in (process / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if f"socket:[{fields[9]}]" in held:
                    found.add(_address(fields[2].partition(":")[0]))
    return {address for address in found if not address.is_unspecified}


def _address(digits: str) -> Address:
    """Decode the kernel's form: groups of four bytes, each in host order (little endian)."""
    groups = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    packed = b"".join(groups)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return ipaddress.ip_address(socket.inet_ntop(family, packed))
