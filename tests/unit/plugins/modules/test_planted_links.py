# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user's home is not trusted by root: nothing in it leads a run as root to another place."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
from support import http_provider, proxy_env
from support.client import REPOSITORY
from support.other_user import USER, other_user, reached_by_anybody
from support.planted_links import SECRET, Grounds, flipping, grounds, trace

if t.TYPE_CHECKING:
    from support.figures import Effort, Figures

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has more rights than a user")

MODULES: dict[str, dict[str, t.Any]] = {
    "codex_info": {},
    "http_provider": {"backup": True},
    "proxy_env": {"https_proxy": "http://127.0.0.1:2"},
    "observation": {"cause": "service_error", "state": "present"},
    "recovery": {"event": "applied", "why": "x", "budget": 3},
}
RUNS: dict[str, t.Callable[[pathlib.Path, pathlib.Path], dict[str, t.Any]]] = {
    "present": lambda folder, home: http_provider.Machine.at(folder).run(codex_home=str(home)),
    "absent": lambda folder, home: http_provider.Machine.at(folder).run(
        codex_home=str(home), state="absent", purge=True
    ),
    "proxy": lambda folder, home: proxy_env.Machine.at(folder).present(codex_home=str(home)),
}
"""What root runs in this process, on the CODEX_HOME that is given."""


@pytest.fixture
def ground(tmp_path: pathlib.Path) -> t.Iterator[Grounds]:
    made = grounds(tmp_path)
    with reached_by_anybody(made.home):
        yield made


def link_of_the_user(place: pathlib.Path, target: pathlib.Path | str) -> None:
    place.symlink_to(target)
    os.lchown(place, USER, USER)


def own_codex_home(ground: Grounds) -> pathlib.Path:
    ground.codex_home.mkdir(mode=0o700)
    os.chown(ground.codex_home, USER, USER)
    return ground.codex_home


def linked(ground: Grounds) -> pathlib.Path:
    link_of_the_user(ground.codex_home, ground.victim)
    return ground.codex_home


def linked_relatively(ground: Grounds) -> pathlib.Path:
    link_of_the_user(ground.codex_home, "../root/.codex")
    return ground.codex_home


def linked_twice(ground: Grounds) -> pathlib.Path:
    link_of_the_user(ground.home / "hop", ground.victim)
    link_of_the_user(ground.codex_home, "hop")
    return ground.codex_home


def linked_above(ground: Grounds) -> pathlib.Path:
    link_of_the_user(ground.home / "sub", ground.victim.parent)
    return ground.home / "sub/.codex"


def linked_from_a_shared_folder(ground: Grounds) -> pathlib.Path:
    shared = ground.home.parent / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link_of_the_user(shared / "home", ground.victim)
    return shared / "home"


def a_folder_of_roots_below(ground: Grounds) -> pathlib.Path:
    """As codex under root leaves one behind; its owner may put another in its place."""
    ground.codex_home.mkdir(mode=0o700)
    return ground.codex_home


def entry(name: str, target: str) -> t.Callable[[Grounds], pathlib.Path]:
    def planted(ground: Grounds) -> pathlib.Path:
        place = own_codex_home(ground) / name
        if place.parent != ground.codex_home:
            place.parent.mkdir(mode=0o700)
            os.chown(place.parent, USER, USER)
        link_of_the_user(place, ground.victim / target)
        return ground.codex_home

    return planted


ENTRIES: dict[str, t.Callable[[Grounds], pathlib.Path]] = {
    "configuration": entry("config.toml", "shadow"),
    "configuration-of-roots": entry("config.toml", "config.toml"),
    "dotenv": entry(".env", ".env"),
    "records": entry(".devfleet", ".devfleet"),
    "record": entry(".devfleet/config.toml.json", ".devfleet/config.toml.json"),
    "record-of-the-proxy": entry(".devfleet/.env.json", "shadow"),
    "record-that-is-not-there": entry(".devfleet/config.toml.json", "new"),
    "temporary": entry(".config.toml.aaaaaaaa.devfleet", "shadow"),
}
WAYS: dict[str, t.Callable[[Grounds], pathlib.Path]] = {
    "linked": linked,
    "linked-relatively": linked_relatively,
    "linked-twice": linked_twice,
    "linked-above": linked_above,
    "linked-from-a-shared-folder": linked_from_a_shared_folder,
    "a-folder-of-roots-below": a_folder_of_roots_below,
    **ENTRIES,
}


def is_refused(result: t.Mapping[str, t.Any]) -> bool:
    said = str(result.get("msg"))
    assert SECRET not in json.dumps(result)
    assert "Traceback" not in said
    # What is there at one look may be gone at the next one.
    because = (f"become_user: {USER} ", "cannot be looked at: No such file")
    return bool(result.get("failed")) and any(one in said for one in because)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("way", WAYS)
def test_root_is_led_nowhere(ground: Grounds, way: str, run: str) -> None:
    home = WAYS[way](ground)
    before = trace(ground.home.parent)
    assert is_refused(RUNS[run](ground.home.parent, home))
    assert trace(ground.home.parent) == before


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_led_elsewhere(ground: Grounds, name: str) -> None:
    home = linked(ground)
    before = trace(ground.home.parent)
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / f"plugins/modules/{name}.py")],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"codex_home": str(home), **MODULES[name]}}),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / ".cache/collections")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert is_refused(json.loads(done.stdout)), done.stdout
    assert trace(ground.home.parent) == before


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("way", ENTRIES)
def test_the_owner_reaches_no_further_than_before(ground: Grounds, way: str, run: str) -> None:
    """As `become_user` has it, which the refusal asks for."""
    home = ENTRIES[way](ground)
    before = trace(ground.victim)
    with other_user():
        result = RUNS[run](ground.home.parent, home)
    assert trace(ground.victim) == before
    assert SECRET not in json.dumps(result)


def in_the_home(ground: Grounds) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    return ground.codex_home, ground.victim, ground.codex_home


def above_the_home(ground: Grounds) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    return ground.home / "sub", ground.victim.parent, ground.home / "sub/.codex"


@pytest.mark.parametrize("where", [in_the_home, above_the_home])
def test_no_race_leads_root_elsewhere(
    ground: Grounds,
    where: t.Callable[[Grounds], tuple[pathlib.Path, pathlib.Path, pathlib.Path]],
    effort: Effort,
    figures: Figures,
) -> None:
    place, elsewhere, codex_home = where(ground)
    codex_home.mkdir(parents=True, mode=0o700)
    for path in (place, codex_home):
        os.chown(path, USER, USER)
    before = trace(ground.victim.parent)
    runs = effort(60, 3000)
    refused = 0
    with flipping(place, elsewhere) as flips:
        for number in range(runs):
            run = list(RUNS.values())[number % len(RUNS)]
            refused += is_refused(run(ground.home.parent, codex_home))
        turns = flips()
    assert trace(ground.victim.parent) == before
    assert refused == runs
    assert turns > runs
    figures.add("flips of a link under a run as root", turns)
    figures.add("runs as root on a path that changes meanwhile", runs)


@pytest.mark.parametrize(
    ("run", "file", "added"),
    [("present", "config.toml", "openai_http"), ("proxy", ".env", "HTTPS_PROXY=")],
)
def test_root_in_a_home_of_roots_works(ground: Grounds, run: str, file: str, added: str) -> None:
    """What refuses everything would pass all of the above."""
    shutil.rmtree(ground.victim / ".devfleet")
    (ground.victim / ".env").write_text("")
    assert RUNS[run](ground.home.parent, ground.victim)["changed"] is True
    assert added in (ground.victim / file).read_text()
    assert (ground.victim / file).stat().st_uid == 0
    assert (ground.victim / ".devfleet" / f"{file}.json").stat().st_uid == 0
