# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give documents that nobody thought of to everything that reads what others have written.

    fuzz.py [--seconds N] [--figures FILE] [TARGET ...]

atheris makes them, from tests/fixtures and from what earlier runs have found worth keeping in
.cache/fuzz, and follows the branches they take. The seconds are shared out among the targets of
tests/fuzzing/targets.py. A find is made as small as it can be and kept in .cache/fuzz/finds: mend
what it shows, and put it into tests/fixtures/fuzz, where the unit tests look at it from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import re
import shutil
import subprocess
import sys
import traceback
import typing as t
from pathlib import Path

from build_environment import REQUIREMENTS, ROOT, digest

sys.path.insert(0, str(ROOT / "tests"))

from support.figures import output

HOME = ROOT / ".cache/fuzz"
TOOLS = HOME / "tools"
STAMP = TOOLS / "requirements.sha256"
OWN = ROOT / "tests/requirements-fuzz.txt"
CORPUS = HOME / "corpus"
FINDS = HOME / "finds"
KEPT = ROOT / "tests/fixtures/fuzz"
PACKAGE = "ansible_collections.devfleet.codex"
LONGEST = 4096
"""Bytes of a document; what a larger one shows, a smaller one shows sooner."""
SLOW = 20
"""Seconds that no document may take."""
MEMORY = 1024
"""MiB that no document may take."""
_RUNS = re.compile(r"^stat::number_of_executed_units: (\d+)$", re.MULTILINE)

Check = t.Callable[[bytes], None]


class Fuzzed(t.NamedTuple):
    """What became of one target: the documents given to it, and the file of a find."""

    documents: int
    find: Path | None


class FuzzError(Exception):
    """What stops the run; the text is a sentence for the developer."""


def install() -> None:
    """Put atheris into .cache/fuzz/tools, unless what is pinned is there."""
    wanted = digest((*REQUIREMENTS, OWN))
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    command += ["--no-deps", "--only-binary", ":all:", "--target", str(TOOLS)]
    if subprocess.run([*command, "--requirement", str(OWN)], check=False).returncode != 0:
        raise FuzzError(
            "pip could not install atheris, of which there are wheels for Linux alone; its own"
            " message is above. The unit tests fuzz without it: pytest --full tests/unit/fuzzing."
        )
    STAMP.write_text(wanted, encoding="ascii")


def targets() -> t.Mapping[str, t.Any]:
    """The targets, made known as pytest does it."""
    sys.path.insert(0, str(ROOT / ".cache/collections"))
    found: t.Mapping[str, t.Any] = importlib.import_module("fuzzing.targets").TARGETS
    return found


def fuzz_here(name: str, seconds: int) -> None:
    """Fuzz one target for `seconds`, in this process, which ends with the run."""
    sys.path.insert(0, str(TOOLS))
    atheris: t.Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[PACKAGE]):
        target = targets()[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    kept = [path.read_bytes() for path in sorted(KEPT.glob(f"{name}/*"))]
    for seed in (*target.seeds, *kept):
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    words = HOME / f"{name}.dict"
    words.write_text("".join(f'"{escaped(token)}"\n' for token in target.tokens), encoding="ascii")
    FINDS.mkdir(exist_ok=True)
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": SLOW,
        "rss_limit_mb": MEMORY,
        "dict": words,
        "artifact_prefix": FINDS / f"{name}-",
        "print_final_stats": 1,
    }
    arguments = [f"-{key}={value}" for key, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], target.check)
    atheris.Fuzz()


def escaped(token: bytes) -> str:
    """A token as libFuzzer reads it in a dictionary."""
    return "".join(f"\\x{byte:02x}" for byte in token)


def fuzz(name: str, seconds: int) -> Fuzzed:
    """Fuzz one target in a process of its own; raises FuzzError when that did not even begin."""
    before = set(FINDS.glob(f"{name}-*"))
    done = subprocess.run(
        [sys.executable, __file__, "--seconds", str(seconds), "--here", name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    printed = done.stdout.decode("utf-8", "replace")
    (HOME / f"{name}.log").write_text(printed, encoding="utf-8")
    runs = _RUNS.search(printed)
    found = sorted(set(FINDS.glob(f"{name}-*")) - before)
    if not found and (runs is None or done.returncode != 0):
        raise FuzzError(f"fuzzing {name} ended at once; read {HOME / name}.log.")
    return Fuzzed(int(runs[1]) if runs else 0, found[0] if found else None)


def fault(check: Check, data: bytes) -> str | None:
    """What `check` raises for `data`, and where; None for nothing."""
    try:
        check(data)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}: {error}"
    return None


def smallest(check: Check, data: bytes) -> bytes:
    """The document with the same fault that no single cut makes smaller."""
    wanted = (fault(check, data) or "").partition(":")[0]
    size = len(data) // 2
    while size:
        start = 0
        while start < len(data):
            shorter = data[:start] + data[start + size :]
            if (fault(check, shorter) or "").partition(":")[0] == wanted:
                data = shorter
            else:
                start += size
        size //= 2
    return data


def told(name: str, check: Check, find: Path) -> str:
    """A find, made small and told; one that takes too long or too much stays as it is."""
    data = find.read_bytes()
    if find.name.startswith((f"{name}-timeout", f"{name}-oom")):
        return f"{name}: {find} takes more than {SLOW} s or {MEMORY} MiB"
    if fault(check, data) is None:
        return f"{name}: {find} fails under atheris alone, such as for the depth of its own calls"
    small = smallest(check, data)
    find.write_bytes(small)
    return f"{name}: {fault(check, small)}\n  {small!r}\n  {find}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="of all targets together")
    parser.add_argument("--figures", type=Path, help="write the sums there, without finds")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", help="such as toml-edit; all without one")
    options = parser.parse_args()
    if options.here:
        fuzz_here(options.here, options.seconds)
        return
    known = targets()
    chosen = options.targets or list(known)
    if unknown := set(chosen) - set(known):
        sys.exit(f"make fuzz: there is no target {', '.join(sorted(unknown))}.")
    place = output(options.figures) if options.figures else None
    figures: dict[str, int] = {}
    finds: list[str] = []
    try:
        install()
        for name in chosen:
            fuzzed = fuzz(name, max(1, options.seconds // len(chosen)))
            figures[f"documents given to {known[name].what}"] = fuzzed.documents
            print(f"{fuzzed.documents:>12,} documents given to {known[name].what}", flush=True)
            if fuzzed.find is not None:
                finds.append(told(name, known[name].check, fuzzed.find))
                print(finds[-1], flush=True)
    except FuzzError as error:
        sys.exit(f"make fuzz: {error}")
    print(f"{sum(figures.values()):>12,} documents in all, {len(finds)} finds")
    if finds:
        sys.exit(1)
    if place:
        place.write(figures)


if __name__ == "__main__":
    main()
