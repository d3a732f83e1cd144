# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy variables have to stand in ``.env``, and whether they would do any good. Pure.

This module util is PRIVATE to the collection. Measured with client 0.169.0:
upper case wins over lower case, HTTPS_PROXY over ALL_PROXY; with HTTP_PROXY
alone the client's WebSockets go through the proxy and its HTTPS requests past
it; a NO_PROXY that covers the service's hosts makes every proxy useless.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ._dotenv import Reading, effective
from ._observations import OPENAI_HOSTS
from ._proxy_url import covers, parse_proxy, refusal
from ._text import clean

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
VARIABLES = (*PROXIES, "NO_PROXY")
_ENTRY = 255
"""Characters of the longest entry of NO_PROXY, which is a host name."""


class Unwanted(Exception):
    """What is asked for would not work; the text is a phrase without a secret.

    ``line`` is that of the file which is to blame, None if no line is.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The options of proxy_env."""

    proxies: t.Mapping[str, str]
    """The URLs by variable, a password among them perhaps."""
    no_proxy: tuple[str, ...]
    no_proxy_exclusive: bool
    lowercase: str
    """``align``, ``remove`` or ``keep``."""

    @property
    def has_credentials(self) -> bool:
        """Whether a user name or a password is written."""
        return any("@" in url for url in self.proxies.values())


def wanted_of(
    proxies: t.Mapping[str, str | None],
    no_proxy: t.Iterable[str],
    no_proxy_exclusive: bool,
    lowercase: str,
) -> Wanted:
    """Check the options. Raises ``Unwanted``, whose text begins with the option to blame."""
    given = {name: url for name, url in proxies.items() if url is not None}
    for name, url in given.items():
        reason = refusal(url)
        if reason is not None:
            raise Unwanted(f"{name.lower()} {reason}")
    if not given:
        raise Unwanted("give at least one of https_proxy, http_proxy and all_proxy")
    entries = tuple(dict.fromkeys(entry for part in no_proxy for entry in split_list(part)))
    for entry in entries:
        if not entry.isascii() or not entry.isprintable() or " " in entry or len(entry) > _ENTRY:
            raise Unwanted(
                f"no_proxy entry {clean(entry, 80)!r} cannot be used: write a host name, a domain "
                "such as .example.com, or an address"
            )
        if _covered((entry,)):
            raise Unwanted(
                f"no_proxy entry {entry!r} covers {_covered((entry,))[0]}, so Codex would go past "
                "the proxy; leave it out"
            )
    return Wanted(given, entries, no_proxy_exclusive, lowercase)


def split_list(value: str) -> list[str]:
    """The entries of a NO_PROXY."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def assignments(wanted: Wanted, reading: Reading) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables to set, by name, and those to remove. Raises ``Unwanted``."""
    values = dict(wanted.proxies)
    hosts = _no_proxy(wanted, reading)
    if hosts is not None:
        values["NO_PROXY"] = hosts
    now = effective(reading)
    twins = [name.lower() for name in values if name.lower() in now]
    if wanted.lowercase == "remove":
        return values, tuple(twins)
    if wanted.lowercase == "align":
        values.update({twin: values[twin.upper()] for twin in twins})
    return values, ()


def refuse_without_effect(after: t.Mapping[str, str]) -> None:
    """Raise ``Unwanted`` if Codex would go past the proxies that the file sets afterwards."""
    name = "HTTPS_PROXY" if _set(after, "HTTPS_PROXY") else "ALL_PROXY"
    url = _set(after, name)
    if not url:
        raise Unwanted(
            "with HTTP_PROXY alone Codex sends its WebSockets through the proxy and its HTTPS "
            "requests past it; give https_proxy too"
        )
    reason = refusal(url)
    if reason is not None:
        raise Unwanted(f"{name}, which takes precedence there, {reason}")
    for entry in split_list(_set(after, "NO_PROXY")):
        if _covered((entry,)):
            raise Unwanted(
                f"NO_PROXY holds {clean(entry, 80)!r}, which covers {_covered((entry,))[0]}, so "
                "Codex would go past the proxy; take the entry out, or replace the list with "
                "no_proxy_exclusive: true"
            )


def precedence_notes(wanted: Wanted, after: t.Mapping[str, str]) -> t.Iterator[str]:
    """Say which of the wanted variables has no effect on what Codex asks its service for."""
    https = _set(after, "HTTPS_PROXY")
    is_all = "ALL_PROXY" in wanted.proxies and "HTTPS_PROXY" not in wanted.proxies
    if is_all and https and https != wanted.proxies["ALL_PROXY"]:
        yield "HTTPS_PROXY is set there too and takes precedence over ALL_PROXY"


def described(values: t.Mapping[str, str]) -> dict[str, dict[str, t.Any]]:
    """The proxies among ``values`` by variable, without what is secret in them."""
    names = [spelled for name in PROXIES for spelled in (name, name.lower())]
    found = {name: parse_proxy(values[name]) for name in names if values.get(name)}
    return {name: url._asdict() for name, url in found.items() if url is not None}


def _no_proxy(wanted: Wanted, reading: Reading) -> str | None:
    """The value of NO_PROXY; None where nothing is said about it."""
    if wanted.no_proxy_exclusive:
        return ",".join(wanted.no_proxy)
    if not wanted.no_proxy:
        return None
    last = {one.name: one for one in reading.assignments if one.name.upper() == "NO_PROXY"}
    found = [last[name] for name in ("NO_PROXY", "no_proxy") if name in last]
    current = next((one for one in found if one.value or one.substituted), None)
    if current is None:
        return ",".join(wanted.no_proxy)
    there = {entry.lower() for entry in split_list(current.value)}
    missing = [entry for entry in wanted.no_proxy if entry.lower() not in there]
    if not missing:
        return current.value
    if current.substituted:
        raise Unwanted(
            f"{current.name} is made of other variables; write it out, or replace it with "
            "no_proxy_exclusive: true",
            current.line,
        )
    return ",".join([*split_list(current.value), *missing])


def _set(values: t.Mapping[str, str], name: str) -> str:
    """The value in effect of a variable that is looked up in upper case, then in lower."""
    return values.get(name) or values.get(name.lower()) or ""


def _covered(entries: tuple[str, ...]) -> list[str]:
    return [host for host in OPENAI_HOSTS if covers(entries, host)]
