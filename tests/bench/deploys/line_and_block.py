# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pyinfra does on a host: the operations that its documentation names for this."""

from __future__ import annotations

from pyinfra import host  # type: ignore[import-not-found]
from pyinfra.operations import files  # type: ignore[import-not-found]

for config in host.data.configs.split(":"):
    files.line(
        name="Make the HTTP-only provider the active one",
        path=config,
        line=r"^model_provider *=.*",
        replace='model_provider = "openai_http"',
        ensure_newline=True,
    )
    files.block(
        name="Describe the HTTP-only provider",
        path=config,
        content=[
            "[model_providers.openai_http]",
            'name = "OpenAI HTTP only"',
            'wire_api = "responses"',
            "requires_openai_auth = true",
            "supports_websockets = false",
        ],
    )
