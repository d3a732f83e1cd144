# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report file on the controller.

This plugin util is PRIVATE to the collection.
"""

from __future__ import annotations

import json
import pathlib
import tempfile
import typing as t

import yaml

_WRITERS: dict[str, t.Callable[[t.Any], str]] = {
    ".json": lambda value: json.dumps(value, indent=2, sort_keys=True) + "\n",
    ".yml": lambda value: yaml.safe_dump(value, sort_keys=True),
    ".yaml": lambda value: yaml.safe_dump(value, sort_keys=True),
}


class ReportRefused(Exception):
    """The report cannot be written; the text is a sentence."""


def refuse_report(report: str) -> None:
    """Raise ``ReportRefused`` where ``write_report`` is bound to fail."""
    path = _path(report)
    if path.suffix not in _WRITERS:
        raise ReportRefused(
            f"reconnect_report {report} must end in .json, .yml or .yaml; no report was written."
        )
    if not path.parent.is_dir():
        raise ReportRefused(
            f"reconnect_report {report} cannot be written: {path.parent} is no directory; "
            "choose another place."
        )
    if path.is_dir():
        raise ReportRefused(
            f"reconnect_report {report} cannot be written: it is a directory; choose another place."
        )


def write_report(report: str, document: t.Any) -> None:
    """Write ``document``, made of plain JSON types, in one step. Raises ``ReportRefused``."""
    refuse_report(report)
    path = _path(report)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            made = pathlib.Path(folder, path.name)
            made.write_text(_WRITERS[path.suffix](document), encoding="utf-8")
            made.replace(path)
    except OSError as error:
        raise ReportRefused(
            f"reconnect_report {report} cannot be written: {error.strerror}; choose another place."
        ) from error


def _path(report: str) -> pathlib.Path:
    try:
        return pathlib.Path(report).expanduser()
    except RuntimeError as error:
        raise ReportRefused(
            f"reconnect_report {report} names the home of a user whom this controller does not "
            "know; choose another place."
        ) from error
