# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole of `make bench`: on how many hosts what is measured, and how often.

All is bounded, so that it ends within half an hour on two cores: what takes long is run once, the
largest fleets do the least, and nothing is begun after the time is up.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t


@dataclasses.dataclass(frozen=True)
class Hanging:
    """How many hosts there are, on how many of them doctor hangs, and the forks.

    Each probe of doctor may take `doctor` seconds, with `interval` seconds between two of them.
    """

    hosts: int = 100
    hanging: int = 30
    forks: int = 25
    doctor: float = 5
    probes: int = 2
    interval: float = 1

    @property
    def price(self) -> float:
        """Seconds that a hanging host may cost."""
        return self.probes * self.doctor + self.interval


@dataclasses.dataclass(frozen=True)
class Plan:
    """`hosts` of the full comparison, run `rounds` times; `more_hosts` of what grows, run once.

    `more_forks` is a second number of forks, tried on the first of `more_hosts`. `timeout` is that
    of one command, in seconds. After `until`, a moment of time.monotonic, nothing more is begun;
    main sets it to `seconds` from its start.
    """

    hosts: int = 20
    rounds: int = 3
    forks: int = 25
    more_forks: int = 50
    more_hosts: tuple[int, ...] = (100, 500)
    hanging: Hanging = Hanging()
    sizes: t.Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"1 KB": 1_000, "100 KB": 100_000, "1 MB": 1_000_000}
    )
    timeout: float = 400
    seconds: float = 1740
    until: float = math.inf
