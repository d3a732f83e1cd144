# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine pays for no reader of what it does not have.

On a machine a module comes out of an archive, and Python compiles what it takes from there at every
start: that costs more than the whole look.
"""

from __future__ import annotations

import json
import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _beside
from support import bounded, stubs
from support.doctor_samples import OFF, OPEN, as_json, refused, report

_CODE = """
import json, sys
from ansible_collections.devfleet.codex.plugins.module_utils import _beside
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
# Whoever runs the tests may run clients beside them.
_beside._may_run = lambda _proc: False
home, executable = sys.argv[1:]
value = inspect(Request(home, executable, 60.0, 1, 0.0, ()), {"PATH": "/usr/bin:/bin"})
names = [name.rpartition(".plugins.module_utils.")[2] for name in sys.modules]
print(json.dumps([value["diagnosis"]["verdict"], names]))
"""

CURE = """\
model_provider = "openai_http"

[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""

COSTLY = {
    *("_certificate_files", "_dotenv", "_failing", "_files", "_live", "_login", "_log_rows"),
    *("_logs", "_managed_preferences", "_observation_record", "_processes", "_provider"),
    *("_proxies", "_proxy_cause", "_proxy_trial", "_proxy_url", "_recovery", "_recovery_record"),
    *("_routes", "_state", "_toml_splice", "tomlkit", "sqlite3", "ssl"),
}


def look(folder: Path, config: str, answer: bytes) -> tuple[str, set[str]]:
    """Return the verdict on a home with this config.toml, and what was imported for it."""
    home = folder / ".codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(config)
    client = stubs.codex(folder / "codex", "0.169.0", [answer]).path
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _CODE, str(home), str(client)]
    run = bounded.finish(command, folder, environment, 60, "a look")
    verdict, names = json.loads(run[1])
    return verdict, {name.partition(".")[0].rpartition("_vendor.")[2] or name for name in names}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="without tomllib tomlkit reads the file")
@pytest.mark.parametrize(
    ("config", "answer", "verdict"),
    [
        ('model = "x"\n', as_json(report(OPEN)), "healthy"),
        (CURE, as_json(report(OFF)), "http_only"),
    ],
    ids=["healthy", "cured"],
)
def test_a_machine_in_order_pays_for_no_more_than_it_has(
    tmp_path: Path, config: str, answer: bytes, verdict: str
) -> None:
    found, imported = look(tmp_path, config, answer)
    assert found == verdict
    # A cured one is asked how its user is logged in.
    asked = {"_failing", "_login", "_routes", "_proxy_cause", "_proxy_url", "_certificate_files"}
    allowed = asked | {"ssl"} if verdict == "http_only" else set()
    assert imported & COSTLY <= allowed
    assert {"_judgement", "_layers"} <= imported


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (".env", "HTTPS_PROXY=http://127.0.0.1:9\n", {"_dotenv", "_proxies", "_routes"}),
        ("logs_2.sqlite", "", {"_logs"}),
        (".devfleet", None, {"_observation_record", "_recovery_record", "_state"}),
    ],
    ids=["dotenv", "log", "records"],
)
def test_what_is_there_is_read(
    tmp_path: Path, name: str, content: str | None, expected: set[str]
) -> None:
    path = tmp_path / ".codex" / name
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    _verdict, imported = look(tmp_path, "", as_json(report(OPEN)))
    assert expected <= imported


def test_a_failure_is_worth_its_readers(tmp_path: Path) -> None:
    verdict, imported = look(tmp_path, "", as_json(report(refused(502))))
    assert verdict == "inconclusive"
    assert {"_failing", "_login"} <= imported


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (b"/usr/bin/codex\0resume\0", True),
        (b"codex\0", True),
        (b"node\0/usr/lib/node_modules/@openai/codex/bin/codex.js\0", True),
        (b"/opt/codex-x86_64-unknown-linux-musl\0app-server\0", True),
        (b"python3\0/tmp/AnsiballZ_codex_info.py\0", False),
        (b"vim\0-R\0/home/dev/.codex/config.toml\0", False),
        (b"", False),
    ],
)
def test_processes_that_may_be_clients(tmp_path: Path, command: bytes, expected: bool) -> None:
    for pid, line in (("1", b"/sbin/init\0"), ("20", command)):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(line)
    (tmp_path / "30").mkdir()
    assert _beside._may_run(str(tmp_path)) is expected


@pytest.mark.parametrize(
    ("name", "value"), [("MOST_PROCESSES", 0), ("_SECONDS", -1.0)], ids=["number", "time"]
)
def test_more_processes_than_can_be_looked_at_may_be_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "cmdline").write_bytes(b"/sbin/init\0")
    assert _beside._may_run(str(tmp_path)) is False
    monkeypatch.setattr(_beside, name, value)
    assert _beside._may_run(str(tmp_path)) is True


def test_processes_that_cannot_be_listed_are_left_to_the_reader(tmp_path: Path) -> None:
    assert _beside._may_run(str(tmp_path / "none")) is True


@pytest.mark.parametrize(
    ("names", "expected"), [([], False), (["config.toml"], False), (["logs_2.sqlite"], True)]
)
def test_a_log_that_may_be_there(tmp_path: Path, names: t.Sequence[str], expected: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert _beside._may_be_logged(str(tmp_path)) is expected
