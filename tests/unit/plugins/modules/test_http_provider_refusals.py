# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: http_provider fails with one sentence, and everything is as it was."""

from __future__ import annotations

import errno
import os
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _files
from support.http_provider import Machine, is_one_sentence


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def refused(machine: Machine, **options: t.Any) -> str:
    """Run with and without check mode; return the message if both fail alike and touch nothing."""
    untouched = machine.trace()
    predicted = machine.run(check=True, **options)
    assert machine.trace() == untouched
    result = machine.run(**options)
    assert machine.trace() == untouched
    assert result == predicted
    assert result["failed"] is True
    assert not result.get("changed")
    assert is_one_sentence(result["msg"]), result["msg"]
    return str(result["msg"])


NOT_LOADABLE: dict[str, tuple[bytes, str]] = {
    "not-TOML": (b'model = "x"\n\nmodel =\n', "line 3"),
    "key-twice": (b'model = "x"\nmodel = "y"\n', "line 2"),
    "table-twice": (b"[tui]\n[a]\n[tui]\n", "defined twice"),
    "not-UTF-8": (b"model = 1\n# caf\xe9\n", "line 2"),
    "UTF-16": ('model = "x"\n'.encode("utf-16"), "line 1"),
    "NUL": (b"model = 1\n\x00\n", "line 2"),
    "cut-off": (b'model = "x"\n[tui', "line 2"),
    "nested-too-deeply": (b"a = " + b"[" * 5000 + b"]" * 5000, "nested"),
    "reserved-table": (b'[model_providers.openai]\nname = "x"\n', "redefines a built-in"),
    "undefined-provider": (b'model_provider = "nosuch"\n', "nosuch, which is not defined"),
    "no-wire-api-of-today": (
        b'[model_providers.corp]\nname = "x"\nwire_api = "chat"\n',
        "wire_api other than",
    ),
    "no-name": (b'[model_providers.corp]\nbase_url = "https://c.example.com"\n', "has no name"),
    "provider-is-a-number": (b"model_provider = 3\n", "model_provider is not a string"),
    "providers-is-a-list": (b"model_providers = []\n", "not a table of tables"),
    "base-url-is-a-list": (b"openai_base_url = []\n", "openai_base_url is not a string"),
}


@pytest.mark.parametrize("name", NOT_LOADABLE)
def test_a_file_that_codex_cannot_load(machine: Machine, name: str) -> None:
    config, because = NOT_LOADABLE[name]
    machine.config.write_bytes(config)
    message = refused(machine)
    assert because in message
    assert str(machine.config) in message
    assert "Codex cannot load this file either" in message


@pytest.mark.parametrize("name", ["not-TOML", "key-twice", "not-UTF-8", "UTF-16", "NUL", "cut-off"])
@pytest.mark.parametrize("purge", [False, True], ids=["absent", "purge"])
def test_taking_back_from_a_file_that_is_not_toml(machine: Machine, name: str, purge: bool) -> None:
    machine.run()
    machine.config.write_bytes(NOT_LOADABLE[name][0])
    assert NOT_LOADABLE[name][1] in refused(machine, state="absent", purge=purge)


@pytest.mark.parametrize(
    ("config", "because"),
    [
        pytest.param(
            b'model_provider = "ollama"\n', "ollama is built into Codex", id="another-built-in"
        ),
        pytest.param(
            b"model_providers = 'x'\nmodel_providers.a = 1\n", "defined twice", id="key-of-a-string"
        ),
    ],
)
def test_a_file_that_is_not_to_be_changed(machine: Machine, config: bytes, because: str) -> None:
    machine.config.write_bytes(config)
    message = refused(machine)
    assert because in message or "line 2" in message
    assert "Nothing was changed" in message


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_directory_where_the_file_should_be(machine: Machine, state: str) -> None:
    machine.config.mkdir()
    assert f"{machine.config} is a directory" in refused(machine, state=state)


def test_a_fifo_where_the_file_should_be(machine: Machine) -> None:
    os.mkfifo(machine.config)
    assert "not a regular file" in refused(machine)


def test_a_read_only_file(machine: Machine) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    machine.config.chmod(0o400)
    assert "is read-only for its owner" in refused(machine)


def test_a_codex_home_that_is_a_file(machine: Machine, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    assert "does not exist" in refused(machine, codex_home=str(tmp_path / "file"))


def test_a_codex_home_that_does_not_exist(machine: Machine, tmp_path: pathlib.Path) -> None:
    message = refused(machine, codex_home=str(tmp_path / "nosuch"))
    assert f"CODEX_HOME {tmp_path / 'nosuch'} does not exist" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can meet another user's home so")
def test_root_in_somebody_elses_home(machine: Machine) -> None:
    os.chown(machine.codex_home, 65534, 65534)
    assert "become_user: nobody" in refused(machine)


@pytest.mark.parametrize("layer", ["requirements.toml", "managed_config.toml"])
def test_a_managed_layer_decides_the_provider(machine: Machine, layer: str) -> None:
    machine.system_folder.mkdir()
    (machine.system_folder / layer).write_bytes(b'model_provider = "openai"\n')
    message = refused(machine)
    assert "layer sets model_provider" in message
    assert str(machine.system_folder) in message


@pytest.mark.parametrize(
    ("system", "because"),
    [
        pytest.param(b"model_providers = 3\n", "not a table of tables", id="wrong-type"),
        pytest.param(b"model_provider =\n", "line 1", id="not-TOML"),
        pytest.param(b"# caf\xe9\n", "config.toml", id="not-UTF-8"),
        pytest.param(
            b'model_provider = "corp"\n[model_providers.corp]\nname = "c"\nenv_key = "K"\n',
            "corp is defined in another layer",
            id="gateway",
        ),
    ],
)
def test_a_system_layer_that_stands_in_the_way(
    machine: Machine, system: bytes, because: str
) -> None:
    machine.system_folder.mkdir()
    (machine.system_folder / "config.toml").write_bytes(system)
    assert because in refused(machine)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(b"model_provider =\n", id="not-TOML"),
        pytest.param(b"# caf\xe9\n", id="not-UTF-8"),
        pytest.param(b"profiles = 3\n", id="profiles-is-a-number"),
    ],
)
def test_a_profile_over_a_file_that_codex_cannot_load(machine: Machine, config: bytes) -> None:
    machine.config.write_bytes(config)
    message = refused(machine, scope="profile", profile="http", codex_version="0.169.0")
    assert str(machine.config) in message


@pytest.mark.parametrize(
    ("options", "because"),
    [
        pytest.param({"provider_id": "openai"}, "built into Codex", id="id-reserved"),
        pytest.param({"provider_id": "amazon-bedrock"}, "built into Codex", id="id-bedrock"),
        pytest.param({"provider_id": ""}, "letters, digits", id="id-empty"),
        pytest.param({"provider_id": "a.b"}, "letters, digits", id="id-with-a-dot"),
        pytest.param({"provider_id": "a\nb"}, "letters, digits", id="id-of-two-lines"),
        pytest.param({"name": " "}, "name must not be empty", id="name-blank"),
        pytest.param({"name": ""}, "name must not be empty", id="name-empty"),
        pytest.param({"scope": "profile", "profile": "../x"}, "letters, digits", id="profile-path"),
        pytest.param({"scope": "profile", "profile": ""}, "letters, digits", id="profile-empty"),
        pytest.param({"purge": True}, "purge goes with state absent", id="purge-with-present"),
        pytest.param(
            {"scope": "profile", "profile": "x", "codex_version": "newest"},
            "set codex_version",
            id="version-odd",
        ),
    ],
)
def test_options_that_make_no_sense(
    machine: Machine, options: dict[str, t.Any], because: str
) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    assert because in refused(machine, **options)


def test_a_profile_needs_a_name(machine: Machine) -> None:
    untouched = machine.trace()
    result = machine.run(scope="profile")
    assert result["failed"] is True
    assert "profile" in result["msg"]
    assert machine.trace() == untouched


def full(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


EXCHANGE = "ansible_collections.devfleet.codex.plugins.module_utils._displace.exchanged"


@pytest.mark.parametrize("step", ["os.fsync", EXCHANGE, "tempfile.mkstemp"])
@pytest.mark.parametrize("recorded", [False, True], ids=["first-run", "record-known"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_full_disk(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, step: str, recorded: bool, state: str
) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    if recorded:
        machine.run()
        machine.run(state="absent")
    if state == "absent":
        machine.run()
    config = machine.config.read_bytes()
    before = machine.config.stat()
    with monkeypatch.context() as patch:
        patch.setattr(step, full)
        result = machine.run(state=state)
    assert result["failed"] is True
    assert is_one_sentence(result["msg"])
    assert "No space left on device" in result["msg"]
    assert machine.config.read_bytes() == config
    assert machine.config.stat() == before
    left = {path.name for path in machine.codex_home.rglob("*") if path.is_file()}
    assert left <= {"config.toml", "config.toml.json"}
    assert machine.run(state=state)["changed"] is True


def test_a_disk_that_fills_between_record_and_file(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = b'model_provider = "openai"\n'
    machine.config.write_bytes(config)
    replace = _files.replace

    def fail_on_the_file(before: _files.Snapshot, *others: t.Any) -> None:
        if before.path == str(machine.config):
            raise _files.FileRefused(f"{before.path} cannot be written. Nothing was changed.")
        replace(before, *others)

    with monkeypatch.context() as patch:
        patch.setattr(_files, "replace", fail_on_the_file)
        assert machine.run()["failed"] is True
    assert machine.config.read_bytes() == config
    assert machine.run()["changed"] is True
    assert machine.run(state="absent", purge=True)["changed"] is True
    assert machine.config.read_bytes() == config
    assert os.listdir(machine.codex_home) == ["config.toml"]
