# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook killed between any two steps that write; the next run makes it right.

Every place has laptops of its own with the real client. All of them then see the same playbook
again, undisturbed, and a rollback in the end.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import pathlib
import shlex
import sys
import time
import typing as t

import pytest
from support import log_database, stubs
from support.killed_runs import KILLS_ITSELF, killed_before, killed_once
from support.laptop import CONFIG, Laptop, api_key_login
from support.laptop_playbooks import Controller, HostVariables, PlaybookRun, host_variables
from support.recovering_laptops import copied, document, let_hours_pass, record_of

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

AT_ONCE = 3
"""Runs beside each other: more do not make it faster on two cores."""
OURS = b'model_provider = "openai_http"\n'
MODELS = ("cured", "on-trial")
"""The laptops of which others begin as copies."""
QUICK: HostVariables = {
    "reconnect_probes": 1,
    "reconnect_probe_interval": 0,
    "reconnect_canaries": 0,
    "reconnect_max_fail_percentage": 100,
    "reconnect_purge": True,
}
REMEDIATE: dict[str, tuple[str, ...]] = {
    "written": ("Prove | Ask doctor again", "cures", "fails"),
    "judged": ("Prove | Put back what was there before a cure that does not cure", "fails"),
    "undone": ("Prove | Fail this machine", "fails"),
    "proven": ("Cure | Remember when it was made", "cures"),
    "remembered": ("Cure | Tell what became of all machines", "cures"),
}
RECOVER: dict[str, tuple[str, ...]] = {
    "spent": ("Try | Be sure that it is remembered", "begins"),
    "taken-back": ("Try | Ask doctor again", "begins"),
    "judged-well": ("Recovery | Make it and prove it", "begins"),
    "cured-again": ("Prove | Ask doctor again", "falls"),
    "proven-again": ("Recovery | Remember it", "falls"),
    "remembered-again": ("Recovery | Keep what is remembered", "falls"),
}
"""By place, the task before which a run is killed, and the kinds of laptops that are in it."""
ROLLBACK = {
    "forgotten": "[ ! -e {codex_home}/.devfleet/recovery.json ]",
    "reversed": "! grep -q openai_http {codex_home}/config.toml",
}

Outcome = tuple[str, str, int]
"""What the next run did, and the state and the trials that are remembered afterwards."""

NOT_REMEMBERED: Outcome = ("none", "", -1)
ON_TRIAL: Outcome = ("on_trial", "trial", 1)
ONE_LESS: Outcome = ("cooling_down", "cured", 1)

NEXT: dict[str, Outcome] = {
    # A cure that nobody has remembered is one that the next recovery finds.
    "cures-written": NOT_REMEMBERED,
    "cures-proven": NOT_REMEMBERED,
    "cures-remembered": ("none", "cured", 0),
    "fails-written": NOT_REMEMBERED,
    "fails-judged": NOT_REMEMBERED,
    "fails-undone": ("applied", "cured", 0),
    # A trial that was spent and not made is the only thing that a killed run may cost.
    "begins-spent": ONE_LESS,
    "begins-taken-back": ON_TRIAL,
    "begins-judged-well": ON_TRIAL,
    "falls-cured-again": ONE_LESS,
    "falls-proven-again": ONE_LESS,
    "falls-remembered-again": ONE_LESS,
}
HOLDS_OURS = (
    *("cures-written", "cures-proven", "cures-remembered", "fails-written", "fails-judged"),
    *("begins-spent", "falls-cured-again", "falls-proven-again", "falls-remembered-again"),
    *("cured", "forgotten"),
)
"""The laptops on which the setting is in place after the kill."""


@dataclasses.dataclass(frozen=True)
class Story:
    """What the files held after the kill, and what came of it."""

    killed: dict[str, bytes]
    next: tuple[PlaybookRun, PlaybookRun]
    records: dict[str, dict[str, t.Any] | None]
    after: dict[str, bytes]
    rollback: PlaybookRun
    end: dict[str, bytes]
    left: dict[str, list[str]]
    """The folder of what is remembered in the end, if it is there, and the files in it."""

    @property
    def cured(self) -> bytes:
        return self.killed["cured"]

    @property
    def on_trial(self) -> bytes:
        return self.killed["on-trial"]


def spoiled(laptop: Laptop, real: pathlib.Path) -> Laptop:
    """Let the laptop's client say nothing once it is cured, while a file `spoiled` is there."""
    client = stubs.script(
        laptop.home / "codex",
        f"cd {shlex.quote(str(laptop.home))} || exit",
        '[ "$1" = doctor ] && [ -e spoiled ] &&',
        "grep -q '^model_provider = \"openai_http\"' .codex/config.toml && exit 3",
        f'exec {shlex.quote(str(real))} "$@"',
    )
    (laptop.home / "spoiled").touch()
    return dataclasses.replace(laptop, executable=client)


class Fleet:
    """The laptops by name, and what is played on them."""

    def __init__(
        self, laptops: dict[str, Laptop], ansible: Controller, folders: pytest.TempPathFactory
    ) -> None:
        self.laptops = laptops
        self._ansible = ansible
        self._folders = folders

    def play(self, playbook: str, names: t.Iterable[str], **variables: t.Any) -> PlaybookRun:
        hosts = self._hosts(names, {**QUICK, **variables})
        return self._ansible.run(playbook, [], others=hosts)

    def kill(self, playbook: str, place: str, task: str, *kinds: str) -> None:
        """Kill a run on the laptops of these kinds, before the task of this place."""
        variables = {**QUICK, "reconnect_recovery_cooldown": 0}
        hosts = self._hosts([f"{kind}-{place}" for kind in kinds], variables)
        killed_before(self._controller(place), playbook, hosts, task)

    def kill_rollback(self, place: str, condition: str) -> None:
        """Kill a rollback of one laptop once the condition of this place holds."""
        codex_home = shlex.quote(str(self.laptops[place].codex_home))
        variables = self._hosts([place], QUICK)[place]
        holds = condition.format(codex_home=codex_home)
        killed_once(self._controller(place), "rollback", place, variables, holds)

    def configs(self) -> dict[str, bytes]:
        return {name: laptop.config.read_bytes() for name, laptop in self.laptops.items()}

    def _hosts(self, names: t.Iterable[str], variables: HostVariables) -> dict[str, HostVariables]:
        return {name: {**host_variables(self.laptops[name]), **variables} for name in names}

    def _controller(self, name: str) -> Controller:
        """Return one that does not share its inventory with the other runs of the moment."""
        return dataclasses.replace(self._ansible, folder=self._folders.mktemp(name))


def prepare(fleet: Fleet, real: pathlib.Path) -> None:
    """Cure two laptops, put one of them on trial, and make the others what their kind says."""
    cured, on_trial = (fleet.laptops[name] for name in MODELS)
    fleet.play("remediate", MODELS)
    on_trial.service.websocket = "ok"
    fleet.play("recover", ["on-trial"], reconnect_recovery_cooldown=0)
    let_hours_pass(on_trial)
    rows = log_database.recorded("close-after.second-turn", time.time() + 2)
    log_database.write(on_trial.codex_home / "logs_2.sqlite", rows)
    for name, laptop in fleet.laptops.items():
        if name.startswith("fails"):
            fleet.laptops[name] = spoiled(laptop, real)
        elif name.startswith("falls"):
            copied(on_trial, laptop)
        elif name not in MODELS and not name.startswith("cures"):
            copied(cured, laptop)


def remembered(laptop: Laptop) -> list[str]:
    folder = record_of(laptop).parent
    return [folder.name, *(one.name for one in folder.iterdir())] if folder.exists() else []


def kill_all(fleet: Fleet) -> None:
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        kills = [
            *(
                pool.submit(fleet.kill, "remediate", place, *told)
                for place, told in REMEDIATE.items()
            ),
            *(pool.submit(fleet.kill, "recover", place, *told) for place, told in RECOVER.items()),
            *(pool.submit(fleet.kill_rollback, *place) for place in ROLLBACK.items()),
        ]
    for kill in kills:
        kill.result()


@pytest.fixture(scope="module")
def story(
    make_laptop: LaptopFactory,
    ansible: Controller,
    executable: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    blocked = ("cures", "fails", *MODELS)
    laptops = {
        name: make_laptop(
            f"killed-{name}",
            login=api_key_login(),
            websocket="http-403" if name.startswith(blocked) else "ok",
        )
        for name in [*MODELS, *NEXT, *ROLLBACK]
    }
    fleet = Fleet(laptops, ansible, tmp_path_factory)
    prepare(fleet, executable)
    kill_all(fleet)
    killed = fleet.configs()
    for name, laptop in laptops.items():
        (laptop.home / "spoiled").unlink(missing_ok=True)
        if name in NEXT:
            let_hours_pass(laptop)
    remediated = [name for name in NEXT if name.startswith(blocked)]
    runs = (
        fleet.play("remediate", remediated),
        fleet.play("recover", [name for name in NEXT if name not in remediated]),
    )
    records = {name: document(laptop) for name, laptop in laptops.items()}
    after = fleet.configs()
    rollback = fleet.play("rollback", [*NEXT, *ROLLBACK])
    left = {name: remembered(laptop) for name, laptop in laptops.items()}
    return Story(killed, runs, records, after, rollback, fleet.configs(), left)


@pytest.mark.parametrize("name", [*NEXT, *ROLLBACK])
def test_a_killed_run_leaves_the_old_bytes_or_the_new_ones(story: Story, name: str) -> None:
    assert story.killed[name] in (CONFIG, story.cured, story.on_trial)


def test_the_runs_were_killed_where_they_were_to_be(story: Story) -> None:
    assert {name for name, found in story.killed.items() if OURS in found} == set(HOLDS_OURS)


@pytest.mark.parametrize("name", NEXT)
def test_the_next_run_finds_a_true_state(story: Story, name: str) -> None:
    known = story.records[name] or {}
    (run,) = (one for one in story.next if name in one.hosts)
    outcome = run.hosts[name]["action"], known.get("state", ""), known.get("attempts", -1)
    assert outcome == NEXT[name], run.stdout
    is_on_trial = known.get("state") == "trial"
    assert story.after[name] == (story.on_trial if is_on_trial else story.cured)


def test_no_run_after_a_killed_one_fails(story: Story) -> None:
    runs = (*story.next, story.rollback)
    assert [run.returncode for run in runs] == [0, 0, 0], [run.stdout for run in runs]


@pytest.mark.parametrize("name", [*NEXT, *ROLLBACK])
def test_the_rollback_gives_the_first_bytes_back(story: Story, name: str) -> None:
    assert story.end[name] == CONFIG
    # Their sessions have logged fallbacks, which are to bring no cure back.
    notes = [".devfleet", "config.toml.ended.json"] if name.startswith("falls") else []
    assert story.left[name] == notes


def test_a_cure_that_was_killed_before_it_was_written_is_made_by_the_next_run(
    make_laptop: LaptopFactory, ansible: Controller, tmp_path: pathlib.Path
) -> None:
    config = b'model_provider = "openai"\n' + CONFIG
    laptop = make_laptop(
        "killed-unwritten", login=api_key_login(), websocket="http-403", config=config
    )
    (tmp_path / "sitecustomize.py").write_text(KILLS_ITSELF)
    place = shlex.quote(str(laptop.config.resolve()))
    python = stubs.script(
        tmp_path / "python",
        f"export PYTHONPATH={shlex.quote(str(tmp_path))} KILLED_AT={place}",
        f'exec {shlex.quote(sys.executable)} "$@"',
    )
    variables = {**host_variables(laptop), **QUICK}
    killed = {**variables, "ansible_python_interpreter": str(python)}
    ansible.run("remediate", [], others={"laptop": killed})
    assert laptop.config.read_bytes() == config
    assert (laptop.codex_home / ".devfleet/config.toml.json").exists()
    run = ansible.run("remediate", [], others={"laptop": variables})
    assert run.hosts["laptop"]["action"] == "applied", run.stdout
    assert OURS in laptop.config.read_bytes()
