# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine printed as a module's answer, made harmless before Ansible reads it. Pure.

This plugin util is PRIVATE to the collection. Whoever owns a machine decides
what its Python prints. Ansible takes facts from any answer, which would come
before the role's own variables on that machine, and it shows messages,
warnings and whole answers as they are.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.devfleet.codex.plugins.module_utils._text import clean

LARGEST = 1024 * 1024
"""Characters of an answer, before and after; the largest one of a module has some 50,000."""

TOO_LARGE = (
    "What this machine printed is larger than any answer of a module; see what its Python is."
)
_TOO_DEEP = (
    "What this machine printed is nested more deeply than any answer of a module; see what its "
    "Python is."
)

_LONGEST = 4096
"""Characters of a string, as of a path."""

_MOST_ITEMS = 1000
_DEEPEST = 12
_LARGEST_NUMBER = 1e15
_MOST_LINES = 2000
_LAST_LINES = 40
_LINE = 300

_FOR_ANSIBLE_ALONE = re.compile("_ansible|__ansible")
"""How the keys begin that lead Ansible rather than tell something."""

_NOT_OF_A_MODULE = re.compile(
    "ansible_|(add_host|add_group|results|stdout|stderr|stdout_lines|stderr_lines)$"
)
"""What no module of this collection returns, and Ansible or a callback acts upon."""

_FLAGS = ("changed", "failed", "skipped", "unreachable")
_DIFF = ("before", "after", "before_header", "after_header")
_FIRST_BRACE = re.compile(r"^\s*\{", re.MULTILINE)


def harmless(stdout: str, stderr: str) -> tuple[str, str]:
    """Both as Ansible may read them: one JSON object, or bounded text where there was none.

    In the object all strings are bounded, printable lines, numbers are finite, and nothing is
    left that Ansible would act upon, but what a module may say of itself.
    """
    if len(stdout) > LARGEST:
        return _failure(TOO_LARGE), ""
    try:
        answer = _object(stdout)
    except RecursionError:
        return _failure(_TOO_DEEP), ""
    if answer is None:
        # Ansible reads JSON in its own way, and must find none where none was found here.
        return "".join(f"| {line}\n" for line in _last_lines(stdout)), "\n".join(
            _last_lines(stderr)
        )
    text = json.dumps(_answer(answer))
    return (text if len(text) <= LARGEST else _failure(TOO_LARGE)), ""


def _failure(why: str) -> str:
    return json.dumps({"changed": False, "failed": True, "msg": why})


def _object(stdout: str) -> dict[str, t.Any] | None:
    """The first JSON object that begins a line; a login may print lines before it."""
    for brace in _FIRST_BRACE.finditer(stdout):
        try:
            found, _end = json.JSONDecoder().raw_decode(stdout, brace.end() - 1)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
    return None


def _answer(given: dict[str, t.Any]) -> dict[str, t.Any]:
    kept = {key: value for key, value in given.items() if not _NOT_OF_A_MODULE.match(key)}
    answer: dict[str, t.Any] = _printable(kept, _DEEPEST)
    for flag in _FLAGS:
        if flag in kept:
            answer[flag] = bool(kept[flag])
    if "msg" in kept:
        answer["msg"] = clean(kept["msg"], _LONGEST)
    if "diff" in kept:
        answer["diff"] = _diff(kept["diff"])
    if "exception" in kept:
        answer["exception"] = _lines(_traceback(kept["exception"]))
    if "warnings" in kept:
        answer["warnings"] = [_warning(one) for one in _items(kept["warnings"])]
    answer.pop("deprecations", None)
    return answer


def _printable(value: t.Any, depth: int) -> t.Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and abs(value) <= _LARGEST_NUMBER:
        return value
    if depth and isinstance(value, dict):
        return {
            clean(key, _LINE): _printable(item, depth - 1)
            for key, item in list(value.items())[:_MOST_ITEMS]
            if not _FOR_ANSIBLE_ALONE.match(key)
        }
    if depth and isinstance(value, list):
        return [_printable(item, depth - 1) for item in value[:_MOST_ITEMS]]
    return clean(value, _LONGEST)


def _items(value: t.Any) -> list[t.Any]:
    return value[:_MOST_ITEMS] if isinstance(value, list) else [value]


def _diff(value: t.Any) -> list[dict[str, str]]:
    return [
        {
            key: _lines(one[key]) if key in ("before", "after") else clean(one[key], _LONGEST)
            for key in _DIFF
            if key in one
        }
        for one in _items(value)
        if isinstance(one, dict)
    ]


def _warning(value: t.Any) -> str:
    """The text of it; Ansible has had objects for warnings since 2.19."""
    event = value.get("event") if isinstance(value, dict) else None
    return clean(event.get("msg") if isinstance(event, dict) else value, _LONGEST)


def _traceback(value: t.Any) -> t.Any:
    event = value.get("event") if isinstance(value, dict) else None
    return event.get("formatted_traceback") or "" if isinstance(event, dict) else value


def _lines(value: t.Any) -> str:
    if not isinstance(value, str):
        return clean(value, _LONGEST)
    lines = value[: LARGEST // 4].split("\n")
    return "\n".join(clean(line, _LONGEST) for line in lines[:_MOST_LINES])


def _last_lines(text: str) -> list[str]:
    """The end of what is no answer: there it says why."""
    return [clean(line, _LINE) for line in text[-LARGEST:].splitlines()[-_LAST_LINES:]]
