# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A layer that is none: what a project's own file says of the provider."""

from __future__ import annotations

import typing as t

from support import bounded
from support.laptop import CONFIG, api_key_login

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

PROJECT_CONFIG = """model_provider = "other"

[model_providers.other]
name = "Other"
base_url = "https://gateway.example.com/v1"
wire_api = "responses"
"""


def test_the_client_ignores_a_provider_that_a_trusted_project_names(
    make_laptop: LaptopFactory,
) -> None:
    laptop = make_laptop("project", login=api_key_login())
    project = laptop.home / "project"
    (project / ".codex").mkdir(parents=True)
    (project / ".codex/config.toml").write_text(PROJECT_CONFIG)
    trust = f'[projects."{project}"]\ntrust_level = "trusted"\n'
    laptop.config.write_bytes(CONFIG + trust.encode())

    command = [str(laptop.executable), "exec", "--json", "--skip-git-repo-check", "HELLO"]
    _status, stdout, _stderr = bounded.finish(
        command, project, laptop.environment(), 60, "a turn in a project"
    )

    assert "Ignored unsupported project-local config keys" in stdout
    turns = [seen for seen in laptop.service.requests if seen.path.endswith("/responses")]
    assert {seen.host for seen in turns} == {"api.openai.com"}
