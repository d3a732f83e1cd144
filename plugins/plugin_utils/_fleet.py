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
from ._failure import unremembered
from ._preflight import trial_said
from ._recovering import DONE as RECOVERY_DONE
from ._recovering import after_trials, again
from ._rollout import stopped
from ._taking_back import after_rollback
from ._wording import count, named

Result = t.Mapping[str, t.Any]
Results = t.Mapping[str, Result]

GROUPS = ("affected", "unreachable", "inconclusive")
"""What ``reconnect_fail_on`` can name."""

_REASON = 160
_MOST_FINDINGS = 40
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
    "proxy_rolled_back": "taken back: the proxy in {proxy_set}",
    "would_roll_back_proxy": "would take the proxy in {proxy_set} back",
    "nothing_to_take_back": "nothing to take back in {path}",
    **RECOVERY_DONE,
}
_DONE_BY_PROXY = {
    "applied": "cured: the proxy is set, by {path}",
    "already_applied": "cured before: the proxy is set, by {path}",
    "would_apply": "would set the proxy",
}
_DONE_BY_PROFILE = {
    "applied": "cured: codex --profile {profile} uses HTTP only, by {path}",
    "applied_again": "cured again, for the setting was gone: codex --profile {profile}, by {path}",
    "already_applied": "cured before: codex --profile {profile} uses HTTP only, by {path}",
}
_DONE_IN_PLACE = {
    "rolled_back": "taken back: {provider_id} in {path} uses WebSockets again, with its own chats",
}
_PROXY_TOO = "; the proxy too, by {proxy_set}"
_PROXY_TOO_IN = "; the proxy too, in {proxy_set}"
_PROXY_STAYS = "; the proxy is set, by {proxy_set}"
_WITHOUT_EFFECT = ("undone", "not_undone", "user_choice", "refused", "failed", "lost")
_PROXY_ALONE = ("proxy_rolled_back", "would_roll_back_proxy")
_TAKEN_BACK = ("rolled_back", "purged", "proxy_rolled_back")
_ROLLBACK = (*_TAKEN_BACK, "would_roll_back", "would_roll_back_proxy", "nothing_to_take_back")
_RESTART = "On the cured machines: restart Codex."
_CHATS = (
    " Chats that were started before stay with their provider and its WebSockets; resume one with "
    "codex resume -c model_provider=ID, where ID is that provider, such as openai."
)
_EXPLAINED = ("affected", "inconclusive", "unreachable")


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
    if action in _TAKEN_BACK:
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
    lines = [f"{title}: {count(len(results), 'host')}"]
    for host, result in sorted(results.items()):
        line = f"  {host:<{width}}  {kinds[host]:<{kind_width}}  {_done(result)}{_live(result)}"
        lines.append(line.rstrip())
    lines.append(_totals(results))
    why = stopped(results)
    if why:
        lines.append(f"STOPPED, {why}")
    # What it asks for has been tried in vain on a host that failed; its own line says why.
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
    lines += _findings(results)
    cured = [result for result in results.values() if result.get("action") == "applied"]
    if any(_words(result) is not _DONE_BY_PROFILE or result.get("proxy_set") for result in cured):
        lines.append(_RESTART + (_CHATS if any(map(_moves_chats, cured)) else ""))
    lines += after_trials(results.values())
    lines += after_rollback(results)
    return "\n".join(lines)


def _moves_chats(result: Result) -> bool:
    """Whether a cure has made another provider active: that of a gateway stays what it was."""
    is_switched = result.get("previous_provider") != result.get("provider_id")
    return _words(result) is _DONE and is_switched


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
        and_proxy = _and_proxy(action) if result.get("proxy_set") else ""
        keys = ("path", "provider_id", "profile", "message", "proxy_set")
        shown = {key: clean(result.get(key)) for key in keys}
        trial = trial_said(result) if action == "would_apply" else ""
        said = (_words(result).get(action, _DONE[action]) + and_proxy).format_map(shown)
        return said + trial + again(result) + unremembered(result)
    held_back = f": {_held_back(result)}" if result.get("held_back") else ""
    if result.get("proxy_set"):
        stays = _PROXY_STAYS.format(proxy_set=clean(result["proxy_set"]))
        return f"left alone{held_back}{stays}"
    if held_back:
        return f"left alone{held_back}"
    if result["verdict"] == "proxy_misconfigured":
        return _left_alone_for_its_proxy(result)
    if result["verdict"] == "config_invalid":
        return f"left alone: {clean(result['evidence'][-1])}"
    return "nothing to do" if group_of(result) == "fine" else "left alone"


def _held_back(result: Result) -> str:
    """What keeps a cure from one machine; what keeps it from many has a line of its own below."""
    why = clean(result["held_back"])
    return why.partition(":")[0] if stopped({"": result}) else why


def _words(result: Result) -> dict[str, str]:
    """What is said of the kind of cure that this host got; ``_DONE`` has the words for all else."""
    if result.get("table") == "restored":
        return _DONE_IN_PLACE
    if result.get("remedy") == "proxy_env":
        return _DONE_BY_PROXY
    return _DONE_BY_PROFILE if result.get("profile") else _DONE


def _and_proxy(action: str) -> str:
    """What is said of a proxy that was set or taken back beside it."""
    if action in _PROXY_ALONE:
        return ""
    if action in _ROLLBACK:
        return _PROXY_TOO_IN
    return _PROXY_STAYS if action in _WITHOUT_EFFECT else _PROXY_TOO


def _left_alone_for_its_proxy(result: Result) -> str:
    repaired = clean(result.get("repaired") or "")
    return f"left alone: wants {repaired}" if repaired else "left alone: wants reconnect_proxy"


def _live(result: Result) -> str:
    """What the live turn showed, the last word on a machine."""
    live = result.get("live")
    if not isinstance(live, dict):
        return ""
    if live.get("problem"):
        return f"; live turn: {clean(live['problem'])}"
    seconds, lines = (clean(live.get(key), 20) for key in ("seconds", "reconnect_lines"))
    return f"; live turn: {seconds} s, {lines} reconnect line{'' if lines == '1' else 's'}"


def _findings(results: Results) -> list[str]:
    """What no configuration cures, each with its advice once and the hosts that it was seen on."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for host, result in sorted(results.items()):
        found = result.get("findings")
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict):
                key = (clean(one.get("name"), 60), clean(one.get("advice")))
                hosts.setdefault(key, []).append(host)
    if not hosts:
        return []
    lines = [f"  {name} ({named(on)}): {advice}" for (name, advice), on in sorted(hosts.items())]
    return ["Also seen:", *lines[:_MOST_FINDINGS]]


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
