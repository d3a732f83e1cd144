# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One real turn: what is counted in the client's output, however it ended."""

from __future__ import annotations

import json
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._live import (
    Live,
    live_turn,
    read_turn,
)
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from support.stubs import script

Event = dict[str, t.Any]

STARTED: Event = {"type": "turn.started"}
ANSWER: Event = {"type": "item.completed", "item": {"type": "agent_message", "text": "OK"}}
COMPLETED: Event = {"type": "turn.completed", "usage": {"input_tokens": 1}}
FELL_BACK: Event = {
    "type": "item.completed",
    "item": {
        "type": "error",
        "message": "Falling back from WebSockets to HTTPS transport. unexpected status 403",
    },
}


def error(message: t.Any) -> Event:
    return {"type": "error", "message": message}


def failed(message: t.Any) -> Event:
    return {"type": "turn.failed", "error": {"message": message}}


def attempts(why: str = "unexpected status 403 Forbidden: secret, url: wss://x") -> list[Event]:
    return [error(f"Reconnecting... {number}/5 ({why})") for number in range(2, 6)]


def printed(*events: Event, ended: str = "exit", returncode: int = 0) -> Outcome:
    lines = "\n".join(json.dumps(event) for event in events)
    return Outcome(ended, returncode, lines.encode(), b"secret", 6.54)


BROKE_OFF = "the answer of the service broke off"
UNREACHABLE = "the service could not be reached over HTTP"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (printed(STARTED, ANSWER, COMPLETED), Live(True, 6.5, 0, False, "")),
        (
            printed(STARTED, *attempts(), FELL_BACK, ANSWER, COMPLETED),
            Live(True, 6.5, 4, True, ""),
        ),
        (printed(STARTED, *attempts(), ANSWER, COMPLETED), Live(True, 6.5, 4, False, "")),
        (
            printed(STARTED, *attempts()[:2], ended="timeout", returncode=-9),
            Live(False, 6.5, 2, False, "no answer came within 7 s"),
        ),
        (
            printed(
                STARTED,
                error("Reconnecting... waiting for network (Connection failed: secret)"),
                ended="timeout",
                returncode=-9,
            ),
            Live(False, 6.5, 0, False, f"no answer came within 7 s: {UNREACHABLE}"),
        ),
        (
            printed(STARTED, *attempts("Connection failed"), failed("Connection failed: x")),
            Live(False, 6.5, 4, False, UNREACHABLE),
        ),
        (
            printed(STARTED, failed("unexpected status 401 Unauthorized: secret"), returncode=1),
            Live(False, 6.5, 0, False, "the service answered HTTP 401"),
        ),
        (
            printed(STARTED, failed("exceeded retry limit, last status: 429 Too Many Requests")),
            Live(False, 6.5, 0, False, "the service answered HTTP 429"),
        ),
        (
            printed(STARTED, error("You've hit your usage limit. secret"), returncode=1),
            Live(False, 6.5, 0, False, "the account's usage limit is reached"),
        ),
        (
            printed(failed("stream disconnected before completion: secret"), returncode=1),
            Live(False, 6.5, 0, False, BROKE_OFF),
        ),
        (
            printed(failed("something new: secret"), returncode=1),
            Live(False, 6.5, 0, False, "codex exec ended with status 1 and no answer"),
        ),
        (
            printed(returncode=2),
            Live(False, 6.5, 0, False, "codex exec ended with status 2 and no answer"),
        ),
        (
            printed(*attempts(), ended="output", returncode=-9),
            Live(False, 6.5, 4, False, "the client printed without end"),
        ),
    ],
    ids=str,
)
def test_what_a_turn_showed(outcome: Outcome, expected: Live) -> None:
    assert read_turn(outcome) == expected
    assert "secret" not in repr(read_turn(outcome))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b"null",
        b'"Reconnecting... 2/5"',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"type": 1}',
        b'{"type": "error"}',
        b'{"type": "error", "message": ["Reconnecting... 2/5"]}',
        b'{"type": "turn.failed", "error": "x"}',
        b'{"type": "item.completed", "item": null}',
        b'{"type": "item.completed", "item": {"type": ["agent_message"]}}',
        b'{"type": "item.completed"}',
    ],
    ids=lambda line: line[:60].decode("latin-1"),
)
def test_lines_of_another_form_count_for_nothing(line: bytes) -> None:
    answer = json.dumps(ANSWER).encode()
    found = read_turn(Outcome("exit", 0, line + b"\n" + answer + b"\n" + line, b"", 1.0))
    assert found == Live(True, 1.0, 0, False, "")


def test_the_turn_has_as_little_effect_as_can_be(tmp_path: Path) -> None:
    codex = script(
        tmp_path / "codex",
        f'for given in "$@"; do echo "$given" >>{tmp_path}/given; done',
        f'while [ "$1" != --cd ]; do shift; done; ls -lad "$2" >{tmp_path}/folder',
        f"echo '{json.dumps(ANSWER)}'",
    )
    found = live_turn(
        str(codex),
        {"PATH": "/usr/bin:/bin"},
        30,
        overrides=['model_provider="mine"'],
        mcp_servers=["docs", "a.b", '"q"', "x=1"],
    )
    given = (tmp_path / "given").read_text().splitlines()
    assert found.answered
    assert given[0] == "exec"
    assert {"--json", "--skip-git-repo-check", "--ephemeral"} <= set(given)
    assert given[given.index("--sandbox") + 1] == "read-only"
    settings = [given[place + 1] for place, one in enumerate(given) if one == "-c"]
    assert {'approval_policy="never"', "notify=[]", "features.shell_tool=false"} <= set(settings)
    assert settings[-1] == 'model_provider="mine"'
    assert [one for one in settings if "mcp" in one] == ["mcp_servers.docs.enabled=false"]
    folder = given[given.index("--cd") + 1]
    assert (tmp_path / "folder").read_text().startswith("drwx------")
    assert not Path(folder).exists()


def test_a_turn_without_end_is_ended_with_what_was_counted(tmp_path: Path) -> None:
    lines = [f"echo '{json.dumps(event)}'" for event in attempts()[:3]]
    codex = script(tmp_path / "codex", *lines, "sleep 60")
    found = live_turn(str(codex), {"PATH": "/usr/bin:/bin"}, 0.5)
    assert (found.answered, found.reconnect_lines) == (False, 3)
    assert found.problem.startswith("no answer came within")


def test_a_client_that_cannot_be_run_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = live_turn(str(tmp_path / "codex"), {})
    assert (found.answered, found.reconnect_lines) == (False, 0)
    assert "cannot be run" in found.problem
    assert list(tmp_path.iterdir()) == []
