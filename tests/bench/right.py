# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On how many awkward configs each tool is right, with the real client among the judges."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import subprocess
import typing as t

from support import client
from support.certificates import make_certificates
from support.laptop import Laptop, api_key_login, laptop

from . import peers, timed
from .ansible_runs import PLAYBOOKS, Controller
from .awkward import awkward_configs, means_http_only
from .fleet import Fleet, Host, local_fleet, python
from .measure import progress
from .plan import Plan
from .real_client import refuse_way_out
from .report import Section, table

OURS = "this collection (http_provider)"
_OFF = "not enabled for the active provider"
_TITLE = "Right, not only fast"
_FRAME = """\
Each tool sets the HTTP-only provider in {count} config files that Codex loads and that are awkward
to edit (tests/bench/awkward.py), twice. It is right where the file means what it meant, with an
HTTP-only provider made active and no provider of somebody else changed, and where the real client
then loads it and says that WebSockets are off. A second run that leaves a wrong file as it is tells
its user that all is well.
"""


@dataclasses.dataclass(frozen=True)
class Score:
    """The titles of the configs on which a tool was right, and of those that it left wrong.

    `quiet` are those of the wrong ones that its second run did not change.
    """

    tool: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    quiet: tuple[str, ...]
    failure: str | None = None
    left_out: str | None = None


Apply = t.Callable[[], timed.Ran]


def measure_right(folder: pathlib.Path, plan: Plan) -> list[Score]:
    """Let every tool set the provider in every config twice, and judge the files.

    Raises NotIsolated, ClientMissing, and ValueError for a config that the client does not load.
    """
    refuse_way_out()
    configs = awkward_configs()
    fleet = local_fleet(folder, len(configs), client.executable(), python())
    by_host = dict(zip(fleet.hosts, configs.items()))
    with laptop(
        folder, "judge", client.executable(), make_certificates(folder), login=api_key_login()
    ) as judge:
        agrees = functools.lru_cache(maxsize=None)(functools.partial(_client_agrees, judge))
        for title, config in configs.items():
            if not _loads(judge, config):
                raise ValueError(f"the client does not load the config {title!r}")
        scores = []
        for tool, apply in _tools(folder, fleet, plan).items():
            scores.append(_score(tool, apply, by_host, agrees))
            progress(f"right: {tool}: {len(scores[-1].right)} of {len(configs)}")
    if not peers.chezmoi():
        scores.append(Score("chezmoi", (), (), (), left_out=peers.NO_CHEZMOI))
    return scores


def _tools(folder: pathlib.Path, fleet: Fleet, plan: Plan) -> dict[str, Apply]:
    controller = Controller(folder / "c", plan.forks)
    controller.folder.mkdir()

    def playbook(name: str) -> Apply:
        return functools.partial(controller.run, PLAYBOOKS / name, fleet, timeout=plan.timeout)

    def program(*command: str) -> Apply:
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder)}
        return functools.partial(timed.run, command, environment, folder, plan.timeout)

    script = folder / "set.sh"
    script.write_text(peers.SHELL_SCRIPT)
    configs = [str(host.config) for host in fleet.hosts]
    loop = f'for config; do sh {script} "$config"; done'
    pyinfra = (str(peers.PYINFRA_PROGRAM), "--yes", "--data", f"configs={':'.join(configs)}")
    tools = {
        OURS: playbook("provider.yml"),
        "lineinfile + blockinfile": playbook("lines.yml"),
        "community.general.ini_file": playbook("ini.yml"),
        peers.PYINFRA: program(*pyinfra, "@local", str(peers.DEPLOYS / "line_and_block.py")),
        "pyinfra files.block x 2": program(
            *pyinfra, "@local", str(peers.DEPLOYS / "two_blocks.py")
        ),
        "shell: grep, sed, cat": program("sh", "-c", loop, "sh", *configs),
    }
    chezmoi = peers.chezmoi()
    if chezmoi:
        source = peers.chezmoi_source(folder)
        each = f'for home; do HOME="$home" {chezmoi} --source {source} --force --no-tty apply; done'
        homes = [str(host.home) for host in fleet.hosts]
        tools["chezmoi"] = program("sh", "-c", each, "sh", *homes)
    return tools


def _score(
    tool: str,
    apply: Apply,
    configs: t.Mapping[Host, tuple[str, bytes]],
    agrees: t.Callable[[bytes], bool],
) -> Score:
    for host, (_title, config) in configs.items():
        host.set_up("")
        host.config.write_bytes(config)
    # Most tools end with another status when they fail on one file; that is judged by the file.
    try:
        apply()
        first = {host: host.config.read_bytes() for host in configs}
        apply()
    except (timed.NotFinished, OSError, subprocess.SubprocessError) as error:
        return Score(tool, (), (), (), failure=str(error))
    right, wrong, quiet = [], [], []
    for host, (title, before) in configs.items():
        after = host.config.read_bytes()
        if means_http_only(before, after) and agrees(after):
            right.append(title)
            continue
        wrong.append(title)
        if after == first[host]:
            quiet.append(title)
    return Score(tool, tuple(right), tuple(wrong), tuple(quiet))


def _client_agrees(judge: Laptop, config: bytes) -> bool:
    judge.config.write_bytes(config)
    checks = client.doctor(judge, "--network-only")
    summary = checks.get("network.websocket_reachability", {}).get("summary", "")
    return checks["config.load"]["status"] != "fail" and _OFF in summary


def _loads(judge: Laptop, config: bytes) -> bool:
    judge.config.write_bytes(config)
    return bool(client.doctor(judge, "--network-only")["config.load"]["status"] != "fail")


def section(scores: t.Sequence[Score]) -> Section:
    """Return the chapter, with the configs on which this collection is not right by name."""
    count = max(len(score.right) + len(score.wrong) for score in scores)
    rows = [_cells(score, count) for score in scores]
    heads = ("tool", "right on", "wrong on", "of these, left alone by the second run")
    text = _FRAME.format(count=count) + "\n" + table(heads, rows)
    ours = next(score for score in scores if score.tool == OURS)
    if ours.wrong:
        text += "\nThis collection is not right on: " + "; ".join(ours.wrong) + ".\n"
    failures = tuple(f"{_TITLE}: {one.tool}: {one.failure}" for one in scores if one.failure)
    return Section(_TITLE, text, failures=failures)


def _cells(score: Score, count: int) -> tuple[str, str, str, str]:
    if score.failure or score.left_out:
        why = f"failed: {score.failure[:200]}" if score.failure else score.left_out or ""
        return score.tool, why, "", ""
    right, wrong, quiet = map(len, (score.right, score.wrong, score.quiet))
    return score.tool, f"{right} of {count}", str(wrong), str(quiet)
