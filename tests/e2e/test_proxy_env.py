# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_env with the real client as judge: it goes through the proxy that was set, and back again.

Every laptop has a proxy of its own in its environment, so the client goes through that one
wherever `.env` does not tell it otherwise.
"""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from support import bounded
from support.certificates import HOSTS
from support.client import REPOSITORY, doctor
from support.laptop import Laptop
from support.laptop_playbooks import Controller, recap
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


class Seen(t.NamedTuple):
    """Who was asked for the service during one doctor run, and what doctor says."""

    by_company: bool
    by_own: bool
    variables: frozenset[str]
    statuses: frozenset[str]


class Journey(t.NamedTuple):
    """One file's way there and back."""

    data: bytes
    made: dict[str, t.Any]
    cured: bytes
    there: Seen
    again: dict[str, t.Any]
    taken_back: dict[str, t.Any]
    back: bytes
    left: frozenset[str]
    home: Seen | None


def see(laptop: Laptop, company: Proxy) -> Seen:
    company.tunnelled.clear()
    laptop.proxy.tunnelled.clear()
    checks = doctor(laptop, "--network-only")
    present = checks["network.env"]["details"].get("proxy env vars present", "")
    transports = ("network.provider_reachability", "network.websocket_reachability")
    return Seen(
        bool(company.tunnelled),
        bool(laptop.proxy.tunnelled),
        frozenset(name.strip() for name in present.split(",")),
        frozenset(checks[name]["status"] for name in transports),
    )


def file_of(name: str, laptop: Laptop) -> bytes:
    own = laptop.proxy.url
    others = OTHERS.replace(b"%s", str(laptop.certificates.authority).encode())
    files = {
        "others": others,
        "other-proxies": others + f"HTTPS_PROXY={own}\nALL_PROXY={own}\nHTTP_PROXY={own}".encode(),
        "lower-case": others + f"https_proxy={own}\nno_proxy=.corp.example.com\n".encode(),
        "CRLF": others.replace(b"\n", b"\r\n") + f"export HTTPS_PROXY='{own}' # x\r\n".encode(),
        "byte-order-mark": b"\xef\xbb\xbf" + f"HTTPS_PROXY={own}\n".encode() + others,
        "dropped-at-the-end": others + f"HTTPS_PROXY={own} ".encode(),
        "list-that-covers": others + b"NO_PROXY=.corp.example.com,.openai.com,chatgpt.com\n",
    }
    return files[name]


NAMES = (
    "others",
    "other-proxies",
    "lower-case",
    "CRLF",
    "byte-order-mark",
    "dropped-at-the-end",
    "list-that-covers",
)


def travel(name: str, laptop: Laptop) -> Journey:
    """Go there and back; the proxy to be used wants a password, which stands in `.env` alone."""
    dotenv = laptop.codex_home / ".env"
    data = file_of(name, laptop)
    dotenv.write_bytes(data)
    routes = {f"{host}:443": laptop.service.address for host in HOSTS}
    # As the client sends it: percent-encoding undone.
    with Proxy(routes, credentials=f"{USER}:pa$@'ss") as company:
        options = {
            "https_proxy": f"http://{USER}:{PASSWORD}@{company.address}",
            "no_proxy_exclusive": name == "list-that-covers",
        }
        made = run_proxy_env(laptop, **options)
        cured, there = dotenv.read_bytes(), see(laptop, company)
        again = run_proxy_env(laptop, **options)
        taken_back = run_proxy_env(laptop, state="absent")
        left = frozenset(path.name for path in laptop.codex_home.iterdir())
        back = dotenv.read_bytes()
        # With the old list the client would go past every proxy, out of the laptop's network.
        home = None if name == "list-that-covers" else see(laptop, company)
    return Journey(data, made, cured, there, again, taken_back, back, left, home)


@pytest.fixture(scope="module")
def journeys(make_laptop: LaptopFactory) -> dict[str, Journey]:
    laptops = [make_laptop(name) for name in NAMES]
    # Doctor spends seconds on names that cannot be looked up here, and no processor time.
    with concurrent.futures.ThreadPoolExecutor(len(NAMES)) as pool:
        return dict(zip(NAMES, pool.map(travel, NAMES, laptops)))


@pytest.mark.parametrize("name", NAMES)
def test_the_client_goes_through_the_proxy(journeys: dict[str, Journey], name: str) -> None:
    journey = journeys[name]
    assert journey.made["changed"] is True
    assert (journey.there.by_company, journey.there.by_own) == (True, False)
    assert journey.there.variables >= {"HTTPS_PROXY", "NO_PROXY"}
    assert journey.there.statuses == {"ok"}
    assert journey.again["changed"] is False


@pytest.mark.parametrize("name", NAMES)
def test_other_settings_are_untouched(journeys: dict[str, Journey], name: str) -> None:
    cured = journeys[name].cured.splitlines()
    others = [line for line in journeys[name].data.splitlines() if b"PROXY" not in line.upper()]
    assert [line for line in cured if b"PROXY" not in line.upper()] == others
    assert any(line.startswith(b"SSL_CERT_FILE=") for line in others)


@pytest.mark.parametrize("name", NAMES)
def test_the_way_back_leads_to_the_old_bytes(journeys: dict[str, Journey], name: str) -> None:
    journey = journeys[name]
    assert journey.taken_back["changed"] is True
    assert journey.back == journey.data
    assert ".devfleet" not in journey.left
    assert journey.home is None or (journey.home.by_company, journey.home.by_own) == (False, True)


def task(name: str, **options: t.Any) -> dict[str, t.Any]:
    return {
        "name": name,
        "devfleet.codex.proxy_env": {"codex_home": "{{ home }}", **options},
        "register": "done",
        "ignore_errors": True,
    }


def test_ansible_shows_no_password_however_much_it_says(
    ansible: Controller, tmp_path: pathlib.Path
) -> None:
    home, playbook, inventory = tmp_path / "home", tmp_path / "play.json", tmp_path / "hosts.json"
    home.mkdir()
    (home / ".env").write_text(f"TOKEN={PASSWORD}\nHTTP_PROXY=http://me:{PASSWORD}@old:1\n")
    address = "me:{{ word }}@h.example.com:3128"
    proxies = {"https_proxy": f"http://{address}", "http_proxy": f"http://{address}"}
    show = {"name": "Show", "ansible.builtin.debug": {"var": "done"}}
    tasks = [
        task("Set", **proxies),
        show,
        task("Set again", **proxies),
        task("Be refused", https_proxy=f"socks5://{address}"),
        show,
        task("Mistype", https_proxy=f"http://{address}", nonsense=True),
        task("Take back", state="absent"),
    ]
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "home": str(home),
        "word": PASSWORD,
    }
    inventory.write_text(json.dumps({"all": {"hosts": {"laptop": variables}}}))
    command = [
        str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
        *("-i", str(inventory), "-vvvv", "--diff", str(playbook)),
    ]

    returncode, stdout, stderr = bounded.finish(
        command, tmp_path, ansible.environment(), 120, "ansible-playbook"
    )

    counters = recap(stdout)["laptop"]
    assert (returncode, counters["changed"], counters["ignored"]) == (0, 2, 2)
    assert "h.example.com" in stdout
    assert PASSWORD not in stdout + stderr
