# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make one configuration file use HTTP only, or take that back.

This module util is PRIVATE to the collection. The shell around ``_provider``
(which keys) and ``_toml_edit`` (which bytes); ``_change`` makes it.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

from . import _change, _files, _history, _provider, _state
from ._change import Refused
from ._layers import merge
from ._logs import read_logs
from ._provider import Cure, ProviderRefused, Restore
from ._target import Request, Target
from ._text import clean
from ._toml import KeyPath, dotted_key, parse
from ._toml_edit import Edit, EditRefused, plan, read


@dataclasses.dataclass(frozen=True)
class Planned:
    """One change of one file, worked out and not yet made."""

    before: _files.Snapshot
    data: bytes | None
    """The bytes to be there afterwards; None: no file."""
    record: _state.Record | None
    """What to remember; None: forget."""
    provider_id: str
    previous_provider: str
    overrides: tuple[str, ...]
    overrides_provider: str
    notes: tuple[str, ...]
    drift: bool = False
    """Whether the key that we wrote has been removed by somebody else since."""
    user_choice: str | None = None
    """The provider that somebody else has put in the place of ours since."""

    @property
    def changed(self) -> bool:
        """Whether the file's bytes change."""
        return _change.is_change(self)


Planner = t.Callable[[Target, Request, _files.Snapshot], Planned]


def plan_present(target: Target, request: Request, before: _files.Snapshot) -> Planned:
    """Work out how the file comes to use HTTP only. Raises ``Refused``."""
    text, own = _read(before)
    known = _state.load(before.path)
    try:
        cure = _provider.plan_cure(
            own,
            merge(target.below, own),
            target.root,
            request.provider_id,
            request.name,
            request.base_url,
            _recorded(known, target.root),
            target.version,
        )
    except ProviderRefused as error:
        raise Refused(f"{before.path}: {error}. Nothing was changed.") from error
    edit = _plan_edit(before.path, text, cure.set_values, cure.remove)
    data = edit.after.encode() if edit.changed else before.data
    record = _remembered(known, own, target.root, cure, before, edit)
    return Planned(
        before,
        data,
        record,
        cure.provider_id,
        cure.previous_provider,
        cure.overrides,
        cure.overrides_provider,
        (),
        *_standing(known, own, target.root, before),
    )


def plan_absent(target: Target, request: Request, before: _files.Snapshot) -> Planned:
    """Work out how the provider becomes what it was; the table stays for its chats."""
    text, own = _read(before)
    record = _state.load(before.path)
    restores = _restores(record, target.root)
    effective = merge(target.below, own)
    undo = _provider.plan_undo(own, effective, target.root, restores, request.base_url)
    edit = _plan_edit(before.path, text, undo.set_values, undo.remove)
    data = edit.after.encode() if edit.changed else before.data
    if edit.changed and restores is None:
        # The time counts: what was logged before says nothing of the provider that is active now.
        record = _ended(request.provider_id)
    elif record and edit.changed:
        # Kept until purge: whether the file was replaced is told by its content, not by the record.
        kept = tuple(
            dataclasses.replace(one, before=None) if one.path in undo.remove else one
            for one in record.restores
        )
        steps = _history.extended(record, before.data, edit.after.encode(), edit.replacements)
        record = _state.Record(record.provider_id, kept, steps, taken_back=True)
    provider_id = record.provider_id if record else request.provider_id
    return _taken_back(target, own, before, data, record, provider_id, undo.notes)


def plan_purge(target: Target, request: Request, before: _files.Snapshot) -> Planned:
    """Work out how every trace of ours goes: the very bytes of before, if nobody has written since.
    Raises ``Refused``."""
    text, own = _read(before)
    record = _state.load(before.path)
    provider_id = record.provider_id if record else request.provider_id
    others = [one for one in _provider.named_by(own, provider_id) if one != target.root]
    if others:
        note = f"{clean(dotted_key(others[0]), 80)} names {provider_id} too, so its table stays"
        kept = plan_absent(target, request, before)
        return dataclasses.replace(kept, notes=(*kept.notes, note))
    found = _history.found(record, before.data) if record else None
    if found:
        ours = _looks_like_ours(found.data, provider_id, target)
        left = _state.released(provider_id) if ours else None
        return _taken_back(target, own, before, found.data, left, provider_id)
    if record == _state.released(provider_id):
        return _taken_back(target, own, before, before.data, record, provider_id)
    restores = _restores(record, target.root)
    effective = merge(target.below, own)
    undo = _provider.plan_undo(own, effective, target.root, restores, request.base_url)
    remove, notes = list(undo.remove), list(undo.notes)
    base_url = request.base_url or effective.get("openai_base_url")
    if _provider.purgeable(own, provider_id, base_url):
        is_named = _provider.lookup(own, target.root) == provider_id
        if is_named and target.root not in remove and target.root not in undo.set_values:
            notes.append(f"{provider_id} is still the active provider, so its table stays")
        else:
            remove.append(("model_providers", provider_id))
    edit = _plan_edit(before.path, text, undo.set_values, remove)
    data = edit.after.encode() if edit.changed else before.data
    return _taken_back(target, own, before, data, None, provider_id, tuple(notes))


def plan_undo(target: Target, request: Request, before: _files.Snapshot) -> Planned:
    """Work out how the last change goes as if it had not been made. Raises ``Refused``.

    Where others have written since, its keys are taken back instead.
    """
    _text, own = _read(before)
    record = _state.load(before.path)
    found = _history.before_last(record, before.data) if record else None
    is_first = record is not None and len(record.steps) == 1
    if record and found:
        # The step stays: a run that is stopped before the file is replaced is seen by the next.
        without_ours = not _holds_ours(found.data, record, target.root)
        left = None if is_first else dataclasses.replace(record, taken_back=without_ours)
        return _taken_back(target, own, before, found.data, left, record.provider_id)
    return (plan_purge if is_first else plan_absent)(target, request, before)


def prepare(planner: Planner, target: Target, request: Request) -> Planned:
    """Read the file and plan its change; what ``make`` would refuse is refused here already."""
    return _change.prepare(functools.partial(planner, target, request), target.path)


def make(planner: Planner, target: Target, request: Request, backup: _change.Backup) -> Planned:
    """Plan and make the change as ``_change.make`` does. Raises ``Refused``."""
    place = _change.Place(target.path, target.new_file_mode, target.new_folder_mode)
    forget = _state.forget
    if planner is plan_purge and _may_count_again(request, os.path.dirname(target.path)):
        forget = _state.forget_but_when
    return _change.make(functools.partial(planner, target, request), place, backup, forget)


def _may_count_again(request: Request, folder: str) -> bool:
    """Whether a client may have logged a failure that would bring the cure back by itself, were it
    forgotten that the cure came after. The logs of all users are not to be seen."""
    return request.scope == "system" or read_logs(folder, 0.0).fallbacks > 0


def _read(before: _files.Snapshot) -> tuple[str, dict[str, t.Any]]:
    if before.data is None:
        return "", {}
    try:
        text = before.data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = before.data.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{before.path} line {line}: not UTF-8; Codex cannot load this file either. Nothing "
            "was changed."
        ) from error
    try:
        return text, read(text)
    except EditRefused as error:
        raise Refused(_edit_sentence(before.path, error)) from error


def _plan_edit(
    path: str, text: str, set_values: t.Mapping[KeyPath, t.Any], remove: t.Sequence[KeyPath]
) -> Edit:
    try:
        return plan(text, set_values, remove)
    except EditRefused as error:
        raise Refused(_edit_sentence(path, error)) from error


def _edit_sentence(path: str, error: EditRefused) -> str:
    place = path if error.line is None else f"{path} line {error.line}"
    blame = (
        "Codex cannot load this file either"
        if error.fault == "file"
        else "this is valid TOML that this collection cannot change safely; change it by hand"
    )
    return f"{place}: {error.reason}; {blame}. Nothing was changed."


def _restores(record: _state.Record | None, root: KeyPath) -> list[Restore] | None:
    """What to take back there: a profile of clients up to 0.133 shares its file with others."""
    if record is None or record == _ended(record.provider_id):
        return None
    return [one for one in record.restores if one.path == root or one.path[0] == "model_providers"]


def _ended(provider_id: str) -> _state.Record:
    """The record of a cure that was taken back although nothing was remembered of it."""
    return _state.Record(provider_id, (), (), taken_back=True)


def _recorded(known: _state.Record | None, root: KeyPath) -> str | None:
    """The provider that we made active there, if a record says so."""
    switched = known is not None and any(
        one.path == root and one.written == known.provider_id for one in known.restores
    )
    return known.provider_id if known and switched else None


def _remembered(
    known: _state.Record | None,
    own: t.Mapping[str, t.Any],
    root: KeyPath,
    cure: Cure,
    before: _files.Snapshot,
    edit: Edit,
) -> _state.Record | None:
    if not edit.changed:
        return known
    kept = {restore.path: restore for restore in known.restores} if known else {}
    for path, value in cure.set_values.items():
        if (path != root and cure.mechanism == "switch") or _provider.holds(own, path, value):
            continue
        now = _provider.lookup(own, path)
        # Our key was dropped by somebody: what stood there before us is still what to go back to.
        dropped = path in kept and now is None
        kept[path] = Restore(path, kept[path].before if dropped else now, value)
    steps = _history.extended(known, before.data, edit.after.encode(), edit.replacements)
    found = _state.digest(before.data)
    return _state.Record(cure.provider_id, tuple(kept.values()), steps, found=found)


def _standing(
    known: _state.Record | None,
    own: t.Mapping[str, t.Any],
    root: KeyPath,
    before: _files.Snapshot,
) -> tuple[bool, str | None]:
    """Whether our key has drifted away, and the user's choice in its place, if there is one."""
    restore = next((one for one in known.restores if one.path == root), None) if known else None
    if known is None or restore is None:
        return False, None
    now = _provider.lookup(own, root)
    # Where a run was stopped before the file was replaced, nobody but us has said anything.
    ours = [known.found, *(step.after for step in known.steps)]
    if known.taken_back or now == restore.written or _state.digest(before.data) in ours:
        return False, None
    return now is None, None if now is None else clean(now, 80)


def _holds_ours(data: bytes | None, record: _state.Record, root: KeyPath) -> bool:
    now = _provider.lookup(parse((data or b"").decode()), root)
    return any(one.path == root and one.written == now for one in record.restores)


def _looks_like_ours(data: bytes | None, provider_id: str, target: Target) -> bool:
    document = parse((data or b"").decode())
    base_url = document.get("openai_base_url")
    active = _provider.lookup(document, target.root)
    return any(
        _provider.purgeable(document, one, base_url)
        for one in (active, provider_id)
        if isinstance(one, str)
    )


def _taken_back(
    target: Target,
    own: t.Mapping[str, t.Any],
    before: _files.Snapshot,
    data: bytes | None,
    record: _state.Record | None,
    provider_id: str,
    notes: tuple[str, ...] = (),
) -> Planned:
    active = _provider.active_id(merge(target.below, own), target.root)
    left = own if data == before.data else parse((data or b"").decode())
    overrides, overrides_provider = _provider.way_back(own, left, target.below, target.root)
    return Planned(
        before,
        data,
        record,
        provider_id,
        clean(active, 80),
        overrides,
        overrides_provider,
        notes,
    )
