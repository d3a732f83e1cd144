# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a recovery, and how the next look at the machine takes it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _inspection, _recovery_record
from ansible_collections.devfleet.codex.plugins.module_utils._beside import read_beside
from ansible_collections.devfleet.codex.plugins.module_utils._inspection import Request, inspect
from ansible_collections.devfleet.codex.plugins.module_utils._layers import read_layers
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import Entry, Recovery, step
from ansible_collections.devfleet.codex.plugins.module_utils._recovery_record import (
    Found,
    find,
    load,
    record_path,
    save,
)
from support import log_database, stubs
from support.doctor_samples import as_json, refused, report
from support.http_provider import TABLE, Machine

NOW = 1_780_000_000.0
RECOVERY = Recovery(
    "cured",
    1,
    NOW,
    NOW + 5,
    3,
    (
        Entry(NOW - 9, "trial_started", "trial", "the cooldown is over"),
        Entry(NOW, "fell_back", "cured", "1 fallback to HTTP in the trial"),
        Entry(NOW + 5, "probe_failed", "cured", "upgrade_refused"),
    ),
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / ".codex"
    made.mkdir()
    return made


def write(folder: pathlib.Path, text: str) -> pathlib.Path:
    path = folder / ".devfleet/recovery.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    return path


def document(**changes: t.Any) -> str:
    return json.dumps({"format": 1, **dataclasses.asdict(RECOVERY), **changes})


def entry(**changes: t.Any) -> str:
    last = {**dataclasses.asdict(RECOVERY.history[-1]), **changes}
    return document(history=[*map(dataclasses.asdict, RECOVERY.history[:-1]), last])


def without(key: str) -> str:
    found = json.loads(document())
    del found[key]
    return json.dumps(found)


def test_what_is_saved_is_loaded(folder: pathlib.Path) -> None:
    save(str(folder), RECOVERY)
    assert load(str(folder)) == RECOVERY
    assert record_path(str(folder)) == str(folder / ".devfleet/recovery.json")
    save(str(folder), None)
    assert load(str(folder)) is None
    assert list(folder.iterdir()) == []


def test_the_sample_is_usable(folder: pathlib.Path) -> None:
    for text in (
        document(),
        entry(),
        document(tried=None),
        document(since=int(NOW)),
        without("provider"),
    ):
        write(folder, text)
        assert load(str(folder)) is not None


def test_the_provider_on_trial_is_one_printable_line(folder: pathlib.Path) -> None:
    write(folder, document(provider="corp\x1b" + "x" * 999))
    found = load(str(folder))
    assert found is not None and found.provider is not None
    assert found.provider.isprintable() and len(found.provider) == 80


UNUSABLE = {
    "empty": "",
    "half-written": document()[:90],
    "not-UTF-8": document().replace("1 fallback", "\udcff"),
    "nested-too-deeply": "[" * 100_000,
    "null": "null",
    "a-list": "[]",
    "no-format": without("format"),
    "newer-format": document(format=2),
    "no-state": without("state"),
    "no-tried": without("tried"),
    "no-history": without("history"),
    "state-unknown": document(state="broken"),
    "state-is-a-list": document(state=["cured"]),
    "state-is-null": document(state=None),
    "state-of-another-history": document(state="trial"),
    "attempts-below-0": document(attempts=-1),
    "attempts-huge": document(attempts=101),
    "attempts-endless": document(attempts=10**400),
    "attempts-is-a-float": document(attempts=1.0),
    "attempts-is-a-boolean": document(attempts=True),
    "attempts-is-a-string": document(attempts="1"),
    "attempts-after-a-recovery": document(
        state="recovered", history=[dataclasses.asdict(Entry(NOW, "completed", "recovered", "x"))]
    ),
    "since-before-the-epoch": document(since=-1.0),
    "since-is-no-number": document(since=float("nan")),
    "since-is-endless": document(since=float("inf")),
    "since-beyond-all-years": document(since=10**400),
    "since-is-a-string": document(since="1"),
    "since-is-a-boolean": document(since=True),
    "since-is-null": document(since=None),
    "tried-is-no-number": document(tried=float("nan")),
    "tried-is-a-boolean": document(tried=False),
    "revision-is-a-float": document(revision=3.0),
    "revision-is-a-string": document(revision="3"),
    "revision-is-a-boolean": document(revision=True),
    "revision-is-null": document(revision=None),
    "revision-below-0": document(revision=-3),
    "revision-less-than-its-history": document(revision=2),
    "revision-huge": document(revision=2**60),
    "history-is-empty": document(history=[]),
    "history-is-an-object": document(history={"0": {}}),
    "history-of-numbers": document(history=[1, 2]),
    "history-too-long": document(
        revision=99, history=[dataclasses.asdict(RECOVERY.history[-1])] * 21
    ),
    "entry-of-no-known-event": entry(event="exploded"),
    "entry-of-no-known-state": entry(state="broken"),
    "entry-without-a-reason": entry(why=None),
    "entry-at-no-time": entry(at="now"),
    "provider-is-a-list": document(provider=["openai"]),
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=list(UNUSABLE))
def test_what_says_impossible_things_is_not_known_and_kept_aside(
    folder: pathlib.Path, text: str
) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    path = write(folder, "")
    path.write_bytes(raw)
    assert load(str(folder)) is None
    assert find(str(folder), str(folder / "none")) is None
    assert path.read_bytes() == raw
    save(str(folder), RECOVERY)
    assert load(str(folder)) == RECOVERY
    assert path.with_name("recovery.json.unusable").read_bytes() == raw


def test_a_reason_is_made_printable_when_it_is_read(folder: pathlib.Path) -> None:
    write(folder, entry(why="a\x1b]0;b\x07" + "x" * 1000))
    found = load(str(folder))
    assert found is not None
    assert found.history[-1].why.startswith("a ]0;b xxx")
    assert len(found.history[-1].why) == 300


def test_the_record_that_is_asked_for_comes_before_the_other(folder: pathlib.Path) -> None:
    home, system = folder, folder.with_name("etc-codex")
    assert find(str(home), str(system)) is None
    system.mkdir()
    other = dataclasses.replace(RECOVERY, attempts=2)
    save(str(system), other)
    assert find(str(home), str(system)) == Found("system", other)
    save(str(home), RECOVERY)
    assert find(str(home), str(system)) == Found("user", RECOVERY)
    assert find(str(home), str(system), "system") == Found("system", other)
    write(home, "nonsense")
    assert find(str(home), str(system)) == Found("system", other)
    write(system, "nonsense")
    save(str(home), RECOVERY)
    assert find(str(home), str(system), "system") == Found("user", RECOVERY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_what_a_stranger_has_put_there_is_not_believed(folder: pathlib.Path) -> None:
    save(str(folder), RECOVERY)
    os.chown(folder / ".devfleet", 65534, 65534)
    assert find(str(folder), str(folder)) is None


def test_codex_info_tells_of_it(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    system = tmp_path / "etc-codex"
    monkeypatch.setattr(
        _recovery_record, "find", functools.partial(find, system_folder=str(system))
    )
    monkeypatch.setattr(_inspection, "SYSTEM_FOLDER", str(system))
    stub = stubs.codex(tmp_path / "codex", "0.169.0", [as_json(report(refused(403)))] * 3)
    request = Request(str(folder), str(stub.path), 60, 1, 0, ())

    def told_of() -> t.Any:
        return inspect(request, {"PATH": os.defpath})["recovery"]

    assert told_of() is None
    now = time.time()
    save(str(folder), dataclasses.replace(RECOVERY, since=now - 7200, tried=now - 60))
    told = told_of()
    assert told.pop("since").endswith("Z")
    assert told.pop("age") == pytest.approx(7200, abs=300)
    assert told.pop("tried_age") == pytest.approx(60, abs=300)
    assert told == {
        "state": "cured",
        "attempts": 1,
        "revision": 3,
        "scope": "user",
        "provider": None,
        "event": "probe_failed",
        "why": "upgrade_refused",
    }
    system.mkdir()
    save(str(system), RECOVERY)
    asked = request._replace(recovery_scope="system")
    assert inspect(asked, {"PATH": os.defpath})["recovery"]["scope"] == "system"
    assert told_of()["scope"] == "user"
    save(str(folder), None)
    assert told_of()["scope"] == "system"


@pytest.mark.parametrize(
    ("state", "scope", "fallbacks"),
    [("trial", "user", True), ("trial", "system", False), ("cured", "user", False)],
)
def test_codex_info_reads_what_is_logged_in_a_trial_of_the_scope(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, state: str, scope: str, fallbacks: bool
) -> None:
    monkeypatch.setattr(
        _recovery_record, "find", functools.partial(find, system_folder=str(folder / "none"))
    )
    log_database.write(
        folder / "logs_2.sqlite", log_database.recorded("http-502", time.time() - 7200)
    )
    since = time.time() - 9000
    history = (Entry(since, "trial_started", state, "x"),)
    save(str(folder), Recovery(state, 1, since, None, 2, history))
    request = Request(
        str(folder), str(folder / "none"), 60, 1, 0, (), log_window=1, recovery_scope=scope
    )
    logs = inspect(request, {"PATH": os.defpath})["logs"]
    assert (logs["fallbacks"] > 0) == fallbacks


def test_it_is_told_where_there_is_no_client(folder: pathlib.Path) -> None:
    save(str(folder), RECOVERY)
    request = Request(str(folder), str(folder / "none"), 60, 1, 0, ())
    assert inspect(request, {"PATH": os.defpath})["recovery"]["attempts"] == 1


def test_it_is_no_change_of_ours(folder: pathlib.Path) -> None:
    """Writing it down must not hide the fallbacks that a trial is judged by."""
    rows = log_database.recorded("http-502", time.time() - 1)
    log_database.write(folder / "logs_2.sqlite", rows)
    recovery = step(None, "applied", "x", NOW, 3)
    for event in ("trial_started", "reset"):
        save(str(folder), recovery)
        assert read_beside(str(folder), read_layers(str(folder)), {}, 72).logs.fallbacks > 0
        recovery = step(recovery, event, "x", NOW, 3)
    assert pathlib.Path(_recovery_record.record_path(str(folder))).stat().st_mtime > NOW


def test_forgetting_leaves_the_record_of_another_release_alone(folder: pathlib.Path) -> None:
    path = write(folder, document(format=2))
    save(str(folder), None)
    assert path.read_text() == document(format=2)


def aged(path: pathlib.Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


@pytest.mark.parametrize("remembered", [True, False], ids=["made-by-us", "made-by-hand"])
def test_only_what_is_logged_in_the_trial_counts(tmp_path: pathlib.Path, remembered: bool) -> None:
    machine = Machine(tmp_path)
    record = machine.codex_home / ".devfleet/config.toml.json"
    if remembered:
        machine.run()
        aged(record, 9000)
    else:
        machine.config.write_bytes(b'model_provider = "openai_http"\n\n' + TABLE)
    logs = machine.codex_home / "logs_2.sqlite"
    database = log_database.connect(logs)
    log_database.insert(database, log_database.recorded("http-502", time.time() - 60))

    def fallbacks() -> int:
        home = str(machine.codex_home)
        return read_beside(home, read_layers(home), {}, 72).logs.fallbacks

    assert fallbacks() > 0
    assert machine.run(state="absent")["changed"] is True
    assert fallbacks() == 0
    aged(record, 30)
    later = log_database.copied(log_database.recorded("http-502", time.time() - 10), 1)
    log_database.insert(database, later)
    database.close()
    assert fallbacks() > 0


def test_a_trial_without_a_record_is_like_any_other_afterwards(tmp_path: pathlib.Path) -> None:
    machine = Machine(tmp_path)
    cured = b'model_provider = "openai_http"\n\n' + TABLE
    for _time in range(2):
        machine.config.write_bytes(cured)
        assert machine.run(state="absent")["changed"] is True
        assert b"model_provider =" not in machine.config.read_bytes()
    untouched = machine.trace()
    assert machine.run(state="absent")["changed"] is False
    assert machine.trace() == untouched
    left = machine.config.read_bytes()
    assert machine.run()["changed"] is True
    assert machine.run(state="absent", undo=True)["changed"] is True
    assert machine.config.read_bytes() == left
    assert machine.run(state="absent", purge=True)["changed"] is True
    assert machine.config.read_bytes() == b""
