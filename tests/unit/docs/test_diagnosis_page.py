# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page docs/diagnosis.md says what the code says: every verdict, cause, finding and advice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._advice import (
    VERDICTS_AND_CAUSES,
    advice_for,
)
from ansible_collections.devfleet.codex.plugins.module_utils._findings import (
    _ADVICE as ADVICE,
)
from ansible_collections.devfleet.codex.plugins.module_utils._findings import FINDINGS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/diagnosis.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def sections(level: str, text: str) -> dict[str, str]:
    """Return the headings of one level, each once, with what stands below it."""
    parts = re.split(rf"^{level} (.+)$", text, flags=re.MULTILINE)
    names, bodies = parts[1::2], parts[2::2]
    assert len(set(names)) == len(names)
    return {name: body.strip() for name, body in zip(names, bodies)}


CHAPTERS = sections("##", PAGE)
VERDICTS = {name: body for name, body in CHAPTERS.items() if name != "Findings"}
CAUSES = {
    heading: body
    for chapter in VERDICTS.values()
    for heading, body in sections("###", chapter).items()
}


def test_every_verdict_and_cause_has_its_heading_below_its_verdict_and_no_other_has() -> None:
    headings = {
        (verdict, heading)
        for verdict, chapter in VERDICTS.items()
        for heading in sections("###", chapter)
    }
    assert headings == {(verdict, f"{verdict} ({cause})") for verdict, cause in VERDICTS_AND_CAUSES}


@pytest.mark.parametrize(("verdict", "cause"), sorted(VERDICTS_AND_CAUSES))
def test_the_advice_is_quoted_and_explained(verdict: str, cause: str) -> None:
    quoted, _blank, paragraph = CAUSES[f"{verdict} ({cause})"].partition("\n\n")
    assert quoted == f"> {advice_for(verdict, cause)}"
    assert paragraph.endswith(".")
    assert not paragraph.startswith(">")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_explained_before_its_causes(verdict: str) -> None:
    assert CHAPTERS[verdict].partition("\n\n")[0].endswith(".")
    assert not CHAPTERS[verdict].startswith("#")


def test_the_readme_has_the_same_verdicts_and_what_ansible_itself_says() -> None:
    rows = re.findall(
        r"^\| (`[a-z_`, ]+`) \|", sections("###", README)["What the verdicts mean"], re.M
    )
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert named == {*VERDICTS, "unreachable"}


def test_every_finding_has_its_heading_in_order_and_no_other_has() -> None:
    assert tuple(sections("###", CHAPTERS["Findings"])) == FINDINGS


@pytest.mark.parametrize("name", FINDINGS)
def test_a_findings_advice_is_quoted_and_explained(name: str) -> None:
    quoted, _blank, paragraph = sections("###", CHAPTERS["Findings"])[name].partition("\n\n")
    assert quoted == f"> {ADVICE[name]}"
    assert paragraph.endswith(".")
