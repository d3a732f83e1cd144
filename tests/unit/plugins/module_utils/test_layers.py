# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which layer of configuration decides the provider."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._layers import (
    Layers,
    OverrideRefused,
    Provider,
    active_provider,
    effective,
    merge,
    provider_file,
    read_layers,
    with_overrides,
)
from ansible_collections.devfleet.codex.plugins.module_utils._toml import SIZE_LIMIT

Tables = dict[str, t.Any]


def layers(**documents: Tables) -> Layers:
    return Layers(documents, ())


GATEWAY = {"model_provider": "gw", "model_providers": {"gw": {"base_url": "https://gw"}}}


@pytest.mark.parametrize(
    ("given", "told", "expected"),
    [
        pytest.param(layers(), None, Provider("openai", "default", None, ""), id="nothing"),
        pytest.param(
            layers(user=GATEWAY),
            None,
            Provider("gw", "user", {"base_url": "https://gw"}, "user"),
            id="user",
        ),
        pytest.param(
            layers(user={"model_provider": "a"}, system={"model_provider": "b"}),
            None,
            Provider("a", "user", None, ""),
            id="user-beats-system",
        ),
        pytest.param(
            layers(user={"model_provider": "a"}, override={"model_provider": "b"}),
            None,
            Provider("b", "override", None, ""),
            id="override-beats-user",
        ),
        pytest.param(
            layers(managed={"model_provider": "a"}, override={"model_provider": "b"}),
            None,
            Provider("a", "managed", None, ""),
            id="managed-beats-override",
        ),
        pytest.param(
            layers(managed={"model_provider": "a"}, requirements={"model_provider": "b"}),
            None,
            Provider("b", "requirements", None, ""),
            id="requirements-beat-all",
        ),
        pytest.param(
            layers(system=GATEWAY),
            None,
            Provider("gw", "system", {"base_url": "https://gw"}, "system"),
            id="system",
        ),
        pytest.param(
            layers(
                system=GATEWAY,
                user={"model_providers": {"gw": {"supports_websockets": False}}},
            ),
            None,
            Provider(
                "gw", "system", {"base_url": "https://gw", "supports_websockets": False}, "user"
            ),
            id="tables-merge-per-key",
        ),
        pytest.param(
            layers(user=GATEWAY),
            "corp",
            Provider("corp", "managed", None, ""),
            id="the-client-knows-better",
        ),
        pytest.param(
            layers(user={"profile": "x", "profiles": {"x": {"model_provider": "gw"}}}),
            "gw",
            Provider("gw", "user", None, ""),
            id="the-profile-of-an-older-client",
        ),
        pytest.param(
            layers(user={"profile": "x", "profiles": {"x": 1, "y": {"model_provider": "gw"}}}),
            "gw",
            Provider("gw", "managed", None, ""),
            id="another-profile-of-an-older-client",
        ),
        pytest.param(
            layers(user=GATEWAY),
            "gw",
            Provider("gw", "user", {"base_url": "https://gw"}, "user"),
            id="the-client-agrees",
        ),
        pytest.param(
            layers(user={"model_provider": ["gw"], "model_providers": {"openai": 1}}),
            None,
            Provider("openai", "default", None, ""),
            id="other-types",
        ),
        pytest.param(
            layers(user={"model_provider": "gw", "model_providers": []}),
            None,
            Provider("gw", "user", None, ""),
            id="providers-as-a-list",
        ),
    ],
)
def test_the_active_provider(given: Layers, told: str | None, expected: Provider) -> None:
    assert active_provider(given, told) == expected


def test_every_file_is_its_layer(tmp_path: Path) -> None:
    home, system = tmp_path / "home", tmp_path / "etc"
    home.mkdir()
    system.mkdir()
    (home / "config.toml").write_text('model = "u"\n')
    (system / "config.toml").write_bytes(b'\xef\xbb\xbfmodel = "s"\r\n')
    (system / "managed_config.toml").write_text('model = "m"\n')
    (system / "requirements.toml").write_text('model = "r"\n')
    read = read_layers(str(home), str(system))
    assert read.problems == ()
    assert {layer: document["model"] for layer, document in read.documents.items()} == {
        "user": "u",
        "system": "s",
        "managed": "m",
        "requirements": "r",
    }


@pytest.mark.parametrize(
    ("files", "told", "deciding"),
    [
        ([], None, None),
        (["home/config.toml"], None, "home/config.toml"),
        (["etc/config.toml"], None, "etc/config.toml"),
        (["home/config.toml", "etc/config.toml"], None, "home/config.toml"),
        (["home/config.toml", "etc/managed_config.toml"], None, "etc/managed_config.toml"),
        (["etc/requirements.toml", "etc/managed_config.toml"], None, "etc/requirements.toml"),
        (["home/config.toml"], "home/config.toml", "home/config.toml"),
        (["home/config.toml"], "corp", None),
    ],
    ids=str,
)
def test_the_file_that_decides_is_named(
    files: list[str], told: str | None, deciding: str | None, tmp_path: Path
) -> None:
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'model_provider = "{name}"\n')
    read = read_layers(str(tmp_path / "home"), str(tmp_path / "etc"), ())
    expected = deciding and str(tmp_path / deciding)
    assert provider_file(read, active_provider(read, told)) == expected


def test_an_override_lies_in_no_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('model_provider = "mine"\n')
    read = with_overrides(read_layers(str(tmp_path), "/none", ()), ["model_provider=openai"])
    assert provider_file(read, active_provider(read, None)) is None
    assert list(read.paths) == ["user"]


def test_a_projects_file_cannot_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    (project / ".codex").mkdir(parents=True)
    (project / ".codex/config.toml").write_text('model_provider = "project"\n[broken\n')
    monkeypatch.chdir(project)
    read = read_layers(str(tmp_path / "home"), str(tmp_path / "etc"), ())
    assert read == Layers({}, ())
    assert active_provider(read, None).active == "openai"


def test_a_folder_that_may_not_be_entered_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.lstat

    def refuse(path: t.Any, **options: t.Any) -> os.stat_result:
        if os.fspath(path).startswith("/etc/closed/"):
            raise PermissionError(13, "Permission denied", path)
        return genuine(path, **options)

    monkeypatch.setattr(os, "lstat", refuse)
    read = read_layers(str(tmp_path), "/etc/closed", ())
    assert read.documents == {}
    assert [problem.split(": ")[0] for problem in read.problems] == [
        "/etc/closed/requirements.toml",
        "/etc/closed/managed_config.toml",
        "/etc/closed/config.toml",
    ]


def test_all_layers_together() -> None:
    together = effective(
        layers(
            system={"a": "system", "t": {"x": "system", "y": "system"}},
            user={"a": "user", "b": "user", "t": {"x": "user"}},
            override={"b": "override"},
            managed={"c": "managed"},
            mdm_managed={"c": "mdm", "d": "mdm"},
            requirements={"d": "required", "e": "required"},
            mdm_requirements={"e": "mdm"},
        )
    )
    assert together == {
        "a": "user",
        "b": "override",
        "c": "mdm",
        "d": "required",
        "e": "mdm",
        "t": {"x": "user", "y": "system"},
    }


def test_files_that_are_not_there_are_no_problem(tmp_path: Path) -> None:
    assert read_layers(str(tmp_path / "a"), str(tmp_path / "b")) == Layers({}, ())


def not_toml(path: Path) -> None:
    path.write_text('secret = "sk-1"\nmodel = \n')


def not_utf8(path: Path) -> None:
    path.write_bytes(b"# caf\xe9\n")


def too_large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "bad",
    [not_toml, not_utf8, too_large, dangling, Path.mkdir, os.mkfifo],
    ids=lambda one: one.__name__,
)
def test_a_bad_file_is_named_and_left_out(bad: t.Callable[[Path], t.Any], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    bad(config)
    read = read_layers(str(tmp_path), str(tmp_path / "none"))
    assert read.documents == {}
    (problem,) = read.problems
    assert str(config) in problem
    assert "sk-1" not in problem
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("overrides", "document"),
    [
        ([], {}),
        (['model_provider="a"'], {"model_provider": "a"}),
        (["model_provider=openai"], {"model_provider": "openai"}),
        (["a.b.c=true", "a.b.d = 1"], {"a": {"b": {"c": True, "d": 1}}}),
        (["a=1", "a=2"], {"a": 2}),
        (["a=", "b=x=y"], {"a": "", "b": "x=y"}),
        (['a={b="c"}'], {"a": {"b": "c"}}),
    ],
    ids=str,
)
def test_overrides(overrides: list[str], document: Tables) -> None:
    assert with_overrides(layers(user=GATEWAY), overrides).documents == {
        "user": GATEWAY,
        "override": document,
    }


@pytest.mark.parametrize(
    "override", ["", "[a]", "=1", "a", "a b=c", "[a", "\n=1", "a=\ud800"], ids=repr
)
def test_an_override_that_the_client_does_not_take(override: str) -> None:
    with pytest.raises(OverrideRefused) as refusal:
        with_overrides(layers(), [override])
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": {"x": 1}}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
    ],
    ids=str,
)
def test_merge(lower: Tables, upper: Tables, merged: Tables) -> None:
    kept = repr(lower)
    assert merge(lower, upper) == merged
    assert repr(lower) == kept
