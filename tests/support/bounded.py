# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program of the tests within a time, and leave nothing of it behind."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import typing as t


def finish(
    command: t.Sequence[str],
    folder: pathlib.Path,
    environment: t.Mapping[str, str],
    timeout: float,
    what: str,
) -> tuple[int, str, str]:
    """Return the exit status, stdout and stderr of `command`, run in `folder`.

    Its whole process group is killed in the end. Raises TimeoutError, which names `what`, when it
    needs more than `timeout` seconds.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{what} did not end in {timeout:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, stdout, stderr
