# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records that were real and are spoiled anywhere: never a traceback, never a stranger's key."""

from __future__ import annotations

import copy
import functools
import json
import pathlib
import shutil
import tempfile
import typing as t

import pytest
import tomlrt
from ansible_collections.devfleet.codex.plugins.module_utils import (
    _observation_record,
    _record_place,
    _state,
)
from ansible_collections.devfleet.codex.plugins.module_utils._text import clean
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import http_provider, proxy_env
from support.fault_cases import ABSENT, CONFIGS, DOTENVS, OTHER, PURGE, SECOND, UNDO
from support.http_provider import is_one_sentence

# Derandomized: a run that fails can be repeated as it was.
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
OLD_PROFILE: dict[str, t.Any] = {"scope": "profile", "profile": "http", "codex_version": "0.130.0"}
RUNS: t.Mapping[str, tuple[str, tuple[dict[str, t.Any], ...]]] = {
    "once": ("plain", ({},)),
    "twice": ("plain", ({}, OTHER)),
    "taken-back": ("CRLF", ({}, ABSENT)),
    "gateway": ("gateway", ({},)),
    "from-nothing": ("no-file", ({},)),
    "profile": ("plain", (OLD_PROFILE,)),
}
PARTS = (
    "openai_http",
    "openai",
    "corp",
    "model_provider",
    "model_providers",
    "profiles",
    "http",
    "supports_websockets",
    "HTTPS_PROXY",
    "FOO",
    "\x1b[2J\u202e",
    "\ud800x",
    "x\x00y",
    "a" * 64,
    "a" * 100_000,
    "",
)
_SHALLOW = 3
"""Keys and numbers from the top: what the texts of replacements outnumber."""
_MAY_BE_WRITTEN = ("before", "written")

LEAVES: st.SearchStrategy[t.Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 400),
    st.sampled_from([10**30, 1e300, float("nan")]),
    st.sampled_from(PARTS),
    st.text(max_size=5),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(document: t.Any, here: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """Yield the way to every value in `document`, but for the format's number."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        if key != "format":
            yield (*here, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*here, key))


@st.composite
def spoiled(draw: st.DrawFn, document: t.Any) -> t.Any:
    """Draw `document` with one to three of its values gone, doubled, or others."""
    document = copy.deepcopy(document)
    for _time in range(draw(st.integers(1, 3))):
        ways = list(places(document))
        shallow = [way for way in ways if len(way) <= _SHALLOW]
        written = [way for way in ways if way[-1] in _MAY_BE_WRITTEN]
        way = draw(
            st.sampled_from(ways) | st.sampled_from(shallow) | st.sampled_from(written or ways)
        )
        holder = functools.reduce(lambda value, key: value[key], way[:-1], document)
        how = draw(st.sampled_from(["other", "other", "cut", "gone", "doubled"]))
        value = holder[way[-1]]
        if how == "cut" and isinstance(value, (str, list)):
            holder[way[-1]] = value[: len(value) // 2]
        elif how == "gone":
            del holder[way[-1]]
        elif how == "doubled" and isinstance(holder, list):
            holder.append(copy.deepcopy(value))
        else:
            text = isinstance(value, str) or way in written
            holder[way[-1]] = draw(st.sampled_from(PARTS) | VALUES if text else VALUES)
    return document


def without_ours(config: bytes) -> t.Any:
    """What `config` means beside the keys that the cure writes, which Codex has to take."""
    document: dict[str, t.Any] = tomlrt.loads(config.decode()).to_dict()
    tables = [document, *document.get("profiles", {}).values()]
    assert all(isinstance(table.get("model_provider", ""), str) for table in tables)
    tables = list(document.get("model_providers", {}).values())
    assert all(isinstance(table.get("supports_websockets", False), bool) for table in tables)
    providers = document.get("model_providers", {})
    for name, table in list(providers.items()):
        if name.startswith("openai_http"):
            del providers[name]
        else:
            table.pop("supports_websockets", None)
    for holder in (document, document.get("profiles", {}).get("http", {})):
        holder.pop("model_provider", None)
    for name in ("profiles", "model_providers"):
        found = document.get(name, {})
        document[name] = {key: value for key, value in found.items() if value}
    return {key: value for key, value in document.items() if value}


@functools.cache
def cured(name: str) -> tuple[bytes, t.Any]:
    """A config file after runs of the module, and its record."""
    start, runs = RUNS[name]
    with tempfile.TemporaryDirectory() as folder:
        machine = http_provider.Machine(pathlib.Path(folder))
        if (data := CONFIGS[start]) is not None:
            machine.config.write_bytes(data)
        for options in runs:
            assert machine.run(**options)["changed"]
        record = pathlib.Path(_record_place.record_path(str(machine.config)))
        return machine.config.read_bytes(), json.loads(record.read_text())


ACTIONS: t.Mapping[str, dict[str, t.Any]] = {
    "present": {},
    "again": {**OTHER, "name": "x"},
    "absent": ABSENT,
    "undo": UNDO,
    "purge": PURGE,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", RUNS)
@settings(SETTINGS, max_examples=25)
@given(data=st.data())
def test_a_provider_with_a_spoiled_record(
    tmp_path: pathlib.Path, name: str, action: str, data: st.DataObject
) -> None:
    config, record = cured(name)
    document = data.draw(spoiled(record))
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    machine = http_provider.Machine(tmp_path)
    machine.config.write_bytes(config)
    path = pathlib.Path(_record_place.record_path(str(machine.config)))
    path.parent.mkdir(mode=0o700)
    path.write_text(json.dumps(document))
    options = {**(OLD_PROFILE if name == "profile" else {}), **ACTIONS[action]}
    result = machine.run(**options)
    assert is_one_sentence(result["msg"])
    assert all(one == clean(one, 5000) for one in result.values() if isinstance(one, str))
    found = machine.config.read_bytes() if machine.config.exists() else b""
    assert without_ours(found) == without_ours(config)
    if result.get("failed"):
        assert found == config
    if result.get("changed") is False:
        assert found == config


@functools.cache
def cured_proxy(name: str) -> tuple[bytes, t.Any]:
    """A `.env` after two runs of the module, and its record."""
    with tempfile.TemporaryDirectory() as folder:
        machine = proxy_env.Machine(pathlib.Path(folder))
        if (data := DOTENVS[name]) is not None:
            machine.dotenv.write_bytes(data)
        machine.present()
        machine.present(**SECOND)
        return machine.dotenv.read_bytes(), json.loads(machine.record.read_text())


def others_of(dotenv: bytes) -> list[bytes]:
    return [line for line in dotenv.splitlines() if b"_PROXY" not in line.upper()]


@pytest.mark.parametrize("action", ["present", "absent", "undo"])
@pytest.mark.parametrize("name", DOTENVS)
@settings(SETTINGS, max_examples=25)
@given(data=st.data())
def test_a_proxy_with_a_spoiled_record(
    tmp_path: pathlib.Path, name: str, action: str, data: st.DataObject
) -> None:
    dotenv, record = cured_proxy(name)
    document = data.draw(spoiled(record))
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    machine = proxy_env.Machine(tmp_path)
    machine.dotenv.write_bytes(dotenv)
    machine.record.parent.mkdir(mode=0o700)
    machine.record.write_text(json.dumps(document))
    result = machine.present() if action == "present" else machine.absent(undo=action == "undo")
    assert is_one_sentence(result["msg"])
    assert all(one == clean(one, 5000) for one in result.values() if isinstance(one, str))
    found = machine.dotenv.read_bytes() if machine.dotenv.exists() else b""
    assert others_of(found) == others_of(dotenv)
    if result.get("failed") or not result.get("changed"):
        assert found == dotenv


@pytest.mark.parametrize("name", RUNS)
def test_no_beginning_of_a_record_is_one(tmp_path: pathlib.Path, name: str) -> None:
    config = str(tmp_path / "config.toml")
    path = pathlib.Path(_record_place.record_path(config))
    path.parent.mkdir(mode=0o700)
    whole = json.dumps(cured(name)[1], indent=1).encode()
    path.write_bytes(whole)
    assert _state.load(config) is not None
    with path.open("r+b") as stream:
        for size in range(len(whole) - 1, -1, -1):
            stream.truncate(size)
            assert _state.load(config) is None


def test_no_beginning_of_what_was_observed_is_one(tmp_path: pathlib.Path) -> None:
    _observation_record.save(
        str(tmp_path), {"service_error": _observation_record.Observation(1.5, 2.5)}
    )
    path = pathlib.Path(_observation_record.record_path(str(tmp_path)))
    whole = path.read_bytes()
    assert _observation_record.load(str(tmp_path))
    with path.open("r+b") as stream:
        for size in range(len(whole) - 1, -1, -1):
            stream.truncate(size)
            assert not _observation_record.load(str(tmp_path))
