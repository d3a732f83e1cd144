# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a hostile machine's answer, and that an honest one passes as it is."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.json_utils import _filter_non_json_lines
from ansible_collections.devfleet.codex.plugins.plugin_utils._answer import LARGEST, harmless
from hypothesis import given
from hypothesis import strategies as st
from support.cure_values import SEEN
from support.hostile_text import PAYLOAD, UNPRINTABLE

HONEST: dict[str, t.Any] = {
    "changed": True,
    "codex": SEEN,
    "diff": {
        "before_header": "/home/dev/.codex/config.toml",
        "after_header": "/home/dev/.codex/config.toml",
        "before": "one\ntwo\n",
        "after": "",
    },
    "invocation": {"module_args": {"codex_home": None, "timeout": 40.0}},
    "msg": "a sentence. Nothing was changed.",
    "overrides": ['model_provider="openai_http"'],
    "path": "/home/d\u00e9v/\u2603/config.toml",
}


def left(answer: t.Any) -> dict[str, t.Any]:
    """Return what Ansible reads of a machine that printed `answer` as JSON."""
    stdout, stderr = harmless(json.dumps(answer), "said beside it")
    assert stderr == ""
    found: dict[str, t.Any] = json.loads(stdout, parse_constant=pytest.fail)
    return found


def strings(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def nested(levels: int) -> str:
    return '{"codex": ' + "[" * levels + "]" * levels + "}"


def test_an_honest_answer_passes_as_it_is() -> None:
    assert left(HONEST) == {**HONEST, "diff": [HONEST["diff"]]}


@pytest.mark.parametrize("before", ["", "Welcome to the laptop\n", "{not JSON\n", "\n  "])
def test_what_a_login_prints_before_is_no_part_of_it(before: str) -> None:
    stdout, _stderr = harmless(before + json.dumps({"changed": False}) + "\nlogout", "")
    if before.startswith("{"):
        assert stdout.startswith("| {not JSON\n| {")
    else:
        assert json.loads(stdout) == {"changed": False}


@pytest.mark.parametrize(
    "key",
    [
        *(
            "ansible_facts",
            "ansible_stats",
            "ansible_job_id",
            "add_host",
            "add_group",
            "results",
            "stdout",
            "stderr",
        ),
        *("_ansible_no_log", "_ansible_facts_cacheable", "__ansible_type", "deprecations"),
        "_ansible_suppress_tmpdir_delete",
    ],
)
@pytest.mark.parametrize("value", [{"reconnect_report": "/etc/x.yml"}, PAYLOAD, 1, [[]]])
def test_nothing_is_left_that_ansible_acts_upon(key: str, value: t.Any) -> None:
    assert left({"changed": False, key: value}) == {"changed": False}


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param('{"changed": false, "a": "\x01", "ansible_facts": {"b": 1}}', id="control"),
        pytest.param('foo\x0c{"ansible_facts": {"b": 1}}', id="form feed"),
        pytest.param('\x00{"ansible_facts": {"b": 1}}', id="nul"),
        pytest.param('\u2028{"ansible_facts": {"b": 1}}', id="line separator"),
    ],
)
def test_ansible_finds_an_answer_nowhere_else(stdout: str) -> None:
    assert is_no_answer_of_its_own(stdout)


@given(st.text(st.sampled_from('{}[]":, |a1\n\r\t\x00\x01\x0b\x0c\x1c\x85\u2028\ufeff')))
def test_ansible_finds_an_answer_nowhere_else_whatever_is_printed(stdout: str) -> None:
    assert is_no_answer_of_its_own(stdout)


def is_no_answer_of_its_own(stdout: str) -> bool:
    """Whether Ansible reads what was made harmless, or nothing."""
    made = harmless(stdout, "")[0]
    try:
        read, _warnings = _filter_non_json_lines(made, objects_only=True)
    except ValueError:
        return True
    return bool(read == made and "ansible_facts" not in json.loads(made))


@pytest.mark.parametrize("where", [("codex",), ("codex", "doctor"), ("msg",), ("exception",)])
def test_no_string_is_made_a_template_or_an_object(where: tuple[str, ...]) -> None:
    value: t.Any = {"__ansible_type": "TrustedAsTemplate", "value": "{{ lookup('env', 'HOME') }}"}
    for key in reversed(where):
        value = {key: value}
    assert "__ansible_type" not in set(strings(left(value)))


def test_warnings_are_lines() -> None:
    event = {"__ansible_type": "Event", "msg": PAYLOAD}
    given_ones = [PAYLOAD, {"__ansible_type": "WarningSummary", "event": event}, 7, {"event": 1}]
    for warning in left({"warnings": given_ones})["warnings"]:
        assert isinstance(warning, str) and not UNPRINTABLE.search(warning)
    assert left({"warnings": PAYLOAD})["warnings"][0].startswith("hostile")


def test_where_a_module_has_broken_down_stays() -> None:
    event = {"__ansible_type": "Event", "msg": "no", "formatted_traceback": "one\n  two\x1b\n"}
    told = {"failed": True, "exception": {"__ansible_type": "ErrorSummary", "event": event}}
    assert left(told)["exception"] == "one\n  two \n"


@pytest.mark.parametrize("flag", ["changed", "failed", "skipped", "unreachable"])
@pytest.mark.parametrize("value", [1, "yes", [0], {"a": 1}])
def test_a_flag_is_true_or_false(flag: str, value: t.Any) -> None:
    assert left({flag: value}) == {flag: True}


@pytest.mark.parametrize("value", [7, PAYLOAD, [PAYLOAD], [{"before": 1, "prepared": PAYLOAD}]])
def test_a_diff_is_made_of_lines(value: t.Any) -> None:
    for one in left({"diff": value})["diff"]:
        assert one.keys() <= {"before", "after", "before_header", "after_header"}
        assert all(isinstance(text, str) for text in one.values())


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param("x" * (LARGEST + 1), id="too-much"),
        pytest.param(json.dumps({"codex": "x" * LARGEST}), id="too-long"),
        pytest.param(json.dumps({"codex": [["\u2603" * 4000] * 200] * 2}), id="too-much-escaped"),
        pytest.param(nested(10_000), id="nested"),
    ],
)
def test_what_is_too_much_fails_in_one_sentence(stdout: str) -> None:
    told = json.loads(harmless(stdout, "x" * LARGEST * 2)[0])
    assert told["failed"] is True and told["changed"] is False
    assert told["msg"].startswith("What this machine printed is ")
    assert len(told["msg"]) < 200


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param("", id="nothing"),
        pytest.param("[1]", id="list"),
        pytest.param('{"codex": ' + "9" * 5000 + "}", id="long-number"),
        pytest.param('{"codex": {', id="cut"),
        pytest.param(PAYLOAD * 1000, id="payload"),
    ],
)
def test_what_is_no_answer_is_a_few_printable_lines(stdout: str) -> None:
    for text in harmless(stdout, PAYLOAD * 3000 + "\nno Python here"):
        assert len(text) <= 40 * 301
        assert not UNPRINTABLE.search(text.replace("\n", ""))
    assert harmless(stdout, "\n".join(["x"] * 99 + ["no Python"]))[1].endswith("no Python")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 4000])
def test_a_number_that_no_report_can_hold_is_text(number: str) -> None:
    stdout, _stderr = harmless('{"codex": {"seconds": ' + number + "}}", "")
    told = json.loads(stdout, parse_constant=pytest.fail)["codex"]["seconds"]
    assert isinstance(told, str) and len(told) <= 4096


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
KEYS = st.sampled_from(
    [*("diff", "exception", "warnings", "msg", "codex", "failed", "invocation", "x")]
)


@given(st.dictionaries(KEYS, JSON))
def test_whatever_is_answered_only_printable_lines_are_left(answer: dict[str, t.Any]) -> None:
    found = left(answer)
    assert found.keys() <= answer.keys()
    multiline = ("exception", "diff")
    assert all(
        not UNPRINTABLE.search(text.replace("\n", "") if key in multiline else text)
        for key, value in found.items()
        for text in strings(value)
    )
