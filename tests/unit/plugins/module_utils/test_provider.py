# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys the cure writes, for every configuration one may meet."""

from __future__ import annotations

import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import _provider
from ansible_collections.devfleet.codex.plugins.module_utils._layers import merge
from ansible_collections.devfleet.codex.plugins.module_utils._provider import (
    Cure,
    ProviderRefused,
)
from ansible_collections.devfleet.codex.plugins.module_utils._version import parse_version
from support.provider_tables import CHOICE, CORP, OURS, STRANGER, WITH_API_HOST, WITHOUT_LOGIN

API_HOST = "https://api.openai.com/v1"
GATEWAY = "https://gateway.example.com/v1"
NAME = "OpenAI HTTP only"
ROOT = ("model_provider",)
TABLE: dict[str, t.Any] = {
    "name": NAME,
    "wire_api": "responses",
    "requires_openai_auth": True,
    "supports_websockets": False,
}


def document(text: str) -> dict[str, t.Any]:
    return tomlrt.loads(text).to_dict()


def cure(
    own: str,
    below: str = "",
    *,
    root: tuple[str, ...] = ROOT,
    provider_id: str = "openai_http",
    base_url: str | None = None,
    recorded: str | None = None,
    version: str | None = None,
) -> Cure:
    file = document(own)
    effective = merge(document(below), file)
    known = parse_version(version) if version else None
    return _provider.plan_cure(file, effective, root, provider_id, NAME, base_url, recorded, known)


def table_of(planned: Cure, provider_id: str) -> dict[str, t.Any]:
    prefix = ("model_providers", provider_id)
    return {path[2]: value for path, value in planned.set_values.items() if path[:2] == prefix}


@pytest.mark.parametrize(
    ("provider_id", "valid"),
    [
        ("openai_http", True),
        ("azure", True),
        ("a-B_9", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("a.b", False),
        ("a b", False),
        ("a\n", False),
        ("größe", False),
        ("openai", False),
        ("ollama", False),
        ("lmstudio", False),
        ("amazon-bedrock", False),
    ],
)
def test_an_id_is_bare_and_not_built_in(provider_id: str, valid: bool) -> None:
    assert _provider.valid_provider_id(provider_id) is valid


@pytest.mark.parametrize(
    ("table", "wanted_base_url", "ours"),
    [
        pytest.param(TABLE, None, True, id="complete"),
        pytest.param({}, None, True, id="empty"),
        pytest.param({"name": "renamed"}, None, True, id="incomplete"),
        pytest.param({**TABLE, "supports_websockets": 1}, None, True, id="wrong-type"),
        pytest.param({**TABLE, "base_url": API_HOST}, None, True, id="snippet-C"),
        pytest.param({**TABLE, "base_url": API_HOST + "/"}, None, True, id="API-host-slash"),
        pytest.param({**TABLE, "base_url": GATEWAY}, GATEWAY, True, id="base-url-wanted"),
        pytest.param({**TABLE, "base_url": GATEWAY}, None, False, id="base-url-of-others"),
        pytest.param({**TABLE, "base_url": [API_HOST]}, None, False, id="base-url-is-a-list"),
        pytest.param({**TABLE, "env_key": "KEY"}, None, False, id="fifth-key"),
        pytest.param({**TABLE, "http_headers": {}}, None, False, id="headers"),
        pytest.param("openai_http", None, False, id="no-table"),
        pytest.param(None, None, False, id="nothing"),
    ],
)
def test_ours_or_a_strangers(table: t.Any, wanted_base_url: str | None, ours: bool) -> None:
    assert _provider.is_ours(table, wanted_base_url) is ours


@pytest.mark.parametrize(
    ("own", "below", "provider_id", "previous", "table"),
    [
        pytest.param("", "", "openai_http", "openai", TABLE, id="empty"),
        pytest.param('model_provider = "openai"', "", "openai_http", "openai", TABLE, id="openai"),
        pytest.param(CORP, "", "openai_http", "openai", TABLE, id="gateway-not-active"),
        pytest.param(OURS, "", "openai_http", "openai", TABLE, id="table-without-root-key"),
        pytest.param(
            'model_provider = "openai_http"' + OURS,
            "",
            "openai_http",
            "openai_http",
            TABLE,
            id="ours",
        ),
        pytest.param(
            'model_provider = "http"' + OURS.replace("openai_http", "http"),
            "",
            "http",
            "http",
            TABLE,
            id="ours-under-another-id",
        ),
        pytest.param(STRANGER, "", "openai_http_2", "openai", TABLE, id="id-taken"),
        pytest.param(
            STRANGER + STRANGER.replace("http]", "http_2]"),
            "",
            "openai_http_3",
            "openai",
            TABLE,
            id="two-ids-taken",
        ),
        pytest.param("", STRANGER, "openai_http_2", "openai", TABLE, id="id-taken-below"),
        pytest.param(
            STRANGER + OURS.replace("http]", "http_2]"),
            "",
            "openai_http_2",
            "openai",
            TABLE,
            id="second-id-is-ours",
        ),
        pytest.param(
            f'openai_base_url = "{GATEWAY}"',
            "",
            "openai_http",
            "openai",
            {**TABLE, "base_url": GATEWAY},
            id="openai-base-url",
        ),
        pytest.param(
            "",
            f'openai_base_url = "{GATEWAY}"',
            "openai_http",
            "openai",
            {**TABLE, "base_url": GATEWAY},
            id="openai-base-url-below",
        ),
    ],
)
def test_the_cure_switches_to_a_table_of_ours(
    own: str, below: str, provider_id: str, previous: str, table: dict[str, t.Any]
) -> None:
    planned = cure(own, below)
    assert (planned.mechanism, planned.provider_id) == ("switch", provider_id)
    assert planned.previous_provider == previous
    assert planned.set_values[ROOT] == provider_id
    assert table_of(planned, provider_id) == table
    assert len(planned.set_values) == 1 + len(table)
    assert planned.remove == ()


def test_the_option_base_url_goes_before_openai_base_url() -> None:
    planned = cure('openai_base_url = "https://old.example.com"', base_url=GATEWAY)
    assert table_of(planned, "openai_http")["base_url"] == GATEWAY


SNIPPET_C = (
    'model_provider = "openai_http"'
    + OURS
    + f"""base_url = "{API_HOST}"
"""
)


@pytest.mark.parametrize(
    ("own", "remove"),
    [
        pytest.param(
            'model_provider = "openai_http"' + OURS.replace("requires_openai_auth = true\n", ""),
            (),
            id="snippet-B",
        ),
        pytest.param(SNIPPET_C, (("model_providers", "openai_http", "base_url"),), id="snippet-C"),
        pytest.param(
            '[model_providers.openai_http]\nwire_api = "chat"\n', (), id="broken-and-without-a-name"
        ),
    ],
)
def test_a_published_snippet_is_mended(own: str, remove: tuple[tuple[str, ...], ...]) -> None:
    planned = cure(own)
    assert (planned.mechanism, planned.provider_id) == ("switch", "openai_http")
    assert table_of(planned, "openai_http") == TABLE
    assert planned.remove == remove


@pytest.mark.parametrize(
    ("own", "provider_id", "written_as"),
    [
        pytest.param("", "openai_http", TABLE, id="switch"),
        # -c cannot take base_url away, so the trial runs under a table of its own.
        pytest.param(SNIPPET_C, "openai_http_preflight", TABLE, id="snippet-C"),
        pytest.param(
            f'openai_base_url = "{GATEWAY}"',
            "openai_http",
            {**TABLE, "base_url": GATEWAY},
            id="base-url",
        ),
    ],
)
def test_the_overrides_are_toml_that_says_the_cure(
    own: str, provider_id: str, written_as: dict[str, t.Any]
) -> None:
    planned = cure(own)
    assert planned.overrides_provider == provider_id
    given: dict[str, t.Any] = {}
    for override in planned.overrides:
        given = merge(given, document(override))
    assert given == {"model_provider": provider_id, "model_providers": {provider_id: written_as}}


@pytest.mark.parametrize(
    ("supports_websockets", "written"),
    [
        pytest.param("supports_websockets = true", True, id="on"),
        pytest.param("supports_websockets = false", False, id="off"),
        pytest.param("", False, id="unset-is-off"),
        pytest.param('supports_websockets = "no"', True, id="not-a-boolean"),
    ],
)
def test_a_gateway_in_this_file_loses_its_websockets_alone(
    supports_websockets: str, written: bool
) -> None:
    own = 'model_provider = "corp"' + CORP.replace(
        "supports_websockets = true", supports_websockets
    )
    planned = cure(own)
    path = ("model_providers", "corp", "supports_websockets")
    assert (planned.mechanism, planned.provider_id) == ("in_place", "corp")
    assert planned.previous_provider == planned.overrides_provider == "corp"
    assert planned.set_values == ({path: False} if written else {})
    assert planned.remove == ()
    assert planned.overrides == ("model_providers.corp.supports_websockets=false",)


def test_a_gateway_that_a_lower_layer_gives_websockets_loses_them() -> None:
    own = 'model_provider = "corp"\n[model_providers.corp]\nquery_params = { a = "b" }\n'
    assert cure(own, CORP).set_values == {("model_providers", "corp", "supports_websockets"): False}


@pytest.mark.parametrize(
    ("own", "below", "because"),
    [
        pytest.param('model_provider = "corp"', CORP, "another layer", id="gateway-elsewhere"),
        pytest.param("", 'model_provider = "corp"' + CORP, "another layer", id="chosen-elsewhere"),
        pytest.param('model_provider = "ollama"', "", "built into Codex", id="ollama"),
        pytest.param('model_provider = "lmstudio"', "", "built into Codex", id="lmstudio"),
        pytest.param('model_provider = "amazon-bedrock"', "", "built into Codex", id="bedrock"),
        pytest.param(
            'model_provider = "amazon-bedrock"\n[model_providers.amazon-bedrock.aws]\nprofile="x"',
            "",
            "built into Codex",
            id="bedrock-with-a-table",
        ),
        pytest.param(
            'model_provider = "amazon-bedrock"\n[model_providers.amazon-bedrock]\n'
            f'base_url = "{API_HOST}"',
            "",
            "built into Codex",
            id="bedrock-with-a-base-url",
        ),
        pytest.param('model_provider = "nosuch"', "", "not defined", id="undefined"),
        pytest.param("", 'model_provider = "nosuch"', "not defined", id="undefined-below"),
        pytest.param('[model_providers.openai]\nname = "x"', "", "built-in", id="reserved-table"),
        pytest.param('[model_providers.ollama]\nname = "x"', "", "built-in", id="reserved-ollama"),
        pytest.param("model_providers = 3", "", "table of tables", id="providers-no-table"),
        pytest.param("", "model_providers = 3", "table of tables", id="providers-no-table-below"),
        pytest.param("model_providers.x = 3", "", "table of tables", id="provider-no-table"),
        pytest.param("[[model_providers]]", "", "table of tables", id="providers-array"),
        pytest.param("model_provider = 3", "", "not a string", id="provider-no-string"),
        pytest.param("model_provider = []", "", "not a string", id="provider-a-list"),
        pytest.param("openai_base_url = 3", "", "not a string", id="base-url-no-string"),
        pytest.param(CORP + 'wire_api = "chat"', "", "wire_api other than", id="wire-api-chat"),
        pytest.param(
            '[model_providers.corp]\nbase_url = "https://c.example.com"',
            "",
            "no name",
            id="no-name",
        ),
        pytest.param(CORP.replace('"Company"', '""'), "", "no name", id="empty-name"),
        pytest.param(
            "".join(
                STRANGER.replace("http]", f"http_{number}]") if number > 1 else STRANGER
                for number in range(1, 100)
            ),
            "",
            "is taken",
            id="every-id-taken",
        ),
    ],
)
def test_refused(own: str, below: str, because: str) -> None:
    with pytest.raises(ProviderRefused, match=because):
        cure(own, below)


IN_TABLE = ("model_providers", "openai_http", "model_provider")
IN_FEATURES = ("features", "model_provider")
OTHER_ID = OURS.replace("openai_http", "http_sse")


@pytest.mark.parametrize(
    ("own", "provider_id", "remove"),
    [
        pytest.param(OURS + CHOICE, "openai_http", (IN_TABLE,), id="below-its-own-header"),
        pytest.param(CHOICE + OURS + CHOICE, "openai_http", (IN_TABLE,), id="at-the-root-as-well"),
        pytest.param(WITHOUT_LOGIN + CHOICE, "openai_http", (IN_TABLE,), id="without-a-login"),
        pytest.param(
            WITH_API_HOST + CHOICE,
            "openai_http",
            (("model_providers", "openai_http", "base_url"), IN_TABLE),
            id="API-host",
        ),
        pytest.param(
            OURS + "notify = []\nsandbox_mode = 'x'\n" + CHOICE,
            "openai_http",
            (IN_TABLE,),
            id="among-keys-that-are-the-users",
        ),
        pytest.param(OURS + "model_provider = 'corp'\n", "openai_http", (), id="another-choice"),
        pytest.param(
            OTHER_ID + "model_provider = 'http_sse'\n",
            "openai_http",
            (("model_providers", "http_sse", "model_provider"),),
            id="a-table-of-another-id",
        ),
        pytest.param("[tui]\n" + CHOICE + OURS, "openai_http", (), id="harmless-elsewhere"),
        pytest.param(OURS + CORP + CHOICE, "openai_http", (), id="in-a-gateway"),
        pytest.param("[features]\n" + CHOICE + OURS, "openai_http", (IN_FEATURES,), id="features"),
        pytest.param(
            "[agents]\n" + CHOICE + OURS,
            "openai_http",
            (("agents", "model_provider"),),
            id="agents",
        ),
        pytest.param("[features]\nx = true\n" + OURS, "openai_http", (), id="other-features"),
        pytest.param(
            OURS + "future_key = 'x'\n" + CHOICE, "openai_http_2", (), id="an-unknown-key"
        ),
        pytest.param(STRANGER + CHOICE, "openai_http_2", (), id="a-strangers"),
    ],
)
def test_a_choice_that_ended_up_in_a_table_is_made_at_the_root(
    own: str, provider_id: str, remove: tuple[tuple[str, ...], ...]
) -> None:
    planned = cure(own)
    assert planned.mechanism == "switch"
    assert planned.set_values[ROOT] == provider_id
    assert table_of(planned, provider_id) == TABLE
    assert planned.remove == remove


def test_a_table_that_was_recorded_is_ours_whatever_root_keys_ended_up_in_it() -> None:
    own = CHOICE + OURS + f'base_url = "{GATEWAY}"\nnotify = []\n'
    assert cure(own).mechanism == "in_place"
    planned = cure(own, recorded="openai_http")
    assert (planned.mechanism, planned.provider_id) == ("switch", "openai_http")
    assert planned.remove == (("model_providers", "openai_http", "base_url"),)


NEW, OLD = "0.134.0", "0.133.0"
PROFILE = f"[profiles.http]\n{CHOICE}"
SELECTED = 'profile = "http"\n'
RICH = "model = 'x'\n"
LEGACY = ("profiles", "http")


@pytest.mark.parametrize(
    ("own", "below", "remove"),
    [
        pytest.param(PROFILE + OURS, "", (LEGACY,), id="table"),
        pytest.param(CHOICE + PROFILE + OURS, "", (LEGACY,), id="table-beside-a-cure"),
        pytest.param(PROFILE, "", (LEGACY,), id="its-provider-is-missing"),
        pytest.param(PROFILE, OURS, (LEGACY,), id="its-provider-is-the-systems"),
        pytest.param(SELECTED + PROFILE + OURS, "", (("profile",), LEGACY), id="selected"),
        pytest.param(
            SELECTED + CHOICE + OURS, "", (("profile",),), id="selects-nothing-beside-a-cure"
        ),
        pytest.param(
            SELECTED + CHOICE + "[profiles.http]\n" + OURS,
            "",
            (("profile",), LEGACY),
            id="selects-an-empty-table",
        ),
        pytest.param("[profiles.http]\n" + OURS, "", (), id="an-empty-table-of-somebody"),
        pytest.param("[profiles.work]\n" + RICH + OURS, "", (), id="a-profile-of-another-kind"),
        pytest.param(PROFILE + "[profiles.work]\n" + RICH + OURS, "", (LEGACY,), id="two-profiles"),
        pytest.param(CHOICE + PROFILE + RICH + OURS, "", (), id="settings-beside-a-cure"),
        pytest.param(
            "[profiles.work]\nmodel_provider = 'corp'\n" + CORP, "", (), id="a-gateways-profile"
        ),
    ],
)
def test_a_snippets_profile_goes_where_the_client_refuses_it(
    own: str, below: str, remove: tuple[tuple[str, ...], ...]
) -> None:
    planned = cure(own, below, version=NEW)
    assert planned.set_values[ROOT] == "openai_http"
    assert planned.remove == remove
    for version in (OLD, None):
        assert cure(own, below, version=version).remove == ()


@pytest.mark.parametrize(
    ("own", "because"),
    [
        pytest.param(PROFILE + RICH + OURS, "move them to http.config.toml", id="settings"),
        pytest.param(
            SELECTED + PROFILE + RICH + OURS,
            "move them to http.config.toml",
            id="selected-settings",
        ),
        pytest.param(
            CHOICE + SELECTED + PROFILE + RICH + OURS,
            "move them to http.config.toml",
            id="selected-settings-beside-a-cure",
        ),
        pytest.param(
            CHOICE + SELECTED + "[profiles.http]\n" + RICH + OURS,
            "move them to http.config.toml",
            id="settings-without-a-provider",
        ),
        pytest.param(
            "profile = 'work'\n[profiles.work]\n" + RICH,
            "remove that key and use --profile",
            id="another-kind-selected",
        ),
        pytest.param("profile = 3\n" + OURS, "remove that key", id="selects-by-a-number"),
        pytest.param(
            "model_provider = 'corp'\n" + SELECTED + PROFILE + OURS + CORP,
            "remove that key",
            id="selected-before-a-gateway",
        ),
        pytest.param("profiles = 3\n" + OURS, "not a table of tables", id="profiles-no-table"),
        pytest.param("[profiles]\nx = 3\n" + OURS, "not a table of tables", id="profile-no-table"),
    ],
)
def test_a_profile_that_is_not_ours_to_clear_away_is_refused(own: str, because: str) -> None:
    with pytest.raises(ProviderRefused, match=because):
        cure(own, version=NEW)
    for version in (OLD, None):
        assert cure(own, version=version).remove == ()


def test_the_profile_that_is_cured_is_not_cleared_away() -> None:
    planned = cure(PROFILE + OURS, root=PROFILE_ROOT, version=NEW)
    assert (planned.set_values[PROFILE_ROOT], planned.remove) == ("openai_http", ())


def test_profiles_beside_an_active_gateway_are_left_alone() -> None:
    planned = cure('model_provider = "corp"' + CORP + PROFILE + RICH + OURS, version=NEW)
    assert (planned.mechanism, planned.remove) == ("in_place", ())


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(SELECTED + PROFILE + OURS, id="profile"),
        pytest.param("[features]\n" + CHOICE + OURS, id="features"),
    ],
)
def test_there_is_no_trial_where_codex_cannot_load_the_file_as_it_is(own: str) -> None:
    assert cure(own, version=NEW).overrides == ()


@pytest.mark.parametrize("own", [PROFILE + OURS, OURS + CHOICE])
def test_there_is_a_trial_where_codex_loads_the_file_as_it_is(own: str) -> None:
    planned = cure(own, version=NEW)
    assert 'model_provider="openai_http"' in planned.overrides
    assert planned.overrides_provider == "openai_http"


PROFILE_ROOT = ("profiles", "http", "model_provider")


@pytest.mark.parametrize(
    ("own", "previous"),
    [
        pytest.param("", "openai", id="no-profile"),
        pytest.param('model_provider = "openai"\n[profiles.http]\n', "openai", id="base-decides"),
        pytest.param('[profiles.http]\nmodel_provider = "ours"\n', "ours", id="profile-decides"),
    ],
)
def test_a_profile_table_is_its_own_root(own: str, previous: str) -> None:
    planned = cure(own + OURS.replace("openai_http", "ours"), root=PROFILE_ROOT)
    assert planned.previous_provider == previous
    assert PROFILE_ROOT in planned.set_values
    assert ROOT not in planned.set_values


@pytest.mark.parametrize("value", ["3", "[]", "{}"])
def test_a_profile_with_a_provider_of_the_wrong_type_is_refused(value: str) -> None:
    with pytest.raises(ProviderRefused, match="not a string"):
        cure(f"[profiles.http]\nmodel_provider = {value}\n", root=PROFILE_ROOT)
