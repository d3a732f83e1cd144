# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real client and our reader agree on which files of authorities cannot be used."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils._certificate_files import unusable
from support import bounded
from support.certificates import Certificates
from support.laptop import Laptop, api_key_login

if t.TYPE_CHECKING:
    from .conftest import LaptopFactory

BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
HTTP_CHECK = "network.provider_reachability"
WEBSOCKET_CHECK = "network.websocket_reachability"

CONTENTS: dict[str, t.Callable[[bytes], bytes | None]] = {
    "plain": lambda pem: pem,
    "crlf-and-comment": lambda pem: b"# ours\r\n" + pem.replace(b"\n", b"\r\n"),
    "trusted-label": lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
    "missing": lambda pem: None,
    "empty": lambda pem: b"",
    "not-pem": lambda pem: b"hello\n",
    "broken-behind-a-good-one": lambda pem: pem + BROKEN,
}


@pytest.fixture(scope="module")
def answers(
    make_laptop: LaptopFactory,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[dict[str, t.Any], bool]]:
    """Doctor's checks for every content, and whether we call the file unusable."""
    laptop = make_laptop("authorities", login=api_key_login())
    folder = tmp_path_factory.mktemp("authorities")

    def ask(name: str) -> tuple[dict[str, t.Any], bool]:
        path = folder / f"{name}.pem"
        content = CONTENTS[name](certificates.authority.read_bytes())
        if content is not None:
            path.write_bytes(content)
        return doctor(laptop, path), bool(unusable({"CODEX_CA_CERTIFICATE": str(path)}, {}))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return dict(zip(CONTENTS, pool.map(ask, CONTENTS), strict=True))


def doctor(laptop: Laptop, authority: pathlib.Path) -> dict[str, t.Any]:
    # SSL_CERT_FILE of this laptop's .env is good: with it HTTP goes on.
    _status, stdout, _stderr = bounded.finish(
        [str(laptop.executable), "doctor", "--json", "--network-only"],
        laptop.home,
        {**laptop.environment(), "CODEX_CA_CERTIFICATE": str(authority)},
        60,
        "doctor",
    )
    return t.cast("dict[str, t.Any]", json.loads(stdout)["checks"])


@pytest.mark.parametrize("name", CONTENTS)
def test_an_unusable_file_breaks_the_websocket_and_nothing_else(
    answers: dict[str, tuple[dict[str, t.Any], bool]], name: str
) -> None:
    checks, called_unusable = answers[name]

    websocket = checks[WEBSOCKET_CHECK]
    assert checks[HTTP_CHECK]["status"] == "ok"
    assert called_unusable == (websocket["status"] == "warning")
    assert called_unusable == ("handshake stream error" in websocket["details"])


def test_some_are_usable_and_some_are_not(
    answers: dict[str, tuple[dict[str, t.Any], bool]],
) -> None:
    usable = {name for name, (_checks, called_unusable) in answers.items() if not called_unusable}
    assert usable == {"plain", "crlf-and-comment", "trusted-label"}
