# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a proxy that nothing sets yet can be tried, and what .env keeps from being tried."""

from __future__ import annotations

import os
import pathlib
import shlex
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._dotenv import effective, read
from ansible_collections.devfleet.codex.plugins.module_utils._files import snapshot
from ansible_collections.devfleet.codex.plugins.module_utils._observations import OPENAI_HOSTS
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_env import plan_present
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_trial import (
    BY_DOCTOR,
    Trial,
    begin,
    no_proxy_left,
    obstacle,
    with_candidate,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_wanted import wanted_of
from support import stubs
from support.certificates import HOSTS, Certificates, make_certificates
from support.proxy import Proxy
from support.service import Service

CANDIDATE = "http://user:planted@127.0.0.1:7890"
BEATEN = ".env sets HTTPS_PROXY, which beats whatever a trial can set"
COVERED = ".env sets NO_PROXY, which covers {} and beats whatever a trial can set"
STAYS = ".env sets no_proxy, which covers {} and stays beside a proxy that is set"


@pytest.mark.parametrize(
    ("dotenv", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"HTTPS_PROXY": "http://127.0.0.1:1"}, BEATEN, id="another"),
        pytest.param({"HTTPS_PROXY": ""}, BEATEN, id="empty"),
        pytest.param({"HTTPS_PROXY": CANDIDATE}, None, id="the-same"),
        pytest.param({"https_proxy": "http://127.0.0.1:1"}, None, id="lower-case-loses"),
        pytest.param({"HTTP_PROXY": "x", "ALL_PROXY": "y"}, None, id="others-lose"),
        pytest.param({"NO_PROXY": "localhost"}, None, id="no-proxy-of-others"),
        pytest.param({"NO_PROXY": ".openai.com"}, COVERED.format("api.openai.com"), id="covered"),
        pytest.param({"NO_PROXY": "x,chatgpt.com"}, COVERED.format("chatgpt.com"), id="one-host"),
        pytest.param({"NO_PROXY": "gateway.example"}, COVERED.format("gateway.example"), id="own"),
        pytest.param({"no_proxy": ".openai.com"}, STAYS.format("api.openai.com"), id="lower-case"),
        pytest.param(
            {"NO_PROXY": "", "no_proxy": "chatgpt.com"},
            STAYS.format("chatgpt.com"),
            id="below-empty",
        ),
        pytest.param(
            {"NO_PROXY": "localhost", "no_proxy": "chatgpt.com"}, None, id="lower-case-loses"
        ),
        pytest.param({"no_proxy": "corp.example"}, None, id="lower-case-of-others"),
        pytest.param({"NO_PROXY": ""}, None, id="empty-no-proxy"),
    ],
)
def test_what_keeps_doctor_from_trying_a_proxy(
    dotenv: dict[str, str], expected: str | None
) -> None:
    reading = read("".join(f"{key}='{value}'\n" for key, value in dotenv.items()).encode(), {})
    left = no_proxy_left(CANDIDATE, reading)
    found = obstacle(CANDIDATE, effective(reading), left, [*OPENAI_HOSTS, "gateway.example"])
    assert found == expected
    assert "planted" not in (found or "")


@pytest.mark.parametrize(
    ("dotenv", "no_proxy"),
    [
        (b"", "localhost,127.0.0.1,::1"),
        (b"no_proxy=corp.example\n", "corp.example,localhost,127.0.0.1,::1"),
        (b"NO_PROXY=corp.example,::1\n", "corp.example,::1,localhost,127.0.0.1"),
    ],
)
def test_the_client_is_given_the_proxy_and_the_list_that_the_cure_would_write(
    tmp_path: pathlib.Path, dotenv: bytes, no_proxy: str
) -> None:
    environment = {"PATH": "/bin", "HTTPS_PROXY": "x", "NO_PROXY": "*"}
    (tmp_path / ".env").write_bytes(dotenv)
    given = with_candidate(CANDIDATE, str(tmp_path), environment)
    assert given == {"PATH": "/bin", "HTTPS_PROXY": CANDIDATE, "NO_PROXY": no_proxy}
    written = plan_present(
        wanted_of({"HTTPS_PROXY": CANDIDATE}, ["localhost", "127.0.0.1", "::1"], False, "align"),
        environment,
        snapshot(str(tmp_path / ".env")),
    )
    assert written.values["NO_PROXY"] == no_proxy


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def service(certificates: Certificates) -> t.Iterator[Service]:
    with Service(tls=certificates.server_context(), http="http-401") as made:
        yield made


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / ".codex"
    folder.mkdir()
    (folder / ".env").write_text("HTTPS_PROXY=http://127.0.0.1:1\n")
    return folder


def tried(home: pathlib.Path, candidate: str, status: str = "") -> Trial:
    """Try `candidate` for a user whose client says `status` of the login."""
    stub = stubs.script(home.parent / "codex", f"echo {shlex.quote(status)}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home.parent)}
    return begin(candidate, str(home), str(stub), environment)


def test_without_an_obstacle_doctor_is_asked(home: pathlib.Path) -> None:
    (home / ".env").unlink()
    assert tried(home, CANDIDATE) == BY_DOCTOR


@pytest.mark.parametrize(
    ("open_hosts", "status", "answered"),
    [
        pytest.param(HOSTS, "Logged in using ChatGPT", True, id="any-status-is-an-answer"),
        pytest.param((), "Logged in using ChatGPT", False, id="refused"),
        pytest.param(["chatgpt.com"], "Logged in using ChatGPT", True, id="chatgpt"),
        pytest.param(["api.openai.com"], "Logged in using ChatGPT", False, id="the-wrong-host"),
        pytest.param(["api.openai.com"], "Logged in using an API key", True, id="api-key"),
        pytest.param(["chatgpt.com"], "Logged in using an API key", False, id="other-wrong-host"),
        pytest.param(["chatgpt.com"], "whatever", True, id="unknown-login"),
        pytest.param(["api.openai.com"], "whatever", True, id="unknown-login-other-host"),
    ],
)
def test_behind_an_obstacle_the_way_of_the_login_is_asked(
    home: pathlib.Path,
    service: Service,
    open_hosts: t.Sequence[str],
    status: str,
    answered: bool,
) -> None:
    with Proxy({f"{host}:443": service.address for host in open_hosts}) as proxy:
        assert tried(home, proxy.url, status) == Trial("route", BEATEN, answered)


def test_the_way_is_that_of_the_gateway_where_there_is_one(home: pathlib.Path) -> None:
    (home / "config.toml").write_text('openai_base_url = "http://gateway.example:8080/v1"\n')
    with (
        Service() as gateway,
        Proxy({"gateway.example:8080": gateway.address}) as proxy,
    ):
        assert tried(home, proxy.url).answered is True
        assert proxy.tunnelled == ["gateway.example:8080"]


def test_a_list_that_has_come_since_ends_no_look(tmp_path: pathlib.Path) -> None:
    (tmp_path / ".env").write_text("NO_PROXY=$HOME\n")
    given = with_candidate(CANDIDATE, str(tmp_path), {})
    assert given == {"HTTPS_PROXY": CANDIDATE, "NO_PROXY": "localhost,127.0.0.1,::1"}


def test_a_list_that_would_stay_and_go_past_the_proxy_is_no_trial_by_doctor(
    home: pathlib.Path, service: Service
) -> None:
    (home / ".env").write_text("no_proxy=chatgpt.com\n")
    with Proxy({f"{host}:443": service.address for host in HOSTS}) as proxy:
        assert tried(home, proxy.url) == Trial("route", STAYS.format("chatgpt.com"), True)


def test_a_list_that_cannot_be_added_to_is_told_and_nothing_is_asked(home: pathlib.Path) -> None:
    (home / ".env").write_text("NO_PROXY=$HOME\n")
    with Proxy() as proxy:
        trial = tried(home, proxy.url)
        assert (proxy.probed, proxy.refused) == ([], [])
    reason = ".env: NO_PROXY is made of other variables; write it out, or replace it with "
    assert trial == Trial("none", f"{reason}no_proxy_exclusive: true", None)


def test_a_dotenv_that_cannot_be_read_is_told_and_nothing_is_asked(home: pathlib.Path) -> None:
    (home / ".env").unlink()
    (home / ".env").mkdir()
    with Proxy() as proxy:
        trial = tried(home, proxy.url)
        assert (proxy.probed, proxy.refused) == ([], [])
    assert trial == Trial("none", f"{home}/.env is a directory; move it away", None)
