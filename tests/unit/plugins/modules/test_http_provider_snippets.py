# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""http_provider where a published snippet ended up in the wrong table: there, and all the way back.

What is the user's stays in any case; the misplaced line comes back with purge and undo alone.
"""

from __future__ import annotations

import pathlib

import pytest
import tomlrt
from support.http_provider import Machine
from support.provider_tables import CHOICE, OURS, WITH_API_HOST, WITHOUT_LOGIN

MISPLACED = {
    "below-another-table": f"model = 'x'\n\n[tui]\nanimations = false\n{CHOICE}{OURS}",
    "below-its-own-header": f"# mine\n{OURS}{CHOICE}",
    "among-keys-of-the-user": f"{WITHOUT_LOGIN}# how\n{CHOICE}notify = ['x']  # mine\n",
    "with-the-API-host": f"{WITH_API_HOST}{CHOICE}sandbox_mode = 'read-only'\n[tui]\n",
    "among-features": f"[features]\nx = true\n{CHOICE}{OURS}",
}


@pytest.fixture(params=MISPLACED)
def config(request: pytest.FixtureRequest) -> bytes:
    return MISPLACED[request.param].encode()


@pytest.fixture
def machine(tmp_path: pathlib.Path, config: bytes) -> Machine:
    made = Machine(tmp_path)
    made.config.write_bytes(config)
    return made


def test_it_is_cured_once_and_as_predicted(machine: Machine, config: bytes) -> None:
    predicted = machine.run(check=True, diff=True)
    assert machine.config.read_bytes() == config
    assert machine.run(diff=True) == predicted
    assert (predicted["changed"], predicted["provider_id"]) == (True, "openai_http")
    cured = machine.trace()
    assert machine.run()["changed"] is False
    assert machine.trace() == cured


@pytest.mark.parametrize("options", [{"purge": True}, {"undo": True}], ids=["purge", "undo"])
def test_the_way_back_leads_to_the_very_bytes(
    machine: Machine, config: bytes, options: dict[str, bool]
) -> None:
    machine.run()
    assert machine.run(state="absent", **options)["changed"] is True
    assert machine.config.read_bytes() == config
    assert machine.run(state="absent", **options)["changed"] is False
    assert machine.config.read_bytes() == config


def test_absent_takes_the_choice_back_and_nothing_of_the_user(
    machine: Machine, config: bytes
) -> None:
    machine.run()
    assert machine.run(state="absent")["changed"] is True
    left = machine.config.read_text()
    document = tomlrt.loads(left).to_dict()
    assert "model_provider" not in document
    assert "model_provider" not in document["model_providers"]["openai_http"]
    for line in config.decode().splitlines():
        assert line in left or line.startswith(("model_provider", "base_url"))


def test_a_purge_after_others_wrote_keeps_keys_of_the_user_in_the_table(machine: Machine) -> None:
    machine.run()
    machine.config.write_text(machine.config.read_text() + "\n[notice]\n")
    before = tomlrt.loads(machine.config.read_text()).to_dict()["model_providers"]["openai_http"]
    of_the_user = {key: before[key] for key in ("notify", "sandbox_mode") if key in before}
    assert machine.run(state="absent", purge=True)["changed"] is True
    after = tomlrt.loads(machine.config.read_text()).to_dict()
    assert "model_provider" not in after
    kept = after.get("model_providers", {}).get("openai_http", {})
    assert kept == (before if of_the_user else {})
