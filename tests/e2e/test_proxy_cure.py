# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet whose proxies are wrong in every way: told, mended, and brought back to the byte.

One fleet lives through the whole story once; every test looks at one part of it. The direct way
to the service is closed on all laptops.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import re
import typing as t

import pytest
from support.client import doctor
from support.failing_machines import broken_once, unreachable_once
from support.isolation import is_isolated
from support.laptop import Laptop, api_key_login, snapshot, without_times
from support.laptop_playbooks import Controller, PlaybookRun
from support.proxy_laptops import (
    NO_PROXY_IN_THE_ENVIRONMENT,
    PASSWORD,
    USER,
    ProxyLaptop,
    ProxyLaptops,
    decoded_password,
    url_with_password,
)
from support.wrong_proxies import (
    BEATEN,
    BLOCKED,
    CURED,
    CURED_BY_PROVIDER,
    CURED_BY_PROXY,
    EXAMINED,
    FAILING,
    FLEET,
    FORESEEN,
    HALF_CURED,
    HIDDEN,
    LEFT_ALONE,
    LOST,
    NONE_TO_SET,
    REFUSED,
    TAKEN_BACK,
    TRIED_BY_DOCTOR,
    TRIED_BY_ROUTE,
    Row,
)

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

Snapshots = dict[str, dict[str, tuple[int, int, bytes]]]

CONFIG_FILE, DOTENV = ".codex/config.toml", ".codex/.env"


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened, in this order; `after_*` are snapshots of all homes after that step."""

    fleet: dict[str, ProxyLaptop]
    before: Snapshots
    audit: PlaybookRun
    prediction: PlaybookRun
    after_prediction: Snapshots
    remediate: PlaybookRun
    after_remediate: Snapshots
    checks: dict[str, dict[str, t.Any]]
    second_remediate: PlaybookRun
    after_second_remediate: Snapshots
    rollback: PlaybookRun
    after_rollback: Snapshots


@pytest.fixture(scope="module")
def fleet(make_laptop: LaptopFactory) -> t.Iterator[dict[str, ProxyLaptop]]:
    if not is_isolated():
        pytest.skip("some laptops go past every proxy; run this by scripts/offline.py on Linux")
    login = api_key_login()
    with ProxyLaptops() as made:
        for name, row in FLEET.items():
            laptop = make_laptop(name, login=login, websocket=row.websocket, http=row.http)
            made.add(laptop, row.dotenv)
        (made.laptops["dead"].laptop.codex_home / ".env").chmod(0o640)
        yield made.laptops


def variables_of(one: ProxyLaptop, row: Row) -> dict[str, t.Any]:
    proxies = {
        "given": url_with_password(one.given.address),
        "bad": url_with_password(one.addresses["bad"]),
        "no-scheme": url_with_password(one.addresses["good"]).removeprefix("http://"),
    }
    given = {"reconnect_proxy": proxies[row.given]} if row.given else {}
    return {**one.variables(), **given, "reconnect_remedy": row.remedy}


@pytest.fixture(scope="module")
def story(fleet: dict[str, ProxyLaptop], ansible: Controller) -> Story:
    controller = dataclasses.replace(ansible, settings=NO_PROXY_IN_THE_ENVIRONMENT)
    hosts = {name: variables_of(one, FLEET[name]) for name, one in fleet.items()}
    for name, condition in {
        "look-fails": f"grep -q {fleet['look-fails'].given.address} {{home}}/.env",
        "proof-fails": "grep -q openai_http {home}/config.toml",
    }.items():
        home = fleet[name].laptop.codex_home
        hosts[name].update(broken_once(fleet[name].laptop.home, condition.format(home=home)))
    found = f"grep -q {fleet['lost'].given.address} {fleet['lost'].laptop.codex_home}/.env"
    lost = unreachable_once(fleet["lost"].laptop.home, found)
    refused = {**fleet["healthy"].variables(), "reconnect_remedy": "proxy_env"}

    def play(
        playbook: str,
        only: t.Iterable[str],
        *arguments: str,
        others: t.Mapping[str, t.Any] | None = None,
        **variables: t.Any,
    ) -> tuple[PlaybookRun, Snapshots]:
        run = controller.run(
            playbook,
            [],
            *arguments,
            others={**{name: hosts[name] for name in only}, **(others or {})},
            # Nearly all of this fleet is affected, which would pass for an outage of the service.
            variables={"reconnect_probes": 1, "reconnect_outage_share": 1, **variables},
        )
        return run, photographed()

    def photographed() -> Snapshots:
        return {name: snapshot(one.laptop.home) for name, one in fleet.items()}

    before = photographed()
    audit, _same = play("audit", EXAMINED)
    prediction, after_prediction = play("remediate", FORESEEN, "--check", "--diff")
    remediate, after_remediate = play(
        "remediate", FLEET, others={NONE_TO_SET: refused, "lost": {**hosts["lost"], **lost}}
    )
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = pool.map(network_checks, [fleet[name].laptop for name in CURED])
        answers = dict(zip(CURED, asked, strict=True))
    second_remediate, after_second_remediate = play("remediate", CURED)
    rollback, after_rollback = play("rollback", TAKEN_BACK, reconnect_purge=True)
    return Story(
        fleet=fleet,
        before=before,
        audit=audit,
        prediction=prediction,
        after_prediction=after_prediction,
        remediate=remediate,
        after_remediate=after_remediate,
        checks=answers,
        second_remediate=second_remediate,
        after_second_remediate=after_second_remediate,
        rollback=rollback,
        after_rollback=after_rollback,
    )


def network_checks(laptop: Laptop) -> dict[str, t.Any]:
    return doctor(laptop, "--network-only")


@pytest.mark.parametrize("host", EXAMINED)
def test_audit_names_the_cause_and_the_better_value(story: Story, host: str) -> None:
    row, found = FLEET[host], story.audit.hosts[host]
    assert (found["verdict"], found["cause"]) == (row.verdict, row.cause), found["evidence"]
    if row.repaired:
        better = row.repaired.format(**story.fleet[host].addresses)
        assert found["repaired"].partition("=")[2] == better


def said_of(run: PlaybookRun, host: str) -> str:
    (line,) = [line for line in run.summary if line.split()[:1] == [host]]
    return line


@pytest.mark.parametrize("host", TRIED_BY_DOCTOR)
def test_an_audit_says_that_the_cure_would_work(story: Story, host: str) -> None:
    tried = {"tried": True, "works": True, "problems": [], "not_tried": ""}
    assert story.audit.hosts[host]["preflight"] == tried
    assert said_of(story.audit, host).endswith("; the cure would work here")


@pytest.mark.parametrize("host", TRIED_BY_ROUTE)
def test_an_audit_says_what_could_not_be_tried(story: Story, host: str) -> None:
    tried = story.audit.hosts[host]["preflight"]
    assert (tried["works"], tried["problems"]) == (True, [])
    assert tried["not_tried"].startswith(BEATEN)
    said = f"would set the proxy; the cure would work here as far as it could be tried: {BEATEN}"
    assert said in said_of(story.audit, host)


@pytest.mark.parametrize("host", LEFT_ALONE)
def test_an_audit_tries_nothing_that_is_not_called_for(story: Story, host: str) -> None:
    assert story.audit.hosts[host]["preflight"] is None


@pytest.mark.parametrize("step", ["prediction", "remediate"])
@pytest.mark.parametrize("host", REFUSED)
def test_a_proxy_that_would_not_cure_is_not_set(story: Story, step: str, host: str) -> None:
    run = getattr(story, step)
    found = run.hosts[host]
    assert (found["action"], run.changed[host], found["proof"]) == ("refused", 0, None)
    assert found["preflight"]["works"] is False
    assert found["message"].endswith("; check reconnect_proxy")
    assert "NOT cured, nothing was changed: the cure would not work" in said_of(run, host)
    assert story.after_remediate[host] == story.before[host]


def test_audit_and_check_mode_change_nothing(story: Story) -> None:
    assert set(story.audit.changed.values()) == {0}
    assert story.audit.returncode == 0, story.audit.stdout
    assert story.after_prediction == story.before


def test_check_mode_predicts_who_is_changed(story: Story) -> None:
    predicted = {host for host, count in story.prediction.changed.items() if count}
    assert predicted == {*FORESEEN} - {"healthy", *REFUSED}, story.prediction.stdout
    found = {host: story.prediction.hosts[host] for host in FORESEEN}
    assert {host: (one["action"], one["remedy"]) for host, one in found.items()} == {
        **dict.fromkeys(FORESEEN, ("would_apply", "proxy_env")),
        **dict.fromkeys(REFUSED, ("refused", "proxy_env")),
        "blocked": ("would_apply", "http_provider"),
        "healthy": ("none", "none"),
    }


@pytest.mark.parametrize("host", CURED_BY_PROXY)
def test_a_wrong_proxy_is_cured_by_the_right_one_alone(story: Story, host: str) -> None:
    found = story.remediate.hosts[host]
    assert (found["action"], found["remedy"]) == ("applied", "proxy_env"), found
    assert found["proof"] == {"proven": True, "verdict": "healthy", "problems": []}
    assert story.after_remediate[host][CONFIG_FILE] == story.before[host][CONFIG_FILE]
    assert story.remediate.changed[host] == 1


@pytest.mark.parametrize("host", CURED_BY_PROXY)
def test_the_client_goes_through_it_with_websockets_on(story: Story, host: str) -> None:
    websocket = story.checks[host]["network.websocket_reachability"]
    assert websocket["status"] == "ok"
    assert websocket["details"]["supports websockets"] == "true"
    one = story.fleet[host]
    assert one.given.tunnelled and {"http", "websocket"} <= {
        request.transport for request in one.laptop.service.requests
    }


@pytest.mark.parametrize("host", [*CURED_BY_PROXY, *HIDDEN])
def test_what_else_stands_in_the_file_stays(story: Story, host: str) -> None:
    mode, _time, before = story.before[host][DOTENV]
    mode_after, _time, after = story.after_remediate[host][DOTENV]
    kept = [line for line in before.splitlines() if b"_PROXY" not in line]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert mode_after == mode


@pytest.mark.parametrize("host", CURED_BY_PROVIDER)
def test_a_websocket_that_a_good_proxy_refuses_is_cured_by_the_provider(
    story: Story, host: str
) -> None:
    found = story.remediate.hosts[host]
    assert (found["action"], found["remedy"]) == ("applied", "http_provider")
    assert story.after_remediate[host][DOTENV] == story.before[host][DOTENV]
    details = story.checks[host]["network.websocket_reachability"]["details"]
    assert details["supports websockets"] == "false"


def test_a_wrong_proxy_that_hides_a_refused_websocket_wants_both_cures(story: Story) -> None:
    found = story.remediate.hosts["hidden"]
    dotenv = f"{story.fleet['hidden'].laptop.codex_home}/.env"
    assert (found["verdict"], found["action"], found["remedy"], found["proxy_set"]) == (
        BLOCKED,
        "applied",
        "http_provider",
        dotenv,
    )
    assert story.remediate.changed["hidden"] == 2
    line = said_of(story.remediate, "hidden")
    assert line.endswith(f"; the proxy too, by {dotenv}")
    websocket = story.checks["hidden"]["network.websocket_reachability"]
    assert websocket["details"]["supports websockets"] == "false"


def test_a_websocket_that_is_still_refused_is_not_called_cured(story: Story) -> None:
    found, dotenv = story.remediate.hosts["half"], f"{story.fleet['half'].laptop.codex_home}/.env"
    assert (found["verdict"], found["action"], found["proxy_set"]) == (BLOCKED, "none", dotenv)
    assert story.remediate.changed["half"] == 1
    line = said_of(story.remediate, "half")
    held_back = "reconnect_remedy is proxy_env"
    assert line.endswith(f"left alone: {held_back}; the proxy is set, by {dotenv}")


@pytest.mark.parametrize("host", LEFT_ALONE)
def test_who_is_well_or_not_to_be_cured_so_is_left_alone(story: Story, host: str) -> None:
    assert story.after_remediate[host] == story.before[host]
    assert story.remediate.hosts[host]["action"] == "none"


@pytest.mark.parametrize(
    ("host", "remedy"), [("provider-wanted", "http_provider"), ("proxy-wanted", "proxy_env")]
)
def test_why_a_proven_need_is_left_alone_is_told(story: Story, host: str, remedy: str) -> None:
    assert said_of(story.remediate, host).endswith(f"  left alone: reconnect_remedy is {remedy}")


@pytest.mark.parametrize("host", FAILING)
def test_a_proxy_that_does_not_cure_is_taken_away_again(story: Story, host: str) -> None:
    assert without_times(story.after_remediate[host]) == without_times(story.before[host])
    assert story.remediate.recap[host]["failed"] == 1
    found = story.remediate.hosts[host]
    expected = {
        "look-fails": ("undone", "doctor does not prove the cure: codex_info could not be run ("),
        "proof-fails": ("undone", "doctor does not prove the cure: "),
        "refusing-beyond": ("undone", "doctor does not prove the cure: verdict under the proxy: "),
        "unusable-given": (
            "failed",
            "reconnect_proxy has no scheme that Codex's WebSocket takes; ",
        ),
    }
    action, message = expected[host]
    assert found["action"] == action
    assert found["message"].startswith(message), found["message"]
    assert not found.get("restart_required")


def test_why_a_proxy_does_not_cure_and_what_to_look_at_is_told(story: Story) -> None:
    found = story.remediate.hosts["refusing-beyond"]
    assert re.search(r" \(\w+\): HTTP: .+; check reconnect_proxy$", found["message"])
    line = said_of(story.remediate, "refusing-beyond")
    assert line.endswith(f"NOT cured, the change was undone: {found['message']}")
    assert found["findings"] == story.prediction.hosts["refusing-beyond"]["findings"]


def test_a_laptop_that_is_lost_before_the_proof_is_not_called_cured(story: Story) -> None:
    assert story.remediate.recap["lost"]["unreachable"] == 1
    assert story.remediate.hosts["lost"]["action"] == "lost"
    line = said_of(story.remediate, "lost")
    assert line.endswith("contact was lost during the cure; run this again")


def test_to_set_a_proxy_one_must_be_given(story: Story) -> None:
    found = story.remediate.hosts[NONE_TO_SET]
    said = "reconnect_remedy is proxy_env, so reconnect_proxy must name one."
    assert (found["action"], found["message"]) == ("failed", said)


def test_one_failure_is_nobody_elses(story: Story) -> None:
    failed = {host for host, counters in story.remediate.recap.items() if counters["failed"]}
    assert failed == {*FAILING, NONE_TO_SET}, story.remediate.stdout


def test_a_second_remediate_changes_nothing(story: Story) -> None:
    assert set(story.second_remediate.changed.values()) == {0}, story.second_remediate.stdout
    assert story.after_second_remediate == story.after_remediate
    verdicts = {host: story.second_remediate.hosts[host]["verdict"] for host in CURED}
    assert verdicts == {
        **dict.fromkeys(CURED_BY_PROXY, "healthy"),
        "hidden": "http_only",
        "blocked": "http_only",
    }


@pytest.mark.parametrize("host", TAKEN_BACK)
def test_rollback_brings_every_byte_and_mode_back(story: Story, host: str) -> None:
    assert without_times(story.after_rollback[host]) == without_times(story.before[host])
    assert bool(story.rollback.changed[host]) is (host in (*CURED, *HALF_CURED, *LOST))


@pytest.mark.parametrize("step", ["audit", "prediction", "remediate", "rollback"])
def test_neither_a_password_nor_a_traceback_is_shown(story: Story, step: str) -> None:
    run = getattr(story, step)
    said = run.stdout + run.stderr + repr(run.hosts)
    for secret in (USER, PASSWORD, decoded_password(), "Traceback"):
        assert secret not in said
