# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens, in whatever order: it never flaps, and nothing is written without a reason."""

from __future__ import annotations

import collections
import dataclasses
import json
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    MOST_ENTRIES,
    Move,
    Policy,
    Recovery,
    Seen,
    Standing,
    next_move,
    step,
)
from ansible_collections.devfleet.codex.plugins.module_utils._recovery_record import (
    _decode,
    standing,
)
from hypothesis import given, settings, strategies

NOW = 1_780_000_000.0
HOUR = 3600.0

BUDGETS = strategies.integers(0, 4)
HOURS = strategies.floats(-48, 72)
"""The clock may be set back."""
LIKELY = ("applied", *("probe_failed", "trial_started", "fell_back", "cure_failed") * 2, *EVENTS)


@settings(derandomize=True, max_examples=300)
@given(
    BUDGETS,
    strategies.lists(
        strategies.tuples(strategies.sampled_from(LIKELY), HOURS, strategies.text(max_size=9)),
        max_size=80,
    ),
)
def test_any_events_in_any_order(budget: int, happened: list[tuple[str, float, str]]) -> None:
    found: Recovery | None = None
    now, trials = NOW, 0
    for event, hours, why in happened:
        now += hours * HOUR
        before, found = found, step(found, event, why, now, budget)
        if found is None:
            trials = 0
            continue
        if found is before:
            continue
        last = found.history[-1]
        assert (last.at, last.event, last.state) == (now, event, found.state)
        assert found.revision == (before.revision + 1 if before else 1)
        assert len(found.history) == min(found.revision, MOST_ENTRIES)
        if event in ("completed", "reset") or before is None or before.state == "recovered":
            trials = 0
        trials += event == "trial_started"
        assert trials == found.attempts <= budget
        assert (found.state == "spent") <= (before is not None)
        assert _decode(json.loads(json.dumps(dataclasses.asdict(found)))) == found


ANYTHING_SEEN = strategies.builds(
    Seen,
    cure_in_place=strategies.booleans(),
    failing=strategies.booleans(),
    healthy=strategies.booleans(),
    fallbacks=strategies.integers(0, 2),
    completed=strategies.integers(0, 2),
    user_choice=strategies.none() | strategies.text(max_size=3),
)
AGES = strategies.floats(-1e6, 1e9)


@given(
    strategies.builds(
        Standing,
        state=strategies.sampled_from(["spent", "cured"]),
        attempts=strategies.integers(0, 9),
        age=AGES,
        tried_age=strategies.none() | AGES,
    ),
    ANYTHING_SEEN,
    strategies.builds(Policy, cooldown=strategies.floats(0, 1e6), budget=BUDGETS),
)
def test_what_is_spent_is_never_probed(standing_: Standing, seen: Seen, policy: Policy) -> None:
    is_spent = standing_.state == "spent" or standing_.attempts >= policy.budget
    ages = [age for age in (standing_.age, standing_.tried_age) if age is not None]
    is_over = min(ages) >= max(policy.cooldown, 0)
    move = next_move(standing_, seen, policy)
    assert (move.kind == "probe") == (
        seen.cure_in_place and seen.user_choice is None and is_over and not is_spent
    )
    assert move.why


class Machine:
    """A machine whose file is written as the role writes it, by one run after the other.

    A run that is stopped makes the first few of its steps alone, each of which writes the file or
    the record. `owed` are the writes of the file that the record gives no reason for yet.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = NOW
        self.cured = False
        self.record: Recovery | None = None
        self.owed: list[str] = []
        self.trials = 0
        self.reached: collections.Counter[str] = collections.Counter()

    def lose(self) -> None:
        """Let somebody remove our key."""
        self.cured = False

    def remediate(self, stop: int) -> None:
        """Cure what fails."""
        if not self.cured:
            self.make(stop, self.cure, lambda: self.remember("applied"))

    def recover(self, seen: Seen, well: bool, holds: bool, stop: int) -> None:
        """Make the next move; `well` is what the probe says, `holds` what the proof says."""
        seen = dataclasses.replace(seen, cure_in_place=self.cured)
        stands = standing(self.record, self.now)
        move = next_move(stands, seen, self.policy)
        self.reached[move.kind] += 1
        self.check(move, stands, seen)
        if move.kind == "probe" and well:
            # A trial is spent before it is made, so that none can be made that is not counted.
            self.make(stop, lambda: self.remember("trial_started"), self.trial)
        elif move.kind == "probe":
            self.make(stop, lambda: self.remember("probe_failed"))
        elif move.kind in ("cure_again", "mend") and not holds:
            self.make(stop, self.cure, self.undo, lambda: self.remember("cure_failed"))
        elif move.kind in ("cure_again", "mend"):
            self.make(stop, self.cure, lambda: self.remember(move.event or ""))
        elif move.event is not None:
            self.make(stop, lambda: self.remember(move.event or ""))

    def check(self, move: Move, stands: Standing, seen: Seen) -> None:
        assert move.why
        ages = [age for age in (stands.age, stands.tried_age) if age is not None]
        if self.owed and self.cured and stands.state not in ("cured", "spent"):
            # A run that was stopped has left a cure that the record does not know.
            being_made = stands.state == "trial" and 0 <= stands.age < HOUR
            assert move.event in ("adopted", "not_made") or being_made
        if move.kind == "wait" and stands.state == "cured" and self.cured:
            assert min(ages) >= 0, "put off by a clock that was wrong"
        if move.kind == "recovered":
            assert seen.completed and not seen.fallbacks and not seen.failing
            assert stands.state == "trial" and stands.age >= 0 and not self.cured
        if move.kind == "mend":
            assert seen.failing and stands.state in ("cured", "spent")
        if move.kind == "cure_again":
            assert seen.failing or (seen.fallbacks and stands.age >= 0)
        if move.kind in ("mend", "cure_again") and stands.event == "cure_failed":
            assert stands.tried_age is not None
            assert not 0 <= stands.tried_age < self.policy.cooldown

    def make(self, stop: int, *steps: t.Callable[[], None]) -> None:
        for each in steps[:stop]:
            each()
        if stop >= len(steps):
            assert not self.owed, "written without a reason"

    def cure(self) -> None:
        assert not self.cured
        self.cured = True
        self.owed.append("cure")

    def undo(self) -> None:
        self.cured = False
        self.owed.append("undone cure")

    def trial(self) -> None:
        assert self.cured and self.record is not None
        assert self.record.history[-1].event == "trial_started"
        self.cured = False
        self.trials += 1

    def remember(self, event: str) -> None:
        before = self.record
        self.record = step(before, event, "because", self.now, self.policy.budget)
        assert self.record is not None and self.record is not before, f"{event} fits nothing"
        last = self.record.history[-1]
        assert (last.event, last.why, last.at) == (event, "because", self.now)
        self.owed = []
        self.reached[self.record.state] += 1
        if event == "completed":
            self.trials = 0


WELL = Seen(False, False, True, 0, 0, None)
SIGHTS = strategies.one_of(
    strategies.sampled_from(
        [
            WELL,
            dataclasses.replace(WELL, completed=1),
            dataclasses.replace(WELL, fallbacks=1),
            dataclasses.replace(WELL, healthy=False, failing=True),
        ]
    ),
    ANYTHING_SEEN.map(lambda seen: dataclasses.replace(seen, user_choice=None)),
)
RUNS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["recover"] * 9 + ["remediate", "lose"]),
        SIGHTS,
        strategies.sampled_from([True, True, True, False]),
        strategies.sampled_from([True, True, False]),
        strategies.sampled_from([9, 9, 9, 9, 0, 1, 2]),
        strategies.sampled_from([25.0, 25.0, 3.0, 0.5, 0.0, -24.0]),
    ),
    min_size=10,
    max_size=60,
)


def test_a_machine_never_flaps() -> None:
    reached: collections.Counter[str] = collections.Counter()

    @settings(derandomize=True, max_examples=300, deadline=None)
    @given(BUDGETS, RUNS)
    def never_flaps(budget: int, runs: list[tuple[t.Any, ...]]) -> None:
        machine = Machine(Policy(24 * HOUR, budget))
        machine.remediate(9)
        for kind, seen, well, holds, stop, hours in runs:
            machine.now += hours * HOUR
            if kind == "lose":
                machine.lose()
            elif kind == "recover":
                machine.recover(seen, well, holds, stop)
            elif seen.failing:
                machine.remediate(stop)
            assert machine.trials <= budget
            assert machine.record is None or machine.record.attempts <= budget
        reached.update(machine.reached.keys())

    never_flaps()
    few = {name: reached[name] for name in REACHED if reached[name] < 30}
    assert not few, "what is hardly reached is hardly tested"


REACHED = (
    *("adopt", "wait", "probe", "spent", "observe", "recovered", "cure_again", "mend", "not_made"),
    *("cured", "trial"),
)
"""The moves and the states that many examples lead to."""


@given(BUDGETS)
def test_a_network_that_only_seems_well_spends_the_budget_and_then_has_peace(budget: int) -> None:
    """Its handshakes succeed, and its turns fall back: nothing renews the budget."""
    machine = Machine(Policy(24 * HOUR, budget))
    machine.remediate(9)
    trials = cures = 0
    for _day in range(30):
        machine.now += 25 * HOUR
        fallbacks = 0 if machine.cured else 1
        was_cured = machine.cured
        machine.recover(Seen(False, False, True, fallbacks, 0, None), True, True, 9)
        trials += was_cured and not machine.cured
        cures += machine.cured and not was_cured
    assert (trials, cures) == (budget, budget)
    assert machine.cured
    assert (
        next_move(
            standing(machine.record, machine.now),
            Seen(True, False, False, 0, 0, None),
            machine.policy,
        ).kind
        == "spent"
    )


@given(strategies.integers(1, 4))
def test_a_cure_that_never_holds_is_made_once_in_a_cooldown(budget: int) -> None:
    """Every hour somebody looks, the turns of the trial fall back, and the proof fails."""
    machine = Machine(Policy(24 * HOUR, budget))
    machine.remediate(9)
    machine.now += 25 * HOUR
    machine.recover(WELL, True, True, 9)
    falling = dataclasses.replace(WELL, fallbacks=1)
    for _hour in range(97):
        machine.now += HOUR
        machine.recover(falling, True, False, 9)
    assert machine.record is not None
    history = machine.record.history
    assert [one.event for one in history[2:]] == ["cure_failed"] * 5
    assert not machine.cured and machine.record.state == "trial"
