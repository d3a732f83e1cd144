# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serve the demonstration's pretend laptops to whoever runs playbooks on them.

`serve_laptops.py serve FOLDER` makes their homes in FOLDER/laptops, writes FOLDER/inventory/
laptops.json once they can be reached, and serves until it is stopped or 15 minutes have passed.
The homes stay. `serve_laptops.py stop FOLDER` ends the process that serves FOLDER, if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import signal
import sys
import threading
import time
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support import client  # noqa: E402
from support.certificates import make_certificates  # noqa: E402
from support.laptop_playbooks import host_variables  # noqa: E402
from support.three_laptops import three_laptops  # noqa: E402

LIFETIME = 15 * 60
STOPPING = 20

# Holds the id of the process that serves, and its lock, which ends with it however it ends.
PROCESS = "serve_laptops.pid"


class Refused(Exception):
    """What was asked for cannot be done."""


def serve(folder: pathlib.Path) -> None:
    """Serve `folder`; raises Refused, ClientMissing and OSError."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with contextlib.ExitStack() as stack:
        stack.enter_context(_claimed(folder))
        homes = _new_folder(folder / "laptops")
        laptops = stack.enter_context(three_laptops(homes, make_certificates(homes)))
        hosts = {name: host_variables(laptop) for name, laptop in laptops.items()}
        stack.enter_context(_inventory(folder, hosts))
        stopped.wait(LIFETIME)


def stop(folder: pathlib.Path) -> None:
    """End the process that serves `folder` and wait for its end; raises Refused."""
    with contextlib.suppress(FileNotFoundError), (folder / PROCESS).open() as file:
        if _locked(file):
            return
        process = file.read()
        if not process.isdigit():
            raise Refused(f"{folder / PROCESS} holds no process id; wait a second and try again.")
        os.kill(int(process), signal.SIGTERM)
        deadline = time.monotonic() + STOPPING
        while not _locked(file):
            if time.monotonic() > deadline:
                raise Refused(f"process {process} did not end in {STOPPING} s; end it by hand.")
            time.sleep(0.05)


def _new_folder(folder: pathlib.Path) -> pathlib.Path:
    """Make `folder` and return it; raises Refused where it is there."""
    try:
        folder.mkdir()
    except FileExistsError:
        raise Refused(f"{folder} is there already; remove it, or name another folder.") from None
    return folder


@contextlib.contextmanager
def _inventory(folder: pathlib.Path, hosts: t.Mapping[str, t.Any]) -> t.Iterator[None]:
    """Keep an inventory in `folder`; a reader never sees half of it."""
    inventory = folder / "inventory" / "laptops.json"
    inventory.parent.mkdir(exist_ok=True)
    draft = folder / inventory.name
    draft.write_text(json.dumps({"all": {"hosts": hosts}}))
    draft.replace(inventory)
    try:
        yield
    finally:
        inventory.unlink(missing_ok=True)


@contextlib.contextmanager
def _claimed(folder: pathlib.Path) -> t.Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / PROCESS).open("a") as file:
        if not _locked(file):
            raise Refused(f'{folder} is being served; run "serve_laptops.py stop {folder}" first.')
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _locked(file: t.TextIO) -> bool:
    """Take the file's lock; whether it was free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve the pretend laptops.")
    parser.add_argument("action", choices=("serve", "stop"))
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    action = {"serve": serve, "stop": stop}[arguments.action]
    try:
        action(arguments.folder.absolute())
    except (Refused, client.ClientMissing, OSError) as error:
        print(f"serve_laptops: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
