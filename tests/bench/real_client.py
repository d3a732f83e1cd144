# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same playbooks with the real client, on pretend laptops whose networks are on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shutil
import typing as t

from support import client
from support.certificates import make_certificates
from support.isolation import is_isolated
from support.laptop import CONFIG, Laptop, api_key_login, laptop, process_environment
from support.laptop_playbooks import host_variables

from .ansible_runs import PLAYBOOKS, Controller, expect_recap
from .figures import FLOOR, Row
from .fleet import Fleet, Host, python
from .measure import Job, measure
from .ours import AUDIT, CHECK, CURE, CURED, HEALTHY
from .plan import Plan


class NotIsolated(Exception):
    """The client could reach what is not on this machine."""


def measure_real(folder: pathlib.Path, plan: Plan) -> list[Row]:
    """Measure the playbooks on laptops that need nothing, then on laptops without WebSockets.

    Raises NotIsolated outside scripts/offline.py, and ClientMissing.
    """
    refuse_way_out()
    certificates = make_certificates(folder)
    jobs: list[Job] = []
    with contextlib.ExitStack() as networks:
        for kind, websocket in (("healthy", "ok"), ("affected", "http-403")):
            laptops = [
                networks.enter_context(
                    laptop(
                        folder / kind,
                        f"{kind}{number:03}",
                        client.executable(),
                        certificates,
                        login=api_key_login(),
                        websocket=websocket,
                    )
                )
                for number in range(1, plan.hosts + 1)
            ]
            jobs += _jobs(kind, laptops, _controller(folder, kind, laptops, plan), plan)
        return measure(jobs, 1, f"real client, forks {plan.forks}", plan.until)


def refuse_way_out() -> None:
    """Raise NotIsolated unless loopback is all the network there is."""
    if not is_isolated():
        raise NotIsolated("the real client is only run where loopback is the whole network.")


def _controller(
    folder: pathlib.Path, kind: str, laptops: t.Sequence[Laptop], plan: Plan
) -> Controller:
    """Return a controller without a way out: every laptop's own settings name its network."""
    home = folder / f"c-{kind}"
    home.mkdir()
    first = laptops[0]
    environment = process_environment(home, first.proxy, first.certificates)
    further = {name: environment[name] for name in ("CODEX_CA_CERTIFICATE", "SSL_CERT_FILE")}
    return Controller(home, plan.forks, further)


def _jobs(kind: str, laptops: t.Sequence[Laptop], controller: Controller, plan: Plan) -> list[Job]:
    hosts = tuple(Host(one.name, one.home, one.home.stat().st_uid) for one in laptops)
    by_name = {one.name: one for one in laptops}

    def variables_of(host: Host) -> t.Mapping[str, t.Any]:
        return {**host_variables(by_name[host.name]), "ansible_python_interpreter": python()}

    fleet = Fleet(controller.folder, hosts, {}, variables_of)
    variables = {"reconnect_outage_share": 1, "reconnect_probe_interval": 0}

    def job(
        name: str, playbook: str, *arguments: str, told: bool = False, changes: bool = False
    ) -> Job:
        def run() -> t.Any:
            return controller.run(
                playbook, fleet, *arguments, timeout=plan.timeout, variables=variables
            )

        def check(ran: t.Any) -> None:
            expect_recap(ran, len(hosts), told or changes)

        return Job(name, fleet, run, changes, check=check)

    remediate = "devfleet.codex.remediate"
    if kind == "healthy":
        return [
            job(FLOOR, str(PLAYBOOKS / "ping.yml")),
            job(AUDIT, "devfleet.codex.audit"),
            job(HEALTHY, remediate),
        ]

    def as_before() -> None:
        for one in laptops:
            one.config.write_bytes(CONFIG)
            shutil.rmtree(one.codex_home / ".devfleet", ignore_errors=True)

    cures = [
        job(CHECK, remediate, "--check", told=True),
        job(CURE, remediate, changes=True),
        job(CURED, remediate),
    ]
    return [
        dataclasses.replace(one, prepare=as_before) if one.name == CHECK else one for one in cures
    ]
