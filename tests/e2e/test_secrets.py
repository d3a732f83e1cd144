# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets wherever a machine may hold one, and all that the playbooks leave is searched for them.

A backup of a file holds what the file holds, and until the rollback the state folder holds the
proxies that were replaced: these are the documented places.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pathlib
import stat
import time
import typing as t
from urllib.parse import quote

import pytest
from support import log_database, stubs
from support.doctor_samples import as_json, report, websocket
from support.isolation import is_isolated
from support.laptop import CONFIG
from support.laptop_playbooks import Controller, PlaybookRun
from support.onlookers import SYSTEM_LOG, Onlooker, onlooker
from support.proxy_laptops import ProxyLaptop, ProxyLaptops

if t.TYPE_CHECKING:
    from support.figures import Figures

    from .conftest import LaptopFactory

SECRETS = {
    name: f"Planted{number}-{name}-\u00df$9"
    for number, name in enumerate(
        (
            "dotenv_user",
            "dotenv_password",
            "dotenv_key",
            "dotenv_token",
            "given_user",
            "given_password",
            "environment_user",
            "environment_password",
            "environment_key",
            "base_url_user",
            "base_url_password",
            "server_token",
            "login",
            "doctor_body",
            "log_row",
            "login_status",
        ),
        10,
    )
}
SECRETS["login_status"] = f"sk-{SECRETS['login_status']}"
STATE = {"dotenv_user", "dotenv_password", "given_user", "given_password"}
"""What may stand in the state folder while a proxy of ours is set."""

PLAYBOOKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "audit": ("audit", ()),
    "prediction": ("remediate", ("--check",)),
    "remediate": ("remediate", ()),
    "recover": ("recover", ()),
    "rollback": ("rollback", ()),
}
STEPS = tuple(PLAYBOOKS)
REMOTE = "remote"
TEMPORARIES = (REMOTE, "ansible")
"""Where Ansible has its temporary files, below the folder of the controller."""


def url(scheme: str, kind: str, address: str) -> str:
    user, password = (quote(SECRETS[f"{kind}_{part}"], safe="") for part in ("user", "password"))
    return f"{scheme}://{user}:{password}@{address}"


def shapes_of(text: str) -> list[bytes]:
    """The secret as it may be written: plain, percent-encoded, escaped for JSON, in base64."""
    plain = [text, quote(text, safe=""), json.dumps(text)[1:-1]]
    # Its first and last letters may share their group of base64 with other bytes.
    encoded = [
        base64.b64encode(b"-" * shift + text.encode())[shift and 4 : -4] for shift in range(3)
    ]
    return [one.encode() for one in plain] + encoded


SHAPES = {name: shapes_of(text) for name, text in SECRETS.items()}


MARKS = shapes_of("Planted")
"""What every one of them begins with: most files hold none, and are passed by quickly."""


def found_in(content: bytes) -> set[str]:
    if not any(mark in content for mark in MARKS):
        return set()
    return {name for name, forms in SHAPES.items() if any(form in content for form in forms)}


class Step(t.NamedTuple):
    """One playbook run, and what is there after it."""

    run: PlaybookRun
    left: dict[pathlib.Path, set[str]]
    """The secrets in every file that was not there at first."""
    state: dict[pathlib.Path, int]
    """The modes of the state folders and of all in them."""


@dataclasses.dataclass(frozen=True)
class Story:
    """What happened; `log` is Ansible's own log of all steps."""

    steps: dict[str, Step]
    fleet: dict[str, ProxyLaptop]
    log: pathlib.Path
    onlooker: Onlooker


def plant(made: ProxyLaptops, make_laptop: LaptopFactory) -> None:
    login = json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": SECRETS["login"]}).encode()
    config = (
        CONFIG
        + (
            f"[mcp_servers.tools]\n"
            f'command = "true"\nenabled = false\nenv = {{ TOKEN = "{SECRETS["server_token"]}" }}\n'
        ).encode()
    )
    base_url = f'openai_base_url = "{url("https", "base_url", "api.openai.com/v1")}"\n'.encode()
    others = f"OPENAI_API_KEY='{SECRETS['dotenv_key']}'\nTOKEN='{SECRETS['dotenv_token']}'\n"
    dead, good = (url("http", "dotenv", place) for place in ("{dead}", "{good}"))
    values = {
        "dead": dead,
        "schemeless": good.removeprefix("http://"),
        "failing": dead,
        "refusing": dead,
        "blocked": good,
        "base-url": good,
        "bodies": good,
        "words": good,
    }
    for name, value in values.items():
        refused = name in ("blocked", "base-url", "failing")
        laptop = make_laptop(
            f"secret-{name}",
            login=login,
            websocket="http-403" if refused else "ok",
            http="http-403" if name == "failing" else "ok",
            config=base_url + config if name == "base-url" else config,
        )
        made.add(laptop, f"HTTPS_PROXY={value}\n{others}")
    rows = json.dumps(log_database.recorded("close-after", time.time() - 60))
    spoken = rows.replace("falling back to HTTP", f"falling back to HTTP {SECRETS['log_row']}")
    database = made.laptops["secret-dead"].laptop.codex_home / "logs_2.sqlite"
    log_database.write(database, json.loads(spoken))
    body = f'http 403 Forbidden: Some("<p>{SECRETS["doctor_body"]}</p>")'
    answers = {
        "secret-bodies": as_json(report(websocket(handshake_transport_error=body))),
        "secret-words": b"no JSON",
    }
    for name, answer in answers.items():
        home = made.laptops[name].laptop.home
        (home / "answer.json").write_bytes(answer)
        stubs.script(
            home / "codex",
            '[ "$1" = --version ] && echo codex-cli 0.150.0 && exit',
            f"status='Logged in using an API key - {SECRETS['login_status']}'",
            '[ "$1" = login ] && echo "$status" && exit',
            f"echo 'cannot use {url('http', 'environment', '127.0.0.1:1')}' >&2",
            f"exec cat '{home}/answer.json'",
        )


@pytest.fixture(scope="module")
def story(make_laptop: LaptopFactory, ansible: Controller) -> t.Iterator[Story]:
    if not is_isolated():
        pytest.skip("some laptops go past every proxy; run this by scripts/offline.py on Linux")
    temporary = ansible.folder / "temporary"
    temporary.mkdir()
    controller = dataclasses.replace(
        ansible,
        settings={
            "ANSIBLE_LOG_PATH": str(ansible.folder / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(ansible.folder / "facts"),
            "TMPDIR": str(temporary),
            "OPENAI_API_KEY": SECRETS["environment_key"],
            "HTTPS_PROXY": url("http", "environment", ansible.proxy.address),
        },
    )
    credentials = ":".join(SECRETS[f"given_{part}"] for part in ("user", "password"))
    with ProxyLaptops(credentials) as made:
        plant(made, make_laptop)
        homes = [one.laptop.codex_home for one in made.laptops.values()]
        with onlooker(
            [temporary, *map(controller.folder.joinpath, TEMPORARIES), *homes]
        ) as looking:
            steps = played(controller, made.laptops)
        yield Story(steps, made.laptops, controller.folder / "ansible.log", looking)


def played(controller: Controller, fleet: dict[str, ProxyLaptop]) -> dict[str, Step]:
    hosts: dict[str, dict[str, t.Any]] = {}
    for name, one in fleet.items():
        address = one.addresses["bad"] if name == "secret-refusing" else one.given.address
        hosts[name] = {**one.variables(reconnect_proxy=url("http", "given", address))}
    for name in ("secret-bodies", "secret-words"):
        hosts[name]["reconnect_executable"] = str(fleet[name].laptop.home / "codex")
    # Without pipelining modules and their options are files for a moment.
    remote = {"ansible_pipelining": False, "ansible_remote_tmp": str(controller.folder / REMOTE)}
    hosts["secret-schemeless"].update(remote)
    steps: dict[str, Step] = {}
    folders = [controller.folder, *(one.laptop.home for one in fleet.values())]
    planted = files_below(folders)
    for name in STEPS:
        playbook, arguments = PLAYBOOKS[name]
        run = controller.run(
            playbook,
            [],
            *("--diff", "-vvv", *arguments),
            others=hosts,
            variables={"reconnect_probes": 1, "reconnect_backup": True, "reconnect_purge": True},
        )
        now = files_below(folders)
        inventory = controller.folder / "inventory.json"
        left = {path: found_in(path.read_bytes()) for path in now - planted - {inventory}}
        state = {
            path: stat.S_IMODE(path.lstat().st_mode)
            for one in fleet.values()
            for path in (one.laptop.codex_home / ".devfleet", *now)
            if ".devfleet" in path.parts and path.exists()
        }
        steps[name] = Step(run, {path: names for path, names in left.items() if names}, state)
    return steps


def is_plain(path: pathlib.Path) -> bool:
    # The client keeps links to its own program in its home, which is large.
    return path.is_file() and not path.is_symlink()


def files_below(folders: t.Iterable[pathlib.Path]) -> set[pathlib.Path]:
    return {path for folder in folders for path in folder.rglob("*") if is_plain(path)}


def is_backup(path: pathlib.Path) -> bool:
    return path.name.startswith("config.toml.")


@pytest.mark.parametrize("step", STEPS)
def test_nothing_that_is_said_holds_a_secret(story: Story, step: str) -> None:
    run = story.steps[step].run
    for said in (
        run.stdout,
        run.stderr,
        json.dumps(run.hosts),
        json.dumps(run.hosts, ensure_ascii=False),
    ):
        assert found_in(said.encode()) == set()
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("step", STEPS)
def test_no_file_but_the_documented_ones_holds_a_secret(story: Story, step: str) -> None:
    for path, names in story.steps[step].left.items():
        if is_backup(path):
            assert names <= {"server_token", "base_url_user", "base_url_password"}
        else:
            assert path.parent.name == ".devfleet" and names <= STATE, (path, names)


def test_the_state_folder_is_private_and_has_a_note_alone_after_the_rollback(story: Story) -> None:
    """The note of when it was, for the client's log holds older fallbacks here."""
    kept = story.steps["remediate"].state
    assert {path.name: mode for path, mode in kept.items()} == {
        ".devfleet": 0o700,
        ".env.json": 0o600,
        "config.toml.json": 0o600,
        "recovery.json": 0o600,
    }
    left = story.steps["remediate"].left
    assert any(is_backup(path) for path in left)
    assert any(path.name == ".env.json" and "dotenv_password" in left[path] for path in left)
    assert {path.name: mode for path, mode in story.steps["rollback"].state.items()} == {
        ".devfleet": 0o700,
        "config.toml.ended.json": 0o600,
    }
    assert [path for path in story.steps["rollback"].left if not is_backup(path)] == []


def test_the_search_would_have_found_them(story: Story) -> None:
    """The planted files hold them all, and what was said is there to be searched."""
    homes = [one.laptop.home for one in story.fleet.values()]
    planted = set().union(*(found_in(path.read_bytes()) for path in files_below(homes)))
    assert planted >= set(SECRETS) - {"environment_key", "given_user", "given_password"}
    assert b"codex_info" in story.log.read_bytes()
    for name in SECRETS:
        for form in (
            SECRETS[name],
            quote(SECRETS[name], safe=""),
            base64.b64encode(f"user:{SECRETS[name]}".encode()).decode(),
        ):
            assert found_in(form.encode()) == {name}


def test_every_cure_was_at_work(story: Story) -> None:
    actions = {host: one["action"] for host, one in story.steps["remediate"].run.hosts.items()}
    assert actions == {
        "secret-dead": "applied",
        "secret-schemeless": "applied",
        "secret-failing": "undone",
        "secret-refusing": "refused",
        "secret-blocked": "applied",
        "secret-base-url": "applied",
        "secret-bodies": "refused",
        "secret-words": "none",
    }
    said = story.steps["remediate"].run.stdout
    assert "+HTTPS_PROXY=http://***@127.0.0.1:" in said


def test_no_command_line_holds_a_secret(story: Story, figures: Figures) -> None:
    lines = story.onlooker.command_lines
    assert any(b"ansible-playbook" in line for line in lines)
    assert any(b"doctor" in line for line in lines)
    assert [line for line in lines if found_in(line)] == []
    figures.add("command lines of processes searched for planted secrets", len(lines))


def test_no_line_of_the_system_log_holds_a_secret(story: Story, figures: Figures) -> None:
    heard = story.onlooker.logged
    if not heard and (SYSTEM_LOG.exists() or os.geteuid() != 0):
        pytest.skip("the system has a log of its own, or lets only root be it")
    for module in (b"codex_info", b"http_provider", b"proxy_env", b"recovery"):
        assert any(module in line for line in heard), module
    assert [line for line in heard if found_in(line)] == []
    figures.add("lines of the system log searched for planted secrets", len(heard))


def test_what_is_there_for_a_moment_keeps_others_out(story: Story, figures: Figures) -> None:
    seen = story.onlooker.files
    assert any("ansible-tmp-" in str(path) for path, _time, _mode in seen)
    open_to_others = [
        path
        for (path, _time, _mode), one in seen.items()
        if found_in(one.content) and not one.is_private
    ]
    assert open_to_others == []
    figures.add("files seen during runs and searched for planted secrets", len(seen))
    figures.add("looks at command lines and temporary files during runs", story.onlooker.looks)


def test_the_bytes_that_were_searched_are_counted(story: Story, figures: Figures) -> None:
    said = sum(
        len(text.encode())
        for step in story.steps.values()
        for text in (step.run.stdout, step.run.stderr)
    )
    held = sum(len(one.content) for one in story.onlooker.files.values())
    assert said and held
    figures.add("bytes of output and files searched for planted secrets", said + held)
    figures.add("planted secrets", len(SECRETS))
