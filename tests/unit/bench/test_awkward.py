# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of what a tool made of an awkward config."""

from __future__ import annotations

import pytest
from bench.awkward import awkward_configs, means_http_only
from bench.edit import config_text
from bench.fleet import CONFIG, CURED_CONFIG, LINED_CONFIG, TABLE
from support.laptop_config import cured, meaning

CHOICE = 'model_provider = "openai_http"\n'
OTHERS = '[model_providers.openai_http]\nname = "Test"\nbase_url = "http://127.0.0.1:9/v1"\n'


@pytest.mark.parametrize("after", [CURED_CONFIG, LINED_CONFIG, CHOICE + CONFIG + TABLE])
def test_any_layout_of_the_cure_is_right(after: str) -> None:
    assert means_http_only(CONFIG.encode(), after.encode())


@pytest.mark.parametrize(
    "after",
    [
        CONFIG,
        CONFIG + TABLE,
        CONFIG + CHOICE + TABLE,
        CHOICE + CONFIG,
        CHOICE + CONFIG.replace('"trusted"', '"untrusted"') + TABLE,
        CHOICE + CONFIG + TABLE.replace("requires_openai_auth = true\n", ""),
        CHOICE + CONFIG + TABLE + 'base_url = "https://api.openai.com/v1"\n',
        CHOICE + CONFIG + TABLE + TABLE,
        "model_provider = 3\n" + CONFIG + TABLE,
    ],
)
def test_anything_else_is_wrong(after: str) -> None:
    assert not means_http_only(CONFIG.encode(), after.encode())


def test_a_provider_of_somebody_else_stays_as_it_was() -> None:
    overwritten = (CHOICE + TABLE).encode()
    beside = OTHERS + TABLE.replace("openai_http", "openai_http_2")
    kept = ('model_provider = "openai_http_2"\n' + beside).encode()
    assert not means_http_only(OTHERS.encode(), overwritten)
    assert means_http_only(OTHERS.encode(), kept)


def test_the_configs_are_many_and_each_is_another() -> None:
    configs = awkward_configs()
    assert len(configs) == len(set(configs.values())) == 30
    assert sum(means_http_only(config, config) for config in configs.values()) == 1


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_a_config_of_a_size_means_what_its_name_says(size: int) -> None:
    before, after = (
        config_text(size, work).encode() for work in ("something to do", "nothing to do")
    )
    assert size <= len(before) < size + 1_000
    assert size <= len(after) < size + 1_000
    assert meaning(after) == cured(after) and meaning(before) != cured(before)
