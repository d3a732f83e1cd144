# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the modules that decide, one place at a time, and see whether their tests notice.

    mutants.py [--again] [--sample N] [--figures FILE] [MODULE ...]

mutmut makes and tries the mutants, each in a process of its own, on copies in .cache/mutants.
tests/mutation/modules.yml names the modules with their tests, tests/mutation/survivors.yml what may
survive, and why. Results stand as long as all that the tests read does, so a run goes on where the
last one was stopped; --again tries what survived again, for tests that have only been added to.
--sample draws at most N mutants of a module, always the same ones, and more of them for a larger N.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from build_environment import REQUIREMENTS, ROOT, digest

sys.path.insert(0, str(ROOT / "tests"))

from support.figures import output

HOME = ROOT / ".cache/mutants"
TOOLS = HOME / "tools"
STAMP = TOOLS / "requirements.sha256"
OWN = ROOT / "tests/requirements-mutants.txt"
FOLDER = ROOT / "tests/mutation"
PLUGIN = FOLDER / "one_mutant.py"
STAMPS = "files.json"
COLLECTION = Path("ansible_collections/devfleet/codex")
# What the tests read of the repository.
COPIED = (
    "plugins",
    "roles/reconnect/meta",
    "tests/conftest.py",
    "tests/fixtures",
    "tests/support",
    "tests/unit",
)
BAR = 0.9
KILLED = (1, 3)
# Those of a process that was ended because its time was over.
ENDLESS = (24, 36, 152, 255, -24)
SKIPPED = 34
SEED = 20261121
# mutmut has no command for this part of its "run".
GENERATE = """\
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
copy_src_dir()
copy_also_copy_files()
create_mutants(1)
"""

CONFIGURATION = """\
[tool.pytest.ini_options]
pythonpath = [".", "{collection}/tests"]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]
[tool.mutmut]
source_paths = ["ansible_collections"]
only_mutate = ["{collection}/plugins/{module}.py"]
also_copy = ["{plugin}.py"]
pytest_add_cli_args = ["-p", "{plugin}"]
pytest_add_cli_args_test_selection = {tests}
track_dependencies = false
use_git_change_detection = false
"""

Modules = t.Mapping[str, t.Sequence[str]]


class Mutant(t.NamedTuple):
    """A change of one place: the module, the function and the lines before (-) and after (+)."""

    module: str
    function: str
    change: str


class Result(t.NamedTuple):
    """What became of the mutants of one module: `total` of `made` were tried.

    `endless` are killed ones too.
    """

    made: int
    total: int
    endless: int
    survived: tuple[Mutant, ...]


class MutantsError(Exception):
    """What stops the run; the text is a sentence for the developer."""


def install() -> None:
    """Put mutmut into .cache/mutants/tools, unless what is pinned is there."""
    wanted = digest((*REQUIREMENTS, OWN))
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    command += ["--no-deps", "--target", str(TOOLS), "--requirement", str(OWN)]
    if subprocess.run(command, check=False).returncode != 0:
        raise MutantsError(
            "pip could not install mutmut; its own message is above. Mend that and run make"
            " mutants again."
        )
    STAMP.write_text(wanted, encoding="ascii")


def tests_of(module: str, tests: t.Sequence[str]) -> list[Path]:
    """The test files that have to notice, from the root of the repository on."""
    kind = module.partition("/")[0]
    return [Path(f"tests/unit/plugins/{kind}/{name}.py") for name in tests]


def files_in(root: Path) -> list[Path]:
    """The files of COPIED below `root`, from there on, in order."""
    found = []
    for part in COPIED:
        source = root / part
        for path in source.rglob("*") if source.is_dir() else [source]:
            if path.is_file() and "__pycache__" not in path.parts:
                found.append(path.relative_to(root))
    return sorted(found)


def stamps(root: Path, module: str, tests: t.Sequence[str]) -> dict[str, str]:
    """The digests of the module itself, and of all that a result of it stands and falls with."""
    files = files_in(root)
    names = "\n".join([*map(str, files), "", *tests])
    contents = digest((*(root / path for path in files), PLUGIN))
    every = hashlib.sha256(f"{names}\n{contents}".encode()).hexdigest()
    return {"module": digest((root / f"plugins/{module}.py",)), "all": every}


def copy_anew(root: Path, folder: Path) -> None:
    """Bring the copy of the repository at `root` below `folder` up to date, by content.

    mutmut compares times, so what is the same keeps its own; what else mutmut has copied goes.
    """
    files = files_in(root)
    for within in files:
        copy = folder / COLLECTION / within
        data = (root / within).read_bytes()
        if not copy.is_file() or copy.read_bytes() != data:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
            if within.suffix != ".py":
                (folder / "mutants" / COLLECTION / within).unlink(missing_ok=True)
    for within in set(files_in(folder / COLLECTION)) - set(files):
        (folder / COLLECTION / within).unlink()
        (folder / "mutants" / COLLECTION / within).unlink(missing_ok=True)


def forget(folder: Path, module: str, wanted: t.Mapping[str, str], again: bool) -> None:
    """Forget the results in `folder` that do not stand; with `again` what was killed stands.

    Raises MutantsError for that where the module itself has changed.
    """
    stamp = folder / STAMPS
    known = json.loads(stamp.read_text(encoding="ascii")) if stamp.is_file() else {}
    if known == wanted:
        return
    if again and meta_path(folder, module).is_file():
        if known.get("module") != wanted["module"]:
            raise MutantsError(
                "it has changed since its mutants were tried, so no result of them stands; run"
                " this without --again."
            )
        forget_survivors(meta_path(folder, module))
    else:
        shutil.rmtree(folder / "mutants", ignore_errors=True)
    (folder / "mutants/mutmut-stats.json").unlink(missing_ok=True)


def prepare(module: str, tests: t.Sequence[str], again: bool) -> Path:
    """Make the folder in which mutmut works on `module`; raises MutantsError as `forget` does."""
    folder = HOME / module
    folder.mkdir(parents=True, exist_ok=True)
    wanted = stamps(ROOT, module, tests)
    forget(folder, module, wanted, again)
    copy_anew(ROOT, folder)
    shutil.copyfile(PLUGIN, folder / PLUGIN.name)
    selection = [str(COLLECTION / path) for path in tests_of(module, tests)]
    configuration = CONFIGURATION.format(
        collection=COLLECTION, module=module, plugin=PLUGIN.stem, tests=json.dumps(selection)
    )
    (folder / "pyproject.toml").write_text(configuration, encoding="utf-8")
    (folder / STAMPS).write_text(json.dumps(wanted), encoding="ascii")
    return folder


def meta_path(folder: Path, module: str) -> Path:
    """Where mutmut keeps the results of `module`."""
    return folder / "mutants" / COLLECTION / f"plugins/{module}.py.meta"


def forget_survivors(path: Path) -> None:
    """Have mutmut try again what was not killed."""
    meta = json.loads(path.read_text(encoding="utf-8"))
    codes = meta["exit_code_by_key"]
    meta["exit_code_by_key"] = {
        name: code if code in (*KILLED, SKIPPED) else None for name, code in codes.items()
    }
    path.write_text(json.dumps(meta, indent=4), encoding="utf-8")


def drawn(codes: t.Mapping[str, int | None], number: int | None) -> dict[str, int | None]:
    """The results with those of the mutants that are not drawn set to SKIPPED."""
    names = sorted(codes)
    random.Random(SEED).shuffle(names)
    chosen = set(names[:number])
    return {
        name: SKIPPED if name not in chosen else None if code == SKIPPED else code
        for name, code in codes.items()
    }


def try_mutants(folder: Path, module: str, jobs: int, sample: int | None) -> None:
    """Run mutmut in `folder`; raises MutantsError when the tests fail without a mutant."""
    mutmut(folder, "-c", GENERATE)
    path = meta_path(folder, module)
    if path.exists():
        meta = json.loads(path.read_text(encoding="utf-8"))
        meta["exit_code_by_key"] = drawn(meta["exit_code_by_key"], sample)
        path.write_text(json.dumps(meta, indent=4), encoding="utf-8")
        mutmut(folder, str(TOOLS / "bin/mutmut"), "run", "--max-children", str(jobs))


def mutmut(folder: Path, *arguments: str) -> None:
    """Run a part of mutmut in `folder`; raises MutantsError when it fails."""
    log = folder / "mutmut.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(TOOLS), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise MutantsError(f"mutmut ended with status {done.returncode}; read {log}.")


def functions_in(source: str) -> dict[str, str]:
    """The source of every function of a file that mutmut has made, by its name there."""
    lines = source.splitlines()
    return {
        node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }


def change_between(original: str, mutant: str) -> str:
    """The lines that differ, those before with "-" and those after with "+", without the names."""
    before, after = original.splitlines()[1:], mutant.splitlines()[1:]
    first = (original.splitlines()[0], mutant.splitlines()[0])
    heads = [line.partition("(")[2] for line in first]
    compared = difflib.ndiff([heads[0], *before], [heads[1], *after])
    return "\n".join(f"{line[0]} {line[2:].strip()}" for line in compared if line[0] in "+-")


def result_of(folder: Path, module: str) -> Result:
    """Read what became of the mutants of `module`."""
    path = meta_path(folder, module)
    codes = (
        json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"] if path.exists() else {}
    )
    generated = path.with_suffix("")
    functions = functions_in(generated.read_text(encoding="utf-8")) if codes else {}
    survived = []
    for name, code in codes.items():
        if code in (*KILLED, *ENDLESS, SKIPPED):
            continue
        own = name.rpartition(".")[2]
        function = own.rpartition("__mutmut_")[0]
        change = change_between(functions[f"{function}__mutmut_orig"], functions[own])
        spelled = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        survived.append(Mutant(module, spelled, change))
    endless = sum(code in ENDLESS for code in codes.values())
    tried = sum(code != SKIPPED for code in codes.values())
    return Result(len(codes), tried, endless, tuple(survived))


def explained(path: Path = FOLDER / "survivors.yml") -> dict[Mutant, str]:
    """Why a mutant may survive, by mutant."""
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {
        Mutant(module, function, change.strip()): entry["why"]
        for entry in document
        for module, functions in entry["mutants"].items()
        for function, changes in functions.items()
        for change in changes
    }


def report(results: t.Mapping[str, Result], reasons: t.Mapping[Mutant, str]) -> t.Iterator[str]:
    """Yield the lines that tell what became of the mutants."""
    yield f"{'module':36}{'mutants':>9}{'killed':>9}{'explained':>11}{'not explained':>15}"
    for module, one in results.items():
        known = sum(mutant in reasons for mutant in one.survived)
        killed = one.total - len(one.survived)
        others = len(one.survived) - known
        yield f"{module:36}{one.total:>9}{killed:>9}{known:>11}{others:>15}"
    total = sum(one.total for one in results.values())
    killed = total - sum(len(one.survived) for one in results.values())
    endless = sum(one.endless for one in results.values())
    made = sum(one.made for one in results.values())
    if made > total:
        yield f"{total:,} of {made:,} mutants were drawn, with the seed {SEED}."
    yield (
        f"{killed:,} of {total:,} mutants of {len(results)} modules killed,"
        f" {killed / max(total, 1):.1%}; {endless} of them because a test did not end."
    )


def faults(results: t.Mapping[str, Result], reasons: t.Mapping[Mutant, str]) -> t.Iterator[str]:
    """Yield what makes the run fail: few killed, no reason for a survivor, one for a killed."""
    total = sum(one.total for one in results.values())
    survived = [mutant for one in results.values() for mutant in one.survived]
    if total - len(survived) < BAR * total:
        yield f"Fewer than {BAR:.0%} are killed."
    for mutant in dict.fromkeys(survived):
        if mutant not in reasons:
            yield f"survives: {mutant.module} {mutant.function}\n{mutant.change}"
    for mutant in reasons:
        one = results.get(mutant.module)
        if one is not None and one.made == one.total and mutant not in survived:
            yield f"survivors.yml explains what is killed: {' '.join(mutant[:2])}\n{mutant.change}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--again", action="store_true", help="try again what survived")
    parser.add_argument("--sample", type=int, help="draw at most so many mutants of a module")
    parser.add_argument("--figures", type=Path, help="write the sums there, without faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("modules", nargs="*", help="such as _recovery; all without one")
    options = parser.parse_args()
    modules: Modules = yaml.safe_load((FOLDER / "modules.yml").read_text(encoding="utf-8"))
    chosen = [name for name in modules if not options.modules or Path(name).name in options.modules]
    if unknown := set(options.modules) - {Path(name).name for name in chosen}:
        sys.exit(f"make mutants: modules.yml does not name {', '.join(sorted(unknown))}.")
    place = output(options.figures) if options.figures else None
    try:
        install()
    except MutantsError as error:
        sys.exit(f"make mutants: {error}")
    results, untried = {}, []
    for module in chosen:
        try:
            folder = prepare(module, modules[module], options.again)
            try_mutants(folder, module, options.jobs, options.sample)
        except MutantsError as error:
            untried.append(f"{module} is untried: {error}")
            continue
        results[module] = result_of(folder, module)
        survived = len(results[module].survived)
        print(f"{module}: {results[module].total} mutants, {survived} survive", flush=True)
    reasons = explained()
    print(*report(results, reasons), sep="\n")
    if found := [*untried, *faults(results, reasons)]:
        sys.exit("\n".join(found))
    if place:
        total = sum(one.total for one in results.values())
        killed = total - sum(len(one.survived) for one in results.values())
        place.write({"mutants tried": total, "mutants killed": killed})


if __name__ == "__main__":
    main()
