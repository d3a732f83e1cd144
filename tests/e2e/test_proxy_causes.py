# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to set a proxy: what the real client makes of it, and how it is explained."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._doctor import (
    HTTP,
    WEBSOCKET,
    DoctorReport,
    doctor_arguments,
    read_run,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import (
    OPENAI_HOSTS,
    ProxyProblem,
)
from ansible_collections.devfleet.codex.plugins.module_utils._process import Outcome
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_cause import (
    explaining,
    route_finding,
)
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_reading import (
    read_dotenv,
    read_proxies,
)
from ansible_collections.devfleet.codex.plugins.module_utils._routes import routes
from ansible_collections.devfleet.codex.plugins.module_utils._transport import (
    http_side,
    websocket_side,
)
from support import bounded
from support.certificates import API_HOST
from support.isolation import is_isolated
from support.laptop import Laptop, api_key_login
from support.ports import dead_port
from support.proxy import Proxy
from support.socks import SocksProxy

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

ENDPOINT = f"{API_HOST}:443"
PASSWORD = "pa$HOMEx9"
BOTH = frozenset(("http", "websocket"))
HTTP_ALONE = frozenset(("http",))
WEBSOCKET_ALONE = frozenset(("websocket",))
NEITHER: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Row:
    """What is written, and what follows.

    In `dotenv` and `environment`, {good} is the address of a proxy that leads to the service,
    {bad} of one that refuses, {locked} of one that wants a password, {tls} of one that is spoken
    to by TLS, {socks} of a SOCKS proxy and {dead} of none at all.
    """

    dotenv: str
    reached: frozenset[str]
    """The transports that reached the service."""
    cause: str | None = None
    repaired: str | None = None
    environment: str = ""
    finding: str | None = None
    websocket: str = "ok"
    asked: str = ""
    """The proxy that was asked, where it matters."""


def works(dotenv: str, **others: t.Any) -> Row:
    return Row(dotenv, BOTH, **others)


ROWS = {
    "plain": works("HTTPS_PROXY=http://{good}\n"),
    "lower-case": works("https_proxy=http://{good}\n"),
    "export-slash-crlf-comment": works("export HTTPS_PROXY=http://{good}/ # here\r\n"),
    "upper-case-scheme": works("HTTPS_PROXY=HTTP://{good}\n"),
    "all-proxy": works("ALL_PROXY=http://{good}\n"),
    "https-before-all-proxy": works("HTTPS_PROXY=http://{good}\nALL_PROXY=http://{bad}\n"),
    "last-duplicate": works("HTTPS_PROXY=http://{bad}\nHTTPS_PROXY=http://{good}\n"),
    "invalid-line": works("what is this\nHTTPS_PROXY=http://{good}\n"),
    "dotenv-over-environment": works(
        "HTTPS_PROXY=http://{good}\n", environment="HTTPS_PROXY=http://{bad}"
    ),
    "password": works("HTTPS_PROXY='http://dev:pa%24HOMEx9@{locked}'\n", asked="locked"),
    "dollar-in-single-quotes": works(
        "HTTPS_PROXY='http://dev:pa$HOMEx9@{locked}'\n", asked="locked"
    ),
    "refused-behind-a-good-proxy": works("HTTPS_PROXY=http://{good}\n", websocket="http-403"),
    "http-proxy-only": Row(
        "HTTP_PROXY=http://{good}\n",
        WEBSOCKET_ALONE,
        "http_proxy_only",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "http-proxy-only-lower-case": Row(
        "http_proxy=http://{good}\n",
        WEBSOCKET_ALONE,
        "http_proxy_only",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "http-proxy-before-all-proxy": Row(
        "HTTP_PROXY=http://{bad}\nALL_PROXY=http://{good}\n", HTTP_ALONE, "http_proxy_only"
    ),
    "http-proxy-without-scheme": Row(
        "http_proxy={good}\n",
        NEITHER,
        "no_scheme",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "no-scheme": Row("HTTPS_PROXY={good}\n", HTTP_ALONE, "no_scheme", "http://{good}"),
    "https-scheme-of-a-plain-proxy": Row(
        "HTTPS_PROXY=https://{good}\n",
        NEITHER,
        "https_scheme",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "https-scheme-of-a-tls-proxy": Row("HTTPS_PROXY=https://{tls}\n", HTTP_ALONE, "https_scheme"),
    "socks": Row("ALL_PROXY=socks5h://{socks}\n", WEBSOCKET_ALONE, "socks"),
    "no-proxy": Row(
        "HTTPS_PROXY=http://{good}\nNO_PROXY=localhost,.openai.com\n",
        NEITHER,
        "no_proxy_covers_service",
        "localhost",
        finding="proxy_not_used",
    ),
    "no-proxy-with-port": Row(
        "HTTPS_PROXY=http://{good}\nNO_PROXY=api.openai.com:443\n",
        HTTP_ALONE,
        "no_proxy_covers_service",
        "localhost,127.0.0.1,::1",
    ),
    "no-proxy-star-in-a-list": Row(
        "HTTPS_PROXY=http://{good}\nNO_PROXY=localhost,*\n",
        WEBSOCKET_ALONE,
        "no_proxy_covers_service",
        "localhost",
        finding="proxy_not_used",
    ),
    "dead-port": Row("HTTPS_PROXY=http://{dead}\n", NEITHER, "dead_port", finding="network"),
    "stale-dotenv": Row(
        "HTTPS_PROXY=http://{bad}\n",
        NEITHER,
        "shell_disagrees",
        "http://{good}",
        environment="HTTPS_PROXY=http://{good}",
        finding="proxy_not_used",
        asked="bad",
    ),
    "case": Row(
        "HTTPS_PROXY=http://{bad}\nhttps_proxy=http://{good}\n",
        NEITHER,
        "case_disagrees",
        "http://{good}",
        finding="proxy_not_used",
        asked="bad",
    ),
    "empty-masks-environment": Row(
        "HTTPS_PROXY=\n",
        NEITHER,
        "shell_disagrees",
        "http://{good}",
        environment="HTTPS_PROXY=http://{good}",
        finding="proxy_not_used",
    ),
    "byte-order-mark": Row(
        "\ufeffHTTPS_PROXY=http://{good}\n",
        NEITHER,
        "line_dropped",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "unterminated-quote": Row(
        "NAME='open\nHTTPS_PROXY=http://{good}\n",
        NEITHER,
        "line_dropped",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "blank-at-end-of-file": Row(
        "HTTPS_PROXY=http://{good} ",
        NEITHER,
        "line_dropped",
        "http://{good}",
        finding="proxy_not_used",
    ),
    "dollar-in-double-quotes": Row(
        'HTTPS_PROXY="http://dev:pa$HOMEx9@{locked}"\n',
        NEITHER,
        "line_dropped",
        "'http://***@{locked}'",
        finding="proxy_not_used",
        asked="locked",
    ),
    "wrong-password": Row(
        "HTTPS_PROXY=http://dev:wrong@{locked}\n", NEITHER, finding="network", asked="locked"
    ),
    "refusing-proxy": Row("HTTPS_PROXY=http://{bad}\n", NEITHER, finding="network", asked="bad"),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """What one row led to."""

    row: Row
    addresses: t.Mapping[str, str]
    reached: frozenset[str]
    asked: frozenset[str]
    problem: ProxyProblem | None
    finding: str | None


@pytest.fixture(scope="module")
def seen(make_laptop: LaptopFactory) -> t.Iterator[dict[str, Seen]]:
    if not is_isolated():
        pytest.skip("some rows go past every proxy; run this by scripts/offline.py on Linux")
    with contextlib.ExitStack() as stack:
        laptops = {
            name: make_laptop(f"proxy-{name}", login=api_key_login(), websocket=row.websocket)
            for name, row in ROWS.items()
        }
        dead = stack.enter_context(dead_port())
        # A client waits here for names that nobody looks up, and needs no processor meanwhile.
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            futures = {
                name: pool.submit(examine, laptop, ROWS[name], dead)
                for name, laptop in laptops.items()
            }
            yield {name: future.result() for name, future in futures.items()}


def examine(laptop: Laptop, row: Row, dead: int) -> Seen:
    ways = {ENDPOINT: laptop.service.address}
    with (
        Proxy() as bad,
        Proxy(ways, tls=laptop.certificates.server_context()) as tls,
        Proxy(ways, credentials=f"dev:{PASSWORD}") as locked,
        SocksProxy(ways) as socks,
    ):
        proxies = {"good": laptop.proxy, "bad": bad, "tls": tls, "locked": locked}
        addresses = {name: proxy.address for name, proxy in proxies.items()}
        addresses.update(socks=socks.address, dead=f"127.0.0.1:{dead}")
        (laptop.codex_home / ".env").write_text(row.dotenv.format(**addresses), newline="")
        environment = {
            name: value
            for name, value in laptop.environment().items()
            if not name.upper().endswith("_PROXY")
        }
        if row.environment:
            name, _equals, value = row.environment.format(**addresses).partition("=")
            environment[name] = value
        report = run_doctor(laptop, environment)
        reached = frozenset(request.transport for request in laptop.service.requests)
        asked = frozenset(
            name for name, proxy in proxies.items() if proxy.tunnelled or proxy.refused
        )
        found = read_proxies(read_dotenv(str(laptop.codex_home)), environment, None, OPENAI_HOSTS)
        tried = routes(API_HOST, 443, found.ways.proxy, found.ways.other, timeout=3)
        http, websocket = http_side(report.checks[HTTP]), websocket_side(report.checks[WEBSOCKET])
        problem = explaining(found.settings.problems, http, websocket, tried)
        assert "HOMEx" not in repr(found), "a password is shown"
        return Seen(row, addresses, reached, asked, problem, route_finding(tried, http, websocket))


def run_doctor(laptop: Laptop, environment: dict[str, str]) -> DoctorReport:
    command = [str(laptop.executable), *doctor_arguments("network-only", [])]
    code, stdout, stderr = bounded.finish(command, laptop.home, environment, 60, "doctor")
    outcome = Outcome("exit", code, stdout.encode(), stderr.encode(), 0.0)
    report = read_run(outcome, "network-only")
    assert isinstance(report, DoctorReport)
    return report


@pytest.mark.parametrize("name", ROWS)
def test_each_transport_goes_where_the_row_says(seen: dict[str, Seen], name: str) -> None:
    one = seen[name]
    assert one.reached == one.row.reached
    assert not one.row.asked or one.asked == {one.row.asked}


@pytest.mark.parametrize("name", ROWS)
def test_the_failure_is_explained_and_the_better_value_named(
    seen: dict[str, Seen], name: str
) -> None:
    one = seen[name]
    expected = one.row.repaired.format(**one.addresses) if one.row.repaired else None
    problem = one.problem
    assert (problem.name if problem else None) == one.row.cause
    assert (problem.repaired if problem else None) == expected


@pytest.mark.parametrize("name", ROWS)
def test_the_ways_to_the_service_are_named(seen: dict[str, Seen], name: str) -> None:
    assert seen[name].finding == seen[name].row.finding
