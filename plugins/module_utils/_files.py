# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one writer: read a file, and replace it only if it is still what was read.

This module util is PRIVATE to the collection. Whoever is stopped at any point
leaves the old bytes or the new bytes: the new ones are written beside the
file and flushed, the file is compared with what was read, and the two change
places. Then what was displaced is compared once more, and put back if
somebody has written it in between. Symlinks are followed and stay; mode,
owner, SELinux context, ACLs and other extended attributes are kept. Another
name of the same file (a hard link) keeps the old bytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import tempfile
import typing as t

from . import _displace, _leftover
from ._attributes import carry
from ._toml import SIZE_LIMIT

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_PATIENCE = 1.0
"""Seconds of waiting for somebody who has the file open for writing; to write takes well below."""

_THEIRS = (
    "{path} was written by somebody else while it was being changed; run this again. Nothing was "
    "changed."
)


class FileRefused(Exception):
    """A file cannot be used; the text is a sentence that names it and says what to do.

    What the system said, if anything, is the cause.
    """


class FileChanged(Exception):
    """Somebody else wrote the file between reading and replacing it; the text is a sentence."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A file as it was read."""

    path: str
    real_path: str
    """``path`` with every symlink followed."""
    data: bytes | None
    """None where there is no file."""
    mode: int
    uid: int
    gid: int


def snapshot(path: str) -> Snapshot:
    """Read ``path``. A missing file or a dangling link is no error: ``data`` is None."""
    real_path = path
    try:
        real_path = os.path.realpath(path)
        handle = os.open(real_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Snapshot(path, real_path, None, 0, -1, -1)
    except OSError as error:
        raise FileRefused(_sentence(path, "cannot be read", error)) from error
    try:
        status = os.fstat(handle)
    except OSError as error:
        os.close(handle)
        raise FileRefused(_sentence(path, "cannot be read", error)) from error
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise FileRefused(
            f"{path} is {kind}, so Codex cannot load it; move it away. Nothing was changed."
        )
    try:
        with open(handle, "rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise FileRefused(_sentence(path, "cannot be read", error)) from error
    if len(data) > SIZE_LIMIT:
        raise FileRefused(
            f"{path} is larger than {SIZE_LIMIT // 2**20} MB; look at it by hand. Nothing was "
            "changed."
        )
    return Snapshot(
        path, real_path, data, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    )


def refuse_unwritable(before: Snapshot) -> None:
    """Raise ``FileRefused`` where ``replace`` is bound to fail, so that check mode can say so."""
    folder = os.path.dirname(before.real_path)
    is_there = before.data is not None
    if is_there and not before.mode & stat.S_IWUSR:
        raise FileRefused(
            f"{before.path} is read-only for its owner; make it writable first. Nothing was "
            "changed."
        )
    if is_there and os.geteuid() not in (0, before.uid):
        raise FileRefused(
            f"{before.path} belongs to user {before.uid}; run this as that user. "
            "Nothing was changed."
        )
    if is_there and not os.access(before.real_path, os.W_OK) and os.path.exists(before.real_path):
        # Its mode allows it, so the system does not.
        raise FileRefused(
            f"{before.path} cannot be written, although its mode allows it: perhaps it is "
            "immutable (lsattr tells), or its file system is mounted read-only; make it writable "
            "first. Nothing was changed."
        )
    if is_there and _displace.is_mounted(before.real_path):
        raise FileRefused(
            f"{before.path} is mounted by itself, so nothing can take its place; change the file "
            "that is mounted there. Nothing was changed."
        )
    if not os.path.isdir(folder):
        parent = os.path.dirname(folder)
        if os.path.lexists(folder) or not os.path.isdir(parent):
            raise FileRefused(
                f"{folder}, where {before.path} belongs, is no directory; make it first. "
                "Nothing was changed."
            )
        folder = parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileRefused(
            f"{folder} is not writable for this user, so {before.path} cannot be replaced. "
            "Nothing was changed."
        )


def replace(
    before: Snapshot,
    data: bytes,
    new_file_mode: int = PRIVATE_FILE,
    new_folder_mode: int = PRIVATE_FOLDER,
    like: Snapshot | None = None,
) -> None:
    """Put ``data`` in the place of what ``before`` holds.

    Mode, owner and attributes are those of the file ``like``, or of ``before``. Raises
    ``FileChanged`` when the file is no longer what was read, and ``FileRefused`` when it cannot be
    written; in both cases it is untouched, unless the text says where something is kept.
    """
    refuse_unwritable(before)
    folder, name = os.path.split(before.real_path)
    try:
        with folder_made(folder, new_folder_mode):
            prefix = _leftover.prefix(name, before.data, data)
            handle, temporary = tempfile.mkstemp(_leftover.SUFFIX, prefix, folder)
            ours = None
            try:
                with open(handle, "wb") as stream:
                    ours = os.fstat(handle)
                    stream.write(data)
                    stream.flush()
                    _make_alike(handle, like or before, new_file_mode)
                    os.fsync(handle)
                _put_in_place(temporary, before, ours)
            except BaseException:
                _discard(temporary, ours)
                raise
        _flush_folder(folder)
    except OSError as error:
        # What fails because somebody else took the file away is no fault of the disk.
        refuse_changed(before)
        raise FileRefused(_sentence(before.path, "cannot be written", error)) from error


@contextlib.contextmanager
def copied(before: Snapshot, place: str) -> t.Iterator[None]:
    """Keep a copy of the file at ``place``; where the block raises, it goes again.

    Raises ``FileRefused``; there is no copy then.
    """
    replace(snapshot(place), before.data or b"", like=before)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(place)
        raise


@contextlib.contextmanager
def folder_made(path: str, mode: int) -> t.Iterator[None]:
    """Make the folder with exactly this mode, if there is none. Raises ``FileRefused``.

    Where the block raises, a folder that was made for it goes again. A system's folder that the
    umask closes to its users keeps Codex from starting (0.169.0), so it is not there for a moment
    with another mode: a run may be stopped in that moment.
    """
    umask = os.umask(0)
    try:
        is_new = not os.path.isdir(path)
        if is_new:
            os.mkdir(path, mode)
    except OSError as error:
        raise FileRefused(_sentence(path, "cannot be made", error)) from error
    finally:
        os.umask(umask)
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                os.rmdir(path)
        raise


def remove(before: Snapshot) -> None:
    """Remove the file, if it is still what was read. Raises as ``replace`` does."""
    refuse_unwritable(before)
    folder, name = os.path.split(before.real_path)
    # Under another name first: at what is gone nobody can look.
    prefix = _leftover.prefix(name, before.data, None)
    displaced = os.path.join(folder, f"{prefix}{os.urandom(4).hex()}{_leftover.SUFFIX}")
    try:
        with _guarded(before) as guard:
            os.rename(before.real_path, displaced)
            try:
                _refuse_displaced(guard, displaced, before)
            except BaseException:
                # What has come there since is newer, and stays.
                with _kept(displaced, before), contextlib.suppress(FileExistsError):
                    _displace.put_where_nothing_is(displaced, before.real_path)
                with contextlib.suppress(OSError):
                    os.unlink(displaced)
                raise
        with contextlib.suppress(OSError):
            os.unlink(displaced)
        _flush_folder(folder)
    except OSError as error:
        refuse_changed(before)
        raise FileRefused(_sentence(before.path, "cannot be removed", error)) from error


def refuse_changed(before: Snapshot) -> None:
    """Raise ``FileChanged`` unless the file is still that of ``before``."""
    now = snapshot(before.path)
    if now.real_path != before.real_path or not _is_alike(now, before):
        raise FileChanged(_THEIRS.format(path=before.path))


def _is_alike(now: Snapshot, before: Snapshot) -> bool:
    return (now.data, now.mode, now.uid, now.gid) == (
        before.data,
        before.mode,
        before.uid,
        before.gid,
    )


def _put_in_place(temporary: str, before: Snapshot, ours: os.stat_result) -> None:
    """Let ``temporary``, which is ``ours``, be the file. Raises as ``replace`` does and OSError."""
    place = before.real_path
    if before.data is None:
        refuse_changed(before)
        try:
            _displace.put_where_nothing_is(temporary, place)
        except FileExistsError:
            raise FileChanged(_THEIRS.format(path=before.path)) from None
        return
    with _guarded(before) as guard:
        if not _displace.exchanged(temporary, place):
            os.rename(temporary, place)
            return
        try:
            _refuse_displaced(guard, temporary, before)
        except BaseException:
            _put_back(temporary, before, ours)
            raise
    # The change has taken place; what cannot be removed goes with the next run.
    with contextlib.suppress(OSError):
        os.unlink(temporary)


@contextlib.contextmanager
def _guarded(before: Snapshot) -> t.Iterator[_displace.Guard]:
    """Guard the file. Raises ``FileChanged`` unless it is that of ``before``, and ``FileRefused``
    where somebody keeps it open for writing."""
    try:
        with _displace.guarded(before.real_path, _PATIENCE) as guard:
            refuse_changed(before)
            # The shorter the moment is in which others write, the fewer see what is put back.
            if guard.is_untouched(before.real_path) is False:
                raise FileChanged(_THEIRS.format(path=before.path))
            yield guard
    except _displace.Busy as error:
        raise FileRefused(
            f"{before.path} is open for writing in another program; close it there first. Nothing "
            "was changed."
        ) from error


def _raise_of_system(cause: BaseException | None) -> None:
    """Raise the error of the system behind a refusal, if that is what it rests on."""
    if isinstance(cause, OSError):
        raise cause


def _refuse_displaced(guard: _displace.Guard, displaced: str, before: Snapshot) -> None:
    """Raise ``FileChanged`` unless the file is still that of ``before``, under its new name."""
    is_untouched = guard.is_untouched(displaced)
    if is_untouched:
        return
    if is_untouched is False:
        # Put back at once: nobody is to read what may be missing something.
        raise FileChanged(_THEIRS.format(path=before.path))
    try:
        now = snapshot(displaced)
    except FileRefused as refusal:
        _raise_of_system(refusal.__cause__)
        now = None
    if now is None or not _is_alike(now, before):
        raise FileChanged(_THEIRS.format(path=before.path))


@contextlib.contextmanager
def _kept(displaced: str, before: Snapshot) -> t.Iterator[None]:
    """Raise ``FileRefused`` where the block cannot put back what was displaced, and stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileRefused(
            f"{before.path} was written by another program while it was being changed, and what "
            f"that wrote cannot be put back: {error.strerror or error}; it is kept in {displaced}, "
            "and the next run puts it back."
        ) from error


def _put_back(displaced: str, before: Snapshot, ours: os.stat_result) -> None:
    with _kept(displaced, before):
        _displace.put_back(displaced, before.real_path, ours)


def _discard(temporary: str, ours: os.stat_result | None) -> None:
    with contextlib.suppress(OSError):
        # What it has displaced may lie there.
        if ours is None or os.path.samestat(os.lstat(temporary), ours):
            os.unlink(temporary)


def _make_alike(handle: int, source: Snapshot, new_file_mode: int) -> None:
    if source.data is None:
        os.fchmod(handle, new_file_mode)
        return
    status = os.fstat(handle)
    if (status.st_uid, status.st_gid) != (source.uid, source.gid):
        os.fchown(handle, source.uid, source.gid)
    # Attributes before the mode: an ACL's mask and the group bits are one thing.
    carry(source.real_path, handle)
    os.fchmod(handle, source.mode)


def _flush_folder(folder: str) -> None:
    # The change has taken place, whether this file system flushes folders or not.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sentence(path: str, what: str, error: OSError) -> str:
    return f"{path} {what}: {error.strerror or error}. Nothing was changed."
