# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``.env``, the environment and this machine's ports say about proxies, read from disk.

This module util is PRIVATE to the collection.
"""

from __future__ import annotations

import os
import stat
import typing as t

from ._observations import NO_PROXIES, PROXY_VARIABLES, ProxySettings, Ways
from ._text import clean

_SPELLINGS = (*PROXY_VARIABLES, *(name.lower() for name in PROXY_VARIABLES))
_NO_WAYS = Ways(None, None)


class Dotenv(t.NamedTuple):
    """The file as it was read."""

    data: bytes | None
    """None where there is no file, or ``problem`` says why it was not read."""
    problem: str | None


def read_dotenv(codex_home: str) -> Dotenv:
    """Read ``.env`` in ``codex_home``, a symlink followed. Nothing raises."""
    path = os.path.join(codex_home, ".env")
    try:
        # Without O_NONBLOCK a FIFO would be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Dotenv(None, None)
    except (OSError, ValueError) as error:
        return _unread(path, f"cannot be read ({_reason(error)}); make it readable for its owner")
    from ._dotenv import SIZE_LIMIT

    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        return _unread(path, f"is {kind}; move it away")
    try:
        with open(handle, "rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        return _unread(path, f"cannot be read ({_reason(error)}); look at it by hand")
    if len(data) > SIZE_LIMIT:
        size = SIZE_LIMIT // 2**10
        return _unread(path, f"is larger than {size} KB; look at it by hand")
    return Dotenv(data, None)


class Proxies(t.NamedTuple):
    """What was found, and the raw URLs to try it with."""

    settings: ProxySettings
    ways: Ways


def read_proxies(
    dotenv: Dotenv,
    environment: t.Mapping[str, str],
    shell: t.Mapping[str, str] | None,
    hosts: t.Collection[str],
    timeout: float = 1.0,
) -> Proxies:
    """Judge the proxy settings of a client started with ``environment``; see ``_proxies``.

    Asks the proxies on this machine whether they listen, each for up to ``timeout`` seconds.
    """
    places = (environment, shell or {})
    if dotenv == (None, None) and not any(name in one for name in _SPELLINGS for one in places):
        return Proxies(NO_PROXIES, _NO_WAYS)
    # Nothing of it is needed on the many machines that set no proxy (see ``_beside``).
    from . import _proxies

    if dotenv.problem is not None:
        return Proxies(_proxies.unreadable(dotenv.problem, environment), _NO_WAYS)
    found = _proxies.settings(dotenv.data, environment, shell, hosts)
    addresses = _proxies.loopback_addresses(found)
    dead = _dead(addresses, timeout) if addresses else ()
    if dead:
        found = _proxies.settings(dotenv.data, environment, shell, hosts, dead)
    return Proxies(found, _proxies.ways(dotenv.data, environment, shell, hosts))


def _dead(addresses: t.Sequence[tuple[str, int]], timeout: float) -> t.Sequence[tuple[str, int]]:
    from ._routes import is_listening

    return [address for address in addresses if not is_listening(*address, timeout)]


def _unread(path: str, what: str) -> Dotenv:
    return Dotenv(None, f"{clean(path, 200)} {what}.")


def _reason(error: Exception) -> str:
    return clean(getattr(error, "strerror", None) or error, 80)
