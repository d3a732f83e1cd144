# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scenario counts as passed when each of its verify steps has seen something."""

from __future__ import annotations

import pathlib
import sys

import pytest
import scenario

CLOSING = "INFO     Molecule executed 1 scenario (1 successful)\n"


def step(name: str, *seen: str) -> str:
    lines = [f"INFO     [default > {name}] Executing", "TASK [Compare] ****"]
    lines += [f'    "msg": "seen: {words}"' for words in seen]
    return "\n".join([*lines, f"INFO     [default > {name}] Executed: Successful", ""])


def test_what_the_verify_steps_have_seen_is_named_in_order() -> None:
    log = step("prepare", "the beginning") + step("verify", "one", 'a \\"second\\"') + CLOSING
    assert scenario.outcomes(log) == ["one", 'a "second"']


@pytest.mark.parametrize(
    "log",
    [
        step("prepare", "the beginning") + step("converge") + CLOSING,
        step("prepare", "the beginning") + step("verify") + CLOSING,
        step("verify", "one") + step("side_effect", "more") + step("verify") + CLOSING,
    ],
    ids=["no verify step", "it saw nothing", "the second one saw nothing"],
)
def test_a_scenario_that_verifies_nothing_has_failed(log: str) -> None:
    with pytest.raises(scenario.Failed, match="has looked at nothing"):
        scenario.outcomes(log)


def test_a_scenario_with_a_missing_playbook_has_failed() -> None:
    log = step("verify", "one") + "INFO     Molecule executed 1 scenario (1 missing files)\n"
    with pytest.raises(scenario.Failed, match="not every step was run"):
        scenario.outcomes(log)


@pytest.fixture
def molecule(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A program in Molecule's place; no docker is on its PATH."""
    program = tmp_path / "bin/molecule"
    program.parent.mkdir()
    monkeypatch.setattr(scenario, "MOLECULE", program)
    monkeypatch.setattr(scenario, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def becomes(program: pathlib.Path, source: str) -> None:
    program.write_text(f"#!{sys.executable}\n{source}\n")
    program.chmod(0o755)


def test_the_engine_and_the_images_are_the_developers_and_nothing_else(
    molecule: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOLECULE_IMAGE_EXTRA", "one:1, two:2")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/home/a developer/certificates")
    monkeypatch.setenv("ANSIBLE_CONFIG", "/home/developer/ansible.cfg")
    becomes(
        molecule,
        "import os\n"
        "assert os.environ['MOLECULE_IMAGE_EXTRA'] == 'one:1, two:2'\n"
        "assert os.environ['DOCKER_CERT_PATH'] == '/home/a developer/certificates'\n"
        "assert 'ANSIBLE_CONFIG' not in os.environ\n"
        f"print({step('verify', 'one') + CLOSING!r})",
    )
    assert scenario.run("default") == ["one"]


def test_the_engine_is_the_one_of_dockers_own_settings(
    molecule: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    becomes(molecule.with_name("docker"), "print('unix:///run/user/1000/docker.sock')")
    assert scenario.environment("default")["DOCKER_HOST"] == "unix:///run/user/1000/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert scenario.environment("default")["DOCKER_HOST"] == "tcp://127.0.0.1:1"


def test_a_failure_is_told_with_the_log(
    molecule: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    becomes(
        molecule,
        "import sys; print('fatal: [desktop]: the first error'); print('PLAY RECAP'); sys.exit(3)",
    )
    monkeypatch.setattr(sys, "argv", ["scenario.py", "default"])
    assert scenario.main() == 1
    told = capsys.readouterr().err
    assert told.endswith(
        "PLAY RECAP\n\nfatal: [desktop]: the first error\nmolecule ended with 3; that is why.\n"
    )


def test_a_scenario_that_hangs_is_ended(
    molecule: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    becomes(molecule, "import time; time.sleep(60)")
    monkeypatch.setattr(scenario, "LONGEST", 0.2)
    with pytest.raises(scenario.Failed, match="has not ended"):
        scenario.run("default")
