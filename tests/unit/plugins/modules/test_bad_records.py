# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands where a record should be: it is not believed, not lost, and does no harm."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile
import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _toml
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from support import http_provider, proxy_env
from support.fault_cases import ABSENT, OTHER, PURGE, UNDO
from support.http_provider import is_one_sentence
from support.other_user import USER, other_user

CONFIG = b'# mine\nmodel = "gpt-5"\n\n[tui]\ntheme = "dark"\n'
DOTENV = b"FOO=1\nHTTPS_PROXY=http://old.example.com:1\n"
SECOND = "http://second.example.com:3128"
ELSEWHERE = "elsewhere.json"

Spoil = t.Callable[[pathlib.Path], t.Any]
Kind = t.Union[bytes, str, None]


def changed(path: pathlib.Path, **values: t.Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def first_step(path: pathlib.Path, **values: t.Any) -> None:
    steps = json.loads(path.read_text())["steps"]
    changed(path, steps=[{**steps[0], **values}, *steps[1:]])


def with_restore(path: pathlib.Path, *keys: str) -> None:
    restore = {"path": keys, "before": "mine", "written": "dark"}
    changed(path, restores=[restore])


def made(make: Spoil) -> Spoil:
    """Put something else in the place of the record."""

    def spoil(path: pathlib.Path) -> None:
        path.unlink()
        make(path)

    return spoil


def linked(path: pathlib.Path) -> None:
    """Leave the very record, but elsewhere."""
    path.rename(path.parents[1] / ELSEWHERE)
    path.symlink_to(f"../{ELSEWHERE}")


def grown(path: pathlib.Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(_toml.SIZE_LIMIT + 1)


SPOILED: t.Mapping[str, Spoil] = {
    "missing": pathlib.Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "half-written": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "directory": made(pathlib.Path.mkdir),
    "FIFO": made(os.mkfifo),
    "link": linked,
    "dangling-link": made(lambda path: path.symlink_to("nowhere")),
    "link-to-a-device": made(lambda path: path.symlink_to("/dev/zero")),
    "huge": grown,
    "a-long-number": lambda path: path.write_text('{"format": ' + "1" * 1_000_000 + "}"),
    "newer-format": lambda path: changed(path, format=2),
    "digest-of-other-bytes": lambda path: first_step(path, before="0" * 64, after="1" * 64),
    "digest-is-none": lambda path: first_step(path, before="x"),
    "no-file-at-first": lambda path: first_step(path, before=None),
    "offset-before-the-file": lambda path: first_step(
        path, replacements=[{"start": -1, "old": "", "new": "x"}]
    ),
    "offset-beyond-the-file": lambda path: first_step(
        path, replacements=[{"start": 10**15, "old": "", "new": "x"}]
    ),
    "steps-with-a-gap": lambda path: changed(path, steps=json.loads(path.read_text())["steps"] * 2),
    "unreadable": lambda path: path.chmod(0),
}
OF_PROVIDERS: t.Mapping[str, Spoil] = {
    "another-key": lambda path: with_restore(path, "tui", "theme"),
    "another-key-of-a-provider": lambda path: with_restore(path, "model_providers", "x", "name"),
    "another-key-of-a-profile": lambda path: with_restore(path, "profiles", "x", "model"),
    "a-key-twice": lambda path: changed(
        path, restores=json.loads(path.read_text())["restores"] * 2
    ),
    "an-id-of-control-characters": lambda path: changed(path, provider_id="\x1b[2J\u202e"),
    "an-endless-id": lambda path: changed(path, provider_id="a" * 5000),
    "an-endless-key": lambda path: with_restore(path, *("a" * 5000)),
}
OF_PROXIES: t.Mapping[str, Spoil] = {
    "another-variable": lambda path: changed(
        path, variables=[{"name": "FOO", "before": "2", "written": "1", "found": "2"}]
    ),
    "a-variable-twice": lambda path: changed(
        path, variables=json.loads(path.read_text())["variables"] * 2
    ),
}
# What is well formed and leads nowhere is still known to be a record, so it is written over.
WELL_FORMED = (
    "digest-of-other-bytes",
    "no-file-at-first",
    "offset-beyond-the-file",
    "an-id-of-control-characters",
    "an-endless-id",
)


def kind(path: pathlib.Path) -> Kind:
    """What lies there, whatever it is; None for nothing."""
    if path.is_symlink():
        return os.readlink(path)
    if path.is_file():
        return path.read_bytes()
    return str(path.stat().st_mode) if path.exists() else None


@pytest.fixture
def folder() -> t.Iterator[pathlib.Path]:
    """A folder that another user can reach, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        yield pathlib.Path(name)


@contextlib.contextmanager
def owner_of(folder: pathlib.Path) -> t.Iterator[None]:
    """Be a user without root's rights over files, whose `folder` is."""
    if os.geteuid() != 0:
        yield
        return
    for path in [folder, *folder.rglob("*")]:
        os.lchown(path, USER, USER)
    with other_user():
        yield


def meaning(config: pathlib.Path) -> dict[str, t.Any]:
    document: dict[str, t.Any] = tomlrt.loads(config.read_text()).to_dict()
    return document


def is_kept(record: pathlib.Path, spoiled: Kind) -> bool:
    return spoiled in (kind(record), kind(record.with_name(f"{record.name}.unusable")))


@pytest.mark.parametrize(
    "action", [OTHER, ABSENT, UNDO, PURGE], ids=["again", "absent", "undo", "purge"]
)
@pytest.mark.parametrize("name", [*SPOILED, *OF_PROVIDERS])
def test_a_provider_without_a_record_to_go_by(
    folder: pathlib.Path, name: str, action: dict[str, t.Any]
) -> None:
    machine = http_provider.Machine(folder)
    machine.config.write_bytes(CONFIG)
    machine.run()
    record = machine.codex_home / ".devfleet" / "config.toml.json"
    {**SPOILED, **OF_PROVIDERS}[name](record)
    spoiled, elsewhere = kind(record), kind(machine.codex_home / ELSEWHERE)
    with owner_of(folder):
        predicted, result = machine.run(check=True, **action), machine.run(**action)
    assert (result["changed"], result["msg"]) == (predicted["changed"], predicted["msg"])
    assert result["changed"] is True
    assert is_one_sentence(result["msg"])
    assert result["msg"] == clean(result["msg"], 1000)
    assert result["provider_id"] == clean(result["provider_id"])
    after = meaning(machine.config)
    assert {key: after.pop(key) for key in ("model", "tui")} == {
        "model": "gpt-5",
        "tui": {"theme": "dark"},
    }
    assert ("model_provider" in after) is (action is OTHER)
    gone = action is PURGE or (action is UNDO and name in WELL_FORMED)
    assert ("model_providers" in after) is not gone
    assert name in WELL_FORMED or is_kept(record, spoiled)
    assert kind(machine.codex_home / ELSEWHERE) == elsewhere


@pytest.mark.parametrize("action", ["again", "absent", "undo"])
@pytest.mark.parametrize("name", [*SPOILED, *OF_PROXIES])
def test_a_proxy_without_a_record_to_go_by(folder: pathlib.Path, name: str, action: str) -> None:
    machine = proxy_env.Machine(folder)
    machine.dotenv.write_bytes(DOTENV)
    machine.present()
    cured = machine.dotenv.read_bytes()
    {**SPOILED, **OF_PROXIES}[name](machine.record)
    spoiled, elsewhere = kind(machine.record), kind(machine.codex_home / ELSEWHERE)
    given = {"https_proxy": SECOND} if action == "again" else {**ABSENT, "undo": action == "undo"}
    with owner_of(folder):
        predicted, result = machine.run(check=True, **given), machine.run(**given)
    assert (result["changed"], result["msg"]) == (predicted["changed"], predicted["msg"])
    assert is_one_sentence(result["msg"])
    after = machine.dotenv.read_bytes()
    assert b"FOO=1\n" in after
    if action == "again":
        assert after == cured.replace(proxy_env.URL.encode(), SECOND.encode())
    elif name in WELL_FORMED:
        # The values that stood there are remembered, though not the bytes.
        assert b"old.example.com" in after
    else:
        assert (result["changed"], after) == (False, cured)
        assert "is known, so nothing is taken back" in result["msg"]
    assert name in WELL_FORMED or is_kept(machine.record, spoiled)
    assert kind(machine.codex_home / ELSEWHERE) == elsewhere


def test_a_bad_record_that_cannot_be_kept_aside(tmp_path: pathlib.Path) -> None:
    machine = http_provider.Machine(tmp_path)
    machine.config.write_bytes(CONFIG)
    machine.run()
    record = machine.codex_home / ".devfleet" / "config.toml.json"
    SPOILED["directory"](record)
    (record.with_name(f"{record.name}.unusable") / "full").mkdir(parents=True)
    before = machine.trace()
    result = machine.run(**OTHER)
    assert result["failed"] is True
    assert f"{record} cannot be read and cannot be moved aside" in result["msg"]
    assert is_one_sentence(result["msg"])
    assert machine.trace() == before
