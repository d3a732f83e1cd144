# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Config files that Codex loads and that are awkward to edit, and what is right afterwards."""

from __future__ import annotations

import json
import typing as t

import tomlrt
from support.laptop_config import HTTP_ONLY_TABLE, Meaning

from .fleet import REPOSITORY, TABLE

_CASES = REPOSITORY / "tests/fixtures/toml/cases.json"
_FURTHER = {
    "a line like the key in a text": 'developer_instructions = """\nmodel_provider = "x"\n"""\n',
    "the key quoted": '"model_provider" = "openai"\n\n[tui]\nnotifications = true\n',
    "the key indented, with a comment": '  model_provider = "openai"  # as shipped\n',
    "an example commented out": f'# model_provider = "openai_http"\n{TABLE.replace("[", "#[")}',
    "ends in a table, without a line feed": "[tui]\nnotifications = true",
    "ends in an array of tables": '[[hooks.list]]\ncommand = "one"\n\n[[hooks.list]]\nb = 1\n',
    "in place as an inline table": (
        "model_provider = 'openai_http'\n\n[model_providers]\nopenai_http = "
        '{ name = "OpenAI HTTP only", wire_api = "responses", requires_openai_auth = true,'
        " supports_websockets = false }\n"
    ),
    "in place but for the login": (
        'model_provider = "openai_http"\n\n[ model_providers . openai_http ]\n'
        'name = "OpenAI HTTP only"\nwire_api = "responses"\nsupports_websockets = false\n'
    ),
    "a table of that name that is somebody else's": (
        '[model_providers.openai_http]\nname = "Test"\nbase_url = "http://127.0.0.1:9/v1"\n'
    ),
}


def awkward_configs() -> dict[str, bytes]:
    """Return the configs by title: those that the tests of the edit know to load, and further.

    Where the tests edit another provider's table, it is the one that all tools are to set.
    """
    cases: list[dict[str, t.Any]] = json.loads(_CASES.read_text("utf-8"))
    known = {
        f"{case['id']}: {case['title']}": str(case["input"]).replace("corp", "openai_http")
        for case in cases
        if case["codex_input"] == "loads"
    }
    return {title: text.encode() for title, text in {**known, **_FURTHER}.items()}


def means_http_only(before: bytes, after: bytes) -> bool:
    """Tell whether `after` means `before` with an HTTP-only provider active, and nothing else.

    A provider that was somebody else's must be as it was, whatever its name.
    """
    try:
        meant, found = _meaning(before), _meaning(after)
    except (tomlrt.TOMLError, UnicodeDecodeError):
        return False
    active = found.pop("model_provider", None)
    meant.pop("model_provider", None)
    providers, earlier = found.pop("model_providers", {}), meant.pop("model_providers", {})
    table = providers.pop(active, None) if isinstance(active, str) else None
    replaced = earlier.pop(active, {})
    is_ours = set(replaced) <= set(HTTP_ONLY_TABLE)
    return table == HTTP_ONLY_TABLE and is_ours and (found, providers) == (meant, earlier)


def _meaning(config: bytes) -> Meaning:
    return tomlrt.loads(config.decode().removeprefix("\ufeff")).to_dict()
