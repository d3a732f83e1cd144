# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys the cure writes, for every configuration that chooses its provider at the root."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _provider
from ansible_collections.devfleet.codex.plugins.module_utils._layers import merge
from ansible_collections.devfleet.codex.plugins.module_utils._provider import ProviderRefused
from ansible_collections.devfleet.codex.plugins.module_utils._provider_table import is_ours
from support.planned_cures import API_HOST, GATEWAY, ROOT, TABLE, cure, document, table_of
from support.provider_tables import CORP, OURS, STRANGER


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
    assert is_ours(table, wanted_base_url) is ours


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


def test_a_gateway_that_no_override_can_name_is_cured_without() -> None:
    planned = cure('model_provider = "my gw"' + CORP.replace(".corp", '."my gw"'))
    assert planned.set_values == {("model_providers", "my gw", "supports_websockets"): False}
    assert planned.overrides == ()


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
