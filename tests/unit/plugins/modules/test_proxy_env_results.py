# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proxy_env returns: keys, messages, and no secret of the options or of the file."""

from __future__ import annotations

import json
import pathlib
import typing as t
from unittest import mock

import pytest
from ansible.module_utils.basic import AnsibleModule
from support.http_provider import is_one_sentence
from support.proxy_env import URL, Machine

SECRET = "s3cr3t-value"
OPTION = "0pti0n-s3cret"
KEYS = {"changed", "path", "variables", "restart_required", "msg"}
PROXY = {"scheme": "http", "host": "proxy.example.com", "port": 3128, "has_credentials": False}

FILES = {
    "other-settings": f"TOKEN={SECRET} # {SECRET}\n# {SECRET}",
    "proxies": f"HTTPS_PROXY=http://me:{SECRET}@old:1 # {SECRET}\nhttp_proxy={SECRET}:x@old\n",
    "quoted": f"export https_proxy = \"http://me:{SECRET}@{SECRET}@old:1/{SECRET}\"\nX='{SECRET}'\n",
    "dropped": f"TOKEN={SECRET}\nHTTPS_PROXY=http://me:{SECRET} @old:1",
    "byte-order-mark": f"\ufeffHTTPS_PROXY=http://{SECRET}@old:1\n",
    "reference": f"TOKEN={SECRET}\nHTTPS_PROXY=http://$TOKEN@old:1\n",
    "no-proxy": f"NO_PROXY='{SECRET}!'\nno_proxy={SECRET}@h\n",
}


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_change_in_full(machine: Machine) -> None:
    assert machine.present(diff=True) == {
        "changed": True,
        "path": str(machine.dotenv),
        "variables": {"HTTPS_PROXY": PROXY},
        "restart_required": True,
        "msg": "HTTPS_PROXY, NO_PROXY: Codex reads them as wanted after its next start. "
        "Restart Codex.",
        "diff": {
            "before_header": str(machine.dotenv),
            "after_header": str(machine.dotenv),
            "before": "",
            "after": f"HTTPS_PROXY={URL}\nNO_PROXY=localhost,127.0.0.1,::1\n",
        },
    }


def test_the_keys_of_the_result(machine: Machine) -> None:
    assert set(machine.present()) == set(machine.present()) == KEYS
    assert set(machine.absent()) == set(machine.absent()) == KEYS
    assert set(machine.absent(diff=True)) == KEYS | {"diff"}


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        pytest.param(b"", {}, "HTTPS_PROXY, NO_PROXY: Codex reads them as wanted", id="set"),
        pytest.param(
            f"HTTPS_PROXY={URL}\nNO_PROXY=localhost,127.0.0.1,::1\n".encode(),
            {},
            "Codex reads the proxy variables as wanted already.",
            id="set-already",
        ),
        pytest.param(
            b"HTTPS_PROXY=http://other:1\n",
            {"all_proxy": URL},
            "HTTPS_PROXY is set there too and takes precedence over ALL_PROXY",
            id="all-proxy-beside-https-proxy",
        ),
        pytest.param(
            b"\xef\xbb\xbfHTTPS_PROXY=http://h:1\n",
            {},
            "the byte order mark is gone, for which Codex skips the first line",
            id="byte-order-mark",
        ),
        pytest.param(
            b"HTTPS_PROXY=http://h:1 ",
            {},
            "line 1 was there and Codex did not read it (blank_at_end_of_file)",
            id="mended",
        ),
        pytest.param(
            b"HTTPS_PROXY=http://h:1\nX=${HTTPS_PROXY}\n", {}, "X refer to them", id="followers"
        ),
    ],
)
def test_what_is_said(machine: Machine, data: bytes, options: dict[str, t.Any], said: str) -> None:
    machine.dotenv.write_bytes(data)
    message = machine.present(**options)["msg"]
    assert said in message
    assert is_one_sentence(message)


def test_what_is_said_on_the_way_back(machine: Machine) -> None:
    machine.present()
    assert machine.absent()["msg"] == (
        "HTTPS_PROXY, NO_PROXY: as before our change after the next start of Codex. Restart Codex."
    )
    assert machine.absent()["msg"] == (
        f"no change of ours to {machine.dotenv} is known, so nothing is taken back."
    )


def test_variables_are_those_of_the_file_afterwards(machine: Machine) -> None:
    machine.dotenv.write_bytes(b"http_proxy=u:p@other:1\nALL_PROXY=!\nHTTP_PROXY=\nFTP_PROXY=x\n")
    variables = machine.present(https_proxy="http://me:word@[::1]:8080/")["variables"]
    assert variables == {
        "HTTPS_PROXY": {"scheme": "http", "host": "::1", "port": 8080, "has_credentials": True},
        "http_proxy": {"scheme": "", "host": "other", "port": 1, "has_credentials": True},
    }


@pytest.mark.parametrize("lowercase", ["align", "remove", "keep"])
@pytest.mark.parametrize("name", FILES)
def test_no_secret_is_ever_shown(machine: Machine, name: str, lowercase: str) -> None:
    machine.dotenv.write_bytes(FILES[name].encode())
    proxy = {"https_proxy": f"http://me:{OPTION}@h:1", "http_proxy": f"http://{OPTION}@h:1"}
    shown = [
        machine.output(check=check, diff=True, **options)
        for options in (
            {**proxy, "lowercase": lowercase},
            {**proxy, "lowercase": lowercase},
            {"https_proxy": URL, "lowercase": lowercase},
            {"state": "absent", "undo": True},
            {"state": "absent"},
        )
        for check in (True, False)
    ]
    for output in shown:
        assert "failed" not in json.loads(output), output
        assert SECRET not in output
        assert OPTION not in output
    assert [json.loads(output)["changed"] for output in shown[1::2]] == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert machine.dotenv.read_bytes() == FILES[name].encode()
    assert not machine.record.parent.exists()


def test_a_proxy_without_a_secret_is_not_masked(machine: Machine) -> None:
    invocation = json.loads(machine.output(https_proxy=URL))["invocation"]["module_args"]
    assert invocation["https_proxy"] == URL


def test_nothing_of_the_proxies_is_logged(machine: Machine) -> None:
    logged: list[str] = []
    with mock.patch.object(
        AnsibleModule, "log", lambda _self, msg, log_args=None: logged.append(f"{msg} {log_args}")
    ):
        machine.present(https_proxy=f"http://me:{OPTION}@h:1")
    assert logged
    assert OPTION not in "".join(logged)


def test_secrets_are_kept_in_the_file_and_its_record_alone(machine: Machine) -> None:
    machine.dotenv.write_bytes(f"HTTPS_PROXY=http://me:{SECRET}@old:1\n".encode())
    machine.present(https_proxy=f"http://me:{OPTION}@h:1")
    holding = {
        path.name
        for path in machine.home.rglob("*")
        if path.is_file() and (SECRET in path.read_text() or OPTION in path.read_text())
    }
    assert holding == {".env", ".env.json"}
    machine.absent()
    assert [path.name for path in machine.codex_home.rglob("*")] == [".env"]
