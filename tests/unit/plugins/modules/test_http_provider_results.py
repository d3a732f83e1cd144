# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What http_provider returns: keys, messages, overrides, the copy, and a diff without secrets."""

from __future__ import annotations

import json
import pathlib
import stat
import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils._layers import merge
from support.http_provider import TABLE, Machine, is_one_sentence

SECRET = "s3cr3t-value"
SECRETS = f"""model_provider = "openai" # {SECRET}
experimental_bearer_token = "{SECRET}"
openai_base_url = "https://user:{SECRET}@gw.example.com/v1"
[model_providers.other]
name = "{SECRET}"
base_url = "https://other.example.com/{SECRET}"
http_headers = {{ authorization = "{SECRET}" }}

[mcp_servers.x.env]
TOKEN = '''
{SECRET}'''
""".encode()
INLINE = f"""model_provider = "corp"
model_providers = {{ corp = {{ name = "c", env_key = "{SECRET}", supports_websockets = true }} }}
""".encode()
DOTTED = f"""model_provider = "corp"
model_providers.corp.name = "c"
model_providers.corp.experimental_bearer_token = "{SECRET}"
model_providers.corp.supports_websockets = true # {SECRET}
""".encode()


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


PURGE = {"purge": True}
ALWAYS = {
    *("changed", "path", "provider_id", "previous_provider", "overrides", "overrides_provider"),
    *("restart_required", "msg"),
}
PRESENT = {"drift", "user_choice"}


def test_the_keys_of_the_result(machine: Machine) -> None:
    assert set(machine.run()) == ALWAYS | PRESENT
    assert set(machine.run(diff=True)) == ALWAYS | PRESENT | {"diff"}
    assert set(machine.run(state="absent")) == ALWAYS | {"table"}
    assert set(machine.run(state="absent", purge=True)) == ALWAYS | {"table"}


def test_the_first_cure_in_full(machine: Machine) -> None:
    assert machine.run(diff=True) == {
        "changed": True,
        "path": str(machine.config),
        "provider_id": "openai_http",
        "previous_provider": "openai",
        "restart_required": True,
        "overrides": [
            'model_provider="openai_http"',
            'model_providers.openai_http.name="OpenAI HTTP only"',
            'model_providers.openai_http.wire_api="responses"',
            "model_providers.openai_http.requires_openai_auth=true",
            "model_providers.openai_http.supports_websockets=false",
        ],
        "overrides_provider": "openai_http",
        "drift": False,
        "user_choice": None,
        "msg": "openai_http is now the active provider, over HTTP only. Chats that were started "
        "under openai are resumed with codex resume -c model_provider=openai. Restart Codex.",
        "diff": {
            "before_header": str(machine.config),
            "after_header": str(machine.config),
            "before": "",
            "after": 'model_provider = "openai_http"\n\n' + TABLE.decode(),
        },
    }


@pytest.mark.parametrize(
    ("config", "options", "table", "said"),
    [
        pytest.param(b"", {}, "kept", "openai_http is no longer the active provider", id="absent"),
        pytest.param(b"", PURGE, "removed", "openai_http and its table are gone", id="purge"),
        pytest.param(DOTTED, {}, "restored", "corp is as it was before", id="gateway"),
        pytest.param(DOTTED, PURGE, "restored", "corp is as it was before", id="gateway-purge"),
    ],
)
def test_what_taking_back_means_is_said(
    machine: Machine, config: bytes, options: dict[str, t.Any], table: str, said: str
) -> None:
    machine.config.write_bytes(config)
    machine.run()
    result = machine.run(state="absent", **options)
    assert said in result["msg"]
    assert is_one_sentence(result["msg"])
    assert (result["restart_required"], result["table"]) == (True, table)
    again = machine.run(state="absent", **options)
    assert "there is nothing of ours to take back" in again["msg"]
    assert again["table"] == "none"


def test_a_table_that_another_profile_names_stays_whatever_is_asked_for(machine: Machine) -> None:
    machine.run()
    machine.config.write_bytes(
        machine.config.read_bytes() + b'[profiles.x]\nmodel_provider = "openai_http"\n'
    )
    result = machine.run(state="absent", purge=True)
    assert (result["changed"], result["table"]) == (True, "kept")


def test_a_table_that_somebody_has_changed_is_not_called_restored(machine: Machine) -> None:
    machine.run()
    on = machine.config.read_bytes().replace(b"websockets = false", b"websockets = true")
    machine.config.write_bytes(on)
    result = machine.run(state="absent")
    assert (result["changed"], result["table"]) == (True, "kept")
    assert "no longer the active provider" in result["msg"]


PROFILE = {"scope": "profile", "profile": "http", "codex_version": "0.169.0"}
OLD_PROFILE = {**PROFILE, "codex_version": "0.133.0"}


@pytest.mark.parametrize("options", [PROFILE, OLD_PROFILE], ids=["file", "table"])
def test_a_profile_is_not_called_the_active_provider(
    machine: Machine, options: dict[str, t.Any]
) -> None:
    assert machine.run(**options)["msg"] == (
        "codex --profile http uses openai_http from its next start, over HTTP only, and codex "
        "without that profile is as it was. Chats that were started under openai are resumed with "
        "codex resume -c model_provider=openai."
    )
    assert machine.run(**options)["msg"] == "codex --profile http uses HTTP only already."
    taken_back = machine.run(state="absent", **options)["msg"]
    assert taken_back.startswith("codex --profile http no longer uses openai_http. Chats that ")


def test_a_profile_that_is_named_for_another_scope_is_told_nothing_of(machine: Machine) -> None:
    assert "codex --profile" not in machine.run(profile="http")["msg"]


@pytest.mark.parametrize(
    "config",
    [SECRETS, INLINE, DOTTED, SECRETS.replace(b"\n", b"\r\n")],
    ids=["tables", "inline", "dotted", "CRLF"],
)
def test_no_secret_is_ever_shown(machine: Machine, config: bytes) -> None:
    machine.config.write_bytes(config)
    for options in ({}, {"state": "absent"}, {}, {"state": "absent", "purge": True}):
        for check in (True, False):
            result = machine.run(check=check, diff=True, **options)
            assert not result.get("failed"), result
            assert result["changed"] is True
            assert SECRET not in json.dumps(result)
    assert machine.config.read_bytes() == config


def test_a_name_of_the_user_stays_out_of_a_diff_of_another_table(machine: Machine) -> None:
    machine.config.write_bytes(f'# {SECRET}\n[tui]\ntheme = "{SECRET}"\n'.encode())
    shown = machine.run(diff=True)["diff"]
    assert (shown["before"], "tui" in shown["after"]) == ("", False)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"name": 'a "quoted" \\ name\tö\u2028'}, id="odd-name"),
        pytest.param({"base_url": "https://gw.example.com/v1#b"}, id="base-url"),
        pytest.param({"provider_id": "1-2_3"}, id="id-of-digits"),
    ],
)
def test_the_overrides_mean_what_the_file_means(
    machine: Machine, options: dict[str, t.Any]
) -> None:
    overrides = machine.run(**options)["overrides"]
    given: dict[str, t.Any] = {}
    for override in overrides:
        assert "\n" not in override
        given = merge(given, tomlrt.loads(override).to_dict())
    assert given == tomlrt.loads(machine.config.read_text()).to_dict()
    # The same overrides also when there is nothing left to change.
    assert machine.run(**options)["overrides"] == overrides


@pytest.mark.parametrize(
    "base_url", ["https://me:word@gw.example.com/v1", "https://gw.example.com/v1?key=word"]
)
def test_no_override_carries_a_password_or_a_key(machine: Machine, base_url: str) -> None:
    assert machine.run(base_url=base_url)["overrides"] == []
    assert base_url in machine.config.read_text()


GATEWAY = b"""model_provider = "corp"
[model_providers.corp]
name = "c"
base_url = "https://me:word@gw.example.com/v1"
supports_websockets = true
"""
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "end", [{}, {"purge": True}, {"undo": True}], ids=["absent", "purge", "undo"]
)
@pytest.mark.parametrize(
    ("config", "overrides", "provider"),
    [
        pytest.param(None, ['model_provider="openai"'], "openai", id="no-file"),
        pytest.param(b'model = "x"\n', ['model_provider="openai"'], "openai", id="no-key"),
        pytest.param(
            BOM + b'model = "x"\r\n', ['model_provider="openai"'], "openai", id="BOM-and-CRLF"
        ),
        pytest.param(
            GATEWAY, ["model_providers.corp.supports_websockets=true"], "corp", id="gateway"
        ),
    ],
)
def test_the_way_back_is_told_before_it_is_gone(
    machine: Machine,
    end: dict[str, t.Any],
    config: bytes | None,
    overrides: list[str],
    provider: str,
) -> None:
    if config is not None:
        machine.config.write_bytes(config)
    machine.run()
    for check in (True, False):
        result = machine.run(state="absent", check=check, **end)
        assert result["changed"] is True
        assert (result["overrides"], result["overrides_provider"]) == (overrides, provider)
    result = machine.run(state="absent", **end)
    assert (result["overrides"], result["overrides_provider"]) == ([], provider)


def test_a_copy_is_kept_when_asked_for(machine: Machine) -> None:
    machine.config.write_bytes(b'model = "x"\n')
    machine.config.chmod(0o640)
    assert "backup_file" not in machine.run(check=True, backup=True)
    copy = pathlib.Path(machine.run(backup=True)["backup_file"])
    assert copy.parent == machine.codex_home
    assert copy.read_bytes() == b'model = "x"\n'
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert "backup_file" not in machine.run(backup=True)
    assert len(list(machine.codex_home.glob("config.toml.*~"))) == 1


def test_there_is_no_copy_of_no_file(machine: Machine) -> None:
    assert "backup_file" not in machine.run(backup=True)


def test_another_name_is_written_into_the_table_that_is_there(machine: Machine) -> None:
    machine.run()
    result = machine.run(name="HTTP", diff=True)
    assert result["changed"] is True
    assert result["diff"]["before"] == 'name = "OpenAI HTTP only"\n'
    assert result["diff"]["after"] == 'name = "HTTP"\n'
    machine.run(state="absent", purge=True)
    assert not machine.config.exists()


def test_the_base_url_of_the_option_is_taken_back_too(machine: Machine) -> None:
    options: dict[str, t.Any] = {"base_url": "https://gw.example.com/v1"}
    machine.run(**options)
    machine.config.write_bytes(machine.config.read_bytes() + b"[tui]\n")
    machine.run(state="absent", purge=True, **options)
    assert machine.config.read_bytes().strip() == b"[tui]"
