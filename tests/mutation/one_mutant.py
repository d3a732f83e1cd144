# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pytest plugin for "make mutants": the first failure is enough, and no test goes on for ever.

The time of a process is limited, not that of the clock, which other programs share.
"""

from __future__ import annotations

import os
import resource
import signal

from hypothesis import Phase, settings

LIMIT = 30.0
"""Seconds of computing for one test; the longest takes a third of it without a mutant."""
MEMORY = 2 * 1024**3
# What mutmut takes for a test that did not end.
_ENDLESS = 36

settings.register_profile(
    "mutants", database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("mutants")


def pytest_configure() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, lambda _signal, _frame: os._exit(_ENDLESS))


def pytest_runtest_setup() -> None:
    signal.setitimer(signal.ITIMER_PROF, LIMIT)


def pytest_runtest_teardown() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0.0)
