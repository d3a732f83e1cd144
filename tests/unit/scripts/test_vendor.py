# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import pytest
import vendor


@pytest.mark.parametrize(
    ("path", "source", "wanted"),
    [
        pytest.param(
            "api.py", "from tomlkit.items import A\n", "from .items import A\n", id="module"
        ),
        pytest.param("a.py", "from tomlkit import items\n", "from . import items\n", id="package"),
        pytest.param(
            "sub/a.py", "from tomlkit.items import A\n", "from ..items import A\n", id="subpackage"
        ),
        pytest.param(
            "sub/__init__.py",
            "from tomlkit.sub.b import A\n",
            "from ..sub.b import A\n",
            id="subpackage-init",
        ),
        pytest.param(
            "a.py",
            "if x:\n    from tomlkit.items import A\n",
            "if x:\n    from .items import A\n",
            id="indented",
        ),
        pytest.param(
            "a.py",
            "from tomlkit_extra import A\nimport re\n",
            "from tomlkit_extra import A\nimport re\n",
            id="other-packages",
        ),
        pytest.param("a.py", "from .items import A\n", "from .items import A\n", id="relative"),
    ],
)
def test_relative_imports(path: str, source: str, wanted: str) -> None:
    assert vendor.relative_imports(source, PurePosixPath(path)) == wanted


@pytest.mark.parametrize("source", ["import tomlkit\n", "import re, tomlkit.api as api\n"])
def test_relative_imports_refuses_what_has_no_relative_form(source: str) -> None:
    with pytest.raises(vendor.VendorError, match=r"^tomlkit/a\.py: \"import "):
        vendor.relative_imports(source, PurePosixPath("a.py"))


def test_vendored_is_the_package_and_its_licence(tmp_path: Path) -> None:
    wheel = tmp_path / "tomlkit.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tomlkit/api.py", "from tomlkit.items import A\n")
        archive.writestr("tomlkit/py.typed", "")
        archive.writestr("tomlkit-1.dist-info/METADATA", "Name: tomlkit\n")
        archive.writestr("tomlkit-1.dist-info/licenses/LICENSE", "MIT\n")
    assert vendor.vendored(wheel) == {
        PurePosixPath("api.py"): b"from .items import A\n",
        PurePosixPath("py.typed"): b"",
        PurePosixPath("LICENSE"): b"MIT\n",
    }


def test_vendored_refuses_a_wheel_without_licence(tmp_path: Path) -> None:
    wheel = tmp_path / "tomlkit.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tomlkit/api.py", "")
    with pytest.raises(vendor.VendorError, match=r"holds no LICENSE"):
        vendor.vendored(wheel)


def test_differences_names_each_path_once() -> None:
    def files(**contents: bytes) -> vendor.Files:
        return {PurePosixPath(name): content for name, content in contents.items()}

    assert vendor.differences(
        files(same=b"1", changed=b"1", missing=b"1"), files(same=b"1", changed=b"2", extra=b"1")
    ) == ["changed was changed", "extra does not belong there", "missing is missing"]


def test_present_leaves_out_compiled_files(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.cpython-39.pyc").write_bytes(b"")
    (tmp_path / "a.py").write_bytes(b"1\n")
    assert vendor.present(tmp_path) == {PurePosixPath("a.py"): b"1\n"}


def test_a_wheel_of_another_hash_is_not_taken(tmp_path: Path) -> None:
    wheel = tmp_path / "tomlkit.whl"
    wheel.write_bytes(b"not the pinned wheel")
    assert not vendor.has_pinned_hash(wheel)


def test_the_oldest_python_is_tried_with_the_version_that_is_vendored() -> None:
    requirements = (vendor.ROOT / "tests/requirements-target.txt").read_text(encoding="utf-8")
    assert f"{vendor.PACKAGE}=={vendor.VERSION}" in requirements.splitlines()
