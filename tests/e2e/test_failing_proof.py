# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cure that looks right before it is written and proves wrong afterwards, with the real client.

On every laptop something happens right before the client is asked for the proof: the network
changes, or somebody else writes. One fleet lives through it once; every test looks at one part.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shlex
import threading
import typing as t

import pytest
from support import stubs
from support.isolation import is_isolated
from support.laptop import CONFIG, Laptop, api_key_login, snapshot, without_times
from support.laptop_config import meaning
from support.laptop_playbooks import Controller, PlaybookRun
from support.proxy_laptops import NO_PROXY_IN_THE_ENVIRONMENT, ProxyLaptops, url_with_password

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

Snapshot = dict[str, tuple[int, int, bytes]]

ODD = b'# mine\r\nmodel = "x"  # kept\r\n\r\n[features]\r\nshell_tool = true'
LATER = b'model_reasoning_effort = "high"\n'
TOKEN = b"TOKEN='later'\n"
REFUSED = "refused_alike"
CONFIG_FILE, DOTENV = ".codex/config.toml", ".codex/.env"
CURED = "grep -q '^model_provider = \"openai_http\"' .codex/config.toml"


@dataclasses.dataclass(frozen=True)
class Case:
    """One laptop. `event` is what the shell does in its home right before the proof."""

    event: str = ":"
    turns_away: bool = True
    """Whether the service then refuses everything with 403."""
    config: bytes | None = CONFIG
    problem: str = REFUSED


PREPEND = f"printf %s {shlex.quote(LATER.decode())} | cat - .codex/config.toml > new"
CASES = {
    "turns-away": Case(),
    "odd-file": Case(config=ODD),
    "no-file": Case(config=None),
    "logs-out": Case("rm .codex/auth.json", turns_away=False, problem="codex login status: none"),
    "others-write": Case(f"{PREPEND}; cat new > .codex/config.toml; rm new"),
    "others-choose": Case(
        "sed -i 's/^model_provider = .*/model_provider = \"openai\"/' .codex/config.toml",
        turns_away=False,
        problem="active provider: openai, not openai_http",
    ),
    "warns": Case(
        "printf '\\n[no_such_section]\\nx = 1\\n' >> .codex/config.toml",
        turns_away=False,
        problem="Codex warns about its configuration, and did not before",
    ),
}
PROXY = Case(f"printf %s {shlex.quote(TOKEN.decode())} >> .codex/.env")
BYTE_BY_BYTE = ("turns-away", "odd-file", "no-file", "logs-out")


def client_of(folder: pathlib.Path, real: pathlib.Path, cured: str, case: Case) -> pathlib.Path:
    """The real client; before its first doctor run in a home that is `cured` the event happens."""
    turned = (
        "touch asked; n=0; while [ ! -e turned ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done"
    )
    return stubs.script(
        folder / "codex",
        f"cd {shlex.quote(str(folder))} || exit",
        f'if [ "$1" = doctor ] && [ ! -e happened ] && {cured}; then',
        "touch happened",
        case.event,
        turned if case.turns_away else ":",
        "fi",
        f'exec {shlex.quote(str(real))} "$@"',
    )


def turn_away(laptop: Laptop, done: threading.Event) -> None:
    """Let the service refuse everything once the laptop's client has asked for it."""
    while not done.wait(0.02):
        if (laptop.home / "asked").exists():
            laptop.service.websocket = laptop.service.http = "http-403"
            (laptop.home / "turned").touch()
            return


class Story(t.NamedTuple):
    """The laptops, what they held before the run, that run, and what they held after it."""

    laptops: dict[str, Laptop]
    before: dict[str, Snapshot]
    run: PlaybookRun
    after: dict[str, Snapshot]


@pytest.fixture(scope="module")
def story(
    make_laptop: LaptopFactory, ansible: Controller, executable: pathlib.Path
) -> t.Iterator[Story]:
    if not is_isolated():
        pytest.skip("one laptop goes past its proxy; run this by scripts/offline.py on Linux")
    login, done = api_key_login(), threading.Event()
    laptops: dict[str, Laptop] = {}
    with ProxyLaptops() as proxies, contextlib.ExitStack() as threads:
        threads.callback(done.set)

        def add(name: str, case: Case, cured: str, websocket: str = "ok") -> Laptop:
            made = make_laptop(name, login=login, config=case.config, websocket=websocket)
            client = client_of(made.home, executable, cured, case)
            laptops[name] = dataclasses.replace(made, executable=client)
            if made.config.exists():
                made.config.chmod(0o640)
            thread = threading.Thread(target=turn_away, args=(made, done))
            thread.start()
            threads.callback(thread.join)
            return laptops[name]

        for name, case in CASES.items():
            add(name, case, CURED, websocket="http-403")
        one = proxies.add(
            add("proxy", PROXY, "grep -q http://planted .codex/.env"), "HTTPS_PROXY=http://{dead}\n"
        )
        given = {**one.variables(), "reconnect_proxy": url_with_password(one.given.address)}
        threads.callback(done.set)
        before = {name: snapshot(made.home) for name, made in laptops.items()}
        run = dataclasses.replace(ansible, settings=NO_PROXY_IN_THE_ENVIRONMENT).run(
            "remediate",
            [laptops[name] for name in CASES],
            others={"proxy": given},
            variables={
                "reconnect_probes": 1,
                "reconnect_canaries": 0,
                "reconnect_max_fail_percentage": 100,
            },
        )
        after = {name: snapshot(made.home) for name, made in laptops.items()}
        yield Story(laptops, before, run, after)


def files(found: Snapshot) -> dict[str, tuple[int, bytes]]:
    """What the collection or Codex may have written, with its mode."""
    kept = without_times(found)
    return {
        path: held
        for path, held in kept.items()
        if path.startswith(".codex/") and path != ".codex/auth.json"
    }


@pytest.mark.parametrize("host", [*CASES, "proxy"])
def test_the_trial_had_found_nothing_against_it(story: Story, host: str) -> None:
    preflight = story.run.hosts[host]["preflight"]
    assert (preflight["works"], preflight["problems"]) == (True, []), preflight
    assert (story.laptops[host].home / "happened").exists()


@pytest.mark.parametrize(("host", "case"), [*CASES.items(), ("proxy", PROXY)])
def test_a_cure_that_is_not_proven_is_undone_and_told_with_what_was_seen(
    story: Story, host: str, case: Case
) -> None:
    found = story.run.hosts[host]
    assert (found["action"], found["proof"]["proven"]) == ("undone", False), found["message"]
    assert case.problem in "; ".join(found["proof"]["problems"])
    assert case.problem in found["message"]
    assert story.run.recap[host]["failed"] == 1


@pytest.mark.parametrize("host", BYTE_BY_BYTE)
def test_the_files_are_again_what_they_were_to_the_byte(story: Story, host: str) -> None:
    assert files(story.after[host]) == files(story.before[host])


def test_a_file_that_was_not_there_is_not_there(story: Story) -> None:
    assert CONFIG_FILE not in story.after["no-file"]
    assert not story.laptops["no-file"].config.with_name(".devfleet").exists()


def test_what_somebody_has_written_meanwhile_stays(story: Story) -> None:
    mode, _time, content = story.after["others-write"][CONFIG_FILE]
    assert content == LATER + CONFIG
    assert mode == story.before["others-write"][CONFIG_FILE][0]


def test_what_somebody_has_chosen_meanwhile_stays(story: Story) -> None:
    left = meaning(story.after["others-choose"][CONFIG_FILE][2])
    assert left.pop("model_provider") == "openai"
    assert left == meaning(CONFIG)


def test_what_makes_codex_warn_is_left_to_whoever_wrote_it(story: Story) -> None:
    content = story.after["warns"][CONFIG_FILE][2]
    assert content == CONFIG + b"\n[no_such_section]\nx = 1\n"


def test_a_line_that_somebody_has_added_to_dotenv_stays(story: Story) -> None:
    before, after = (held["proxy"][DOTENV] for held in (story.before, story.after))
    assert after[2] == before[2] + TOKEN
    assert after[0] == before[0]


def test_the_play_goes_on_with_the_others(story: Story) -> None:
    assert story.run.hosts.keys() == {*CASES, "proxy"}
    assert f"Totals: {len(CASES) + 1} failed" in story.run.summary
