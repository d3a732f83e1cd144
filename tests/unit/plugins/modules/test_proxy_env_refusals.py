# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What proxy_env refuses: a sentence that says why and the right form, and nothing is changed."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from support.http_provider import is_one_sentence
from support.other_user import USER, other_user, reached_by_anybody
from support.proxy_env import URL, Machine

SECRET = "s3cr3t-value"


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def refused(machine: Machine, **options: t.Any) -> str:
    """Run the module, see that it fails in one sentence and changes nothing, and return that."""
    before = machine.trace()
    results = [machine.present(check=check, **options) for check in (True, False)]
    assert results[0] == results[1]
    assert results[0].get("failed") is True
    message: str = results[0]["msg"]
    assert is_one_sentence(message)
    assert machine.trace() == before
    return message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(
            {"https_proxy": "127.0.0.1:7890"}, "write http://127.0.0.1:7890.", id="no-scheme"
        ),
        pytest.param(
            {"https_proxy": f"https://u:{SECRET}@h:1"}, "write http://***@h:1", id="https-proxy"
        ),
        pytest.param({"all_proxy": "socks5h://127.0.0.1:1080"}, "SOCKS proxy", id="socks"),
        pytest.param({"https_proxy": f"socks5://u:{SECRET}@h:1"}, "SOCKS proxy", id="socks-user"),
        pytest.param({"https_proxy": "http://"}, "names no host", id="no-host"),
        pytest.param({"https_proxy": "http://h:99999"}, "port that does not exist", id="port"),
        pytest.param({"https_proxy": ""}, "https_proxy is empty", id="empty"),
        pytest.param(
            {"https_proxy": f"http://u:{SECRET}\n@h:1"}, "control character", id="newline"
        ),
        pytest.param({"https_proxy": f"http://u:{SECRET}#@h:1"}, "percent-encoded", id="encoding"),
        pytest.param({"https_proxy": f"http://h:1/?k={SECRET}"}, "behind the host", id="query"),
        pytest.param({"http_proxy": URL}, "give https_proxy too", id="http-proxy-alone"),
        pytest.param(
            {"https_proxy": None, "codex_home": None}, "give at least one of", id="no-proxy-given"
        ),
        pytest.param({"undo": True}, "undo goes with state absent only", id="undo-present"),
        pytest.param({"no_proxy": ["*"]}, "'*' covers api.openai.com", id="everything"),
        pytest.param({"no_proxy": ["a", ".openai.com"]}, "'.openai.com' covers", id="domain"),
        pytest.param({"no_proxy": ["chatgpt.com:443"]}, "covers chatgpt.com", id="with-port"),
        pytest.param({"no_proxy": ["auth.openai.com"]}, "covers auth.openai.com", id="login"),
        pytest.param({"no_proxy": ["a b"]}, "'a b' cannot be used", id="blank-in-host"),
        pytest.param({"no_proxy": ["a\nb"]}, "cannot be used", id="newline-in-host"),
        pytest.param({"no_proxy": ["h" * 300]}, "cannot be used", id="long-host"),
        pytest.param({"no_proxy": ["h\udcff"]}, "cannot be used", id="not-text"),
        pytest.param({"lowercase": "both"}, "value of lowercase must be one of", id="lowercase"),
    ],
)
def test_options_that_would_not_work(
    machine: Machine, options: dict[str, t.Any], said: str
) -> None:
    if options.get("lowercase"):
        result = machine.present(**options)
        assert result["failed"] and said in result["msg"]
        return
    message = refused(machine, **options)
    assert said in message
    assert message.endswith(" Nothing was changed.")
    assert SECRET not in machine.output(**options)


QUOTE = b"A=1\nTOKEN='" + SECRET.encode() + b"\nB=2\n"
LARGE = b"A=1\n" * (_dotenv.SIZE_LIMIT // 4 + 1)


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        pytest.param(
            b"NO_PROXY=a,*.x,.openai.com\n", {}, "NO_PROXY holds '.openai.com'", id="no-proxy"
        ),
        pytest.param(b"no_proxy=openai.com\n", {"no_proxy": []}, "holds 'openai.com'", id="lower"),
        pytest.param(b"NO_PROXY=$A\n", {}, " line 1: NO_PROXY is made of other", id="references"),
        pytest.param(QUOTE, {}, " line 2: the quote is not closed", id="open-quote"),
        pytest.param(b"A=1\nX='\0'\n", {}, " line 2: the value holds a NUL byte", id="NUL"),
        pytest.param(LARGE, {}, "is larger than 256 KB", id="large"),
        pytest.param(
            b"HTTPS_PROXY=proxy.example.com:1\n",
            {"all_proxy": URL},
            "HTTPS_PROXY, which takes precedence there, has no scheme",
            id="a-proxy-that-decides",
        ),
        pytest.param(
            f"https_proxy=socks5://u:{SECRET}@h:1\n".encode(),
            {"http_proxy": URL},
            "HTTPS_PROXY, which takes precedence there, is a SOCKS proxy",
            id="a-proxy-that-decides-in-lower-case",
        ),
    ],
)
def test_files_that_would_not_be_read_as_wanted(
    machine: Machine, data: bytes, options: dict[str, t.Any], said: str
) -> None:
    machine.dotenv.write_bytes(data)
    message = refused(machine, **options)
    assert message.startswith(str(machine.dotenv))
    assert said in message
    assert SECRET not in message


def test_a_large_file_is_refused_on_the_way_back_too(machine: Machine) -> None:
    machine.present()
    machine.dotenv.write_bytes(LARGE)
    for undo in (False, True):
        assert "is larger than 256 KB" in refused(machine, state="absent", undo=undo)


def test_a_directory_in_its_place(machine: Machine) -> None:
    machine.dotenv.mkdir()
    assert "is a directory" in refused(machine)


def test_a_pipe_in_its_place(machine: Machine) -> None:
    os.mkfifo(machine.dotenv)
    assert "is not a regular file" in refused(machine)


def test_a_read_only_file(machine: Machine) -> None:
    machine.dotenv.write_bytes(b"")
    machine.dotenv.chmod(0o400)
    assert "is read-only for its owner" in refused(machine)


def test_a_state_folder_that_is_not_ours(machine: Machine) -> None:
    machine.record.parent.symlink_to(machine.home)
    assert "is not a folder of this user" in refused(machine)


def test_a_codex_home_that_is_missing(machine: Machine) -> None:
    home = str(machine.home / "elsewhere")
    assert "does not exist, and Codex does not start without it" in refused(
        machine, codex_home=home
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_root_does_not_write_into_the_home_of_another_user(machine: Machine) -> None:
    os.chown(machine.codex_home, 65534, 65534)
    message = refused(machine)
    assert "this task runs as root" in message and "become_user" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="others are tried by giving up root")
def test_an_unreadable_file(machine: Machine) -> None:
    machine.dotenv.write_bytes(b"A=1\n")
    machine.dotenv.chmod(0)
    os.chown(machine.codex_home, USER, USER)
    os.chown(machine.dotenv, USER, USER)
    with reached_by_anybody(machine.codex_home), other_user():
        results = [machine.present(check=check) for check in (True, False)]
    assert results[0] == results[1]
    assert results[0]["failed"] is True
    assert "cannot be read: Permission denied" in results[0]["msg"]
    assert machine.dotenv.read_bytes() == b"A=1\n"
