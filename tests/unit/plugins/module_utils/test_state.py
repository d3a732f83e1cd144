# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered of a file, and that nothing found in its place can do harm."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import stat
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _record_place, _state
from ansible_collections.devfleet.codex.plugins.module_utils._files import FileRefused
from ansible_collections.devfleet.codex.plugins.module_utils._provider import Restore
from ansible_collections.devfleet.codex.plugins.module_utils._state import Record, Step, Variable
from ansible_collections.devfleet.codex.plugins.module_utils._toml_edit import Replacement

STEPS = (
    Step(None, "a" * 64, (Replacement(0, "", 'model_provider = "größe"\r\n'),)),
    Step("a" * 64, "b" * 64, (Replacement(3, "old", ""), Replacement(9, "\ufeff", "\x00"))),
)
RECORD = Record(
    "openai_http",
    (
        Restore(("model_provider",), None, "openai_http"),
        Restore(("model_providers", "a.b", "supports_websockets"), True, False),
    ),
    STEPS,
    variables=(Variable("HTTPS_PROXY", "http://ü:\udcff@h:1", None, ""),),
    found="a" * 64,
)


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "config.toml"


@pytest.fixture
def remembered(config: pathlib.Path) -> pathlib.Path:
    """The file of a record."""
    _state.save(str(config), RECORD)
    return pathlib.Path(_record_place.record_path(str(config)))


def document(remembered: pathlib.Path) -> dict[str, t.Any]:
    read: dict[str, t.Any] = json.loads(remembered.read_text())
    return read


def mode(path: pathlib.Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_record_is_loaded_as_it_was_saved(config: pathlib.Path, remembered: pathlib.Path) -> None:
    assert _state.load(str(config)) == RECORD
    assert remembered == config.parent / ".devfleet" / "config.toml.json"


def test_a_record_from_before_there_were_variables_is_loaded(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    without(remembered, "variables")
    without(remembered, "found")
    assert _state.load(str(config)) == dataclasses.replace(RECORD, variables=(), found=None)


def test_a_record_is_private_whatever_the_umask(config: pathlib.Path) -> None:
    umask = os.umask(0)
    try:
        _state.save(str(config), RECORD)
    finally:
        os.umask(umask)
    path = pathlib.Path(_record_place.record_path(str(config)))
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert os.listdir(path.parent) == ["config.toml.json"]


def test_two_files_have_a_record_each(config: pathlib.Path, remembered: pathlib.Path) -> None:
    other = config.with_name("http.config.toml")
    assert _state.load(str(other)) is None
    _state.save(str(other), Record("other", (), ()))
    _state.forget(str(other))
    assert _state.load(str(config)) == RECORD


def test_the_folder_goes_with_the_last_record(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    _state.forget(str(config))
    assert os.listdir(config.parent) == []
    _state.forget(str(config))


def change(path: pathlib.Path, **values: t.Any) -> None:
    path.write_text(json.dumps({**document(path), **values}))


def replace_by_folder(path: pathlib.Path) -> None:
    path.unlink()
    path.mkdir()


def without(path: pathlib.Path, key: str) -> None:
    path.write_text(json.dumps({k: v for k, v in document(path).items() if k != key}))


def in_a_linked_folder(path: pathlib.Path) -> None:
    path.parent.rename(path.parents[1] / "elsewhere")
    path.parent.symlink_to("elsewhere")


def in_a_file(path: pathlib.Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("not a folder")


def restores(path: pathlib.Path, *keys: str, **values: t.Any) -> None:
    change(path, restores=[{"path": keys, "before": None, "written": "openai_http", **values}])


def restores_a_table(path: pathlib.Path, provider_id: str, **values: t.Any) -> None:
    given = {"written": False, **values}
    restores(path, "model_providers", provider_id, "supports_websockets", **given)


NO_NAMES = {"surrogate": "\ud800x", "NUL": "x\u0000y", "endless": "a" * 100_000}

UNUSABLE = [
    pytest.param(pathlib.Path.unlink, id="missing"),
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    pytest.param(lambda path: path.write_bytes(path.read_bytes()[:100]), id="half-written"),
    pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), id="not-UTF-8"),
    pytest.param(lambda path: path.write_text("[" * 100_000), id="nested-too-deeply"),
    pytest.param(lambda path: path.write_text("[]"), id="a-list"),
    pytest.param(lambda path: path.write_text("null"), id="null"),
    pytest.param(replace_by_folder, id="directory"),
    pytest.param(in_a_linked_folder, id="linked-folder"),
    pytest.param(in_a_file, id="folder-is-a-file"),
    pytest.param(lambda path: change(path, format=2), id="newer-format"),
    pytest.param(lambda path: without(path, "format"), id="no-format"),
    pytest.param(lambda path: without(path, "steps"), id="no-steps"),
    pytest.param(lambda path: change(path, provider_id=3), id="id-is-a-number"),
    pytest.param(lambda path: change(path, restores=3), id="restores-is-a-number"),
    pytest.param(lambda path: change(path, restores=[3]), id="restore-is-a-number"),
    pytest.param(lambda path: change(path, restores=[{"path": [1]}]), id="path-of-numbers"),
    pytest.param(
        lambda path: change(path, restores=[{"path": ["a"], "before": [], "written": "b"}]),
        id="before-is-a-list",
    ),
    pytest.param(
        lambda path: change(path, restores=[{"path": "model", "before": None, "written": "b"}]),
        id="path-is-a-string",
    ),
    pytest.param(
        lambda path: change(path, restores=[{"path": [], "before": None, "written": "b"}]),
        id="path-is-empty",
    ),
    pytest.param(
        lambda path: change(path, steps=[{"before": 1, "after": "b", "replacements": []}]),
        id="digest-is-a-number",
    ),
    pytest.param(
        lambda path: change(
            path,
            steps=[
                {
                    "before": None,
                    "after": "b",
                    "replacements": [{"start": "0", "old": "", "new": ""}],
                }
            ],
        ),
        id="start-is-a-string",
    ),
    *(
        pytest.param(functools.partial(spoil, text), id=f"{where}-{name}")
        for name, text in NO_NAMES.items()
        for where, spoil in {
            "before": lambda text, path: restores(path, "model_provider", before=text),
            "written": lambda text, path: restores(path, "model_provider", written=text),
            "profile": lambda text, path: restores(path, "profiles", text, "model_provider"),
            "table": lambda text, path: restores_a_table(path, text),
        }.items()
    ),
    pytest.param(
        lambda path: restores(path, "model_provider", before=True), id="provider-before-is-a-flag"
    ),
    pytest.param(
        lambda path: restores(path, "model_provider", written=True), id="provider-is-a-flag"
    ),
    pytest.param(
        lambda path: restores(path, "profiles", "x", "model_provider", before=False),
        id="provider-of-a-profile-is-a-flag",
    ),
    pytest.param(lambda path: restores_a_table(path, "x", before="x"), id="flag-before-is-text"),
    pytest.param(lambda path: restores_a_table(path, "x", written="x"), id="flag-is-text"),
    pytest.param(lambda path: restores_a_table(path, "x", before=1), id="flag-is-a-number"),
    pytest.param(lambda path: change(path, provider_id="\ud800x"), id="id-that-is-not-Unicode"),
    pytest.param(lambda path: change(path, found=3), id="found-is-a-number"),
    pytest.param(lambda path: change(path, found="x"), id="found-is-no-digest"),
    pytest.param(lambda path: change(path, variables=3), id="variables-is-a-number"),
    pytest.param(lambda path: change(path, variables=[{"name": "A"}]), id="variable-of-a-name"),
    pytest.param(
        lambda path: change(
            path, variables=[{"name": "A", "before": 1, "written": None, "found": None}]
        ),
        id="variable-of-a-number",
    ),
]


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_what_is_no_record_of_ours_is_not_known(
    config: pathlib.Path, remembered: pathlib.Path, spoil: t.Callable[[pathlib.Path], t.Any]
) -> None:
    spoil(remembered)
    assert _state.load(str(config)) is None


@pytest.mark.parametrize(
    ("spoil", "left"),
    [
        pytest.param(pathlib.Path.unlink, [], id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), [], id="empty"),
        pytest.param(replace_by_folder, [".devfleet", "config.toml.json"], id="directory"),
        pytest.param(
            in_a_linked_folder, [".devfleet", "config.toml.json", "elsewhere"], id="linked-folder"
        ),
        pytest.param(in_a_file, [".devfleet"], id="folder-is-a-file"),
        pytest.param(
            lambda path: path.with_name("notes").touch(), [".devfleet", "notes"], id="other-file"
        ),
    ],
)
def test_forgetting_removes_nothing_of_others(
    config: pathlib.Path,
    remembered: pathlib.Path,
    spoil: t.Callable[[pathlib.Path], t.Any],
    left: list[str],
) -> None:
    spoil(remembered)
    _state.forget(str(config))
    assert sorted(path.name for path in config.parent.rglob("*")) == left


@pytest.mark.parametrize(
    "spoil", [pytest.param(in_a_linked_folder, id="link"), pytest.param(in_a_file, id="file")]
)
def test_nothing_is_saved_where_the_folder_is_not_ours(
    config: pathlib.Path, remembered: pathlib.Path, spoil: t.Callable[[pathlib.Path], t.Any]
) -> None:
    spoil(remembered)
    with pytest.raises(FileRefused, match="is not a folder of this user") as caught:
        _state.save(str(config), RECORD)
    assert str(remembered.parent) in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_of_another_user_is_not_used(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    os.chown(remembered.parent, 65534, 65534)
    assert _state.load(str(config)) is None
    with pytest.raises(FileRefused, match="is not a folder of this user"):
        _state.save(str(config), RECORD)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (None, None),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ],
)
def test_no_file_and_an_empty_one_are_told_apart(data: bytes | None, digest: str | None) -> None:
    assert _state.digest(data) == digest


def test_a_number_that_is_too_long_is_not_even_read(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    change(remembered, other=10**19)
    assert _state.load(str(config)) == RECORD
    change(remembered, other=10**20)
    assert _state.load(str(config)) is None


def test_what_was_remembered_is_remembered_again_for_a_change_that_is_not_made(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    before = remembered.read_bytes()
    other = Record("other", (), ())
    with pytest.raises(FileRefused), _state.intended(str(config), other):
        assert _state.load(str(config)) == other
        raise FileRefused("a test")
    assert remembered.read_bytes() == before


def test_a_change_that_is_not_made_does_not_move_the_time_of_the_last(
    config: pathlib.Path, remembered: pathlib.Path
) -> None:
    os.utime(remembered, ns=(1_700_000_000_000_000_001, 1_700_000_000_000_000_002))
    with pytest.raises(FileRefused), _state.intended(str(config), Record("other", (), ())):
        raise FileRefused("a test")
    assert remembered.stat().st_mtime_ns == 1_700_000_000_000_000_002


def test_nothing_is_remembered_of_a_first_change_that_is_not_made(config: pathlib.Path) -> None:
    with pytest.raises(FileRefused), _state.intended(str(config), RECORD):
        assert _state.load(str(config)) == RECORD
        raise FileRefused("a test")
    assert os.listdir(config.parent) == []
