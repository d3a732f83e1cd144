# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_env with the real client as judge: it goes through the proxy that was set, and back again.

Every laptop has a proxy of its own in its environment, so the client goes through that one
wherever `.env` does not tell it otherwise.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest
from support.certificates import HOSTS
from support.client import REPOSITORY, doctor
from support.laptop import Laptop, snapshot
from support.proxy import Proxy

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

USER, PASSWORD = "dev", "pa%24%40%27ss"
OTHERS = b"# mine\nSSL_CERT_FILE=%s\nTOKEN='a $b'\n"


def run_proxy_env(laptop: Laptop, **options: t.Any) -> dict[str, t.Any]:
    """Run the module in a process of its own; return its result, in which there is no password."""
    given = {"codex_home": str(laptop.codex_home), "_ansible_diff": True, **options}
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "plugins/modules/proxy_env.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
        env={**laptop.environment(), "PYTHONPATH": str(REPOSITORY / ".cache/collections")},
        cwd=laptop.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert PASSWORD not in done.stdout + done.stderr
    result: dict[str, t.Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def laptop(make_laptop: LaptopFactory) -> Laptop:
    return make_laptop("proxied")


@pytest.fixture(scope="module")
def company(laptop: Laptop) -> t.Iterator[Proxy]:
    """The proxy that is to be used: it wants a password, which the client reads from `.env`."""
    routes = {f"{host}:443": laptop.service.address for host in HOSTS}
    # As the client sends it: percent-encoding undone.
    with Proxy(routes, credentials=f"{USER}:pa$@'ss") as proxy:
        yield proxy


def url_of(proxy: Proxy) -> str:
    return f"http://{USER}:{PASSWORD}@{proxy.address}"


class Seen(t.NamedTuple):
    """Who was asked for the service during one doctor run, and what doctor says."""

    by_company: bool
    by_own: bool
    variables: set[str]
    statuses: set[str]


def see(laptop: Laptop, company: Proxy) -> Seen:
    company.tunnelled.clear()
    laptop.proxy.tunnelled.clear()
    checks = doctor(laptop, "--network-only")
    present = checks["network.env"]["details"].get("proxy env vars present", "")
    transports = ("network.provider_reachability", "network.websocket_reachability")
    return Seen(
        bool(company.tunnelled),
        bool(laptop.proxy.tunnelled),
        {name.strip() for name in present.split(",")},
        {checks[name]["status"] for name in transports},
    )


def files(laptop: Laptop, authority: str) -> dict[str, bytes]:
    own = laptop.proxy.url
    others = OTHERS.replace(b"%s", authority.encode())
    return {
        "others": others,
        "other-proxies": others + f"HTTPS_PROXY={own}\nALL_PROXY={own}\nHTTP_PROXY={own}".encode(),
        "lower-case": others + f"https_proxy={own}\nno_proxy=.corp.example.com\n".encode(),
        "CRLF": others.replace(b"\n", b"\r\n") + f"export HTTPS_PROXY='{own}' # x\r\n".encode(),
        "byte-order-mark": b"\xef\xbb\xbf" + f"HTTPS_PROXY={own}\n".encode() + others,
        "dropped-at-the-end": others + f"HTTPS_PROXY={own} ".encode(),
        "covered-by-no-proxy": others + b"NO_PROXY='*'\nno_proxy=chatgpt.com\n",
    }


NAMES = (
    "others",
    "other-proxies",
    "lower-case",
    "CRLF",
    "byte-order-mark",
    "dropped-at-the-end",
    "covered-by-no-proxy",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_client_goes_through_the_proxy_and_back(
    laptop: Laptop, company: Proxy, name: str
) -> None:
    data = files(laptop, str(laptop.certificates.authority))[name]
    dotenv = laptop.codex_home / ".env"
    dotenv.write_bytes(data)
    rest = snapshot(laptop.home)
    options = {"https_proxy": url_of(company)}
    if name == "covered-by-no-proxy":
        options["no_proxy_exclusive"] = True

    made = run_proxy_env(laptop, **options)

    assert made["changed"] is True
    seen = see(laptop, company)
    assert (seen.by_company, seen.by_own) == (True, False)
    assert seen.variables >= {"HTTPS_PROXY", "NO_PROXY"}
    assert seen.statuses == {"ok"}
    assert b"TOKEN='a $b'" in dotenv.read_bytes()
    assert run_proxy_env(laptop, **options)["changed"] is False

    assert run_proxy_env(laptop, state="absent")["changed"] is True

    assert dotenv.read_bytes() == data
    assert {path: held[2] for path, held in snapshot(laptop.home).items()} == {
        path: held[2] for path, held in rest.items()
    }
    if name != "covered-by-no-proxy":
        assert see(laptop, company)[:2] == (False, True)
