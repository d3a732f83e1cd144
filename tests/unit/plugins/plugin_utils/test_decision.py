# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done about a diagnosis, whatever a machine says."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._advice import VERDICTS_AND_CAUSES
from ansible_collections.devfleet.codex.plugins.module_utils._text import SHORT
from ansible_collections.devfleet.codex.plugins.plugin_utils._decision import (
    Wanted,
    checked_result,
    first_result,
    not_examined,
)
from support import cure_values
from support.cure_values import HOSTILE, Value, changed

SEEN: Value = {**cure_values.SEEN, "http_only_profiles": ["http", "quiet"]}


def diagnosed(verdict: str, cause: str) -> Value:
    return changed(changed(SEEN, "diagnosis.verdict", verdict), "diagnosis.cause", cause)


ALWAYS, NEVER = Wanted("always"), Wanted("never")
NEEDS = ("websocket_blocked", "http_only_broken")
RULES_OUT = (
    "not_installed",
    "unsupported_version",
    "auth_missing",
    "config_invalid",
    "managed_elsewhere",
    "http_only",
)


@pytest.mark.parametrize(("verdict", "cause"), sorted(VERDICTS_AND_CAUSES))
def test_when_a_cure_is_called_for(verdict: str, cause: str) -> None:
    seen = diagnosed(verdict, cause)
    actions = {
        apply: first_result(seen, Wanted(apply))["action"]
        for apply in ("when_detected", "always", "never")
    }
    assert actions == {
        "when_detected": "would_apply" if verdict in NEEDS else "none",
        "always": "none" if verdict in RULES_OUT else "would_apply",
        "never": "none",
    }


def test_the_result_tells_what_was_seen() -> None:
    assert first_result(SEEN, Wanted()) == {
        "verdict": "websocket_blocked",
        "cause": "upgrade_refused",
        "evidence": ["WebSocket: http 403 Forbidden", "HTTP: HTTP 405"],
        "advice": "Switch.",
        "remedy": "http_provider",
        "action": "would_apply",
        "version": "0.169.0",
        "provider": "openai",
        "profile": None,
        "preflight": None,
        "proof": None,
        "repaired": None,
        "held_back": None,
        "findings": [],
        "live": None,
    }


@pytest.mark.parametrize(
    ("profile", "apply", "verdict", "action"),
    [
        pytest.param("http", "when_detected", "websocket_blocked", "profile_in_place", id="there"),
        pytest.param("other", "when_detected", "websocket_blocked", "would_apply", id="not-there"),
        pytest.param("htt", "when_detected", "websocket_blocked", "would_apply", id="prefix"),
        pytest.param(None, "when_detected", "websocket_blocked", "would_apply", id="no-profile"),
        pytest.param("http", "never", "websocket_blocked", "none", id="never"),
        pytest.param("http", "when_detected", "healthy", "none", id="healthy"),
        pytest.param("http", "always", "healthy", "profile_in_place", id="healthy-always"),
        pytest.param("http", "always", "config_invalid", "none", id="ruled-out"),
    ],
)
def test_a_profile_that_is_in_place_is_the_cure(
    profile: str | None, apply: str, verdict: str, action: str
) -> None:
    causes = {"healthy": "handshake_ok", "config_invalid": "not_loadable"}
    result = first_result(
        diagnosed(verdict, causes.get(verdict, "upgrade_refused")), Wanted(apply, profile=profile)
    )
    assert (result["action"], result["profile"]) == (action, profile)


@pytest.mark.parametrize("value", [None, 7, "http", {"http": 1}], ids=repr)
def test_profiles_that_are_no_list_are_an_error(value: t.Any) -> None:
    with pytest.raises(TypeError):
        first_result(changed(SEEN, "http_only_profiles", value), Wanted(profile="http"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("diagnosis", None),
        ("diagnosis", []),
        ("diagnosis", "healthy"),
        ("diagnosis", {}),
        ("diagnosis.verdict", None),
        ("diagnosis.verdict", ["websocket_blocked"]),
        ("diagnosis.verdict", "curable"),
        ("diagnosis.verdict", "healthy"),
        ("diagnosis.cause", {}),
        ("diagnosis.cause", "handshake_ok"),
        ("diagnosis.evidence", None),
        ("diagnosis.evidence", 7),
        ("diagnosis.evidence", {"a": 1}),
        ("provider", None),
        ("provider", "openai"),
        ("provider", {}),
    ],
)
def test_nonsense_from_a_machine_is_an_error(path: str, value: t.Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        first_result(changed(SEEN, path, value), ALWAYS)


@pytest.mark.parametrize("seen", [None, [], "codex", 7, {}], ids=repr)
def test_a_value_that_is_none_is_an_error(seen: t.Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        first_result(seen, ALWAYS)


@pytest.mark.parametrize(
    "path",
    ["diagnosis.evidence", "diagnosis.advice", "diagnosis.remedy", "version", "provider.active"],
)
@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE] * 20, {"a": HOSTILE}, 7, True])
def test_a_hostile_text_is_made_harmless(path: str, value: t.Any) -> None:
    if path == "diagnosis.evidence":
        value = [value] * 20
    result = first_result(changed(SEEN, path, value), NEVER)
    texts = [one for one in result.values() if isinstance(one, str)] + result["evidence"]
    assert len(result["evidence"]) <= 10
    assert all(text.isprintable() and len(text) <= SHORT for text in texts)


@pytest.mark.parametrize("verdict", ["unreachable", "inconclusive"])
def test_a_machine_that_was_not_examined(verdict: str) -> None:
    result = not_examined(verdict, f"ssh: {HOSTILE}")
    assert (result["verdict"], result["action"]) == (verdict, "none")
    assert result["evidence"][0].startswith("ssh: ")
    assert result.keys() == first_result(SEEN, NEVER).keys()
    assert checked_result(result) == result


FACT = first_result(SEEN, Wanted())
ROLLED_BACK = {**FACT, "verdict": None, "cause": None, "evidence": [], "action": "rolled_back"}


@pytest.mark.parametrize("fact", [FACT, ROLLED_BACK], ids=["cure", "rollback"])
def test_a_sound_fact_is_kept_as_it_is(fact: Value) -> None:
    proof = {"proven": False, "verdict": "healthy", "problems": ["a"]}
    whole = {**fact, "message": "m", "restart_required": True, "proof": proof}
    assert checked_result(whole) == whole


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(None, id="null"),
        pytest.param("healthy", id="text"),
        pytest.param([FACT], id="list"),
        pytest.param({}, id="empty"),
        *(
            pytest.param({**FACT, key: value}, id=f"{key}={value!r}")
            for key, value in (
                ("verdict", 7),
                ("verdict", ["healthy"]),
                ("cause", {}),
                ("evidence", None),
                ("evidence", "text"),
                ("advice", None),
                ("advice", 7),
                ("action", None),
                ("action", ["applied"]),
            )
        ),
        *(
            pytest.param({name: FACT[name] for name in FACT if name != key}, id=f"no-{key}")
            for key in ("verdict", "cause", "evidence", "advice", "action")
        ),
        *(
            pytest.param({**FACT, "verdict": verdict, "evidence": []}, id=f"{verdict}-no-evidence")
            for verdict in ("unreachable", "config_invalid")
        ),
    ],
)
def test_a_fact_that_is_nonsense_counts_as_not_examined(fact: t.Any) -> None:
    result = checked_result(fact)
    assert (result["verdict"], result["cause"]) == ("inconclusive", "not_examined")
    assert "nonsense" in result["evidence"][0]


def texts_in(value: t.Any) -> t.Iterator[str]:
    """Every string in a value of dicts and lists, the keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *texts_in(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def test_a_fact_is_printable_throughout() -> None:
    nest: t.Any = HOSTILE
    for number in range(100):
        nest = [nest] if number % 2 else {HOSTILE: nest}
    checked = checked_result({**FACT, HOSTILE: HOSTILE, "path": nest, "message": HOSTILE})
    assert all(text.isprintable() and len(text) <= SHORT for text in texts_in(checked))
    assert "{{ lookup('pipe', 'id') }} {0}" in checked["message"]
