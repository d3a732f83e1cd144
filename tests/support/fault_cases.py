# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the modules that write, each on a machine that is laid out for it."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pathlib
import shutil
import stat
import time
import typing as t
from unittest import mock

from ansible.module_utils.testing import patch_module_args
from ansible_collections.devfleet.codex.plugins.modules import observation, recovery

from . import http_provider, proxy_env

Result = dict[str, t.Any]
Tree = dict[str, tuple[int, t.Union[bytes, str, None]]]
Lay = t.Callable[[pathlib.Path], None]
"""Lays a machine out in a folder."""
Act = t.Callable[..., Result]
"""One run of a module on the machine in a folder, with more options perhaps."""

GATEWAY = b"""model_provider = "corp"

[model_providers.corp]
name = "corp"
base_url = "https://gw.example.com/v1"
supports_websockets = true
"""
CONFIGS: t.Mapping[str, bytes | None] = {
    "no-file": None,
    "plain": b'model = "gpt-5"\n\n[tui]\ntheme = "dark"\n',
    "CRLF": b'# mine\r\nmodel_provider = "openai"\r\n\r\n[tui]\r\n',
    "gateway": GATEWAY,
}
DOTENVS: t.Mapping[str, bytes | None] = {
    "no-file": None,
    "plain": b"FOO=1\nHTTPS_PROXY=http://old.example.com:1\n",
    "CRLF": b"HTTPS_PROXY=http://old.example.com:1\r\nFOO=1\r\n",
}
Options = dict[str, t.Any]
OTHER: Options = {"base_url": "https://gw.example.com/v1"}
ABSENT: Options = {"state": "absent"}
UNDO: Options = {"state": "absent", "undo": True}
PURGE: Options = {"state": "absent", "purge": True}
SECOND: Options = {"https_proxy": "http://second.example.com:3128"}
NOW = 1_780_000_000.0


class Case(t.NamedTuple):
    """One run, what comes before it, and what leads from there to where nothing of ours is left."""

    lay: Lay
    earlier: tuple[Act, ...]
    act: Act
    back: Act
    files: tuple[str, ...]
    """Those of the user that the run may change, from the folder on."""


def tree(folder: pathlib.Path) -> Tree:
    """Return mode and content (None for folders, the target of links) of all there is, by path."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            found[str(path.relative_to(folder))] = (0, os.readlink(path))
        else:
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
            found[str(path.relative_to(folder))] = (stat.S_IMODE(status.st_mode), content)
    return found


class Undisturbed(t.NamedTuple):
    """What a run that nobody stops finds, leaves, and leaves once it has been taken back."""

    before: Tree
    after: Tree
    taken_back: Tree


def laid_out(case: Case, folder: pathlib.Path) -> pathlib.Path:
    """Make `folder` a machine on which everything before the run of `case` has taken place."""
    folder.mkdir(mode=0o755)
    case.lay(folder)
    for act in case.earlier:
        assert not act(folder).get("failed")
    return folder


def undisturbed(case: Case, folder: pathlib.Path) -> Undisturbed:
    """Let the run of `case` take place in `folder`, which does not exist yet."""
    before = tree(laid_out(case, folder))
    assert not case.act(folder).get("failed")
    after = tree(folder)
    case.back(folder)
    return Undisturbed(before, after, tree(folder))


def copied(folder: pathlib.Path, place: pathlib.Path) -> pathlib.Path:
    """Copy the machine in `folder` to `place`, links as links."""
    return pathlib.Path(shutil.copytree(folder, place, symlinks=True))


def contents(case: Case, found: Tree) -> list[t.Any]:
    """Return what is in `found` of the files of `case`, links followed."""
    links = {name: found.get(name) for name in case.files}
    return [
        found.get("home/dotfiles/codex") if one and one[0] == 0 else one for one in links.values()
    ]


def _lay(name: str, data: bytes | None, form: str, folder: pathlib.Path) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    if form == "no-folder":
        return
    (home / ".codex").mkdir(mode=0o700)
    path = home / ".codex" / name
    if form == "link":
        (home / "dotfiles").mkdir(mode=0o755)
        path.symlink_to("../dotfiles/codex")
        path = home / "dotfiles" / "codex"
    if data is not None:
        path.write_bytes(data)
        path.chmod(0o640)


def _written_by_others(folder: pathlib.Path) -> Result:
    with (folder / "home/.codex/config.toml").open("ab") as stream:
        stream.write(b"# theirs\n")
    return {}


def _http_provider(folder: pathlib.Path, **options: t.Any) -> Result:
    # By default the folder need not be there.
    return http_provider.Machine.at(folder).run(codex_home=None, **options)


def _proxy_env(folder: pathlib.Path, **options: t.Any) -> Result:
    machine = proxy_env.Machine.at(folder)
    return machine.run(**options) if "state" in options else machine.present(**options)


def _at_a_time(module: t.Any, folder: pathlib.Path, **options: t.Any) -> Result:
    given = {"codex_home": str(folder / "home" / ".codex"), **options}
    stdout = io.StringIO()
    with (
        patch_module_args(given),
        mock.patch.object(time, "time", lambda: NOW),
        contextlib.redirect_stdout(stdout),
        contextlib.suppress(SystemExit),
    ):
        module.main()
    result: Result = json.loads(stdout.getvalue())
    return result


def _of_http_provider() -> t.Iterator[tuple[str, Case]]:
    run = functools.partial(functools.partial, _http_provider)
    runs: dict[str, tuple[tuple[Act, ...], Act]] = {
        "present": ((), run()),
        "present-again": ((run(),), run(**OTHER)),
        "absent": ((run(),), run(**ABSENT)),
        "undo": ((run(),), run(**UNDO)),
        "undo-of-the-second": ((run(), run(**OTHER)), run(**UNDO)),
        "purge": ((run(),), run(**PURGE)),
        "purge-after-absent": ((run(), run(**ABSENT)), run(**PURGE)),
        "present-after-others": ((run(), run(**ABSENT), _written_by_others), run()),
    }
    files = ("home/.codex/config.toml",)
    for start, data in CONFIGS.items():
        lay = functools.partial(_lay, "config.toml", data, "file")
        for name, (earlier, act) in runs.items():
            # A gateway is changed in one key, which no second run changes further.
            if start != "gateway" or name not in ("present-again", "undo-of-the-second"):
                yield f"{name}-{start}", Case(lay, earlier, act, run(**PURGE), files)
    for form in ("no-folder", "link"):
        data = None if form == "no-folder" else CONFIGS["plain"]
        lay = functools.partial(_lay, "config.toml", data, form)
        for name in ("present", "absent", "purge"):
            yield f"{name}-{form}", Case(lay, *runs[name], run(**PURGE), files)
    profile = {"scope": "profile", "profile": "http", "codex_version": "0.169.0"}
    lay = functools.partial(_lay, "config.toml", CONFIGS["plain"], "file")
    yield (
        "present-profile",
        Case(lay, (), run(**profile), run(**profile, **PURGE), ("home/.codex/http.config.toml",)),
    )
    system = run(scope="system")
    purge = run(scope="system", **PURGE)
    yield "present-system", Case(lay, (), system, purge, ("etc-codex/config.toml",))
    yield "purge-system", Case(lay, (system,), purge, purge, ("etc-codex/config.toml",))


def _of_proxy_env() -> t.Iterator[tuple[str, Case]]:
    run = functools.partial(functools.partial, _proxy_env)
    runs: dict[str, tuple[tuple[Act, ...], Act]] = {
        "present": ((), run()),
        "present-again": ((run(),), run(**SECOND)),
        "absent": ((run(),), run(**ABSENT)),
        "undo": ((run(),), run(**UNDO)),
        "undo-of-the-second": ((run(), run(**SECOND)), run(**UNDO)),
    }
    for start, data in DOTENVS.items():
        lay = functools.partial(_lay, ".env", data, "file")
        for name, (earlier, act) in runs.items():
            yield f"{name}-{start}", Case(lay, earlier, act, run(**ABSENT), ("home/.codex/.env",))
    lay = functools.partial(_lay, ".env", DOTENVS["plain"], "link")
    yield "present-link", Case(lay, *runs["present"], run(**ABSENT), ("home/.codex/.env",))


def _of_observation() -> t.Iterator[tuple[str, Case]]:
    run = functools.partial(functools.partial, _at_a_time, observation, cause="service_error")
    lay = functools.partial(_lay, "config.toml", CONFIGS["plain"], "file")
    yield "present", Case(lay, (), run(), run(**ABSENT), ())
    yield "absent", Case(lay, (run(),), run(**ABSENT), run(**ABSENT), ())


def _of_recovery() -> t.Iterator[tuple[str, Case]]:
    run = functools.partial(functools.partial, _at_a_time, recovery, why="a test")
    lay = functools.partial(_lay, "config.toml", CONFIGS["plain"], "file")
    applied, trial = run(event="applied"), run(event="trial_started", revision=1)
    yield "applied", Case(lay, (), applied, run(event="taken_back", revision=1), ())
    forget = run(event="taken_back", revision=2)
    yield "trial", Case(lay, (applied,), trial, forget, ())
    yield "taken-back", Case(lay, (applied, trial), forget, forget, ())


CASES: t.Mapping[str, Case] = {
    f"{module}-{name}": case
    for module, cases in (
        ("http_provider", _of_http_provider()),
        ("proxy_env", _of_proxy_env()),
        ("observation", _of_observation()),
        ("recovery", _of_recovery()),
    )
    for name, case in cases
}
