# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cure that is a profile: it turns the audit green that asks for it, and no other."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from support.laptop import CONFIG, Laptop, api_key_login, snapshot
from support.laptop_playbooks import Controller, PlaybookRun

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

PROFILE = {"reconnect_scope": "profile", "reconnect_profile": "http"}
IN_PLACE = "cured before: codex --profile http uses HTTP only"


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order."""

    laptop: Laptop
    audit_before: PlaybookRun
    remediate: PlaybookRun
    audit: PlaybookRun
    audit_without: PlaybookRun
    second_remediate: PlaybookRun
    kept: bool
    rollback: PlaybookRun
    audit_after: PlaybookRun


@pytest.fixture(scope="module")
def story(make_laptop: LaptopFactory, ansible: Controller) -> Story:
    laptop = make_laptop("blocked", login=api_key_login(), websocket="http-403")

    def play(playbook: str, **variables: t.Any) -> PlaybookRun:
        options = {"reconnect_probe_interval": 0, "reconnect_fail_on": ["affected"], **variables}
        return ansible.run(playbook, [laptop], variables=options)

    audit_before = play("audit", **PROFILE)
    remediate = play("remediate", **PROFILE)
    cured = snapshot(laptop.home)
    audit = play("audit", **PROFILE)
    audit_without = play("audit")
    second_remediate = play("remediate", **PROFILE)
    kept = snapshot(laptop.home) == cured
    rollback = play("rollback", **PROFILE, reconnect_purge=True)
    audit_after = play("audit", **PROFILE)
    return Story(
        laptop=laptop,
        audit_before=audit_before,
        remediate=remediate,
        audit=audit,
        audit_without=audit_without,
        second_remediate=second_remediate,
        kept=kept,
        rollback=rollback,
        audit_after=audit_after,
    )


@pytest.mark.parametrize(
    ("step", "action", "succeeds"),
    [
        ("audit_before", "would_apply", False),
        ("remediate", "applied", True),
        ("audit", "profile_in_place", True),
        ("audit_without", "would_apply", False),
        ("second_remediate", "profile_in_place", True),
        ("rollback", "purged", True),
        ("audit_after", "would_apply", False),
    ],
)
def test_a_run_fails_while_the_profile_is_not_there(
    story: Story, step: str, action: str, succeeds: bool
) -> None:
    run = getattr(story, step)
    assert run.hosts["blocked"]["action"] == action
    assert (run.returncode == 0) is succeeds, run.stdout


@pytest.mark.parametrize("step", ["audit", "second_remediate"])
def test_the_summary_names_the_profile(story: Story, step: str) -> None:
    run = getattr(story, step)
    assert run.summary[1].endswith(IN_PLACE)
    assert run.summary[2] == "Totals: 1 cured"


def test_a_profile_that_is_cured_is_named_and_asks_for_no_restart(story: Story) -> None:
    config = f"{story.laptop.codex_home}/http.config.toml"
    said = f"cured: codex --profile http uses HTTP only, by {config}"
    assert story.remediate.summary[1].endswith(said)
    assert "restart Codex" not in "".join(story.remediate.summary)
    assert story.remediate.hosts["blocked"]["message"].startswith("codex --profile http uses ")


def test_the_profile_alone_is_written_and_only_once(story: Story) -> None:
    assert story.remediate.changed == {"blocked": 1}
    assert story.second_remediate.changed == {"blocked": 0}
    assert story.kept


def test_the_base_config_is_as_it_was(story: Story) -> None:
    assert story.laptop.config.read_bytes() == CONFIG
    assert not (story.laptop.codex_home / "http.config.toml").exists()
    assert story.rollback.summary[2] == "Totals: 1 taken back"
