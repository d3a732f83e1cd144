# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients of one user: found, told apart, and asked for their version."""

from __future__ import annotations

import errno
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _client
from ansible_collections.devfleet.codex.plugins.module_utils._client import (
    ClientNotRunnable,
    examine,
    find_executables,
    install_method,
)
from support.stubs import codex, script


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which alone clients are looked for."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    own = tuple(place for place in _client._PLACES if place.startswith(("~", "{")))
    monkeypatch.setattr(_client, "_PLACES", own)
    return folder


def found(home: Path, *path: Path) -> list[str]:
    """The clients found, relative to ``home`` where they are below it."""
    every = find_executables(str(home / ".codex"), os.pathsep.join(map(str, path)))
    return [one.replace(f"{home}/", "") for one in every]


def test_the_path_comes_first_and_an_editors_own_copy_last(home: Path, tmp_path: Path) -> None:
    places = [
        ".local/bin/codex",
        ".nvm/versions/node/v20.11.1/bin/codex",
        ".volta/bin/codex",
        ".bun/bin/codex",
        ".codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/codex",
        ".vscode/extensions/openai.chatgpt-0.4.15-linux-x64/bin/linux-x86_64/codex",
    ]
    for place in reversed(places):
        script(home / place, "exit 0")
    on_path = script(tmp_path / "bin/codex", "exit 0")
    assert found(home, tmp_path / "empty", on_path.parent) == [str(on_path), *places]


@pytest.mark.parametrize("place", [place for place in _client._PLACES if place[0] in "~{"])
def test_every_place_is_looked_at(home: Path, place: str) -> None:
    expanded = place.replace("~", str(home)).replace("{codex_home}", str(home / ".codex"))
    path = script(Path(expanded.replace("*", "1.2.3")), "exit 0")
    assert find_executables(str(home / ".codex"), "") == [str(path)]


def test_the_newest_of_several_nodes_is_first_by_number(home: Path) -> None:
    for version in ("v9.11.2", "v20.9.0", "v20.11.1", "v18.20.0", "system"):
        script(home / f".nvm/versions/node/{version}/bin/codex", "exit 0")
    assert [path.split("/")[3] for path in found(home)] == [
        "v20.11.1",
        "v20.9.0",
        "v18.20.0",
        "v9.11.2",
        "system",
    ]


def test_links_to_one_client_are_one_client(home: Path, tmp_path: Path) -> None:
    real = script(home / ".npm-global/lib/node_modules/@openai/codex/bin/codex.js", "exit 0")
    for place in (home / ".npm-global/bin/codex", home / ".local/bin/codex", tmp_path / "b/codex"):
        place.parent.mkdir(parents=True)
        place.symlink_to(real)
    assert found(home, tmp_path / "b", tmp_path / "b") == [str(tmp_path / "b/codex")]


def test_what_is_no_client_is_passed_over(home: Path, tmp_path: Path) -> None:
    for name in ("folder", "text", "dangling", "loop"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder/codex").mkdir()
    (tmp_path / "text/codex").touch(mode=0o644)
    (tmp_path / "dangling/codex").symlink_to("nowhere")
    (tmp_path / "loop/codex").symlink_to("codex")
    path = [tmp_path / name for name in ("folder", "text", "dangling", "loop")]
    assert found(home, *path) == []


def test_the_current_folder_is_never_searched(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin/codex", "exit 0")
    monkeypatch.chdir(tmp_path / "bin")
    assert find_executables(str(home), f":.:{os.pathsep}../bin") == []


def test_a_machine_full_of_clients_is_not_searched_for_ever(home: Path) -> None:
    for number in range(20):
        script(home / f".nvm/versions/node/v{number}.0.0/bin/codex", "exit 0")
    assert len(found(home)) == _client.MOST_INSTALLATIONS


def test_a_codex_home_with_wildcards_is_taken_by_its_name(home: Path) -> None:
    name = "releases/0.169.0/codex"
    odd = script(home / "[a]*/packages/standalone" / name, "exit 0")
    script(home / "a/packages/standalone" / name, "exit 0")
    assert find_executables(str(home / "[a]*"), "") == [str(odd)]


NPM = "lib/node_modules/@openai/codex/bin/codex.js"
VENDORED = "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"


@pytest.mark.parametrize(
    ("link", "target", "method"),
    [
        ("usr/local/bin/codex", f"usr/local/{NPM}", "npm"),
        (".nvm/versions/node/v20.11.1/bin/codex", f".nvm/versions/node/v20.11.1/{NPM}", "npm"),
        (".npm-global/bin/codex", f".npm-global/{NPM}", "npm"),
        (f"usr/lib/{VENDORED}", None, "npm"),
        ("opt/homebrew/bin/codex", f"opt/homebrew/{NPM}", "npm"),
        ("opt/homebrew/bin/codex", "opt/homebrew/Caskroom/codex/0.169.0/codex", "brew"),
        ("usr/local/bin/codex", "usr/local/Caskroom/codex/0.169.0/codex", "brew"),
        ("usr/local/bin/codex", "usr/local/Cellar/codex/0.169.0/bin/codex", "brew"),
        ("linuxbrew/.linuxbrew/bin/codex", "linuxbrew/.linuxbrew/Cellar/codex/1/bin/codex", "brew"),
        (".bun/bin/codex", f".bun/install/global/{NPM[4:]}", "bun"),
        (".local/share/pnpm/codex", None, "pnpm"),
        ("Library/pnpm/codex", None, "pnpm"),
        (".volta/bin/codex", ".volta/bin/volta-shim", "volta"),
        (
            ".local/bin/codex",
            ".codex/packages/standalone/releases/0.169.0-aarch64-apple-darwin/codex",
            "standalone",
        ),
        (".vscode/extensions/openai.chatgpt-0.4.15/bin/macos-aarch64/codex", None, "vscode"),
        (".cursor/extensions/openai.chatgpt-0.4.15/bin/linux-x86_64/codex", None, "vscode"),
        (".local/bin/codex", None, "unknown"),
        (".asdf/shims/codex", None, "unknown"),
    ],
)
def test_install_method(home: Path, link: str, target: str | None, method: str) -> None:
    path = home / link
    if target:
        path.parent.mkdir(parents=True)
        path.symlink_to(script(home / target, "exit 0"))
    else:
        script(path, "exit 0")
    assert install_method(str(path)) == method


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        pytest.param(["echo codex-cli 0.169.0"], "0.169.0", id="usual"),
        pytest.param(["echo WARNING: proceeding >&2; echo codex-cli 0.1.2"], "0.1.2", id="warns"),
        pytest.param(["echo 0.1.2; exit 1"], None, id="fails"),
        pytest.param(["echo codex-cli 0.1.2 >&2"], None, id="on-stderr"),
        pytest.param(["exit 0"], None, id="nothing"),
        pytest.param(["echo usage: codex"], None, id="no-version"),
        pytest.param(["printf '\\377\\376 0.1.2'"], "0.1.2", id="not-utf-8"),
        pytest.param(["head -c 600 /dev/zero; echo 0.1.2"], None, id="far-away"),
    ],
)
def test_the_version(home: Path, lines: list[str], version: str | None) -> None:
    path = script(home / "codex", *lines)
    installation = examine(str(path), {"PATH": os.defpath})
    assert installation.executable == str(path)
    assert (installation.version.text if installation.version else None) == version


def test_the_client_gets_a_terminal_its_own_folder_and_no_input(home: Path) -> None:
    path = script(home / "bin/codex", 'echo "$TERM|$PATH|$MINE|$(pwd -P)" > said', "cat")
    _client.run(str(path), [], {"TERM": "dumb", "PATH": os.defpath, "MINE": "kept"}, 60)
    assert (home / "said").read_text() == (
        f"xterm-256color|{home}/bin:{os.defpath}|kept|{home.resolve()}\n"
    )


def test_a_client_without_a_home_runs_at_the_root(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(home / "codex", "pwd")
    monkeypatch.setenv("HOME", str(home / "gone"))
    assert _client.run(str(path), [], {}, 60).stdout == b"/\n"


def raising(error: Exception) -> t.Callable[..., t.NoReturn]:
    def run_bounded(*_: t.Any) -> t.NoReturn:
        raise error

    return run_bounded


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ETXTBSY, "Text file busy"), "Text file busy"),
        (OSError(errno.ENOEXEC, "Exec format error"), "Exec format error"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError(errno.E2BIG, "Argument list too long"), "Argument list too long"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
    ids=str,
)
def test_a_client_that_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    monkeypatch.setattr(_client, "run_bounded", raising(error))
    with pytest.raises(ClientNotRunnable, match=f"/bin/codex cannot be run: {reason}"):
        examine("/bin/codex", {})


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/no/such/interpreter\n"], ids=repr)
def test_a_file_that_is_no_program(home: Path, content: bytes) -> None:
    path = home / "codex"
    path.write_bytes(content)
    path.chmod(0o755)
    with pytest.raises(ClientNotRunnable, match="cannot be run"):
        examine(str(path), {})


def test_a_null_byte_in_an_argument_is_refused(home: Path) -> None:
    stub = codex(home / "codex", "0.169.0")
    with pytest.raises(ClientNotRunnable, match="null byte"):
        _client.run(str(stub.path), ["a\0b"], {}, 60)


def test_a_client_that_does_not_tell_its_version_in_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_client, "VERSION_TIMEOUT", 0.2)
    path = script(home / "codex", "exec sleep 300")
    with pytest.raises(ClientNotRunnable, match=r"did not end within 0\.2 s"):
        examine(str(path), {"PATH": os.defpath})
