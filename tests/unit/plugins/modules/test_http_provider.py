# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""http_provider as a user runs it: there, again, back, and back to the very bytes."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
import tomlrt
from support import log_database
from support.http_provider import TABLE, Machine, Trace

CORP = b"""
[model_providers.corp]
name = "Company"
base_url = "https://gateway.example.com/v1"
supports_websockets = true  # asked for by the platform team
"""
SNIPPET_B = b"""model_provider = "openai_http"

[model_providers.openai_http]
name = "OpenAI HTTP"
wire_api = "responses"
supports_websockets = false
"""
SNIPPET_C = b"""model_provider = "http"
[model_providers.http]
name = "OpenAI HTTP"
base_url = "https://api.openai.com/v1"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""

CONFIGS: dict[str, bytes | None] = {
    "no-file": None,
    "empty": b"",
    "no-final-newline": b'model = "x"',
    "comments-only": b"# mine\n\n",
    "plain": b'model = "x"\n\n[tui]\nanimations = false\n',
    "blank-lines-at-the-end": b'model = "x"\n\n\n',
    "BOM-and-CRLF": b'\xef\xbb\xbfmodel = "x"\r\n\r\n[tui]\r\nanimations = false\r\n',
    "openai": b'model_provider = "openai" # the default\n',
    "gateway-active": b'model_provider = "corp"\n' + CORP,
    "gateway-beside": CORP,
    "base-url": b'openai_base_url = "https://gateway.example.com/v1"\n',
    "id-taken": b"[model_providers.openai_http]\nname = 'x'\nenv_key = 'KEY'\n",
    "inline-parent": b"model_providers = { corp = { name = 'x' } }\n",
    "dotted-parent": b"model_providers.corp.name = 'x'\nmodel = 'x'\n",
    "snippet-B": SNIPPET_B,
    "snippet-C": SNIPPET_C,
    "table-left-behind": b'model = "x"\n\n' + TABLE,
}
PROVIDER_WITH_ENDPOINT = (
    b'model_provider = "openai_http"\n' + TABLE + b'base_url = "https://gw.example.com/v1"\n'
)
LIKE_OURS = ("snippet-B", "snippet-C", "table-left-behind")


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def given(machine: Machine, config: bytes | None) -> Trace:
    if config is not None:
        machine.config.write_bytes(config)
        machine.config.chmod(0o640)
    return machine.trace()


def meaning(machine: Machine) -> dict[str, t.Any]:
    return tomlrt.loads(machine.config.read_bytes().decode("utf-8-sig")).to_dict()


def contents(machine: Machine) -> dict[str, bytes | None]:
    return {path: content for path, (_mode, _mtime, content) in machine.trace().items()}


def without_state(machine: Machine) -> dict[str, bytes | None]:
    return {path: held for path, held in contents(machine).items() if ".devfleet" not in path}


@pytest.mark.parametrize("url", ["https://new.example.com/v1", None], ids=["another", "none"])
def test_an_endpoint_that_was_ours_follows_the_one_that_is_wanted(
    machine: Machine, url: str | None
) -> None:
    machine.run(base_url="https://old.example.com/v1")
    options: dict[str, t.Any] = {"base_url": url} if url else {}
    result = machine.run(**options)
    assert (result["changed"], result["provider_id"]) == (True, "openai_http")
    assert meaning(machine)["model_providers"]["openai_http"].get("base_url") == url


def test_a_gateway_with_few_keys_does_not_become_ours_by_being_recorded(machine: Machine) -> None:
    table = b'name = "Corp"\nbase_url = "https://corp.example.com/v1"\nwire_api = "responses"\n'
    given(
        machine,
        b'model_provider = "corp"\n[model_providers.corp]\n'
        + table
        + b"supports_websockets = true\n",
    )
    machine.run()
    assert machine.run()["changed"] is False
    corp = meaning(machine)["model_providers"]["corp"]
    assert (corp["base_url"], corp["supports_websockets"]) == ("https://corp.example.com/v1", False)
    assert "requires_openai_auth" not in corp


@pytest.mark.parametrize("name", CONFIGS)
def test_check_and_run_and_check_and_run(machine: Machine, name: str) -> None:
    untouched = given(machine, CONFIGS[name])
    predicted = machine.run(check=True, diff=True)
    assert machine.trace() == untouched

    made = machine.run(diff=True)
    assert made == predicted
    assert (made["changed"], made["restart_required"]) == (True, True)

    cured = machine.trace()
    for check in (True, False):
        again = machine.run(check=check, diff=True)
        assert again["changed"] is again["restart_required"] is False
        assert again["provider_id"] == made["provider_id"]
        assert (again["diff"]["before"], again["diff"]["after"]) == ("", "")
        assert machine.trace() == cured


@pytest.mark.parametrize("name", CONFIGS)
def test_purge_gives_the_old_bytes_and_leaves_no_trace(machine: Machine, name: str) -> None:
    given(machine, CONFIGS[name])
    untouched = contents(machine)
    machine.run()
    assert contents(machine) != untouched

    cured = machine.trace()
    predicted = machine.run(check=True, state="absent", purge=True)
    assert machine.trace() == cured
    purged = machine.run(state="absent", purge=True)
    assert purged == predicted
    assert purged["changed"] is True
    assert without_state(machine) == untouched
    # What the user had that looks like ours is remembered as theirs.
    assert (contents(machine) == untouched) is (name not in LIKE_OURS)
    for purge in (True, False):
        assert machine.run(state="absent", purge=purge)["changed"] is False
    assert without_state(machine) == untouched


@pytest.mark.parametrize("name", CONFIGS)
def test_absent_leaves_the_table_and_purge_takes_it(machine: Machine, name: str) -> None:
    given(machine, CONFIGS[name])
    untouched = contents(machine)
    ours = machine.run()["provider_id"]
    tables = meaning(machine)["model_providers"]

    assert machine.run(state="absent")["changed"] is not name.startswith("snippet")
    after = meaning(machine)
    before = tomlrt.loads((CONFIGS[name] or b"").decode("utf-8-sig")).to_dict()
    assert after.get("model_provider") == (
        ours if name.startswith("snippet") else before.get("model_provider")
    )
    if ours != "corp":
        assert after["model_providers"] == tables
    still = machine.trace()
    assert machine.run(state="absent")["changed"] is False
    assert machine.trace() == still

    machine.run(state="absent", purge=True)
    assert without_state(machine) == untouched


@pytest.mark.parametrize("name", CONFIGS)
def test_there_and_back_many_times_is_still_taken_back(machine: Machine, name: str) -> None:
    given(machine, CONFIGS[name])
    untouched = contents(machine)
    for _round in range(4):
        machine.run()
        machine.run(state="absent")
    machine.run()
    machine.run(state="absent", purge=True)
    assert without_state(machine) == untouched


MORE = b'\n[projects."/src"]\ntrust_level = "trusted"\n'


def user_adds(machine: Machine) -> None:
    machine.config.write_bytes(machine.config.read_bytes() + MORE)


@pytest.mark.parametrize("name", sorted(set(CONFIGS) - {"no-file", "snippet-B", "snippet-C"}))
@pytest.mark.parametrize("absent_first", [True, False], ids=["absent-first", "purge-at-once"])
@pytest.mark.parametrize("again", [True, False], ids=["applied-again", "applied-once"])
def test_what_the_user_adds_survives_purge(
    machine: Machine, name: str, absent_first: bool, again: bool
) -> None:
    given(machine, CONFIGS[name])
    before = tomlrt.loads((CONFIGS[name] or b"").decode("utf-8-sig")).to_dict()
    machine.run()
    user_adds(machine)
    if absent_first:
        machine.run(state="absent")
    if again:
        machine.run()
    machine.run(state="absent", purge=True)
    if name == "table-left-behind":
        del before["model_providers"]
    assert meaning(machine) == {**before, "projects": {"/src": {"trust_level": "trusted"}}}
    assert not (machine.codex_home / ".devfleet").exists()
    assert machine.run(state="absent", purge=True)["changed"] is False


def drop_root_key(machine: Machine) -> None:
    lines = machine.config.read_bytes().splitlines(keepends=True)
    machine.config.write_bytes(
        b"".join(line for line in lines if not line.startswith(b"model_provider "))
    )


@pytest.mark.parametrize(
    ("config", "before"),
    [
        pytest.param(b'model_provider = "openai"\nmodel = "x"\n', "openai", id="openai-before"),
        pytest.param(b'model = "x"\n', None, id="nothing-before"),
    ],
)
@pytest.mark.parametrize("end", [{"state": "absent"}, {"state": "absent", "purge": True}])
def test_a_root_key_that_others_dropped_is_written_again_and_what_was_before_is_kept(
    machine: Machine, config: bytes, before: str | None, end: dict[str, t.Any]
) -> None:
    given(machine, config)
    machine.run()
    drop_root_key(machine)
    again = machine.run()
    assert again["changed"] is True
    assert meaning(machine)["model_provider"] == "openai_http"
    machine.run(**end)
    assert meaning(machine).get("model_provider") == before
    assert ("model_providers" in meaning(machine)) is ("purge" not in end)


@pytest.mark.parametrize("end", [{"state": "absent"}, {"state": "absent", "purge": True}])
def test_another_provider_that_the_user_chose_is_left_alone(
    machine: Machine, end: dict[str, t.Any]
) -> None:
    given(machine, b'model_provider = "openai"\n' + CORP)
    machine.run()
    chosen = machine.config.read_bytes().replace(b'"openai_http"', b'"corp"', 1)
    machine.config.write_bytes(chosen)
    result = machine.run(**end)
    assert meaning(machine)["model_provider"] == "corp"
    assert "model_provider was changed by somebody else and is left alone" in result["msg"]
    if "purge" in end:
        assert "openai_http" not in meaning(machine)["model_providers"]
    else:
        assert machine.config.read_bytes() == chosen


def test_an_earlier_provider_that_is_gone_is_not_brought_back(machine: Machine) -> None:
    ours_to_be = CORP.replace(b"supports_websockets = true", b"env_key = 'K'")
    given(machine, b'model_provider = "openai"\n' + ours_to_be)
    machine.run()
    record = machine.codex_home / ".devfleet" / "config.toml.json"
    record.write_text(record.read_text().replace('"before": "openai"', '"before": "gone"'))
    result = machine.run(state="absent")
    assert "the earlier provider gone is no longer defined" in result["msg"]
    assert "model_provider" not in meaning(machine)
    assert machine.run(state="absent")["msg"] == "there is nothing of ours to take back."


def test_a_gateway_loses_its_websockets_and_gets_them_back(machine: Machine) -> None:
    config = b'model_provider = "corp"\n' + CORP
    given(machine, config)
    result = machine.run()
    assert machine.config.read_bytes() == config.replace(b"= true  #", b"= false  #")
    assert result["overrides"] == ["model_providers.corp.supports_websockets=false"]
    assert result["provider_id"] == result["previous_provider"] == "corp"
    machine.run(state="absent")
    assert machine.config.read_bytes() == config


def test_purge_never_takes_a_gateway(machine: Machine) -> None:
    given(machine, b'model_provider = "corp"\n' + CORP)
    machine.run()
    user_adds(machine)
    machine.run(state="absent", purge=True, provider_id="corp")
    assert machine.config.read_bytes() == b'model_provider = "corp"\n' + CORP + MORE


def test_purge_keeps_the_table_of_a_provider_that_stays_active(machine: Machine) -> None:
    given(machine, SNIPPET_B)
    machine.run()
    user_adds(machine)
    mended = machine.config.read_bytes()
    result = machine.run(state="absent", purge=True)
    assert machine.config.read_bytes() == mended
    assert "openai_http is still the active provider, so its table stays" in result["msg"]


@pytest.mark.parametrize("base_url", [None, "https://gw.example.com/v1"])
def test_without_a_record_the_endpoint_tells_what_is_ours(
    machine: Machine, base_url: str | None
) -> None:
    given(machine, PROVIDER_WITH_ENDPOINT)
    assert machine.run(state="absent", base_url=base_url)["changed"] is (base_url is not None)
    assert ("model_provider" in meaning(machine)) is (base_url is None)


@pytest.mark.parametrize("purge", [True, False], ids=["purge", "absent"])
def test_without_a_record_only_what_is_ours_is_taken(machine: Machine, purge: bool) -> None:
    given(machine, b'model_provider = "openai_http"\nmodel = "x"\n\n' + TABLE)
    machine.run(state="absent", purge=purge)
    assert machine.config.read_bytes() == b'model = "x"\n' + (b"" if purge else b"\n" + TABLE)


def test_nothing_to_take_back_from_nothing(machine: Machine) -> None:
    untouched = machine.trace()
    for purge in (False, True):
        assert machine.run(state="absent", purge=purge)["changed"] is False
        assert machine.trace() == untouched


NOTE = ".devfleet/config.toml.ended.json"


@pytest.mark.parametrize(("rows", "left"), [("close-after", [NOTE]), ("completed-only", [])])
def test_purge_notes_when_it_was_where_a_failure_is_logged(
    machine: Machine, rows: str, left: list[str]
) -> None:
    given(machine, b'model = "x"\n')
    log(machine, rows)
    machine.run()
    assert machine.run(check=True, state="absent", purge=True)["changed"] is True
    assert not (machine.codex_home / NOTE).exists()
    machine.run(state="absent", purge=True)
    assert machine.config.read_bytes() == b'model = "x"\n'
    assert notes(machine) == left
    again = [machine.trace(), machine.run(state="absent", purge=True)["changed"], machine.trace()]
    assert (again[0], again[1]) == (again[2], False)


def test_a_note_is_no_record(machine: Machine) -> None:
    given(machine, b'model = "x"\n')
    log(machine, "close-after")
    machine.run()
    cured = machine.config.read_bytes()
    machine.run(state="absent", purge=True)
    result = machine.run()
    assert (result["changed"], result["drift"], result["user_choice"]) == (True, False, None)
    assert machine.config.read_bytes() == cured
    machine.run(state="absent", purge=True)
    assert machine.config.read_bytes() == b'model = "x"\n'
    assert notes(machine) == [NOTE]


@pytest.mark.parametrize("taking_back", [{}, {"undo": True}])
def test_no_other_way_back_leaves_a_note(machine: Machine, taking_back: dict[str, t.Any]) -> None:
    given(machine, b'model = "x"\n')
    log(machine, "close-after")
    machine.run()
    assert machine.run(state="absent", **taking_back)["changed"] is True
    assert not (machine.codex_home / NOTE).exists()


def notes(machine: Machine) -> list[str]:
    """What the folder of records holds."""
    found = machine.codex_home.glob(".devfleet/*")
    return [str(path.relative_to(machine.codex_home)) for path in found]


def log(machine: Machine, rows: str) -> None:
    recorded = log_database.recorded("close-after", time.time())
    kept = [one for one in recorded if rows == "close-after" or "falling back" not in str(one)]
    log_database.write(machine.codex_home / "logs_2.sqlite", kept)
