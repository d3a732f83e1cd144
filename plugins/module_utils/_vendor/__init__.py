# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that the built artefact carries for targets without them; made by scripts/vendor.py.

This module util is private to the collection.
"""

from __future__ import annotations
