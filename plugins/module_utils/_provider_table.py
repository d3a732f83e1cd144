# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a provider table is: ours, a follower's of the published snippets, or a stranger's. Pure.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

ROOT_KEYS = frozenset(
    (
        "agents",
        "allow_login_shell",
        "approval_policy",
        "approvals_reviewer",
        "background_terminal_max_timeout",
        "chatgpt_base_url",
        "check_for_update_on_startup",
        "cli_auth_credentials_store",
        "commit_attribution",
        "compact_prompt",
        "default_permissions",
        "developer_instructions",
        "disable_paste_burst",
        "disable_response_storage",
        "features",
        "file_opener",
        "forced_chatgpt_workspace_id",
        "forced_login_method",
        "hide_agent_reasoning",
        "history",
        "instructions",
        "log_dir",
        "mcp_oauth_callback_port",
        "mcp_oauth_callback_url",
        "mcp_oauth_credentials_store",
        "mcp_servers",
        "model",
        "model_auto_compact_token_limit",
        "model_catalog_json",
        "model_context_window",
        "model_instructions_file",
        "model_provider",
        "model_reasoning_effort",
        "model_reasoning_summary",
        "model_supports_reasoning_summaries",
        "model_verbosity",
        "notice",
        "notify",
        "openai_base_url",
        "oss_provider",
        "personality",
        "plan_mode_reasoning_effort",
        "preferred_auth_method",
        "profile",
        "project_doc_fallback_filenames",
        "project_doc_max_bytes",
        "project_root_markers",
        "projects",
        "review_model",
        "sandbox_mode",
        "sandbox_workspace_write",
        "service_tier",
        "shell_environment_policy",
        "show_raw_agent_reasoning",
        "sqlite_home",
        "suppress_unstable_features_warning",
        "tool_output_token_limit",
        "tools",
        "tui",
        "web_search",
    )
)
"""Keys of a configuration's root that mean nothing in a provider table: Codex 0.169.0 ignores
each of them there, and warns."""

PUBLISHED_IDS = ("openai_http", "openai-http")
"""The provider ids of the published snippets (issue 14297)."""

_OUR_KEYS = frozenset(
    ("name", "wire_api", "requires_openai_auth", "supports_websockets", "base_url")
)
_API_HOST = "https://api.openai.com/v1"


def is_ours(table: t.Any, base_url: str | None) -> bool:
    """Whether a provider table is one that we would write, perhaps incomplete or wrong in a value.

    No key beside our four, and no ``base_url`` but the one wanted now or the
    API host of the published snippets. With the former it must send the OpenAI
    login already: to a gateway that does without, it would be a leak.
    """
    if not has_only_our_keys(table):
        return False
    given = table.get("base_url")
    if given in (None, _API_HOST, _API_HOST + "/"):
        return True
    return given == base_url and table.get("requires_openai_auth") is True


def has_only_our_keys(table: t.Any) -> bool:
    """Whether a value is a table, and holds no key that we would not write."""
    return isinstance(table, dict) and _OUR_KEYS.issuperset(table)


def without_root_keys(table: t.Any) -> t.Any:
    """A provider table without the keys of the root that ended up in it, where Codex ignores them.

    A key that is neither one of the root nor one of ours stays: it may be one
    that a later client reads.
    """
    if not isinstance(table, dict):
        return table
    return {key: value for key, value in table.items() if key not in ROOT_KEYS}


def names_published(value: t.Any, tables: t.Any, base_url: str | None) -> bool:
    """Whether a ``model_provider`` names what a published snippet defines, over HTTP only.

    A gateway that has WebSockets off is none. The id of a snippet whose table
    is missing is one.
    """
    if not isinstance(value, str) or not isinstance(tables, dict):
        return False
    if value not in tables:
        return value in PUBLISHED_IDS
    table = without_root_keys(tables[value])
    return is_ours(table, base_url) and table.get("supports_websockets", False) is False
