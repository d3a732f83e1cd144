# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys the cure writes and clears away where a provider is chosen elsewhere than at the root.

That is in a table, where Codex does not look for it, or in a profile.
"""

from __future__ import annotations

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._provider import ProviderRefused
from support.planned_cures import GATEWAY, ROOT, TABLE, cure, table_of
from support.provider_tables import CHOICE, CORP, OURS, STRANGER, WITH_API_HOST, WITHOUT_LOGIN

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
PROFILE_ROOT = ("profiles", "http", "model_provider")


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
