# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Odd values, secrets, and what others own: http_provider says so in a sentence, or does nothing.

A cure of the user and one of a profile of clients up to 0.133 share one file.
"""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _state
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from support.http_provider import Machine, is_one_sentence
from support.other_user import other_user, reached_by_anybody

OLD_PROFILE: dict[str, t.Any] = {"scope": "profile", "profile": "http", "codex_version": "0.130.0"}


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def meaning(machine: Machine) -> dict[str, t.Any]:
    return tomlrt.loads(machine.config.read_text()).to_dict()


def record(machine: Machine) -> pathlib.Path:
    return machine.codex_home / ".devfleet" / "config.toml.json"


def test_a_gateway_is_not_changed_through_one_profile(machine: Machine) -> None:
    config = (
        b'[profiles.http]\nmodel_provider = "corp"\n[model_providers.corp]\nname = "c"\n'
        b'env_key = "K"\nsupports_websockets = true\n'
    )
    machine.config.write_bytes(config)
    result = machine.run(**OLD_PROFILE)
    assert result["failed"] is True
    assert "corp is used without the profile too" in result["msg"]
    assert machine.config.read_bytes() == config


@pytest.mark.parametrize("gone", ["user", "profile"])
@pytest.mark.parametrize("purge", [False, True], ids=["absent", "purge"])
def test_two_cures_in_one_file_are_taken_back_one_by_one(
    machine: Machine, gone: str, purge: bool
) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    options: dict[str, dict[str, t.Any]] = {"user": {}, "profile": OLD_PROFILE}
    machine.run()
    machine.run(**OLD_PROFILE)
    machine.run(state="absent", purge=purge, **options.pop(gone))

    after = meaning(machine)
    assert after["model_providers"]["openai_http"]["supports_websockets"] is False
    assert ("model_provider" in after) is (gone == "profile")
    assert ("model_provider" in after.get("profiles", {}).get("http", {})) is (gone == "user")
    _name, other = options.popitem()
    machine.run(state="absent", purge=True, **other)
    after = meaning(machine)
    assert "model_provider" not in after
    assert after.get("profiles", {}).get("http", {}) == {}
    assert "model_providers" not in after


def test_a_table_that_another_profile_names_is_not_purged(machine: Machine) -> None:
    machine.run()
    machine.config.write_bytes(
        machine.config.read_bytes() + b'[profiles.mine]\nmodel_provider = "openai_http"\n'
    )
    result = machine.run(state="absent", purge=True)
    assert "openai_http" in meaning(machine)["model_providers"]
    assert "model_provider" not in meaning(machine)
    assert "openai_http" in result["msg"]


@pytest.mark.parametrize("purge", [False, True], ids=["absent", "purge"])
def test_a_record_of_another_format_is_never_removed(machine: Machine, purge: bool) -> None:
    machine.run()
    foreign = b'{"format": 99}'
    record(machine).write_bytes(foreign)
    machine.run(state="absent", purge=purge)
    assert foreign in [path.read_bytes() for path in record(machine).parent.iterdir()]


def test_a_record_of_another_format_is_moved_aside_for_a_new_one(machine: Machine) -> None:
    record(machine).parent.mkdir(mode=0o700)
    record(machine).write_bytes(b'{"format": 99}')
    machine.run()
    assert record(machine).with_name("config.toml.json.unusable").read_bytes() == b'{"format": 99}'
    assert b'"format": 1' in record(machine).read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://h.example/v1?api_key=PLANTED", id="query"),
        pytest.param("https://u:PLANTED@x@h.example/v1", id="at-sign"),
        pytest.param("https://u:p/PLANTED@h.example/v1", id="slash"),
        pytest.param("https://u:p?PLANTED@h.example/v1", id="question-mark"),
        pytest.param("https://h.example/v1#PLANTED", id="fragment"),
    ],
)
def test_no_secret_of_an_address_is_shown(machine: Machine, address: str) -> None:
    for _round in ("made", "changed"):
        shown = machine.run(diff=True, base_url=address)
        assert shown["changed"] is True
        assert "PLANTED" not in str(shown["diff"])
        address = address.replace("h.example", "other.example")


ODD = {
    "providers-a-string": b'model_providers = "x"\n',
    "providers-a-list": b"model_providers = [1]\n",
    "provider-nan": b"model_provider = nan\n",
    "provider-a-list": b'model_provider = ["x"]\n',
    "provider-escape": b'model_provider = "\\u001b[31mx\\u202e"\n',
    "provider-long": b'model_provider = "' + b"x" * 100_000 + b'"\n',
    "table-long": b"[model_providers." + b"x" * 100_000 + b"]\n",
    "table-escape": b'[model_providers."\\u001b[31m"]\nwire_api = "chat"\n',
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"state": "absent"},
        {"state": "absent", "purge": True},
        {"state": "absent", "undo": True},
    ],
    ids=["present", "absent", "purge", "undo"],
)
@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_odd_values_are_a_sentence_or_nothing_to_do(
    machine: Machine, name: str, options: dict[str, t.Any], known: bool
) -> None:
    if known:
        machine.run()
    machine.config.write_bytes(ODD[name])
    result = machine.run(**options)
    assert is_one_sentence(result["msg"])
    assert result["msg"].isprintable()
    assert len(result["msg"]) <= 1000
    assert machine.config.read_bytes() == ODD[name]
    if not result.get("failed"):
        assert isinstance(result["previous_provider"], str)
        assert result["previous_provider"].isprintable()
        assert len(result["previous_provider"]) <= 80


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("path", ["/tmp/a\0b", "/tmp/a\nb", "/tmp/\x1b[31m"])
def test_a_codex_home_that_is_no_path(machine: Machine, path: str, state: str) -> None:
    result = machine.run(codex_home=path, state=state)
    assert result["failed"] is True
    assert is_one_sentence(result["msg"])
    # From Python 3.12 on, Ansible itself ends the module at a null character that it cannot log.
    unlogged = "\0" in path and sys.version_info >= (3, 12)
    reason = "embedded null character" if unlogged else "CODEX_HOME holds characters"
    assert reason in result["msg"]


@pytest.mark.parametrize("path", ["/tmp/a\0b", "/tmp/a\nb", "/tmp/\x1b[31m"])
def test_an_executable_that_is_no_path(machine: Machine, path: str) -> None:
    result = machine.run(scope="profile", profile="http", executable=path)
    assert result["failed"] is True
    assert is_one_sentence(result["msg"])
    assert result["msg"].isprintable()


def test_a_gateway_like_the_base_url_is_turned_off_in_place(machine: Machine) -> None:
    url = 'base_url = "https://gw.example.com/v1"\n'
    machine.config.write_text(
        f'openai_{url}model_provider = "gw"\n[model_providers.gw]\nname = "gw"\n{url}'
        "supports_websockets = true\n"
    )
    assert machine.run()["provider_id"] == "gw"
    table = {"name": "gw", "base_url": "https://gw.example.com/v1", "supports_websockets": False}
    assert meaning(machine)["model_providers"] == {"gw": table}


def test_after_an_undoing_nothing_has_drifted(machine: Machine) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    machine.run()
    machine.run(state="absent")
    found = machine.config.read_bytes()
    machine.run()
    machine.run(state="absent", undo=True)
    assert machine.config.read_bytes() == found
    machine.config.write_bytes(b"# later\n" + found)
    result = machine.run()
    assert (result["changed"], result["drift"], result["user_choice"]) == (True, False, None)


def spoil_owner_of_config(machine: Machine) -> None:
    os.chown(machine.config, 1, 1)


def spoil_owner_of_state(machine: Machine) -> None:
    record(machine).parent.mkdir(mode=0o700)
    os.chown(record(machine).parent, 1, 1)


def spoil_mode_of_state(machine: Machine) -> None:
    record(machine).parent.mkdir(mode=0o500)
    os.chown(record(machine).parent, 12345, 12345)


def spoil_record(machine: Machine) -> None:
    record(machine).mkdir(parents=True)
    record(machine).parent.chmod(0o700)
    for path in (record(machine).parent, record(machine)):
        os.chown(path, 12345, 12345)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("spoil", "because"),
    [
        (spoil_owner_of_config, "belongs to user 1"),
        (spoil_owner_of_state, "is not a folder of this user"),
        (spoil_mode_of_state, ".devfleet is not writable"),
        (spoil_record, None),
    ],
)
def test_check_mode_refuses_what_the_run_refuses(
    machine: Machine, spoil: t.Callable[[Machine], None], because: str | None
) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    for path in (machine.home, machine.codex_home, machine.config):
        os.chown(path, 12345, 12345)
    spoil(machine)
    config = machine.config.read_bytes()
    with reached_by_anybody(machine.home), other_user():
        results = [machine.run(check=check) for check in (True, False)]
    assert results[0] == results[1]
    assert (machine.config.read_bytes() == config) is (because is not None)
    assert bool(results[0].get("failed")) is (because is not None)
    assert is_one_sentence(results[0]["msg"])
    assert (because or "") in results[0]["msg"]


def test_a_run_keeps_one_copy(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    save = _state.save
    written: list[bytes] = []

    def somebody_writes(path: str, record: _state.Record) -> None:
        save(path, record)
        if not written:
            written.append(b'model = "y"\n')
            machine.config.write_bytes(written[0])

    monkeypatch.setattr(_state, "save", somebody_writes)
    result = machine.run(backup=True)
    assert result["changed"] is True
    (copy,) = machine.codex_home.glob("config.toml.*~")
    assert (str(copy), copy.read_bytes()) == (result["backup_file"], written[0])


@pytest.mark.parametrize("theirs", ["the same", "no file"])
def test_no_copy_is_told_of_that_is_not_kept(
    machine: Machine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    other = Machine(tmp_path / "other")
    other.config.write_bytes(b'model = "x"\n')
    other.run()
    machine.config.write_bytes(b'model = "x"\n')
    save = _state.save
    raced: list[bool] = []

    def somebody_writes(path: str, record: _state.Record) -> None:
        save(path, record)
        if not raced:
            raced.append(True)
            machine.config.unlink()
            if theirs == "the same":
                machine.config.write_bytes(other.config.read_bytes())

    monkeypatch.setattr(_state, "save", somebody_writes)
    result = machine.run(backup=True)
    assert result["changed"] is (theirs == "no file")
    assert "backup_file" not in result
    assert list(machine.codex_home.glob("*~")) == []


def test_the_name_of_a_provider_is_shown_in_print(machine: Machine) -> None:
    name = b'"a\\u001b[2J\\u202e"'
    machine.config.write_bytes(
        b"model_provider = %s\n[model_providers.%s]\nname = 'x'\nsupports_websockets = true\n"
        b"base_url = 'https://gw.example.com/v1'\n" % (name, name)
    )
    for state in ("present", "absent"):
        result = machine.run(diff=True, state=state)
        assert result["changed"] is True
        shown = [result[key] for key in ("msg", "provider_id", "previous_provider")]
        assert [*shown, result["overrides_provider"]] == [
            clean(one) for one in (*shown, result["overrides_provider"])
        ]
        assert all(clean(line) == line for line in result["diff"]["after"].splitlines())
