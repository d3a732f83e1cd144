# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client versions, and what each generation of the client can do.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import functools
import re
import typing as t

_VERSION = re.compile(
    r"(?<![\d.])(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-[0-9A-Za-z.-]{1,40})?(?![0-9A-Za-z.])",
    re.ASCII,
)


class Version(t.NamedTuple):
    """A client version; ``final`` is 0 for a pre-release, which sorts before its release."""

    major: int
    minor: int
    patch: int
    final: int
    text: str

    def at_least(self, minor: int) -> bool:
        """Whether this is 0.``minor``.0 or later."""
        return self[:4] >= (0, minor, 0, 1)


@functools.cache
def parse_version(text: str) -> Version | None:
    """The first ``X.Y.Z`` or ``X.Y.Z-alpha.N`` in ``text``, or None."""
    match = _VERSION.search(text)
    if match is None:
        return None
    major, minor, patch = (int(number) for number in match.group(1, 2, 3))
    return Version(major, minor, patch, 0 if match.group(4) else 1, match.group(0))


def doctor_flavour(version: Version) -> str:
    """``none``, ``full`` or ``network-only``: the doctor that this client has.

    Measured: ``codex doctor`` exists from 0.131.0, ``--network-only`` from
    0.166.0. Below 0.131 ``codex doctor`` starts a chat with the prompt
    "doctor" and must never be called.
    """
    if version.at_least(166):
        return "network-only"
    return "full" if version.at_least(131) else "none"


def reads_profile_files(version: Version) -> bool:
    """Whether ``--profile x`` reads ``x.config.toml`` (0.134.0 on) and not ``[profiles.x]``."""
    return version.at_least(134)
