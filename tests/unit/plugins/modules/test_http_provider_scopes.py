# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file http_provider writes, what stands around it, and what the file keeps."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
import typing as t

import pytest
import tomlrt
from support.fault_cases import tree
from support.http_provider import TABLE, Machine

CURED = {
    "model_provider": "openai_http",
    "model_providers": tomlrt.loads(TABLE.decode()).to_dict()["model_providers"],
}
CORP = b'[model_providers.corp]\nname = "Company"\nenv_key = "K"\nsupports_websockets = true\n'
OLD_PROFILE: dict[str, t.Any] = {
    "scope": "profile",
    "profile": "http",
    "codex_version": "codex-cli 0.133.0",
}
PROFILE: dict[str, t.Any] = {"scope": "profile", "profile": "http", "codex_version": "0.169.0"}


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def meaning(path: pathlib.Path) -> dict[str, t.Any]:
    return tomlrt.loads(path.read_text()).to_dict()


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def assert_there_and_back(machine: Machine, path: pathlib.Path, **options: t.Any) -> None:
    """Run the quartet and the way back on the file `path`, which may not exist."""
    before = path.read_bytes() if path.exists() else None
    untouched = machine.trace()
    assert machine.run(check=True, **options)["changed"] is True
    assert machine.trace() == untouched
    result = machine.run(**options)
    assert (result["changed"], result["path"]) == (True, str(path))
    assert machine.run(check=True, **options)["changed"] is False
    assert machine.run(**options)["changed"] is False
    assert (path.parent / ".devfleet" / f"{path.name}.json").exists()
    machine.run(state="absent", purge=True, **options)
    assert (path.read_bytes() if path.exists() else None) == before
    # What all users have logged is not to be seen, so it is noted when the system's cure ended.
    notes = [f"{path.name}.ended.json"] if options.get("scope") == "system" else []
    assert [one.name for one in path.parent.glob(".devfleet/*")] == notes
    assert (path.parent / ".devfleet").exists() is bool(notes)


@pytest.mark.parametrize("root_umask", [0o022, 0o077])
def test_the_system_scope(machine: Machine, root_umask: int) -> None:
    config = machine.system_folder / "config.toml"
    umask = os.umask(root_umask)
    try:
        machine.run(scope="system")
    finally:
        os.umask(umask)
    assert meaning(config) == CURED
    assert (mode(config), mode(machine.system_folder)) == (0o644, 0o755)
    assert mode(machine.system_folder / ".devfleet") == 0o700
    assert mode(machine.system_folder / ".devfleet" / "config.toml.json") == 0o600
    assert os.listdir(machine.codex_home) == []
    machine.run(scope="system", state="absent", purge=True)
    assert tree(machine.system_folder) == {
        ".devfleet": (0o700, None),
        ".devfleet/config.toml.ended.json": (0o600, b'{\n "format": 1\n}'),
    }
    shutil.rmtree(machine.system_folder / ".devfleet")
    config.write_bytes(b'# for all\nmodel = "x"\n')
    assert_there_and_back(machine, config, scope="system")


def test_a_profile_is_a_file_beside_the_config(machine: Machine) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    path = machine.codex_home / "http.config.toml"
    assert_there_and_back(machine, path, **PROFILE)
    machine.run(**PROFILE)
    assert meaning(path) == CURED
    assert mode(path) == 0o600
    assert machine.config.read_bytes() == b'model = "x"\n'


def test_a_profile_before_0_134_is_a_table_in_the_config(machine: Machine) -> None:
    machine.config.write_bytes(b'model = "x"\n\n[profiles.other]\nmodel = "y"\n')
    assert_there_and_back(machine, machine.config, **OLD_PROFILE)
    machine.run(**OLD_PROFILE)
    assert meaning(machine.config) == {
        "model": "x",
        "profiles": {"other": {"model": "y"}, "http": {"model_provider": "openai_http"}},
        "model_providers": CURED["model_providers"],
    }
    assert sorted(os.listdir(machine.codex_home)) == [".devfleet", "config.toml"]
    machine.run(state="absent", **OLD_PROFILE)
    assert "model_provider" not in meaning(machine.config)["profiles"].get("http", {})
    assert meaning(machine.config)["model_providers"] == CURED["model_providers"]


def test_a_profile_file_is_refused_while_the_old_table_stands(machine: Machine) -> None:
    machine.config.write_bytes(b'[profiles.http]\nmodel = "x"\n')
    result = machine.run(**PROFILE)
    assert result["failed"] is True
    assert "move it to http.config.toml" in result["msg"]
    assert os.listdir(machine.codex_home) == ["config.toml"]
    assert machine.run(**{**PROFILE, "profile": "other"})["changed"] is True


@pytest.mark.parametrize(
    ("user", "because"),
    [
        pytest.param(b'model_provider = "corp"\n' + CORP, "another layer", id="gateway"),
        pytest.param(b'model_provider = "ollama"\n', "built into Codex", id="built-in"),
    ],
)
def test_a_profile_stands_on_the_config(machine: Machine, user: bytes, because: str) -> None:
    machine.config.write_bytes(user)
    result = machine.run(**PROFILE)
    assert result["failed"] is True
    assert because in result["msg"]


def test_a_profile_copies_the_endpoint_of_the_config(machine: Machine) -> None:
    machine.config.write_bytes(b'openai_base_url = "https://gw.example.com/v1"\n')
    machine.run(**PROFILE)
    table = meaning(machine.codex_home / "http.config.toml")["model_providers"]["openai_http"]
    assert table["base_url"] == "https://gw.example.com/v1"


def fake_client(machine: Machine, version: str) -> None:
    path = machine.home / ".local" / "bin" / "codex"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "codex-cli {version}"\n')
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "name"),
    [("0.133.0", "config.toml"), ("0.134.0", "http.config.toml")],
)
def test_the_client_is_asked_for_its_version(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    fake_client(machine, version)
    monkeypatch.setenv("PATH", f"{machine.home}/.local/bin:/usr/bin:/bin")
    result = machine.run(scope="profile", profile="http")
    assert result["path"] == str(machine.codex_home / name)


def test_the_client_that_is_named_is_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_client(machine, "0.133.0")
    (machine.home / ".local/bin/codex").rename(machine.home / "named-codex")
    fake_client(machine, "0.169.0")
    monkeypatch.setenv("PATH", f"{machine.home}/.local/bin:/usr/bin:/bin")
    options: dict[str, t.Any] = {
        "scope": "profile",
        "profile": "http",
        "executable": "~/named-codex",
    }
    assert machine.run(**options)["path"] == str(machine.config)


def test_without_a_client_the_version_must_be_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_client(machine, "of some sort")
    monkeypatch.setenv("PATH", f"{machine.home}/.local/bin:/usr/bin:/bin")
    result = machine.run(scope="profile", profile="http")
    assert result["failed"] is True
    assert "set codex_version" in result["msg"]


def test_codex_home_by_option_environment_and_default(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = machine.home / "named"
    named.mkdir()
    monkeypatch.setenv("CODEX_HOME", str(named))
    assert machine.run()["path"] == str(machine.config)
    assert machine.run(codex_home=None)["path"] == str(named / "config.toml")
    monkeypatch.delenv("CODEX_HOME")
    assert machine.run(codex_home=None)["path"] == str(machine.config)
    assert machine.run(codex_home="~/named")["path"] == str(named / "config.toml")


def test_a_codex_home_of_the_environment_that_is_not_there_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(machine.home / "nosuch"))
    result = machine.run(codex_home=None)
    assert result["failed"] is True
    assert f"CODEX_HOME {machine.home}/nosuch does not exist" in result["msg"]
    assert not (machine.home / "nosuch").exists()


def test_the_default_home_is_made_private(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODEX_HOME", raising=False)
    machine.codex_home.rmdir()
    assert machine.run(codex_home=None, check=True)["changed"] is True
    assert not machine.codex_home.exists()
    assert machine.run(codex_home=None)["changed"] is True
    assert (mode(machine.codex_home), mode(machine.config)) == (0o700, 0o600)
    assert meaning(machine.config) == CURED


@pytest.mark.parametrize("content", [b'model = "x"\n', None], ids=["file", "dangling"])
def test_a_config_in_a_dotfiles_folder(machine: Machine, content: bytes | None) -> None:
    target = machine.home / "dotfiles" / "codex.toml"
    target.parent.mkdir()
    if content is not None:
        target.write_bytes(content)
        target.chmod(0o640)
    machine.config.symlink_to("../dotfiles/codex.toml")
    result = machine.run()
    assert result["path"] == str(machine.config)
    assert os.readlink(machine.config) == "../dotfiles/codex.toml"
    assert mode(target) == (0o640 if content else 0o600)
    assert os.listdir(target.parent) == ["codex.toml"]
    assert (machine.codex_home / ".devfleet").is_dir()
    machine.run(state="absent", purge=True)
    assert os.readlink(machine.config) == "../dotfiles/codex.toml"
    assert (target.read_bytes() if target.exists() else None) == content


def test_a_managed_layer_without_a_provider_hinders_nobody(machine: Machine) -> None:
    machine.system_folder.mkdir()
    (machine.system_folder / "managed_config.toml").write_bytes(b'model = "x"\n')
    assert machine.run()["changed"] is True


def test_a_dangling_link_below_is_no_file(machine: Machine) -> None:
    machine.system_folder.mkdir()
    (machine.system_folder / "config.toml").symlink_to("nosuch")
    assert machine.run()["changed"] is True


@pytest.mark.parametrize(("before", "after"), [("0.133.0", "0.169.0"), ("0.169.0", "0.133.0")])
def test_a_profile_is_taken_back_where_it_was_written(
    machine: Machine, before: str, after: str
) -> None:
    options: dict[str, t.Any] = {"scope": "profile", "profile": "http"}
    made = machine.run(codex_version=before, **options)
    back = machine.run(state="absent", purge=True, codex_version=after, **options)
    assert (back["changed"], back["path"]) == (True, made["path"])
    assert not any(".devfleet" in path for path in machine.trace())


def test_a_layer_that_decides_now_hinders_no_way_back(machine: Machine) -> None:
    machine.run()
    machine.system_folder.mkdir(exist_ok=True)
    (machine.system_folder / "requirements.toml").write_bytes(b'model_provider = "openai"\n')
    assert machine.run()["failed"] is True
    assert machine.run(state="absent")["changed"] is True
