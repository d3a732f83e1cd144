# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a diagnosis, and the value that every machine of a run ends with. Pure.

This plugin util is PRIVATE to the collection. Values are those that codex_info
returns: plain JSON types from a machine that is not trusted.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

Value = t.Mapping[str, t.Any]

SCOPES = ("user", "profile", "system")

NEEDS_PROVIDER = ("websocket_blocked", "http_only_broken")
"""The verdicts that prove the need for the HTTP-only provider."""

NEEDS_PROXY = ("proxy_misconfigured",)
"""The verdicts that prove the need for another proxy setting."""

AFFECTED = NEEDS_PROVIDER + NEEDS_PROXY
"""The verdicts that prove the need for a cure."""

FINE = ("healthy", "http_only", "not_installed", "unsupported_version")
"""The verdicts that leave nothing to do or to look into."""

_KEYS = (
    "verdict",
    "cause",
    "evidence",
    "advice",
    "remedy",
    "action",
    "version",
    "provider",
    "profile",
    "preflight",
    "proof",
    "drift",
    "path",
    "provider_id",
    "previous_provider",
    "table",
    "restart_required",
    "message",
    "not_remembered",
    "repaired",
    "held_back",
    "proxy_set",
    "findings",
    "live",
    "recovery",
)
_MOST_EVIDENCE = 10
_MOST_ITEMS = 100
_DEEPEST_FACT = 4
_MOST_COUNTED = 1e6
_LARGEST = 1e15
"""Beyond it a number is text: JSON has no word for infinity, and no line has room for the rest."""

_NEVER = ("not_installed", "unsupported_version", "auth_missing", "config_invalid")
"""The verdicts on which nothing is applied, for nothing could be proven."""

_NEVER_A_PROVIDER = (*_NEVER, "managed_elsewhere", "http_only")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the operator has asked for; the defaults are those of the role."""

    apply: str = "when_detected"
    remedy: str = "auto"
    profile: str | None = None
    """The profile that the cure is written to, if it is."""
    has_proxy: bool = False
    """Whether a proxy is given that ``proxy_env`` could set."""


def first_result(codex: Value, wanted: Wanted) -> dict[str, t.Any]:
    """The value ``reconnect_result`` right after the look at one machine.

    ``action`` is ``would_apply`` where a cure is called for, else ``none``, or
    ``profile_in_place`` where the cure is a profile that is in place: doctor
    looks at sessions without a profile, and those stay as they are.
    ``held_back`` is what keeps the role from curing a proven need, as
    ``reconnect_apply is never``, else None.
    Raises KeyError, TypeError, ValueError or AttributeError for anything that
    codex_info does not return.
    """
    diagnosis = codex["diagnosis"]
    verdict, cause = diagnosis["verdict"], diagnosis["cause"]
    if (verdict, cause) not in VERDICTS_AND_CAUSES:
        raise ValueError("a verdict that this collection does not know")
    profiles = codex["http_only_profiles"]
    if not isinstance(profiles, list):
        raise TypeError("http_only_profiles is not a list")
    cure = _cure(verdict, wanted)
    in_place = cure == "http_provider" and wanted.profile in profiles
    return {
        **_blank(verdict, cause),
        "evidence": [clean(line) for line in diagnosis["evidence"][:_MOST_EVIDENCE]],
        "advice": clean(diagnosis["advice"]),
        "remedy": cure or clean(diagnosis["remedy"], 40),
        "action": "profile_in_place" if in_place else "would_apply" if cure else "none",
        "version": clean(codex["version"] or "", 40) or None,
        "provider": clean(codex["provider"]["active"], 80),
        "profile": wanted.profile,
        "repaired": _repaired(codex, cause) if verdict in NEEDS_PROXY else None,
        "held_back": None if cure else _held_back(verdict, wanted),
        "findings": [_finding(one) for one in codex["findings"][:_MOST_ITEMS]],
        "live": _live(codex["live"]),
    }


def _cure(verdict: str, wanted: Wanted) -> str | None:
    """The module that is to cure, or None. The proxy comes first: it is the smaller cure."""
    may_set_provider = wanted.remedy in ("auto", "http_provider")
    may_set_proxy = wanted.remedy in ("auto", "proxy_env") and wanted.has_proxy
    if wanted.apply == "never":
        return None
    if verdict in NEEDS_PROXY and may_set_proxy:
        return "proxy_env"
    if verdict in NEEDS_PROVIDER and may_set_provider:
        return "http_provider"
    if wanted.apply == "when_detected" or verdict in _NEVER:
        return None
    if wanted.remedy == "proxy_env":
        return "proxy_env" if may_set_proxy else None
    return None if verdict in _NEVER_A_PROVIDER else "http_provider"


def _held_back(verdict: str, wanted: Wanted) -> str | None:
    """The variable without which there would be a cure for a proven need, and its value."""
    if _cure(verdict, Wanted(has_proxy=wanted.has_proxy)) is None:
        return None
    name, value = ("apply", "never") if wanted.apply == "never" else ("remedy", wanted.remedy)
    return f"reconnect_{name} is {value}"


def _repaired(codex: Value, cause: str) -> str | None:
    """The setting as it should be, such as ``HTTPS_PROXY=http://127.0.0.1:7890``."""
    for problem in codex["proxy"]["problems"][:_MOST_ITEMS]:
        if problem["name"] == cause and problem["repaired"]:
            return clean(f"{problem['variable']}={problem['repaired']}")
    return None


def _finding(finding: Value) -> dict[str, str]:
    return {key: clean(finding[key]) for key in ("name", "detail", "advice")}


def _live(live: Value | None) -> dict[str, t.Any] | None:
    if live is None:
        return None
    seconds, lines = float(live["seconds"]), float(live["reconnect_lines"])
    if not (0 <= seconds <= _MOST_COUNTED and 0 <= lines <= _MOST_COUNTED):
        raise ValueError("a live turn without an end")
    return {
        "answered": live["answered"] is True,
        "seconds": round(seconds, 1),
        "reconnect_lines": int(lines),
        "fell_back": live["fell_back"] is True,
        "problem": clean(live["problem"]),
    }


def not_examined(verdict: str, message: str) -> dict[str, t.Any]:
    """The fact ``reconnect_result`` of a machine that could not be looked at."""
    return {
        **_blank(verdict, "not_examined"),
        "evidence": [clean(message)],
        "advice": "Nothing is known about this machine; run this again when it can be reached.",
        "remedy": "investigate",
    }


def not_diagnosed(action: str) -> dict[str, t.Any]:
    """The fact ``reconnect_result`` of a machine that was not asked what is the matter."""
    return {**_blank(None, None), "action": action}


def _blank(verdict: str | None, cause: str | None) -> dict[str, t.Any]:
    """The keys that no ``reconnect_result`` lacks."""
    return {
        "verdict": verdict,
        "cause": cause,
        "evidence": [],
        "advice": "",
        "remedy": "none",
        "action": "none",
        "version": None,
        "provider": None,
        "profile": None,
        "preflight": None,
        "proof": None,
        "repaired": None,
        "held_back": None,
        "findings": [],
        "live": None,
    }


def checked_result(fact: t.Any) -> dict[str, t.Any]:
    """``fact`` as a ``reconnect_result`` whose every string is bounded and printable.

    Any module may set any fact, and one machine's nonsense must not cost the
    others their summary: what has not the right shape counts as not examined.
    """
    if not _is_result(fact):
        return not_examined("inconclusive", "the fact reconnect_result of this machine is nonsense")
    checked: dict[str, t.Any] = _printable(
        {key: fact[key] for key in _KEYS if key in fact}, _DEEPEST_FACT
    )
    return checked


def is_unfinished(result: Value) -> bool:
    """Whether a cure, or a trial without it, was begun and nothing has shown yet that it holds."""
    proof = result.get("proof")
    unproven = not isinstance(proof, dict) or proof.get("proven") is not True
    begun = ("would_apply", "would_try_websockets")
    return result["action"] in begun or (result["action"] == "applied" and unproven)


def _is_result(fact: t.Any) -> bool:
    if not isinstance(fact, dict):
        return False
    verdict, cause, evidence = fact.get("verdict"), fact.get("cause"), fact.get("evidence")
    return (
        (verdict is None or isinstance(verdict, str))
        and (cause is None or isinstance(cause, str))
        and isinstance(evidence, list)
        and isinstance(fact.get("advice"), str)
        and isinstance(fact.get("action"), str)
        and {"verdict", "cause"} <= fact.keys()
        and (verdict not in ("unreachable", "config_invalid") or bool(evidence))
    )


def _printable(value: t.Any, depth: int) -> t.Any:
    if value is None or (isinstance(value, (bool, int, float)) and abs(value) <= _LARGEST):
        return value
    if depth and isinstance(value, dict):
        return {clean(key, 80): _printable(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, list):
        return [_printable(item, depth - 1) for item in value[:_MOST_ITEMS]]
    return clean(value)
