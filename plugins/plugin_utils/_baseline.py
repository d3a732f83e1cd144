# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An earlier report, as a word on which machines were affected before today.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import pathlib
import stat
import typing as t

import yaml
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

from ._decision import AFFECTED

LARGEST = 16 * 1024 * 1024
"""Bytes; a report takes some two thousand a machine."""

LEAST_AGE = datetime.timedelta(hours=1)
"""A younger report may come from the very outage, and proves nothing."""

_DEEPEST = 50
"""Collections in one another; a report has no more than six."""

# libyaml is many times faster, and not everywhere.
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BaselineRefused(Exception):
    """The file is no earlier report; the text is a sentence."""


@dataclasses.dataclass(frozen=True)
class Baseline:
    """``affected`` are the hosts on which the report proves the need for a cure."""

    affected: frozenset[str]
    finished: datetime.datetime
    """With its time zone."""


def read_baseline(path: str) -> Baseline:
    """The report in the file ``path``, a relative one from where the run was started.

    Raises ``BaselineRefused``.
    """
    try:
        found = pathlib.Path(path).expanduser()
        reader = _READERS[found.suffix]
        return parse_baseline(reader(_read(found).decode("utf-8")))
    except KeyError:
        raise _refused(path, "its name must end in .json, .yml or .yaml") from None
    except OSError as error:
        raise _refused(path, error.strerror or "it cannot be read") from error
    except RuntimeError as error:
        # No such user, of a tilde; or nested more deeply than anything that was ever reported.
        raise _refused(path, "it names an unknown home, or is no report") from error
    except (ValueError, yaml.YAMLError) as error:
        raise _refused(path, "it is no report of this collection") from error


def parse_baseline(document: t.Any) -> Baseline:
    """What a report says, given as ``reconnect_report`` has written it.

    Raises ValueError for anything else.
    """
    if not isinstance(document, dict) or not isinstance(document.get("hosts"), dict):
        raise ValueError("no hosts")
    finished = document.get("finished")
    if not isinstance(finished, str):
        raise ValueError("no time")
    moment = datetime.datetime.fromisoformat(finished)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    verdicts: dict[str, t.Any] = {}
    for host, result in document["hosts"].items():
        if not isinstance(host, str) or not isinstance(result, dict) or "verdict" not in result:
            raise ValueError("no verdict")
        verdicts[host] = result["verdict"]
    affected = frozenset(host for host, verdict in verdicts.items() if verdict in AFFECTED)
    return Baseline(affected, moment)


def known_affected(baseline: Baseline, now: datetime.datetime) -> frozenset[str] | None:
    """The hosts that were affected before; None where the report is too young to say so."""
    return baseline.affected if now - baseline.finished > LEAST_AGE else None


def _from_yaml(text: str) -> t.Any:
    """What the document says. Raises ValueError or YAMLError for what no report contains."""
    depth = 0
    for event in yaml.parse(text, Loader=_YAML_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        # The loader goes down by recursion, in C without a bound, and merges aliases without one.
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            raise ValueError("neither a report nor safe to load")
    return yaml.load(text, _YAML_LOADER)


_READERS: dict[str, t.Callable[[str], t.Any]] = {
    ".json": json.loads,
    ".yml": _from_yaml,
    ".yaml": _from_yaml,
}


def _read(path: pathlib.Path) -> bytes:
    # A pipe would wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("not a file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("too large")
    return content


def _refused(path: str, why: str) -> BaselineRefused:
    return BaselineRefused(
        f"reconnect_baseline {clean(path)} cannot be used: {why}; name an earlier report, or leave "
        "it out. Nothing was changed."
    )
