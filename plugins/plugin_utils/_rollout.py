# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is cured next, and when nobody is any more. Pure.

This plugin util is PRIVATE to the collection. What has become of a machine is
read from its ``reconnect_result`` alone, so one function serves the canaries,
those that replace them, and every batch after them.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import AFFECTED
from ._wording import count, named

Result = t.Mapping[str, t.Any]
Results = t.Mapping[str, Result]
"""In the order of the play."""

SUSPECTED_OUTAGE = "suspected_outage"
ROLL_OUT_STOPPED = "roll_out_stopped"
_STOPS = (f"{SUSPECTED_OUTAGE}: ", f"{ROLL_OUT_STOPPED}: ")

FEWEST_FOR_AN_OUTAGE = 10
"""Machines: of fewer it is no wonder that all are affected."""

_FAILED = ("failed", "undone", "not_undone", "refused", "lost", "would_apply")
"""The actions that tried machines failed with; the last is that of one with no result at all."""

_CURED = ("applied", "already_applied")
_MOST_WAVES = 8


class PolicyRefused(Exception):
    """A variable of the roll-out has no meaning; the text is a sentence."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """The role's variables of the same names; the defaults are those of the role."""

    canaries: int = 1
    canary_replacements: int = 2
    serial: str | None = None
    """Machines of a batch, as ``10`` or ``10%`` of those to be cured; None: all at once."""
    max_fail_percentage: float = 25
    outage_share: float = 0.9
    """From 0 to 1."""


@dataclasses.dataclass(frozen=True)
class Next:
    """Who is cured now, and who waits: for another round, or in vain where ``stopped`` says why."""

    hosts: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    canaries: bool = False
    """Whether ``hosts`` are canaries."""
    stopped: str | None = None


def checked_policy(values: t.Mapping[str, t.Any]) -> Policy:
    """``values`` by the names of ``Policy``, from a person. Raises ``PolicyRefused``."""
    serial = values.get("serial")
    return Policy(
        canaries=_whole("canaries", values["canaries"]),
        canary_replacements=_whole("canary_replacements", values["canary_replacements"]),
        serial=None if serial in (None, "") else _serial(str(serial)),
        max_fail_percentage=_number("max_fail_percentage", values["max_fail_percentage"], 100),
        outage_share=_number("outage_share", values["outage_share"], 1),
    )


def suspected_outage(results: Results, known: t.Collection[str], policy: Policy) -> str | None:
    """Why the whole fleet rather than its machines seems to be ill, as ``Next.stopped``, or None.

    A machine that uses HTTP only, that has no client, or whose network is down
    as a whole cannot tell, however many of them there are. ``known`` are the
    hosts that an earlier report shows as affected: they say nothing about today,
    and so count neither among the affected nor among all.
    """
    judged = [result for host, result in results.items() if _can_tell(result) and host not in known]
    affected = [result for result in judged if result["verdict"] in AFFECTED]
    if len(judged) < FEWEST_FOR_AN_OUTAGE or len(affected) / len(judged) <= policy.outage_share:
        return None
    since = ", but for those of reconnect_baseline," if known else ""
    return (
        f"{SUSPECTED_OUTAGE}: {len(affected)} of {len(judged)} machines that use WebSockets and "
        f"could be reached{since} are affected, as in an outage of the service; if it is none, "
        "set reconnect_outage_share to 1 to go on"
    )


def next_hosts(results: Results, tried: t.Sequence[str], policy: Policy) -> Next:
    """Who is to be cured after ``tried``, the hosts that have been let go in their order.

    Canaries go first, and no more than may be touched in vain; once as many as
    wanted hold, or there is nobody left to wait, the others follow in batches.
    """
    gone = set(tried)
    waiting = tuple(
        host
        for host, result in results.items()
        if result["action"] == "would_apply" and host not in gone
    )
    canaries = _canaries(results, tried, policy.canaries)
    missing = policy.canaries - sum(_holds(results[host]) for host in canaries)
    failed = [host for host in canaries if _has_failed(results[host])]
    if missing > 0:
        if waiting and len(failed) > policy.canary_replacements:
            return Next((), waiting, stopped=_canaries_failed(failed, policy))
        return Next(waiting[:missing], waiting[missing:], canaries=True)
    after = tried[len(canaries) :]
    failed = [host for host in after if _has_failed(results[host])]
    if waiting and len(failed) * 100 / max(1, len(after)) > policy.max_fail_percentage:
        return Next((), waiting, stopped=_too_many_failed(failed, len(after), policy))
    size = _batch(policy.serial, len(tried) + len(waiting))
    return Next(waiting[:size], waiting[size:])


def order(results: Results, policy: Policy) -> list[tuple[str, ...]]:
    """Who would be cured one after another if every cure held; nothing that is tried is known."""
    imagined = dict(results)
    waves: list[tuple[str, ...]] = []
    tried: list[str] = []
    while hosts := next_hosts(imagined, tried, policy).hosts:
        waves.append(hosts)
        tried += hosts
        for host in hosts:
            imagined[host] = {**results[host], "action": "applied", "proof": {"proven": True}}
    return waves


def told_order(waves: t.Sequence[t.Sequence[str]], canaries: int) -> str:
    """``waves`` as one line for a person."""
    parts = [named(wave) for wave in waves[:_MOST_WAVES]]
    if canaries and parts:
        parts[0] += " (canary)" if len(waves[0]) == 1 else " (canaries)"
    more = len(waves) - _MOST_WAVES
    if more > 0:
        parts.append(f"{count(more, 'batch', 'batches')} more")
    return f"Roll-out, in this order: {'; then '.join(parts)}"


def told_step(step: Next) -> str:
    """``step`` as one line for a person; empty where nobody is let go."""
    if step.stopped:
        return f"Roll-out: stopped, {count(len(step.waiting), 'machine')} held back"
    if not step.hosts:
        return ""
    who = "canary" if step.canaries else "next"
    return f"Roll-out, {who}: {named(step.hosts)}; {len(step.waiting)} waiting"


def stopped(results: Results) -> str | None:
    """Why the roll-out was stopped before all were tried, or None."""
    for result in results.values():
        held_back = result.get("held_back")
        if isinstance(held_back, str) and held_back.startswith(_STOPS):
            return held_back
    return None


def _can_tell(result: Result) -> bool:
    # A profile leaves doctor's words as they are on a machine that was cured by it long ago.
    return result["verdict"] in ("healthy", *AFFECTED) and result["action"] != "profile_in_place"


def _canaries(results: Results, tried: t.Sequence[str], wanted: int) -> t.Sequence[str]:
    """Those of ``tried`` that were let go while canaries were wanted."""
    holding = 0
    for position, host in enumerate(tried):
        if holding >= wanted:
            return tried[:position]
        holding += _holds(results[host])
    return tried


def _holds(result: Result) -> bool:
    proof = result.get("proof")
    proven = isinstance(proof, dict) and proof.get("proven") is True
    # A proxy that works is a change that holds, although another cure would have to follow.
    by_proxy = result["action"] == "none" and bool(result.get("proxy_set"))
    return (result["action"] in _CURED and proven) or by_proxy


def _has_failed(result: Result) -> bool:
    """Not the opposite of holding: a machine whose user has chosen otherwise shows neither, nor
    does one that has got well before its turn."""
    return (
        result["action"] in _FAILED
        or result["verdict"] == "unreachable"
        or (result["action"] in _CURED and not _holds(result))
    )


def _batch(serial: str | None, machines: int) -> int:
    if serial is None:
        return machines
    if serial.endswith("%"):
        return max(1, machines * int(serial[:-1]) // 100)
    return int(serial)


def _canaries_failed(failed: t.Sequence[str], policy: Policy) -> str:
    return (
        f"{ROLL_OUT_STOPPED}: {_have_failed(failed, 'canary', 'canaries')}, and "
        f"reconnect_canary_replacements is {policy.canary_replacements}; mend what failed and run "
        f"this again: {named(failed)}"
    )


def _too_many_failed(failed: t.Sequence[str], among: int, policy: Policy) -> str:
    return (
        f"{ROLL_OUT_STOPPED}: {_have_failed(failed, 'machine', 'machines')} of {among} after the "
        f"canaries, and reconnect_max_fail_percentage is {policy.max_fail_percentage:g}; mend what "
        f"failed and run this again: {named(failed)}"
    )


def _have_failed(failed: t.Sequence[str], one: str, many: str) -> str:
    return f"{count(len(failed), one, many)} {'has' if len(failed) == 1 else 'have'} failed"


def _whole(name: str, value: t.Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if number < 0:
        raise PolicyRefused(_refusal(name, value, "a whole number, 0 or more"))
    return number


def _serial(value: str) -> str:
    digits = value[:-1] if value.endswith("%") else value
    most = 100 if value.endswith("%") else 10**9
    if not (
        digits.isascii() and digits.isdigit() and len(digits) < 11 and 1 <= int(digits) <= most
    ):
        raise PolicyRefused(
            _refusal("serial", value, "a number of machines, 1 or more, or a percentage, as 10%")
        )
    return value


def _number(name: str, value: t.Any, most: float) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    # Not a number is neither below nor above anything.
    if not 0 <= number <= most:
        raise PolicyRefused(_refusal(name, value, f"a number from 0 to {most:g}"))
    return number


def _refusal(name: str, value: t.Any, wanted: str) -> str:
    return f"reconnect_{name} is {clean(value, 40)}; it must be {wanted}. Nothing was changed."
