# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the main job on three pretend laptops, with the real Codex client and a local service.

Run it with `make demo`. Nothing leaves the machine: each laptop's network is a local proxy that
leads the client's hosts to a local service and refuses all others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import sys
import tempfile
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support import client  # noqa: E402
from support.certificates import make_certificates  # noqa: E402
from support.laptop import Laptop  # noqa: E402
from support.laptop_playbooks import Controller, PlaybookRun, controller  # noqa: E402
from support.three_laptops import three_laptops  # noqa: E402

# A turn on the laptop that reaches nothing would never end.
TIMED = ("blocked", "healthy")


class DemoFailed(Exception):
    """The demonstration did not show what it is there to show."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """A command, as it stands behind its prompt, and what came of it."""

    prompt: str
    command: str
    lines: tuple[str, ...]

    def typed(self) -> list[str]:
        """Return the lines of a terminal that shows it."""
        head = f"{self.prompt} {self.command}".lstrip()
        return [head, *(f"  {line}".rstrip() for line in self.lines)]


def demonstrate() -> t.Iterator[Scene]:
    """Play the whole story; raises DemoFailed, ClientMissing and TimeoutError."""
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="codex-demo-")
        folder = pathlib.Path(stack.enter_context(temporary))
        certificates = make_certificates(folder)
        laptops = stack.enter_context(three_laptops(folder, certificates))
        ansible = stack.enter_context(controller(folder / "controller", certificates))
        yield from story(laptops, ansible)


def story(laptops: dict[str, Laptop], ansible: Controller) -> t.Iterator[Scene]:
    before = {}
    after = {}
    for name in TIMED:
        before[name] = client.run_turn(laptops[name])
        yield turn_scene(name, before[name])
    for playbook in ("audit", "remediate", "audit"):
        run = ansible.run(playbook, list(laptops.values()))
        yield playbook_scene(playbook, run, laptops.values())
    for name in TIMED:
        after[name] = client.run_turn(laptops[name])
        yield turn_scene(name, after[name])
    if after["blocked"].reconnect_lines or not before["blocked"].reconnect_lines:
        raise DemoFailed("the blocked laptop was not cured; the lines above say why.")
    yield Scene("", comparison(before["blocked"], after["blocked"]), ())


def comparison(before: client.Turn, after: client.Turn) -> str:
    return (
        f"A turn on the blocked laptop took {before.seconds:.1f} s before and takes"
        f" {after.seconds:.1f} s now; the other two laptops were left as they are."
    )


def turn_scene(name: str, turn: client.Turn) -> Scene:
    retries = (line.partition(" (")[0] for line in turn.reconnect_lines)
    lines = (*retries, turn.answer or "no answer", f"({turn.seconds:.1f} s)")
    return Scene(f"dev@{name}$", "codex exec HELLO", lines)


def playbook_scene(playbook: str, run: PlaybookRun, laptops: t.Iterable[Laptop]) -> Scene:
    """Return the summary that a playbook printed; raises DemoFailed when it failed.

    The pretend homes have long temporary names, so they are shown as `~`.
    """
    if run.returncode != 0:
        raise DemoFailed(f"the playbook {playbook} failed:\n{run.stdout}{run.stderr}")
    command = f"ansible-playbook -i inventory devfleet.codex.{playbook}"
    lines = "\n".join(run.summary)
    for each in laptops:
        lines = lines.replace(str(each.home), "~")
    return Scene("admin$", command, tuple(lines.splitlines()))


def main() -> int:
    print("Three laptops: one whose network refuses WebSockets, a healthy one, one without HTTP.")
    try:
        for scene in demonstrate():
            print("\n" + "\n".join(scene.typed()), flush=True)
    except (DemoFailed, client.ClientMissing, TimeoutError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
