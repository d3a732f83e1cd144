# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one machine whose cure was to be taken back. Pure.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import Value, not_diagnosed, not_examined
from ._wording import without_claim

_UNREACHED = "Nothing was taken back on this machine; run this again when it can be reached."
_EARLIER = (
    "earlier ones with codex resume again, or with codex resume -c model_provider=ID, where ID is "
    "the provider that they were started under, such as openai"
)
_PARTS = {
    "recovery": "the recovery",
    "http_provider": "the provider",
    "proxy_env": "the proxy",
    "observation": "what was seen",
}


def not_reached(message: str) -> dict[str, t.Any]:
    """The ``reconnect_result`` of a machine that was not reached."""
    return {**not_examined("unreachable", message), "advice": _UNREACHED}


def taken_back(
    answers: t.Mapping[str, Value], *, check_mode: bool, profile: str | None
) -> dict[str, t.Any]:
    """The ``reconnect_result`` of a machine, with ``changed``, and ``failed`` where something did.

    ``answers`` is what each module returned, in the order of the run; a module
    that is missing was not run, for the machine was lost before it.
    """
    provider, proxy = answers["http_provider"], answers.get("proxy_env", {})
    failed = [name for name, answer in answers.items() if _has_failed(answer)]
    done = {
        **not_diagnosed(_action(provider, proxy, check_mode)),
        "profile": profile,
        "path": provider.get("path"),
        "provider_id": provider.get("provider_id"),
        "table": provider.get("table"),
        "proxy_set": proxy.get("path") if _is_changed(proxy) else None,
        "message": _said(provider, proxy),
        "restart_required": _is_changed(provider) or _is_changed(proxy),
        "changed": any(_is_changed(answer) for answer in answers.values()),
    }
    if not failed:
        return done
    message = _failure(answers, failed, check_mode)
    return {**done, "action": "failed", "message": message, "failed": True, "msg": message}


def _action(provider: Value, proxy: Value, check_mode: bool) -> str:
    if _is_changed(provider):
        if check_mode:
            return "would_roll_back"
        return "purged" if provider.get("table") == "removed" else "rolled_back"
    if _is_changed(proxy):
        return "would_roll_back_proxy" if check_mode else "proxy_rolled_back"
    return "nothing_to_take_back"


def _said(provider: Value, proxy: Value) -> str:
    of_proxy = _is_changed(proxy) and not _is_changed(provider)
    return clean((proxy if of_proxy else provider).get("msg") or "")


def _failure(answers: t.Mapping[str, Value], failed: list[str], check_mode: bool) -> str:
    """What failed, and what was taken back all the same."""
    reasons = {name: _reason(answers[name]) for name in failed}
    done = [
        f"{_PARTS[name]} in {clean(answer.get('path') or '', 120)}"
        for name, answer in answers.items()
        if _is_changed(answer)
    ]
    if not done:
        return clean("; ".join(f"{_PARTS[name]}: {why}" for name, why in reasons.items()))
    verb = "would be" if check_mode else "was"
    said = "; ".join(f"{_PARTS[name]}: {without_claim(why)}" for name, why in reasons.items())
    return clean(f"{' and '.join(done)} {verb} taken back all the same; {said}")


def _reason(answer: Value) -> str:
    said = clean(answer.get("msg") or "it failed without a word", 160)
    if answer.get("unreachable"):
        return f"contact was lost, run this again: {said}"
    return said


def _has_failed(answer: Value) -> bool:
    return bool(answer.get("failed") or answer.get("unreachable"))


def _is_changed(answer: Value) -> bool:
    return bool(answer.get("changed")) and not _has_failed(answer)


def after_rollback(results: t.Mapping[str, Value]) -> list[str]:
    """The lines of the summary that say what is to be done where something was taken back."""
    actions = {result.get("action") for result in results.values()}
    ids = {
        clean(result.get("provider_id"), 80)
        for result in results.values()
        if result.get("action") == "rolled_back" and result.get("table") == "kept"
    }
    lines = []
    if actions & {"rolled_back", "purged", "proxy_rolled_back"}:
        lines.append("Where something was taken back: restart Codex.")
    if ids:
        resumed = ", ".join(f"codex resume -c model_provider={one}" for one in sorted(ids))
        lines.append(
            f"Chats that were started under the cure are resumed with {resumed}, for its table "
            f"stays; {_EARLIER}."
        )
    if "purged" in actions:
        lines.append(
            "Where the table was removed too, chats that were started under the cure can be "
            f"resumed only where it is defined again; {_EARLIER}."
        )
    return lines
