# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a move on the way back, word for word, and the moments at which moves change."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._recovery import (
    Entry,
    Policy,
    Recovery,
    Seen,
    Standing,
    next_move,
    step,
)

NOW = 1_780_000_000.0
HOUR = 3600.0
DAY = Policy(24 * HOUR, 3)
QUIET = Seen(False, False, False, 0, 0, None)
CURED = dataclasses.replace(QUIET, cure_in_place=True)
IN_TRIAL = Standing("trial", 1, HOUR, None)


@pytest.mark.parametrize(
    ("standing", "seen", "why"),
    [
        (None, QUIET, "there is no cure of ours to find the way back from"),
        (None, CURED, "nothing is remembered of this cure: its cooldown begins"),
        (
            Standing("recovered", 0, 9.0, None),
            CURED,
            "the cure is there again: its cooldown begins",
        ),
        (
            Standing("cured", 0, -1.0, None),
            CURED,
            "the clock was set back: the cooldown begins now",
        ),
        (Standing("cured", 0, 24 * HOUR, None), CURED, "the cooldown is over"),
        (Standing("cured", 0, 12 * HOUR, None), CURED, "12.0 hours of the cooldown are left"),
        (
            Standing("trial", 1, 0.0, None),
            CURED,
            "a trial was begun within the last hour and is not made yet",
        ),
        (IN_TRIAL, CURED, "the trial was not made, or somebody has ended it"),
        (
            Standing("trial", 1, -1.0, None),
            QUIET,
            "the clock was set back: what is logged counts from now on",
        ),
        (IN_TRIAL, dataclasses.replace(QUIET, fallbacks=1), "1 fallback to HTTP in the trial"),
        (IN_TRIAL, dataclasses.replace(QUIET, fallbacks=2), "2 fallbacks to HTTP in the trial"),
        (IN_TRIAL, dataclasses.replace(QUIET, failing=True), "WebSockets fail again"),
        (
            IN_TRIAL,
            dataclasses.replace(QUIET, completed=1),
            "a stream has completed over a WebSocket",
        ),
        (
            IN_TRIAL,
            dataclasses.replace(QUIET, healthy=True),
            "the handshake succeeds; waiting for a turn that completes over a WebSocket",
        ),
        (
            IN_TRIAL,
            QUIET,
            "nothing speaks for WebSockets yet; waiting for a turn that completes over a WebSocket",
        ),
        (
            None,
            dataclasses.replace(QUIET, user_choice="x" * 100),
            f"somebody has made {'x' * 77}... the provider since",
        ),
    ],
)
def test_a_move_is_told_with_its_reason(standing: Standing | None, seen: Seen, why: str) -> None:
    assert next_move(standing, seen, DAY).why == why


def test_a_provider_that_cannot_be_tried_is_told_as_soon_as_the_cooldown_is_over() -> None:
    seen = dataclasses.replace(CURED, can_be_tried=False)
    assert next_move(Standing("cured", 0, 24 * HOUR, None), seen, DAY).kind == "cannot_be_tried"


@pytest.mark.parametrize("state", ["cured", "trial"])
def test_what_began_this_very_moment_did_not_begin_later(state: str) -> None:
    entry = Entry(NOW, "applied", state, "x")
    known = Recovery(state, 1, NOW, None, 1, (entry,))
    assert step(known, "adopted", "the clock was set back", NOW, 3) is known
    assert step(known, "adopted", "the clock was set back", NOW - 1, 3) is not known
