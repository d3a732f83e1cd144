# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When WebSockets are tried again behind the cure, and what becomes of the trial. Pure.

This module util is PRIVATE to the collection. The policy is the one that the
client itself lacks (issue 23665): a cooldown, a small budget of trials, and a
budget that is only renewed once a stream has completed. A handshake that
succeeds spends a trial and renews nothing. ``step`` is what has happened,
``next_move`` what is to be done; both know no clock and no file.

What counts in a trial is what the client has logged of its turns since the
cure was taken back (``_log_rows``), and a live turn that was asked for. Another
provider than the one on trial shows nothing of it.

* A fallback is seen in the logs of terminal sessions of 0.130 to 0.169.
* A completed stream is seen in those of 0.169 (an answer on a thread whose
  WebSocket was connected). 0.130 logs an answer over HTTP and one over a
  WebSocket alike, so there only a live turn can tell; what lies between was not
  measured.
* ``codex exec`` logs nothing in any version, and an IDE extension was not
  measured; where no log is read, only a live turn can tell.
* A live turn is a completed stream where the handshake succeeds and the turn is
  answered without a reconnect line and without a fallback. Where the service
  asks for HTTP (426), no turn is.
* In /etc/codex it is about all users, and the log that is read is that of the
  user whom the task runs as.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ._text import clean

STATES = ("cured", "trial", "recovered", "spent")
"""On HTTP; on WebSockets again and watched; on WebSockets; on HTTP for good."""

EVENTS = (
    "adopted",
    "applied",
    "probe_failed",
    "trial_started",
    "fell_back",
    "not_made",
    "cure_failed",
    "completed",
    "reset",
    "taken_back",
)
KINDS = (
    "adopt",
    "wait",
    "probe",
    "cannot_be_tried",
    "spent",
    "observe",
    "recovered",
    "cure_again",
    "mend",
    "not_made",
    "users_choice",
    "nothing",
)
MOST_ENTRIES = 20

_HOUR = 3600.0
_BEING_MADE = _HOUR
"""Seconds that another run may need from recording a trial to making it, in a large fleet."""
_PROVIDER = 80
"""Characters of a provider's id, as in the values of codex_info."""
_FOR_GOOD = "it stays on HTTP until reconnect_recovery_reset is true"
_CANNOT_BE_TRIED = (
    "codex -c cannot say what was there before the cure (a base_url that may hold a password, or "
    "an id that needs quotes), so WebSockets cannot be tried: take the cure back by the playbook "
    "rollback"
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One transition: when (seconds since the epoch), what happened, where it led, and why."""

    at: float
    event: str
    state: str
    why: str


@dataclasses.dataclass(frozen=True)
class Recovery:
    """Where one cured configuration stands; times are in seconds since the epoch."""

    state: str
    attempts: int
    """Trials since the cure was made, since WebSockets last proved themselves or since a reset."""
    since: float
    """When the cooldown, or the trial, or what came of it began."""
    tried: float | None
    """When the original provider was last probed, or the cure brought back, in vain since then."""
    revision: int
    """How many transitions there have been."""
    history: tuple[Entry, ...]
    """The newest ``MOST_ENTRIES`` of them, newest last."""
    provider: str | None = None
    """The one on trial; None outside a trial, and where it is not known."""


@dataclasses.dataclass(frozen=True)
class Standing:
    """The same as of now. Ages are in seconds, below 0 where the clock was set back since."""

    state: str | None
    """None: nothing is remembered."""
    attempts: int
    age: float
    tried_age: float | None
    event: str | None = None
    """What has happened last."""
    provider: str | None = None
    """The one on trial, as far as it is known."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was seen on the machine."""

    cure_in_place: bool
    failing: bool
    """A WebSocket failure is proven: the verdict is websocket_blocked or http_only_broken."""
    healthy: bool
    """WebSockets are on, and the handshake succeeds."""
    fallbacks: int
    """Logged since our last change."""
    completed: int
    """Threads that were completed over a WebSocket since our last change."""
    user_choice: str | None
    """The value that somebody else has put in the place of ours."""
    active: str | None = None
    """The provider in effect; None where it is not known."""
    can_be_tried: bool = True
    """Whether doctor can be asked about what was there before the cure."""


@dataclasses.dataclass(frozen=True)
class Policy:
    """How long after a cure or a failed probe the next probe is made, and how many trials."""

    cooldown: float
    """Seconds."""
    budget: int
    respects_choice: bool = True
    """Whether a provider that somebody has put in the place of ours stays where it fails."""


@dataclasses.dataclass(frozen=True)
class Move:
    """What is to be done (one of ``KINDS``), the event to record with it, and why."""

    kind: str
    event: str | None
    """None: nothing, or for a probe what comes of it."""
    why: str


class _Next(t.NamedTuple):
    state: str
    attempts: int
    since: float
    tried: float | None


def step(
    known: Recovery | None,
    event: str,
    why: str,
    now: float,
    budget: int,
    provider: str | None = None,
) -> Recovery | None:
    """What is to be remembered after ``event``; None for nothing.

    An event that does not fit the state changes nothing. No trial is started
    beyond ``budget``; ``provider`` is the one that a trial is of.
    """
    if event == "taken_back":
        return None
    reached = _after(known, event, now, budget)
    if reached is None:
        return known
    entry = Entry(now, event, reached.state, clean(why))
    history = (*(known.history if known else ()), entry)
    revision = known.revision + 1 if known else 1
    on_trial = known.provider if known and reached.state == "trial" else None
    if event == "trial_started":
        on_trial = clean(provider, _PROVIDER) if provider else None
    return Recovery(*reached, revision, history[-MOST_ENTRIES:], on_trial)


def next_move(standing: Standing | None, seen: Seen, policy: Policy) -> Move:
    """What to do now, given what is remembered and what is seen."""
    state = standing.state if standing else None
    chosen = _chosen(standing, seen)
    if chosen is not None:
        why = f"somebody has made {clean(chosen, _PROVIDER)} the provider since"
        if policy.respects_choice or not seen.failing or standing is None or state is None:
            return Move("users_choice", None, why)
        return _brought_back("mend", "applied", f"{why}, and WebSockets fail", standing, policy)
    if standing is not None and state == "trial":
        return _in_trial(standing, seen, policy)
    if standing is not None and _is_gone(standing, seen) and seen.failing:
        why = "the setting is gone, and WebSockets fail"
        return _brought_back("mend", "applied", why, standing, policy)
    if not seen.cure_in_place:
        return Move("nothing", None, "there is no cure of ours to find the way back from")
    if standing is None or state is None:
        return Move("adopt", "adopted", "nothing is remembered of this cure: its cooldown begins")
    if state == "recovered":
        return Move("adopt", "adopted", "the cure is there again: its cooldown begins")
    return _on_http(standing, seen, policy)


def _chosen(standing: Standing | None, seen: Seen) -> str | None:
    """The provider that somebody has put in the place of ours, or of the one on trial."""
    if seen.user_choice is not None or standing is None or standing.state != "trial":
        return seen.user_choice
    is_known = None not in (standing.provider, seen.active)
    is_other = is_known and standing.provider != seen.active
    return seen.active if is_other and not seen.cure_in_place else None


def _is_gone(standing: Standing, seen: Seen) -> bool:
    return not seen.cure_in_place and standing.state in ("cured", "spent")


def _brought_back(kind: str, event: str, why: str, standing: Standing, policy: Policy) -> Move:
    """Bring the cure back for ``why``, unless it has just been tried in vain."""
    age = standing.tried_age
    if standing.event != "cure_failed" or age is None or not 0 <= age < policy.cooldown:
        return Move(kind, event, why)
    left = (policy.cooldown - age) / _HOUR
    return Move(
        "wait", None, f"{why}; the cure did not hold, and is made again in {left:.1f} hours"
    )


def _after(known: Recovery | None, event: str, now: float, budget: int) -> _Next | None:
    if known is None or known.state == "recovered":
        return _Next("cured", 0, now, None) if event in ("adopted", "applied") else None
    if event == "cure_failed":
        return _Next(known.state, known.attempts, known.since, now)
    if event == "reset":
        state = "cured" if known.state == "spent" else known.state
        is_new = known.attempts == 0 and state == known.state
        return None if is_new else _Next(state, 0, known.since, known.tried)
    if known.state == "trial":
        return _after_trial(known, event, now, budget)
    if event == "applied" or (event == "adopted" and _begins_later(known, now)):
        return _Next(known.state, known.attempts, now, None)
    if known.state == "cured" and event == "probe_failed":
        return _Next("cured", known.attempts, known.since, now)
    if known.state == "cured" and event == "trial_started" and known.attempts < budget:
        return _Next("trial", known.attempts + 1, now, None)
    return None


def _after_trial(known: Recovery, event: str, now: float, budget: int) -> _Next | None:
    if event == "completed":
        return _Next("recovered", 0, now, None)
    if event in ("fell_back", "not_made", "applied"):
        state = "cured" if known.attempts < budget else "spent"
        return _Next(state, known.attempts, now, None)
    if event == "adopted" and known.since > now:
        return _Next("trial", known.attempts, now, known.tried)
    return None


def _begins_later(known: Recovery, now: float) -> bool:
    return max(known.since, known.tried or 0.0) > now


def _on_http(standing: Standing, seen: Seen, policy: Policy) -> Move:
    if standing.state == "spent" or standing.attempts >= policy.budget:
        return Move("spent", None, f"{_spent(standing.attempts, policy.budget)}: {_FOR_GOOD}")
    waited = standing.age if standing.tried_age is None else min(standing.age, standing.tried_age)
    if waited < 0:
        # Else a clock that was wrong once might put off every probe for years.
        return Move("adopt", "adopted", "the clock was set back: the cooldown begins now")
    if waited >= policy.cooldown and not seen.can_be_tried:
        return Move("cannot_be_tried", None, _CANNOT_BE_TRIED)
    if waited >= policy.cooldown:
        return Move("probe", None, "the cooldown is over")
    left = (policy.cooldown - waited) / _HOUR
    return Move("wait", None, f"{left:.1f} hours of the cooldown are left")


def _spent(attempts: int, budget: int) -> str:
    if attempts < budget:
        return f"an earlier budget is spent, by {attempts} trials"
    return f"{attempts} of {budget} trials are spent"


def _in_trial(standing: Standing, seen: Seen, policy: Policy) -> Move:
    if seen.cure_in_place and 0 <= standing.age < _BEING_MADE:
        # Ending it now would leave a trial that nobody watches, if another run is just making it.
        return Move("wait", None, "a trial was begun within the last hour and is not made yet")
    if seen.cure_in_place:
        return Move("not_made", "not_made", "the trial was not made, or somebody has ended it")
    if standing.age < 0 and not seen.failing:
        # What has been logged is of before, or of now: nobody can tell.
        why = "the clock was set back: what is logged counts from now on"
        return Move("observe", "adopted", why)
    # What a fallback shows is more than what a completed turn shows: both happen on a bad network.
    if seen.fallbacks and standing.age >= 0:
        fallbacks = "fallback to HTTP" if seen.fallbacks == 1 else "fallbacks to HTTP"
        why = f"{seen.fallbacks} {fallbacks} in the trial"
        return _brought_back("cure_again", "fell_back", why, standing, policy)
    if seen.failing:
        why = "WebSockets fail again"
        return _brought_back("cure_again", "fell_back", why, standing, policy)
    if seen.completed:
        return Move("recovered", "completed", "a stream has completed over a WebSocket")
    so_far = "the handshake succeeds" if seen.healthy else "nothing speaks for WebSockets yet"
    return Move("observe", None, f"{so_far}; waiting for a turn that completes over a WebSocket")
