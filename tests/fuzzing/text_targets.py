# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host prints, logs and sets: nothing is taken that is not bounded and printable."""

from __future__ import annotations

import urllib.parse

from ansible_collections.devfleet.codex.plugins.module_utils import _log_rows, _proxy_url
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import NoReport, read_run
from ansible_collections.devfleet.codex.plugins.module_utils._judgement import judge
from ansible_collections.devfleet.codex.plugins.module_utils._observations import OPENAI_HOSTS
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT, clean
from support.doctor_samples import BUILT_IN
from support.generated_runs import counted_failure

_MOST = 150_000
"""Characters that all of a report may hold, whatever doctor printed."""
_MARKS = [(target, text) for target, texts in _log_rows.MARKS.items() for text in texts]
_CAUSES = {"closed", "silent", "cut", "proxy_scheme", "certificate", "other", "refused"} | {
    "server_error"
}


def doctor(data: bytes) -> None:
    """A report is bounded and printable, and no more than its words proves a failure."""
    run = read_run(Outcome("exit", 1, data, data[-200:], 0.3), "full")
    told = _strings(run)
    assert all(text == clean(text, 1000) for text in told)
    assert sum(map(len, told)) < _MOST
    diagnosis = judge([run, run], BUILT_IN)
    assert (diagnosis.verdict, diagnosis.cause) in VERDICTS_AND_CAUSES
    assert all(line == clean(line, 2000) for line in diagnosis.evidence)
    if diagnosis.verdict == "websocket_blocked":
        assert counted_failure(run)
    if isinstance(run, NoReport):
        assert diagnosis.verdict == "inconclusive"


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _strings(one)]
    if isinstance(value, tuple):
        return [text for one in value for text in _strings(one)]
    return [value] if isinstance(value, str) else []


def log_rows(data: bytes) -> None:
    """Rows in any order and of any words end in turns of the threads that they name."""
    rows = []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n")):
        kind, _tab, rest = line.partition("\t")
        head, _tab, message = rest.partition("\t")
        target, mark = _MARKS[(ord(kind[:1] or "0") - ord("0")) % len(_MARKS)]
        thread = None if "=" in head else head[:8] or None
        rows.append(_log_rows.Row(float(number), target, thread, head, mark + message))
    turns = _log_rows.follow(rows)
    assert len(turns.fallbacks) + len(turns.completed) <= len(rows)
    assert all(one.cause in _CAUSES and one.turn for one in turns.fallbacks)
    assert all(one.started <= one.moment < len(rows) for one in turns.fallbacks)
    assert list(turns.fallbacks) == sorted(turns.fallbacks, key=lambda one: one.moment)


def proxy_url(data: bytes) -> None:
    """What is accepted is what urllib makes of it, and no password is ever shown."""
    text = data.decode("utf-8", "replace")
    shown = _proxy_url.shown(text)
    assert shown == clean(shown, 1000)
    parts = _proxy_url.split_proxy(text)
    assert (parts is None) == (_proxy_url.parse_proxy(text) is None)
    refused = _proxy_url.refusal(text)
    assert refused is None or refused == clean(refused, 1000)
    if parts is None:
        assert shown == "***"
        assert refused
        return
    secret = (parts.userinfo or "").partition(":")[2]
    plain = f"{parts.url.scheme}://***@{_proxy_url.address_of(parts.url)}"
    assert secret in plain or secret not in shown
    better = _proxy_url.repaired(text)
    assert better is None or _proxy_url.problem_of(parts.url) is not None
    if better is not None and "***" not in better:
        assert _proxy_url.refusal(better) is None
    if refused is None:
        assert _proxy_url.problem_of(parts.url) is None
        read = urllib.parse.urlsplit(text)
        assert (read.scheme, read.port) == ("http", parts.url.port)
        assert (read.hostname or "").lower() == parts.url.host.lower()
        assert bool(read.username or read.password) <= parts.url.has_credentials


def no_proxy(data: bytes) -> None:
    """What is left without the service's hosts covers none of them, and all of it is a host."""
    text = data.decode("utf-8", "replace")
    entries = _proxy_url.no_proxy_entries(text)
    assert all(entry == clean(entry, 100) and entry.strip() for entry in entries)
    written = tuple(part.strip() for part in text.split(",") if part.strip())
    left = _proxy_url.without_service(written)
    assert set(left) <= set(written)
    for host in OPENAI_HOSTS:
        assert not _proxy_url.covers(left, host)
    for entry in set(written) - set(left):
        assert any(_proxy_url.covers((entry,), host) for host in OPENAI_HOSTS)


def cleaned(data: bytes) -> None:
    """One printable line of bounded length, which any encoder takes, and which stays as it is."""
    text = data.decode("utf-8", "surrogateescape")
    for limit in (4, 20, SHORT):
        line = clean(text, limit)
        line.encode()
        assert len(line) <= limit
        assert len(line.splitlines()) <= 1
        assert "\x1b" not in line
        assert clean(line, limit) == line
