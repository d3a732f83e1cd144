# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens, in whatever order: it never flaps, and nothing is written without a reason."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    EVENTS,
    MOST_ENTRIES,
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
from hypothesis import given, strategies

NOW = 1_780_000_000.0
HOUR = 3600.0

BUDGETS = strategies.integers(0, 4)
HOURS = strategies.floats(-48, 72)
"""The clock may be set back."""


@given(
    BUDGETS,
    strategies.lists(
        strategies.tuples(strategies.sampled_from(EVENTS), HOURS, strategies.text(max_size=9)),
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

    `writes` are the changes of the file, each with the revision of the record that gives its
    reason; `trials`, `losses` (by others) and `cures` count those of one recovery.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = NOW
        self.cured = False
        self.record: Recovery | None = None
        self.writes: list[tuple[str, int]] = []
        self.trials = self.losses = self.cures = 0

    def lose(self) -> None:
        """Let somebody remove our key."""
        if self.cured:
            self.cured = False
            self.losses += 1
            self.writes.append(("loss", 0))

    def remediate(self, failing: bool, stopped: bool) -> None:
        """Cure what fails; a run that is `stopped` ends before it can be remembered."""
        if failing and not self.cured:
            self.write("cure", "applied", stopped)

    def recover(self, seen: Seen, probe: bool, stopped: bool) -> None:
        """Make the next move; a run that is `stopped` ends before the file is written."""
        seen = dataclasses.replace(seen, cure_in_place=self.cured)
        move = next_move(standing(self.record, self.now), seen, self.policy)
        if move.kind == "probe":
            if probe:
                self.write("trial", "trial_started", stopped)
            else:
                self.remember("probe_failed")
        elif move.kind in ("cure_again", "mend"):
            self.write("cure", move.event or "", stopped)
        elif move.event is not None:
            self.remember(move.event)

    def write(self, what: str, event: str, stopped: bool) -> None:
        is_trial = what == "trial"
        if is_trial:
            # A trial is spent before it is made, so that no run can make one that is not counted.
            self.remember(event)
            if stopped:
                return
        self.cured = not is_trial
        self.trials += is_trial
        self.cures += not is_trial
        if not is_trial and not stopped:
            self.remember(event)
        self.writes.append((what, self.record.revision if self.record else 0))

    def remember(self, event: str) -> None:
        before = self.record
        self.record = step(before, event, "because", self.now, self.policy.budget)
        assert self.record is not before, f"{event} fits nothing"
        if event == "completed":
            self.trials = self.losses = self.cures = 0


RUNS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["lose", "remediate", "recover", "recover", "recover"]),
        ANYTHING_SEEN.map(lambda seen: dataclasses.replace(seen, user_choice=None)),
        strategies.booleans(),
        strategies.sampled_from([False, False, False, True]),
        strategies.floats(-24, 72),
    ),
    max_size=120,
)


@given(BUDGETS, RUNS)
def test_a_machine_never_flaps(budget: int, runs: list[tuple[t.Any, ...]]) -> None:
    machine = Machine(Policy(24 * HOUR, budget))
    for kind, seen, probe, stopped, hours in runs:
        machine.now += hours * HOUR
        if kind == "lose":
            machine.lose()
        elif kind == "remediate":
            machine.remediate(seen.failing, stopped)
        else:
            machine.recover(seen, probe, stopped)
        assert machine.trials <= budget
        # The cure that began it, and one after each trial and each loss.
        assert machine.cures <= machine.trials + machine.losses + 1
        assert machine.record is None or machine.record.attempts <= budget
    directions = [what == "cure" for what, _revision in machine.writes]
    assert all(one != other for one, other in zip(directions, directions[1:]))
    revisions = [revision for what, revision in machine.writes if what == "trial"]
    assert len(set(revisions)) == len(revisions)


@given(BUDGETS)
def test_a_network_that_only_seems_well_spends_the_budget_and_then_has_peace(budget: int) -> None:
    """Its handshakes succeed, and its turns fall back: nothing renews the budget."""
    machine = Machine(Policy(24 * HOUR, budget))
    machine.remediate(failing=True, stopped=False)
    for _day in range(30):
        machine.now += 25 * HOUR
        fallbacks = 0 if machine.cured else 1
        machine.recover(Seen(False, False, True, fallbacks, 0, None), True, False)
    assert (machine.trials, machine.cures) == (budget, budget + 1)
    assert machine.cured
    assert (
        next_move(
            standing(machine.record, machine.now),
            Seen(True, False, False, 0, 0, None),
            machine.policy,
        ).kind
        == "spent"
    )
