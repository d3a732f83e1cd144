# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines for playbooks whose Python, client or files mean harm, and one that does not."""

from __future__ import annotations

import json
import pathlib
import shlex
import sys
import time
import typing as t

from . import log_database, stubs
from .curable_machines import BLOCKED, WORKS, CurableMachine, curable_machine
from .hostile_text import LOADERS, PAGES, PAYLOAD, SHEETS, TERMINAL, templates

Variables = dict[str, t.Any]

_TAMPERS = """
import json, subprocess, sys
from pathlib import Path
done = subprocess.run([sys.executable, *sys.argv[1:]], stdin=sys.stdin, stdout=subprocess.PIPE)
answer = json.loads(done.stdout)
answer.update(json.loads(Path(__file__).with_name("tampered.json").read_text()))
print(json.dumps(answer))
"""


def payload(folder: pathlib.Path) -> str:
    """All of `PAYLOAD`, whose templates and shell words touch `touched` in `folder`."""
    return f"{PAYLOAD} {templates(str(folder / 'touched'))}"


def poisoned(answer: bytes, said: str) -> bytes:
    """`answer` of a doctor with `said` at the end of every word of its own, and in a new key."""

    def inner(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            kept = {key: value[key] for key in ("status",) if key in value}
            return {**{key: inner(item) for key, item in value.items()}, said: said, **kept}
        return f"{value} {said}" if isinstance(value, str) else value

    document = json.loads(answer)
    return json.dumps(
        {**document, "checks": {name: inner(one) for name, one in document["checks"].items()}}
    ).encode()


def hostile_fleet(folder: pathlib.Path) -> dict[str, Variables]:
    """The machines by name; the facts of the first would come before what the operator set.

    `folder/evil.yml` is where that one would have the report, and `folder/touched` is there once
    anything of what they say has run.
    """
    said = payload(folder)
    # Ansible itself takes no answer with a surrogate.
    taken = said.replace("\ud800", "")
    fleet = {
        "a-facts": _tampered(folder / "a-facts", _acted_upon(folder, taken)),
        "breaking": _tampered(
            folder / "breaking", {"failed": True, "msg": taken, "exception": f"{taken}\n{taken}"}
        ),
        "wrong": _tampered(folder / "wrong", {"codex": [said], "path": {said: said}, "msg": 7}),
        "typed": _tampered(folder / "typed", {"msg": _trusted(folder), "restart_required": said}),
        "babbling": _saying(folder / "babbling", f"{said}\n".encode("utf-8", "surrogatepass") * 50),
        "evading": _saying(folder / "evading", _no_json(_acted_upon(folder, taken))),
        "flooding": _saying(folder / "flooding", b'{"codex": "' + b"x" * 50_000_000 + b'"}'),
        "pouring": _with_python(folder / "pouring", f"exec yes {'x' * 1000}"),
        "nested": _saying(folder / "nested", b'{"codex": ' + b"[" * 100_000),
        "words": _speaking(folder / "words", said),
        "numbers": _client_of(folder / "numbers", _odd_numbers(said)),
        "files": _with_bad_files(folder / "files", said),
        "endless": _endless(folder / "endless"),
        "honest": curable_machine(folder / "honest").variables,
    }
    # What a command line says comes before all facts, and the operator's inventory does not.
    return {name: {**one, "wanted_report": "report"} for name, one in fleet.items()}


def _acted_upon(folder: pathlib.Path, said: str) -> dict[str, t.Any]:
    facts = {
        "wanted_report": str(folder / "evil"),
        "reconnect_fail_on": ["affected"],
        "reconnect_result": {"verdict": said},
        "ansible_connection": "ssh",
        said: said,
    }
    return {
        "ansible_facts": facts,
        "_ansible_facts_cacheable": True,
        f"_ansible_{said}": said,
        "ansible_stats": {"data": said},
        "add_host": {"host_name": said, "groups": [said]},
        "warnings": [said],
        "deprecations": [{"msg": said, "version": said}],
        "diff": [
            {"before": said, "after": f"{said}\n" * 100, "before_header": said, "prepared": said}
        ],
        "invocation": {"module_args": {said: said}},
        "results": [said],
        said: [said, {said: said}],
    }


def _no_json(answer: dict[str, t.Any]) -> bytes:
    """What Ansible reads as `answer`, and a strict reader of JSON does not."""
    return json.dumps({"a": "CONTROL", **answer}).replace("CONTROL", "\x01").encode()


def _trusted(folder: pathlib.Path) -> dict[str, t.Any]:
    return {
        "__ansible_type": "_AnsibleTaggedStr",
        "value": templates(str(folder / "touched")),
        "tags": [{"__ansible_type": "TrustedAsTemplate"}],
    }


def _tampered(home: pathlib.Path, answer: dict[str, t.Any]) -> Variables:
    """A curable machine whose Python adds `answer` to what a module says."""
    made = curable_machine(home)
    (home / "tampered.json").write_text(json.dumps(answer))
    python = home / "python"
    python.write_text(f"#!{sys.executable}\n{_TAMPERS}")
    python.chmod(0o755)
    return {**made.variables, "ansible_python_interpreter": str(python)}


def _saying(home: pathlib.Path, output: bytes) -> Variables:
    """A machine whose Python says `output` alone."""
    home.mkdir()
    (home / "output").write_bytes(output)
    said = f"tee /dev/stderr < {shlex.quote(str(home / 'output'))}"
    return _with_python(home, "cat > /dev/null", said)


def silent_machine(folder: pathlib.Path) -> Variables:
    """A machine whose Python takes what it is given and says nothing for longer than a test."""
    return _with_python(folder, "cat > /dev/null", "exec sleep 120")


def _with_python(home: pathlib.Path, *lines: str) -> Variables:
    made = curable_machine(home)
    python = stubs.script(home / "python", *lines)
    return {**made.variables, "ansible_python_interpreter": str(python)}


def _speaking(home: pathlib.Path, said: str) -> Variables:
    """A curable machine whose doctor says `said` with every word."""
    made = curable_machine(home)
    made.answer(preflight=poisoned(WORKS, said), proof=poisoned(WORKS, said))
    (home / "blocked.json").write_bytes(poisoned(BLOCKED, said))
    return made.variables


def _odd_numbers(said: str) -> bytes:
    odd = f'"a": 1e999, "b": NaN, "c": {"9" * 5000}, "d": -0.0, "a": {json.dumps(said)}'
    nest = f'"deep": {"[" * 10_000}{"]" * 10_000}'
    return b"{" + f'"schemaVersion": 1, {odd}, {nest}, "checks": {{{odd}}}'.encode() + b"}\xff\x00"


def _client_of(home: pathlib.Path, answer: bytes) -> Variables:
    made = curable_machine(home)
    (home / "answer").write_bytes(answer)
    version = "codex-cli 0.169.0-" + "9" * 5000 + TERMINAL.replace("\0", "")
    (home / "version").write_text(version)
    _client(made)
    return made.variables


def _client(made: CurableMachine) -> None:
    stubs.script(
        made.folder / "codex",
        f"cd {shlex.quote(str(made.folder))} || exit",
        '[ "$1" = --version ] && exec cat version',
        "exec cat answer",
    )


def _with_bad_files(home: pathlib.Path, said: str) -> Variables:
    """A machine on which names and contents of all files that are read hold `said`."""
    made = curable_machine(home)
    said = said.replace("\ud800", "")
    named = said.replace("/", "|").replace("\0", "")[:80]
    quoted = json.dumps(said)
    made.config.write_text(
        f'model_provider = "openai"\nmodel = {quoted}\n'
        f"[model_providers.{json.dumps(named)}]\nname = {quoted}\n"
        f'base_url = {quoted}\nwire_api = "responses"\n'
    )
    words = [TERMINAL, templates(str(home.parent / "touched")), LOADERS, PAGES, *SHEETS]
    lines = "".join(f"PROXY_{number}='{one}'\n" for number, one in enumerate(words))
    made.config.with_name(".env").write_text(f"{lines}HTTPS_PROXY=http://{TERMINAL}:1\nNO_{said}")
    made.config.with_name(f"{named[:40]}.config.toml").write_text(f"model = {quoted}\n")
    rows = log_database.recorded("close-after", time.time() - 60)
    hostile = [{**row, "thread_id": said, "module_path": said} for row in rows]
    log_database.write(made.config.with_name("logs_2.sqlite"), hostile)
    made.state.mkdir(mode=0o700)
    for name in ("config.toml.json", ".env.json", "recovery.json"):
        (made.state / name).write_text(json.dumps({"version": said, "provider_id": said}))
    (home / "answer").write_bytes(BLOCKED)
    (home / "version").write_text("codex-cli 0.169.0\n")
    _client(made)
    place = home / named
    place.mkdir()
    (place / "codex").symlink_to(home / "codex")
    lines_of_python = (
        f"export HOME={shlex.quote(str(home))}",
        f"export PATH={shlex.quote(str(place))}:{shlex.quote(str(home))}:/usr/bin:/bin",
        f'exec {shlex.quote(sys.executable)} "$@"',
    )
    python = stubs.script(home / "python", *lines_of_python)
    variables = {**made.variables, "ansible_python_interpreter": str(python)}
    del variables["reconnect_executable"]
    return variables


def _endless(home: pathlib.Path) -> Variables:
    """A machine whose client prints without end, and leaves children that hold its pipes."""
    made = curable_machine(home)
    stubs.script(
        home / "codex",
        "trap '' TERM HUP INT",
        f"sleep 300 & echo $! >> {shlex.quote(str(home / 'children'))}",
        '[ "$1" = --version ] && echo codex-cli 0.169.0 && exit',
        f"exec yes {shlex.quote(TERMINAL.replace(chr(0), ''))} >&2",
    )
    return made.variables
