# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Laptops whose proxies are wrong, by what becomes of them when the right one is given."""

from __future__ import annotations

import dataclasses

PROXY = "proxy_misconfigured"
BLOCKED = "websocket_blocked"


@dataclasses.dataclass(frozen=True)
class Row:
    """One laptop; see `ProxyLaptops.add` for the names in `dotenv`, `repaired` and `given`."""

    dotenv: str
    verdict: str
    cause: str
    repaired: str | None = None
    websocket: str = "ok"
    http: str = "ok"
    given: str | None = "given"
    """Which proxy is to be set; None: none."""
    remedy: str = "auto"


CURED_BY_PROXY = {
    "no-scheme": Row("# mine\nHTTPS_PROXY={good}\n", PROXY, "no_scheme", "http://{good}"),
    "socks": Row("TOKEN='a $b'\nHTTPS_PROXY=socks5h://{socks}\n", PROXY, "socks"),
    "dead": Row("HTTPS_PROXY=http://{dead}\r\n", PROXY, "dead_port"),
    "http-only": Row("HTTP_PROXY=http://{good}\n", PROXY, "http_proxy_only", "http://{good}"),
    "http-only-dead": Row("HTTP_PROXY=http://{dead}\n", PROXY, "dead_port"),
    "dropped": Row("\ufeffHTTPS_PROXY=http://{good}", PROXY, "line_dropped", "http://{good}"),
    "https": Row(
        "export HTTPS_PROXY=https://{good} # why\n", PROXY, "https_scheme", "http://{good}"
    ),
    "locked": Row("HTTPS_PROXY=http://dev:wrong@{given}\n", PROXY, "proxy_credentials"),
    "covered": Row(
        "HTTPS_PROXY=http://{good}\nNO_PROXY=.corp.example,.openai.com\n",
        PROXY,
        "no_proxy_covers_service",
        ".corp.example",
    ),
}
HIDDEN = {"hidden": Row("HTTPS_PROXY={good}\n", PROXY, "no_scheme", websocket="http-403")}
CURED_BY_PROVIDER = {
    "blocked": Row("HTTPS_PROXY=http://{good}\n", BLOCKED, "upgrade_refused", websocket="http-403"),
}
LEFT_ALONE = {
    "healthy": Row(
        "HTTPS_PROXY=http://{good}\nhttps_proxy=http://{dead}\nHTTP_PROXY=socks5://{dead}\n",
        "healthy",
        "handshake_ok",
    ),
    "none-given": Row("HTTPS_PROXY={good}\n", PROXY, "no_scheme", "http://{good}", given=None),
    "provider-wanted": Row(
        "HTTPS_PROXY=socks5://{socks}\n", PROXY, "socks", remedy="http_provider"
    ),
    "proxy-wanted": Row(
        "HTTPS_PROXY=http://{good}\n",
        BLOCKED,
        "upgrade_refused",
        websocket="http-403",
        remedy="proxy_env",
    ),
}
REFUSED = {
    "refusing-given": Row("HTTPS_PROXY=http://{dead}\n", PROXY, "dead_port", given="bad"),
    "refusing-tried": Row("HTTP_PROXY=http://{dead}\n", PROXY, "dead_port", given="bad"),
}
FAILING = {
    # HTTP answers through the proxy, which is all that a trial can ask; only then it is no cure.
    "refusing-beyond": Row(
        "HTTPS_PROXY=http://{dead}\n",
        PROXY,
        "dead_port",
        websocket="http-403",
        http="http-403",
    ),
    "unusable-given": Row("HTTPS_PROXY=http://{dead}\n", PROXY, "dead_port", given="no-scheme"),
    "look-fails": Row("HTTPS_PROXY=http://{dead}\n", PROXY, "dead_port"),
    "proof-fails": Row(
        "HTTPS_PROXY=http://{good}\n", BLOCKED, "upgrade_refused", websocket="http-403"
    ),
}
HALF_CURED = {
    "half": Row(
        "HTTPS_PROXY={good}\n", PROXY, "no_scheme", websocket="http-403", remedy="proxy_env"
    )
}
LOST = {"lost": Row("HTTPS_PROXY=http://{dead}\n", PROXY, "dead_port")}
FLEET = {
    **CURED_BY_PROXY,
    **HIDDEN,
    **CURED_BY_PROVIDER,
    **LEFT_ALONE,
    **REFUSED,
    **FAILING,
    **HALF_CURED,
    **LOST,
}
CURED = {**CURED_BY_PROXY, **HIDDEN, **CURED_BY_PROVIDER}
EXAMINED = {**CURED, **LEFT_ALONE}
TAKEN_BACK = (*CURED, *HALF_CURED, *LOST, "healthy", "refusing-given", "refusing-beyond")
NONE_TO_SET = "none-to-set"
FORESEEN = ("no-scheme", "covered", "hidden", "blocked", "healthy", *REFUSED, "refusing-beyond")
BEATEN = ".env sets HTTPS_PROXY, which beats whatever a trial can set"
TRIED_BY_DOCTOR = ("http-only", "http-only-dead", "dropped", "blocked")
TRIED_BY_ROUTE = ("no-scheme", "socks", "dead", "https", "locked", "covered", "hidden")
