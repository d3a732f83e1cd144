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
cure was taken back (``_log_rows``), and a live turn that was asked for:

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
    "completed",
    "reset",
    "taken_back",
)
KINDS = (
    "adopt",
    "wait",
    "probe",
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
_FOR_GOOD = "it stays on HTTP until reconnect_recovery_reset is true"


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
    """When the original provider was last probed in vain since then."""
    revision: int
    """How many transitions there have been."""
    history: tuple[Entry, ...]
    """The newest ``MOST_ENTRIES`` of them, newest last."""


@dataclasses.dataclass(frozen=True)
class Standing:
    """The same as of now. Ages are in seconds, below 0 where the clock was set back since."""

    state: str | None
    """None: nothing is remembered."""
    attempts: int
    age: float
    tried_age: float | None


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


@dataclasses.dataclass(frozen=True)
class Policy:
    """How long after a cure or a failed probe the next probe is made, and how many trials."""

    cooldown: float
    """Seconds."""
    budget: int


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


def step(known: Recovery | None, event: str, why: str, now: float, budget: int) -> Recovery | None:
    """What is to be remembered after ``event``; None for nothing.

    An event that does not fit the state changes nothing. No trial is started
    beyond ``budget``.
    """
    if event == "taken_back":
        return None
    reached = _after(known, event, now, budget)
    if reached is None:
        return known
    entry = Entry(now, event, reached.state, clean(why))
    history = (*(known.history if known else ()), entry)
    revision = known.revision + 1 if known else 1
    return Recovery(*reached, revision, history[-MOST_ENTRIES:])


def next_move(standing: Standing | None, seen: Seen, policy: Policy) -> Move:
    """What to do now, given what is remembered and what is seen."""
    state = standing.state if standing else None
    if seen.user_choice is not None:
        chosen = clean(seen.user_choice, 80)
        return Move("users_choice", None, f"somebody has made {chosen} the provider since")
    if standing is not None and state == "trial":
        return _in_trial(standing, seen)
    if not seen.cure_in_place and state in ("cured", "spent") and seen.failing:
        return Move("mend", "applied", "the setting is gone, and WebSockets fail")
    if not seen.cure_in_place:
        return Move("nothing", None, "there is no cure of ours to find the way back from")
    if standing is None or state is None:
        return Move("adopt", "adopted", "nothing is remembered of this cure: its cooldown begins")
    if state == "recovered":
        return Move("adopt", "adopted", "the cure is there again: its cooldown begins")
    return _on_http(standing, policy)


def _after(known: Recovery | None, event: str, now: float, budget: int) -> _Next | None:
    if known is None or known.state == "recovered":
        return _Next("cured", 0, now, None) if event in ("adopted", "applied") else None
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
    return None


def _begins_later(known: Recovery, now: float) -> bool:
    return max(known.since, known.tried or 0.0) > now


def _on_http(standing: Standing, policy: Policy) -> Move:
    if standing.state == "spent" or standing.attempts >= policy.budget:
        return Move("spent", None, f"{_spent(standing.attempts, policy.budget)}: {_FOR_GOOD}")
    waited = standing.age if standing.tried_age is None else min(standing.age, standing.tried_age)
    if waited < 0:
        # Else a clock that was wrong once might put off every probe for years.
        return Move("adopt", "adopted", "the clock was set back: the cooldown begins now")
    if waited >= policy.cooldown:
        return Move("probe", None, "the cooldown is over")
    left = (policy.cooldown - waited) / _HOUR
    return Move("wait", None, f"{left:.1f} hours of the cooldown are left")


def _spent(attempts: int, budget: int) -> str:
    if attempts < budget:
        return f"an earlier budget is spent, by {attempts} trials"
    return f"{attempts} of {budget} trials are spent"


def _in_trial(standing: Standing, seen: Seen) -> Move:
    if seen.cure_in_place and 0 <= standing.age < _BEING_MADE:
        # Ending it now would leave a trial that nobody watches, if another run is just making it.
        return Move("wait", None, "a trial was begun within the last hour and is not made yet")
    if seen.cure_in_place:
        return Move("not_made", "not_made", "the trial was not made, or somebody has ended it")
    # What a fallback shows is more than what a completed turn shows: both happen on a bad network.
    if seen.fallbacks:
        fallbacks = "fallback to HTTP" if seen.fallbacks == 1 else "fallbacks to HTTP"
        return Move("cure_again", "fell_back", f"{seen.fallbacks} {fallbacks} in the trial")
    if seen.failing:
        return Move("cure_again", "fell_back", "WebSockets fail again")
    if seen.completed:
        return Move("recovered", "completed", "a stream has completed over a WebSocket")
    so_far = "the handshake succeeds" if seen.healthy else "nothing speaks for WebSockets yet"
    return Move("observe", None, f"{so_far}; waiting for a turn that completes over a WebSocket")
