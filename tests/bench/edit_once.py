# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One edit in a process of its own, under whatever Python runs this; the oldest is 3.9.

    edit_once.py parser|function|module CODEX_HOME

Prints one line of JSON: `seconds`, and `peak`, the most memory of the process in bytes. Of the
parser: once over the text, by tomllib or, where Python has none, by the vendored tomlkit. Of the
function: from the file's path to the planned change, everything imported before. Of the module:
from its import to its end, with the write if there is one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import sys
import time


def time_parser(codex_home: str) -> float:
    if sys.version_info >= (3, 11):
        from tomllib import loads
    else:
        from ansible_collections.devfleet.codex.plugins.module_utils._vendor.tomlkit import loads

    text = pathlib.Path(codex_home, "config.toml").read_text()
    started = time.perf_counter()
    loads(text)
    return time.perf_counter() - started


def time_function(codex_home: str) -> float:
    from ansible_collections.devfleet.codex.plugins.module_utils import _http_provider, _target

    request = _target.Request(
        codex_home=codex_home,
        codex_version=None,
        executable=None,
        scope="user",
        profile=None,
        provider_id="openai_http",
        name="OpenAI HTTP only",
        base_url=None,
    )
    started = time.perf_counter()
    target = _target.find_target(request, os.environ)
    _http_provider.prepare(_http_provider.plan_present, target, request)
    return time.perf_counter() - started


def time_module(codex_home: str) -> float:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"codex_home": codex_home}})
    sys.argv = sys.argv[:1]
    sys.stdin = io.TextIOWrapper(io.BytesIO(arguments.encode()))
    said = io.StringIO()
    status: object = 0
    started = time.perf_counter()
    from ansible_collections.devfleet.codex.plugins.modules import http_provider

    with contextlib.redirect_stdout(said):
        try:
            http_provider.main()
        except SystemExit as end:
            status = end.code
    seconds = time.perf_counter() - started
    if status:
        sys.exit(said.getvalue())
    return seconds


def main() -> None:
    what, codex_home = sys.argv[1:]
    timed = {"parser": time_parser, "function": time_function, "module": time_module}
    seconds = timed[what](codex_home)
    # Not of getrusage, for that of Linux begins with the peak of whoever started this process.
    status = pathlib.Path("/proc/self/status").read_text().split()
    peak = int(status[status.index("VmHWM:") + 1]) * 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()
