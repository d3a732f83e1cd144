# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_env as a user runs it: there, again, back, and what others have changed meanwhile."""

from __future__ import annotations

import pathlib
import stat
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from support.proxy_env import URL, Machine

HOSTS = "localhost,127.0.0.1,::1"
LINES = f"HTTPS_PROXY={URL}\nNO_PROXY={HOSTS}\n".encode()

FILES: dict[str, bytes | None] = {
    "no-file": None,
    "empty": b"",
    "others": b"SSL_CERT_FILE=/etc/ca.pem\n# mine\n\nTOKEN='s3cret'\n",
    "no-final-newline": b"FOO=1",
    "CRLF": b"FOO=1\r\nBAR=2\r\n",
    "another-proxy": b"export HTTPS_PROXY='http://old.example.com:1' # corp\nFOO=1\n",
    "twice": b"HTTPS_PROXY=http://a:1\nHTTPS_PROXY=http://b:1\n",
    "lower-case": b"https_proxy=http://old.example.com:1\nno_proxy=.corp.example.com\n",
    "half-there": LINES.splitlines(keepends=True)[0],
    "no-proxy-there": b"NO_PROXY=.corp.example.com, 127.0.0.1\n",
    "byte-order-mark": b"\xef\xbb\xbfHTTPS_PROXY=http://a:1\nFOO=1\n",
    "dropped-at-the-end": b"FOO=1\nHTTPS_PROXY=http://a:1 ",
    "not-UTF-8": b"FOO=\xe9\n# \xff\n",
    "references": b"HTTPS_PROXY=http://${HOST}:1\nX=${HTTPS_PROXY}\n",
}


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def given(machine: Machine, data: bytes | None) -> None:
    if data is not None:
        machine.dotenv.write_bytes(data)
        machine.dotenv.chmod(0o640)


def values(machine: Machine) -> dict[str, str]:
    return _dotenv.effective(_dotenv.read(machine.dotenv.read_bytes(), {}))


def contents(machine: Machine) -> dict[str, bytes | None]:
    return {path: content for path, (_mode, _mtime, content) in machine.trace().items()}


@pytest.mark.parametrize("name", FILES)
def test_check_and_run_and_check_and_run(machine: Machine, name: str) -> None:
    given(machine, FILES[name])
    untouched = machine.trace()
    predicted = machine.present(check=True, diff=True)
    assert machine.trace() == untouched

    made = machine.present(diff=True)
    assert made == predicted
    assert (made["changed"], made["restart_required"]) == (True, True)
    assert values(machine)["HTTPS_PROXY"] == URL
    assert set(HOSTS.split(",")) <= set(values(machine)["NO_PROXY"].split(","))

    cured = machine.trace()
    for check in (True, False):
        again = machine.present(check=check, diff=True)
        assert again["changed"] is again["restart_required"] is False
        assert again["variables"] == made["variables"]
        assert (again["diff"]["before"], again["diff"]["after"]) == ("", "")
        assert machine.trace() == cured


@pytest.mark.parametrize("options", [{}, {"undo": True}], ids=["absent", "undo"])
@pytest.mark.parametrize("name", FILES)
def test_the_way_back_gives_the_old_bytes_and_leaves_no_trace(
    machine: Machine, name: str, options: dict[str, t.Any]
) -> None:
    given(machine, FILES[name])
    untouched = contents(machine)
    machine.present()
    assert contents(machine) != untouched

    cured = machine.trace()
    predicted = machine.absent(check=True, diff=True, **options)
    assert machine.trace() == cured
    taken_back = machine.absent(diff=True, **options)
    assert taken_back == predicted
    assert taken_back["changed"] is True
    assert contents(machine) == untouched

    still = machine.trace()
    again = machine.absent(**options)
    assert again["changed"] is False
    assert (
        again["msg"] == f"no change of ours to {machine.dotenv} is known, so nothing is taken back."
    )
    assert machine.trace() == still


@pytest.mark.parametrize("name", FILES)
def test_there_and_back_in_several_steps(machine: Machine, name: str) -> None:
    given(machine, FILES[name])
    untouched = contents(machine)
    for port in (1, 2, 3):
        machine.present(https_proxy=f"http://h:{port}", all_proxy=f"http://all:{port}")
    machine.present()
    machine.absent()
    assert contents(machine) == untouched


MORE = b"LATER=1\n"


@pytest.mark.parametrize("options", [{}, {"undo": True}], ids=["absent", "undo"])
@pytest.mark.parametrize("name", sorted(set(FILES) - {"no-file"}))
def test_what_the_user_adds_survives_the_way_back(
    machine: Machine, name: str, options: dict[str, t.Any]
) -> None:
    given(machine, FILES[name])
    before = _dotenv.effective(_dotenv.read(FILES[name] or b"", {}))
    machine.present()
    machine.dotenv.write_bytes(machine.dotenv.read_bytes() + MORE)
    result = machine.absent(**options)
    assert result["changed"] is True
    assert values(machine) == {**before, "LATER": "1"}
    assert not machine.record.parent.exists()


def test_what_others_changed_is_left_alone_and_told(machine: Machine) -> None:
    given(machine, b"HTTPS_PROXY=http://old.example.com:1\n")
    machine.present(all_proxy=URL, https_proxy=URL)
    theirs = machine.dotenv.read_bytes().replace(
        b"HTTPS_PROXY=http://proxy", b"HTTPS_PROXY=http://x"
    )
    machine.dotenv.write_bytes(theirs)
    result = machine.absent()
    assert "HTTPS_PROXY was changed by somebody else and is left alone" in result["msg"]
    assert values(machine) == {"HTTPS_PROXY": "http://x.example.com:3128"}
    assert not machine.record.exists()


def test_a_file_that_others_removed_is_not_brought_back(machine: Machine) -> None:
    given(machine, b"https_proxy=http://old.example.com:1\n")
    machine.present(lowercase="remove")
    machine.dotenv.unlink()
    result = machine.absent()
    assert result["changed"] is False
    assert "https_proxy was changed by somebody else and is left alone" in result["msg"]
    assert not machine.dotenv.exists()


def test_undo_takes_back_the_last_change_and_no_more(machine: Machine) -> None:
    machine.present(https_proxy="http://first:1")
    first = machine.dotenv.read_bytes()
    machine.present(https_proxy="http://second:1")
    assert machine.absent(undo=True)["changed"] is True
    assert machine.dotenv.read_bytes() == first
    machine.absent()
    assert not machine.dotenv.exists()


def test_undo_after_others_have_written_takes_back_the_last_change_and_no_more(
    machine: Machine,
) -> None:
    given(machine, b"HTTPS_PROXY=http://old:1\n")
    machine.present(https_proxy="http://first:1", all_proxy="http://all:1")
    machine.present(https_proxy="http://second:1")
    machine.dotenv.write_bytes(machine.dotenv.read_bytes() + MORE)
    machine.absent(undo=True)
    assert values(machine) == {
        "HTTPS_PROXY": "http://first:1",
        "ALL_PROXY": "http://all:1",
        "NO_PROXY": HOSTS,
        "LATER": "1",
    }
    machine.absent()
    assert values(machine) == {"HTTPS_PROXY": "http://old:1", "LATER": "1"}


def test_a_variable_that_others_dropped_is_set_again_and_what_was_before_is_kept(
    machine: Machine,
) -> None:
    given(machine, b"HTTPS_PROXY=http://old:1\nFOO=1\n")
    machine.present()
    machine.dotenv.write_bytes(b"FOO=1\n")
    machine.present()
    assert values(machine)["HTTPS_PROXY"] == URL
    machine.dotenv.write_bytes(machine.dotenv.read_bytes() + MORE)
    machine.absent()
    assert values(machine) == {"HTTPS_PROXY": "http://old:1", "FOO": "1", "LATER": "1"}


def test_what_others_chose_meanwhile_is_what_to_go_back_to(machine: Machine) -> None:
    given(machine, b"HTTPS_PROXY=http://old:1\n")
    machine.present()
    machine.dotenv.write_bytes(b"HTTPS_PROXY=http://chosen:1\n")
    machine.present()
    machine.absent()
    assert values(machine) == {"HTTPS_PROXY": "http://chosen:1"}


@pytest.mark.parametrize(
    ("lowercase", "expected"),
    [
        ("align", {"https_proxy": URL, "no_proxy": HOSTS}),
        ("remove", {}),
        ("keep", {"https_proxy": "http://old:1", "no_proxy": HOSTS}),
    ],
)
def test_the_same_variables_in_lower_case(
    machine: Machine, lowercase: str, expected: dict[str, str]
) -> None:
    given(
        machine, f"https_proxy=http://old:1\nno_proxy={HOSTS}\nhttp_proxy=http://other:1\n".encode()
    )
    machine.present(lowercase=lowercase)
    found = {name: value for name, value in values(machine).items() if name.islower()}
    assert found == {**expected, "http_proxy": "http://other:1"}
    machine.absent()
    assert values(machine)["https_proxy"] == "http://old:1"


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        pytest.param(b"NO_PROXY=a,b\n", {}, "a,b," + HOSTS, id="added"),
        pytest.param(b"NO_PROXY=a , LOCALHOST\n", {"no_proxy": ["c"]}, "c", id="dropped"),
        pytest.param(
            b"NO_PROXY='LOCALHOST, a'\n",
            {"no_proxy": ["localhost", "A"]},
            "LOCALHOST, a",
            id="there",
        ),
        pytest.param(b"no_proxy=a\n", {"no_proxy": ["b"]}, "a,b", id="from-lower-case"),
        pytest.param(b"NO_PROXY=\nno_proxy=a\n", {"no_proxy": ["b"]}, "a,b", id="empty-upper-case"),
        pytest.param(b"NO_PROXY=a\n", {"no_proxy": []}, "a", id="none-wanted"),
        pytest.param(b"", {"no_proxy": []}, None, id="none-wanted-and-none-there"),
        pytest.param(b"", {"no_proxy": ["a, b", "a"]}, "a,b", id="lists-in-a-list"),
        pytest.param(
            b"NO_PROXY=*,a\n", {"no_proxy": ["b"], "no_proxy_exclusive": True}, "b", id="exclusive"
        ),
        pytest.param(
            b"NO_PROXY=*\n", {"no_proxy": [], "no_proxy_exclusive": True}, "", id="exclusive-none"
        ),
    ],
)
def test_the_hosts_without_a_proxy(
    machine: Machine, data: bytes, options: dict[str, t.Any], expected: str | None
) -> None:
    given(machine, data)
    machine.present(**options)
    assert values(machine).get("NO_PROXY") == expected
    assert machine.present(**options)["changed"] is False


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(machine: Machine) -> None:
    machine.present()
    assert stat.S_IMODE(machine.dotenv.stat().st_mode) == 0o600
    machine.absent()
    given(machine, b"")
    machine.present(https_proxy="http://me:word@h:1")
    assert stat.S_IMODE(machine.dotenv.stat().st_mode) == 0o640
    assert stat.S_IMODE(machine.record.stat().st_mode) == 0o600
    assert stat.S_IMODE(machine.record.parent.stat().st_mode) == 0o700
    assert "(mode 0640); make it 0600" in machine.present(https_proxy="http://me:word@h:1")["msg"]


def test_a_missing_default_home_is_made_private(machine: Machine) -> None:
    machine.codex_home.rmdir()
    result = machine.present(codex_home=None, environment={"CODEX_HOME": ""})
    assert result["path"] == str(machine.dotenv)
    assert machine.dotenv.read_bytes() == LINES
    assert stat.S_IMODE(machine.codex_home.stat().st_mode) == 0o700


def test_a_link_is_followed_and_stays(machine: Machine) -> None:
    elsewhere = machine.home / "dotfiles-env"
    elsewhere.write_bytes(b"FOO=1\n")
    machine.dotenv.symlink_to(elsewhere)
    machine.present()
    assert machine.dotenv.is_symlink()
    assert elsewhere.read_bytes() == b"FOO=1\n" + LINES
    machine.absent()
    assert elsewhere.read_bytes() == b"FOO=1\n"


def test_references_are_read_with_the_variables_of_the_task(machine: Machine) -> None:
    given(machine, f"HTTPS_PROXY=http://$COMPANY\nNO_PROXY={HOSTS}\n".encode())
    environment = {"COMPANY": URL.partition("//")[2]}
    assert machine.present(environment=environment)["changed"] is False
    assert machine.present()["changed"] is True
