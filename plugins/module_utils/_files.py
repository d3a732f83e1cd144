# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one writer: read a file, and replace it only if it is still what was read.

This module util is PRIVATE to the collection. Whoever is stopped at any point
leaves the old bytes or the new bytes: the new ones are written beside the
file, flushed, compared and renamed. Symlinks are followed and stay; mode,
owner, SELinux context, ACLs and other extended attributes are kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import re
import stat
import tempfile
import typing as t

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest file that is read; real ones have a few KB, 1 MB has been seen."""

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_SUFFIX = ".devfleet"
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.devfleet", re.DOTALL)
"""What ``replace`` calls the new bytes until they take the place of the old ones."""


class FileRefused(Exception):
    """A file cannot be used; the text is a sentence that names it and says what to do."""


class FileChanged(Exception):
    """Somebody else wrote the file between reading and replacing it."""


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
    real_path = os.path.realpath(path)
    try:
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
    if before.data is not None and not before.mode & stat.S_IWUSR:
        raise FileRefused(
            f"{before.path} is read-only for its owner; make it writable first. Nothing was "
            "changed."
        )
    if before.data is not None and os.geteuid() not in (0, before.uid):
        raise FileRefused(
            f"{before.path} belongs to user {before.uid}; run this as that user. "
            "Nothing was changed."
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
    written; in both cases it is untouched.
    """
    refuse_unwritable(before)
    folder, name = os.path.split(before.real_path)
    try:
        with folder_made(folder, new_folder_mode):
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=_SUFFIX, dir=folder)
            try:
                with open(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    _carry_attributes(like or before, handle, new_file_mode)
                    os.fsync(handle)
                refuse_changed(before)
                os.rename(temporary, before.real_path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
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


def sweep(folder: str) -> None:
    """Remove what ``replace`` has left in ``folder`` where it was killed; what stays is no error.

    For one who keeps others from writing there (``_lock``): what they write would be gone too.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left = [
            entry.path
            for entry in entries
            if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        ]
        for path in left:
            with contextlib.suppress(OSError):
                os.unlink(path)


def remove(before: Snapshot) -> None:
    """Remove the file, if it is still what was read. Raises as ``replace`` does."""
    refuse_unwritable(before)
    refuse_changed(before)
    try:
        os.unlink(before.real_path)
        _flush_folder(os.path.dirname(before.real_path))
    except OSError as error:
        raise FileRefused(_sentence(before.path, "cannot be removed", error)) from error


def refuse_changed(before: Snapshot) -> None:
    """Raise ``FileChanged`` unless the file still holds the bytes of ``before``."""
    now = snapshot(before.path)
    if now.data != before.data or now.real_path != before.real_path:
        raise FileChanged(f"{before.path} was changed by somebody else")


def _carry_attributes(before: Snapshot, handle: int, new_file_mode: int) -> None:
    if before.data is None:
        os.fchmod(handle, new_file_mode)
        return
    status = os.fstat(handle)
    if (status.st_uid, status.st_gid) != (before.uid, before.gid):
        os.fchown(handle, before.uid, before.gid)
    # Attributes before the mode: an ACL's mask and the group bits are one thing.
    if hasattr(os, "listxattr"):
        for name in os.listxattr(before.real_path):
            try:
                os.setxattr(handle, name, os.getxattr(before.real_path, name))
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENODATA, errno.EACCES):
                    raise
    os.fchmod(handle, before.mode)


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
