# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the pinned tomlkit under plugins/module_utils/_vendor, its imports made relative.

Ansible ships a module's helpers to the target by following relative imports, so a package whose
imports are relative travels with the module, and the target needs no tomlkit of its own.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
import zipfile
from pathlib import Path, PurePosixPath

Files = t.Mapping[PurePosixPath, bytes]

PACKAGE = "tomlkit"
VERSION = "0.15.2"
SHA256 = "05562412163a3037b94497385fb7f9204c637bc605af7a48199e41cf2272f437"

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "plugins/module_utils/_vendor" / PACKAGE
WHEEL = ROOT / ".cache/vendor" / f"{PACKAGE}-{VERSION}-py3-none-any.whl"


class VendorError(Exception):
    """What stops the vendoring; the text is a sentence for the developer."""


def relative_imports(source: str, path: PurePosixPath) -> str:
    """`source` with every import of PACKAGE made relative to `path`, its place in the package.

    Raises VendorError for the forms that have no relative spelling (`import tomlkit.api`).
    """
    dots = "." * len(path.parts)
    relative = re.sub(
        rf"^(\s*from ){PACKAGE}(?:\.([\w.]+))?( import\b)",
        lambda match: f"{match[1]}{dots}{match[2] or ''}{match[3]}",
        source,
        flags=re.MULTILINE,
    )
    for node in ast.walk(ast.parse(relative)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        if any(name.split(".")[0] == PACKAGE for name in names):
            line = relative.splitlines()[t.cast("ast.stmt", node).lineno - 1].strip()
            raise VendorError(
                f'{PACKAGE}/{path}: "{line}" has no relative form; teach scripts/vendor.py to'
                " rewrite it."
            )
    return relative


def vendored(wheel: Path) -> Files:
    """What belongs under TARGET: the package in `wheel` and its licence, by path below TARGET."""
    files: dict[PurePosixPath, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inside = PurePosixPath(name)
            if inside.parts[0] == PACKAGE:
                path = inside.relative_to(PACKAGE)
                content = archive.read(name)
                if path.suffix == ".py":
                    content = relative_imports(content.decode("utf-8"), path).encode("utf-8")
                files[path] = content
            elif inside.name == "LICENSE":
                files[PurePosixPath(inside.name)] = archive.read(name)
    if PurePosixPath("LICENSE") not in files:
        raise VendorError(f"{wheel.name} holds no LICENSE, so {PACKAGE} cannot be passed on.")
    return files


def present(folder: Path) -> Files:
    """The files below `folder` by path, without what Python compiles there by itself."""
    return {
        PurePosixPath(path.relative_to(folder).as_posix()): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(wanted: Files, found: Files) -> list[str]:
    """One phrase for each path that `found` lacks, has too many or holds otherwise; sorted."""
    return [
        f"{path} is missing"
        if path not in found
        else f"{path} does not belong there"
        if path not in wanted
        else f"{path} was changed"
        for path in sorted({*wanted, *found})
        if wanted.get(path) != found.get(path)
    ]


def has_pinned_hash(wheel: Path) -> bool:
    """Whether `wheel` is there and is the very file that SHA256 names."""
    return wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256


def download(wheel: Path) -> None:
    """Fetch the pinned wheel with pip to `wheel`. Raises VendorError when pip cannot."""
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheel.parent) as scratch:
        requirements = Path(scratch, "requirements.txt")
        requirements.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n", encoding="ascii")
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-qq"]
        command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", scratch]
        done = subprocess.run(
            [*command, "-r", str(requirements)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise VendorError(
                f"pip could not fetch {PACKAGE} {VERSION}: {reason}. See that pip reaches its"
                " package index, then run make vendor again."
            )
        Path(scratch, wheel.name).replace(wheel)


def wanted_files() -> Files:
    """What belongs under TARGET, from the wheel in .cache or, where it is not, from pip."""
    if not has_pinned_hash(WHEEL):
        download(WHEEL)
    return vendored(WHEEL)


def write() -> None:
    """Bring TARGET to what the pinned wheel holds; leave it alone when it is that already."""
    wanted = wanted_files()
    if not differences(wanted, present(TARGET)):
        return
    with tempfile.TemporaryDirectory(dir=WHEEL.parent) as scratch:
        folder = Path(scratch, PACKAGE)
        for path, content in wanted.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        shutil.rmtree(TARGET, ignore_errors=True)
        folder.rename(TARGET)
    print(f"{PACKAGE} {VERSION} is in {TARGET.relative_to(ROOT)}.")


def check() -> None:
    """Raise VendorError unless TARGET is what the pinned wheel holds."""
    found = differences(wanted_files(), present(TARGET))
    if found:
        raise VendorError(f"{TARGET.relative_to(ROOT)}: {'; '.join(found)}. Run make vendor.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["write", "check"], nargs="?", default="write")
    command = {"write": write, "check": check}[parser.parse_args().command]
    try:
        command()
    except (VendorError, OSError) as error:
        sys.exit(f"scripts/vendor.py: {error}")


if __name__ == "__main__":
    main()
