# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pretend laptops whose proxies are set in ways of their own, each with a proxy to give it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from .certificates import HOSTS
from .laptop import Laptop
from .laptop_playbooks import HostVariables, host_variables
from .ports import dead_port
from .proxy import Proxy
from .socks import SocksProxy

USER = "planted-user"
PASSWORD = "planted%24HOME-password"
NO_PROXY_IN_THE_ENVIRONMENT = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), "")
"""Settings of a controller; only for a network of loopback alone."""


@dataclasses.dataclass(frozen=True)
class ProxyLaptop:
    """`given` is a proxy that wants a password, and leads to this laptop's service."""

    laptop: Laptop
    given: Proxy
    addresses: t.Mapping[str, str]

    def variables(self, **more: t.Any) -> HostVariables:
        """Return what the inventory says of the laptop."""
        return {**host_variables(self.laptop), **more}

    def write(self, dotenv: str) -> None:
        """Fill in `dotenv` (see `ProxyLaptops.add`) and write it."""
        content = dotenv.format(**self.addresses).encode()
        (self.laptop.codex_home / ".env").write_bytes(content)


class ProxyLaptops:
    """Use it as a context manager; the networks of the laptops end with it.

    `credentials` (`user:password`) are what the proxies to be given want.
    """

    def __init__(self, credentials: str = "") -> None:
        self._credentials = credentials or f"{USER}:{decoded_password()}"
        self._stack = contextlib.ExitStack()
        self.laptops: dict[str, ProxyLaptop] = {}
        self._dead = f"127.0.0.1:{self._stack.enter_context(dead_port())}"

    def __enter__(self) -> ProxyLaptops:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, laptop: Laptop, dotenv: str) -> ProxyLaptop:
        """Give `laptop` the file `dotenv`.

        In it {good} is the address of a proxy that leads to the service, {bad} of one that
        refuses, {given} of the one that wants a password, {socks} of a SOCKS proxy and {dead} of
        none at all.
        """
        ways = {f"{host}:443": laptop.service.address for host in HOSTS}
        given = self._stack.enter_context(Proxy(ways, credentials=self._credentials))
        bad = self._stack.enter_context(Proxy())
        socks = self._stack.enter_context(SocksProxy(ways))
        addresses = {
            "good": laptop.proxy.address,
            "bad": bad.address,
            "given": given.address,
            "socks": socks.address,
            "dead": self._dead,
        }
        made = ProxyLaptop(laptop, given, addresses)
        made.write(dotenv)
        self.laptops[laptop.name] = made
        return made


def url_with_password(address: str) -> str:
    """Return a proxy's URL with USER and PASSWORD."""
    return f"http://{USER}:{PASSWORD}@{address}"


def decoded_password() -> str:
    """Return PASSWORD as a proxy sees it."""
    return PASSWORD.replace("%24", "$")
