# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of all machines of a run, for a person and for a program. Pure.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import AFFECTED, FINE

Result = t.Mapping[str, t.Any]
Results = t.Mapping[str, Result]

GROUPS = ("affected", "unreachable", "inconclusive")
"""What ``reconnect_fail_on`` can name."""

_REASON = 90
_DONE = {
    "applied": "cured: {provider_id} uses HTTP only, by {path}",
    "applied_again": "cured again, for the setting was gone: {provider_id}, by {path}",
    "already_applied": "cured before: {provider_id} uses HTTP only, by {path}",
    "profile_in_place": "cured before: codex --profile {profile} uses HTTP only",
    "would_apply": "would set the HTTP-only provider",
    "undone": "NOT cured, the change was undone: {message}",
    "not_undone": "NOT cured, and the change in {path} could not be undone: {message}",
    "user_choice": "left alone: somebody has chosen the provider {message} since the cure",
    "refused": "NOT cured, nothing was changed: {message}",
    "failed": "FAILED: {message}",
    "lost": "contact was lost during the cure; run this again",
    "rolled_back": "taken back: {provider_id} in {path}; its table stays for its chats",
    "purged": "taken back, table and all: {provider_id} in {path}",
    "would_roll_back": "would take {provider_id} in {path} back",
    "nothing_to_take_back": "nothing to take back in {path}",
}
_ROLLBACK = ("rolled_back", "purged", "would_roll_back", "nothing_to_take_back")
_RESTART_AFTER_ROLLBACK = "Where something was taken back: restart Codex."
_RESTART = (
    "On the cured machines: restart Codex. Chats that were started before stay with their provider "
    "and its WebSockets; resume one with codex resume -c model_provider=ID, where ID is that "
    "provider, such as openai."
)
_EXPLAINED = ("affected", "inconclusive", "unreachable", "failed")


def group_of(result: Result) -> str:
    """affected, fine, cured, taken_back, unreachable, failed, or inconclusive (to look into)."""
    action = result.get("action")
    if action in ("failed", "undone", "not_undone", "lost"):
        return "failed"
    if result["verdict"] == "unreachable":
        return "unreachable"
    if action in ("applied", "already_applied", "profile_in_place"):
        return "cured"
    if result["verdict"] in AFFECTED:
        return "affected"
    if action in ("rolled_back", "purged"):
        return "taken_back"
    if result["cause"] == "executable_missing":
        return "inconclusive"
    if action in _ROLLBACK or result["verdict"] in FINE:
        return "fine"
    return "inconclusive"


def failing(results: Results, groups: t.Collection[str]) -> list[str]:
    """The hosts whose group is one of ``groups``, sorted."""
    return sorted(host for host, result in results.items() if group_of(result) in groups)


def render(title: str, results: Results) -> str:
    """The summary: one line a host, totals, and what the verdicts mean. Values are printable."""
    width = max((len(host) for host in results), default=0)
    kinds = {host: _kind(result) for host, result in results.items()}
    kind_width = max((len(kind) for kind in kinds.values()), default=0)
    lines = [f"{title}: {_count(len(results), 'host')}"]
    for host, result in sorted(results.items()):
        line = f"  {host:<{width}}  {kinds[host]:<{kind_width}}  {_done(result)}"
        lines.append(line.rstrip())
    lines.append(_totals(results))
    advice = sorted(
        {
            f"  {_kind(result)}: {result['advice']}"
            for result in results.values()
            if group_of(result) in _EXPLAINED and result.get("action") != "refused"
            if result.get("advice")
        }
    )
    if advice:
        lines += ["What it means:", *advice]
    actions = {result.get("action") for result in results.values()}
    if "applied" in actions:
        lines.append(_RESTART)
    if actions & {"rolled_back", "purged"}:
        lines.append(_RESTART_AFTER_ROLLBACK)
    return "\n".join(lines)


def _kind(result: Result) -> str:
    if not result["cause"] or result["cause"] == "not_examined":
        return result["verdict"] or ""
    return f"{result['verdict']} ({result['cause']})"


def _done(result: Result) -> str:
    if group_of(result) == "unreachable":
        return f"not examined: {clean(result['evidence'][0], _REASON)}"
    action = result.get("action", "none")
    if action == "applied" and result.get("drift"):
        action = "applied_again"
    if action in _DONE:
        shown = {
            key: clean(result.get(key)) for key in ("path", "provider_id", "profile", "message")
        }
        return _DONE[action].format_map(shown)
    if result["verdict"] == "config_invalid":
        return f"left alone: {clean(result['evidence'][-1])}"
    return "nothing to do" if group_of(result) == "fine" else "left alone"


def totals(results: Results) -> dict[str, int]:
    """How many hosts came out as each group."""
    groups = [group_of(result) for result in results.values()]
    return {group: groups.count(group) for group in sorted(set(groups))}


def _totals(results: Results) -> str:
    counted = totals(results)
    named = (
        ("cured", "cured"),
        ("taken_back", "taken back"),
        ("affected", "affected"),
        ("fine", "fine"),
        ("inconclusive", "to look into"),
        ("unreachable", "unreachable"),
        ("failed", "failed"),
    )
    return "Totals: " + ", ".join(
        f"{counted[group]} {words}" for group, words in named if group in counted
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
