# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Provider tables as configurations hold them: ours, a stranger's of our name, a company's."""

from __future__ import annotations

OURS = """
[model_providers.openai_http]
name = "OpenAI HTTP only"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
"""
STRANGER = """
[model_providers.openai_http]
name = "An experiment"
base_url = "https://else.example.com/v1"
"""
CORP = """
[model_providers.corp]
name = "Company"
base_url = "https://gateway.example.com/v1"
supports_websockets = true
"""
CHOICE = 'model_provider = "openai_http"\n'
WITHOUT_LOGIN = OURS.replace("requires_openai_auth = true\n", "")
WITH_API_HOST = OURS + 'base_url = "https://api.openai.com/v1"\n'
