# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Published snippets that were followed and have no effect: which are told, and in what words."""

from __future__ import annotations

import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils._layers import Layers
from ansible_collections.devfleet.codex.plugins.module_utils._snippets import (
    broken_snippet,
    legacy_profiles,
    misplaced_root_keys,
)
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from support.provider_tables import CHOICE, CORP, OURS, STRANGER, WITH_API_HOST, WITHOUT_LOGIN

NEW, FIRST_NEW, OLD = "0.169.0", "0.134.0", "0.133.0"

LOUD = OURS.replace("supports_websockets = false", "supports_websockets = true")
SILENT = OURS.replace("supports_websockets = false\n", "")
QUIET_GATEWAY = CORP.replace("true", "false")
PROFILE = f"[profiles.http]\n{CHOICE}"
RICH_PROFILE = f'{PROFILE}model = "gpt"\n'
SELECTED = 'profile = "http"\n'


def document(text: str) -> dict[str, t.Any]:
    return tomlrt.loads(text).to_dict()


def cause(user: str, version: str | None = NEW, **others: str) -> str | None:
    documents = {name: document(text) for name, text in {"user": user, **others}.items()}
    found = broken_snippet(Layers(documents, ()), parse_version(version) if version else None)
    return found.cause if found else None


@pytest.mark.parametrize(
    "place",
    [
        "[tui]",
        '[projects."/x"]\ntrust_level = "trusted"',
        "[mcp_servers.x]\ncommand = 'x'",
        "[mcp_servers.x.env]",
        "[features]",
        "[[skills.config]]\npath = 'x'",
        CORP,
    ],
)
@pytest.mark.parametrize("table", [OURS, SILENT, WITHOUT_LOGIN, WITH_API_HOST])
def test_a_snippet_below_another_table_is_broken(place: str, table: str) -> None:
    assert cause(f"{place}\n{CHOICE}{table}") == "root_key_in_table"


@pytest.mark.parametrize(
    ("user", "others"),
    [
        pytest.param(OURS + CHOICE, {}, id="below-its-own-header"),
        pytest.param('model_provider = "openai"\n' + OURS + CHOICE, {}, id="openai-named"),
        pytest.param("[tui]\n" + CHOICE, {}, id="its-table-is-missing"),
        pytest.param("[tui]\n" + CHOICE, {"system": OURS}, id="its-table-is-the-systems"),
        pytest.param(OURS + CHOICE + 'model = "x"\nnotify = []\n', {}, id="among-other-root-keys"),
        pytest.param(
            'openai_base_url = "https://gateway.example.com/v1"\n'
            + OURS
            + 'base_url = "https://gateway.example.com/v1"\n'
            + CHOICE,
            {},
            id="with-the-endpoint-that-is-set",
        ),
    ],
)
@pytest.mark.parametrize("version", [NEW, OLD, None])
def test_a_choice_below_a_header_is_told_for_every_client(
    user: str, others: dict[str, str], version: str | None
) -> None:
    assert cause(user, version, **others) == "root_key_in_table"


@pytest.mark.parametrize(
    ("user", "others"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param(CHOICE + OURS, {}, id="active"),
        pytest.param(CHOICE + OURS + CHOICE, {}, id="active-and-below-its-header"),
        pytest.param(OURS, {}, id="table-alone"),
        pytest.param("[tui]\n" + CHOICE + LOUD, {}, id="websockets-on"),
        pytest.param("[tui]\n" + CHOICE + STRANGER, {}, id="a-strangers-table"),
        pytest.param('[tui]\nmodel_provider = "openai"\n' + OURS, {}, id="names-openai"),
        pytest.param('[tui]\nmodel_provider = "nosuch"\n' + OURS, {}, id="names-nothing"),
        pytest.param('[tui]\nmodel_provider = ["openai_http"]\n' + OURS, {}, id="no-string"),
        pytest.param("[tui]\nmodel_provider = 3\n" + OURS, {}, id="a-number"),
        pytest.param(
            '[projects."/x"]\nmodel_provider = "corp"\n' + QUIET_GATEWAY, {}, id="a-quiet-gateway"
        ),
        pytest.param(
            'model_provider = "corp"\n[tui]\n' + CHOICE + OURS + CORP, {}, id="another-was-chosen"
        ),
        pytest.param(
            "[tui]\n" + CHOICE + OURS, {"managed": 'model_provider = "openai"'}, id="managed"
        ),
        pytest.param(
            "[tui]\n" + CHOICE + OURS, {"requirements": 'model_provider = "x"'}, id="required"
        ),
        pytest.param("[tui]\n" + CHOICE + OURS, {"override": CHOICE}, id="a-trial-run"),
        pytest.param("[tui]\n" + CHOICE + OURS, {"system": CHOICE}, id="active-by-the-system"),
        pytest.param("model_providers = 3\n[tui]\n" + CHOICE, {}, id="providers-no-table"),
        pytest.param(PROFILE, {"managed": 'model_provider = "x"'}, id="managed-beside-a-profile"),
        pytest.param(PROFILE + OURS, {"override": CHOICE}, id="a-trial-run-beside-a-profile"),
        pytest.param("[profiles.x]\nmodel = 'x'\n" + OURS, {}, id="a-profile-of-another-kind"),
        pytest.param(
            "[profiles.x]\nmodel_provider = 'corp'\n" + QUIET_GATEWAY, {}, id="a-gateways-profile"
        ),
        pytest.param(
            'model_provider = "corp"\n' + PROFILE + OURS + CORP, {}, id="a-profile-beside-a-gateway"
        ),
        pytest.param(CHOICE + RICH_PROFILE + OURS, {}, id="cured-beside-a-profile-with-settings"),
        pytest.param("profiles = 3\n" + OURS, {}, id="profiles-no-table"),
        pytest.param("[profiles]\nx = 3\n" + OURS, {}, id="a-profile-no-table"),
        pytest.param(
            "profile = 'work'\n[profiles.work]\nmodel = 'x'\n" + OURS, {}, id="selects-another-kind"
        ),
        pytest.param("profile = 3\n" + PROFILE + OURS, {}, id="selects-by-a-number"),
    ],
)
def test_nothing_is_told_where_no_snippet_is_broken(user: str, others: dict[str, str]) -> None:
    assert cause(user, NEW, **others) is None


@pytest.mark.parametrize(
    ("user", "others"),
    [
        pytest.param(PROFILE + OURS, {}, id="table"),
        pytest.param(RICH_PROFILE + OURS, {}, id="table-with-settings"),
        pytest.param(CHOICE + PROFILE + OURS, {}, id="table-beside-a-cure"),
        pytest.param(PROFILE, {"system": OURS}, id="provider-of-the-system"),
        pytest.param(PROFILE + WITH_API_HOST, {}, id="API-host"),
        pytest.param(SELECTED + PROFILE + OURS, {}, id="selected"),
        pytest.param(SELECTED + RICH_PROFILE + OURS, {}, id="selected-with-settings"),
        pytest.param(SELECTED + CHOICE + OURS, {}, id="selects-nothing-beside-a-cure"),
        pytest.param(
            SELECTED + CHOICE + "[profiles.http]\nmodel = 'x'\n" + OURS,
            {},
            id="selects-settings-beside-a-cure",
        ),
        pytest.param(
            SELECTED + "model_provider = 'corp'\n" + PROFILE + OURS + CORP,
            {},
            id="selected-before-a-gateway",
        ),
    ],
)
def test_a_legacy_profile_is_told_for_clients_that_refuse_it(
    user: str, others: dict[str, str]
) -> None:
    assert cause(user, NEW, **others) == "legacy_profile"
    assert cause(user, FIRST_NEW, **others) == "legacy_profile"
    assert cause(user, OLD, **others) is None
    assert cause(user, None, **others) is None


@pytest.mark.parametrize(
    ("selected", "told"),
    [("http", None), ("other", "root_key_in_table"), ("", "root_key_in_table")],
)
def test_an_old_client_takes_the_provider_of_the_selected_profile(
    selected: str, told: str | None
) -> None:
    user = f'profile = "{selected}"\n[tui]\n{CHOICE}{PROFILE}[profiles.other]\n{OURS}'
    assert cause(user, OLD) == told


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (
            "[tui]\n" + CHOICE + OURS,
            "model_provider stands in [tui] of config.toml, where it has no effect",
        ),
        (
            SELECTED + PROFILE + OURS,
            "profile stands in config.toml, with which Codex 0.169.0 does not start",
        ),
        (
            PROFILE + OURS,
            "[profiles.http] stands in config.toml, with which Codex 0.169.0 refuses "
            "--profile http",
        ),
    ],
)
def test_the_evidence_names_the_key_and_the_file(user: str, words: str) -> None:
    found = broken_snippet(Layers({"user": document(user)}, ()), parse_version(NEW))
    assert found is not None
    assert found.evidence == words


@pytest.mark.parametrize("name", ["x" * 5000, "a\\u001b[31m", "\\u202e"])
def test_the_evidence_is_one_short_printable_line(name: str) -> None:
    for user in (f'[tui."{name}"]\n{CHOICE}', f'[profiles."{name}"]\n{CHOICE}'):
        layers = Layers({"user": document(user + OURS)}, ())
        found = broken_snippet(layers, parse_version(NEW))
        assert found is not None
        assert len(found.evidence) < 300
        assert found.evidence.isprintable()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("model_providers = 3", (), id="providers-no-table"),
        pytest.param("model_providers.x = 3", (), id="provider-no-table"),
        pytest.param(CHOICE + OURS + CORP + STRANGER.replace("http]", "2]"), (), id="in-order"),
        pytest.param(
            CHOICE + OURS + "notify = []\nsandbox_mode = 'x'\n",
            ("model_providers.openai_http.notify", "model_providers.openai_http.sandbox_mode"),
            id="ours",
        ),
        pytest.param(CORP + "model = 'x'\n", ("model_providers.corp.model",), id="a-gateway"),
        pytest.param(CORP + "future_key = 'x'\n", (), id="an-unknown-key"),
        pytest.param(
            "[tui]\n" + CHOICE + OURS + CHOICE,
            ("model_providers.openai_http.model_provider", "tui.model_provider"),
            id="choice",
        ),
        pytest.param('[tui]\nmodel_provider = "corp"\n' + CORP, (), id="choice-of-a-gateway"),
        pytest.param(PROFILE + OURS, (), id="profile"),
        pytest.param(
            '[projects."/home/dev"]\n' + CHOICE,
            ('projects."/home/dev".model_provider',),
            id="quoted",
        ),
    ],
)
def test_misplaced_root_keys(text: str, keys: tuple[str, ...]) -> None:
    assert misplaced_root_keys(document(text)) == keys


def test_misplaced_root_keys_are_bounded() -> None:
    text = "".join(f"[model_providers.x{number}]\nmodel = 'x'\n" for number in range(50))
    long = f"[model_providers.{'x' * 5000}]\nmodel = 'x'\n"
    assert len(misplaced_root_keys(document(text))) == 20
    assert [len(key) <= 80 for key in misplaced_root_keys(document(long))] == [True]


def test_a_document_with_very_many_tables_is_given_up() -> None:
    many: dict[str, t.Any] = {"a": [{} for _number in range(200_000)], "z": {}}
    many["z"]["z"] = {"model_provider": "openai_http"}
    assert broken_snippet(Layers({"user": many}, ()), parse_version(NEW)) is None


LONG = "x" * 100
NO_TABLE = "profiles is not a table of tables, so Codex cannot load this file either"
CUT = "x" * 77 + "..."


@pytest.mark.parametrize(
    ("user", "refusal"),
    [
        (
            "profiles = 3\n",
            NO_TABLE,
        ),
        (
            "profiles.x = 3\n",
            NO_TABLE,
        ),
        (
            "profile = 'own'\n[profiles.own]\nmodel = 'x'\n",
            "profile selects own, with which Codex 0.169.0 does not start; remove that key and use "
            "--profile",
        ),
        (
            f"profile = '{LONG}'\n",
            f"profile selects {CUT}, with which Codex 0.169.0 does not start; remove that key and "
            "use --profile",
        ),
        (
            RICH_PROFILE + OURS,
            "[profiles.http] holds further settings, which Codex 0.169.0 no longer reads; move "
            "them to http.config.toml and remove that table",
        ),
        (
            RICH_PROFILE.replace("http]", f"{LONG}]") + OURS,
            f"[profiles.{LONG[:68]}...] holds further settings, which Codex 0.169.0 no longer "
            f"reads; move them to {CUT}.config.toml and remove that table",
        ),
        (PROFILE + OURS, None),
    ],
)
def test_a_legacy_profile_that_is_not_ours_to_remove_is_told(
    user: str, refusal: str | None
) -> None:
    own = document(user)
    found = legacy_profiles(own, own, parse_version(NEW))
    assert found.refusal == refusal
    assert (found.remove == ()) is (refusal is not None)
    assert legacy_profiles(own, own, parse_version(OLD)) == ((), None)
    assert legacy_profiles(own, own, None) == ((), None)
