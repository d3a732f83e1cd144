# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of certificate authorities that the client cannot use, each with the reason."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _certificate_files
from ansible_collections.devfleet.codex.plugins.module_utils._certificate_files import (
    SIZE_LIMIT,
    unusable,
)
from ansible_collections.devfleet.codex.plugins.module_utils._observations import CertificateFile
from support.certificates import make_certificates

BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
NOT_DER = b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"
NOT_BASE64 = b"-----BEGIN CERTIFICATE-----\n!!!!!\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_certificates(tmp_path_factory.mktemp("certificates")).authority.read_bytes()


def problem(path: object) -> str | None:
    found = unusable({"CODEX_CA_CERTIFICATE": str(path)}, {})
    return found[0].problem if found else None


# What client 0.169.0 takes: comments around it, other line endings, OpenSSL's own label.
@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem,
        lambda pem: b"# a comment\n" + pem + b"behind it",
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem * 3,
        lambda pem: pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
        lambda pem: pem + KEY,
    ],
    ids=["plain", "text-around", "crlf", "several", "trusted", "key-beside"],
)
def test_a_usable_file(
    authority: bytes, tmp_path: Path, change: t.Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "authority.pem"
    path.write_bytes(change(authority))
    assert problem(path) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello\n", "holds no PEM certificate"),
        (KEY, "holds no PEM certificate"),
        (b"\x30\x82\x01\x00", "holds no PEM certificate"),
        (BROKEN, "holds a broken certificate, number 1 of 1"),
        (NOT_DER, "holds a broken certificate, number 1 of 1"),
        (NOT_BASE64, "holds a broken certificate, number 1 of 1"),
        (b"AUTHORITY" + BROKEN, "holds a broken certificate, number 2 of 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_holds_no_certificate(
    authority: bytes, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "authority.pem"
    path.write_bytes(content.replace(b"AUTHORITY", authority))
    assert problem(path) == reason


def too_large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(SIZE_LIMIT + 1)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (nothing, "is not there"),
        (dangling, "is not there"),
        (Path.mkdir, "is a directory"),
        (os.mkfifo, "is not a regular file"),
        (too_large, "is larger than 4 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_file(make: t.Callable[[Path], t.Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    make(path)
    assert problem(path) == reason


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "authority.pem"
    path.touch()

    def refuse(*_: t.Any) -> t.Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_certificate_files, "open", refuse, raising=False)
    assert problem(path) == "cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("authority.pem", "is not an absolute path, so it depends on where Codex is started"),
        ("~/authority.pem", "is not an absolute path, so it depends on where Codex is started"),
        ("/tmp/a\0b", "is not a path"),
        ("/" + "a" * 5000, "cannot be read: File name too long"),
    ],
    ids=["relative", "tilde", "nul", "long"],
)
def test_what_is_no_path(path: str, reason: str) -> None:
    (found,) = unusable({}, {"SSL_CERT_FILE": path})
    assert found.problem == reason
    assert len(found.path) <= 300
    assert found.path.isprintable()


@pytest.mark.parametrize(
    ("environment", "dotenv", "variables"),
    [
        ({}, {}, []),
        ({"CODEX_CA_CERTIFICATE": "/none", "SSL_CERT_FILE": "/none"}, {}, ["CODEX", "SSL"]),
        ({}, {"CODEX_CA_CERTIFICATE": "/none", "SSL_CERT_FILE": "/none"}, ["SSL"]),
        ({"SSL_CERT_FILE": "/none"}, {"SSL_CERT_FILE": "GOOD"}, []),
        ({"SSL_CERT_FILE": "GOOD"}, {"SSL_CERT_FILE": "/none"}, ["SSL"]),
        # Measured with 0.169.0: nothing in the one is as good as unset, in the other it is not.
        ({"CODEX_CA_CERTIFICATE": ""}, {}, []),
        ({"SSL_CERT_FILE": ""}, {}, ["SSL"]),
        ({"SSL_CERT_FILE": "GOOD"}, {"SSL_CERT_FILE": ""}, ["SSL"]),
    ],
    ids=str,
)
def test_which_variables_count(
    authority: bytes,
    tmp_path: Path,
    environment: dict[str, str],
    dotenv: dict[str, str],
    variables: list[str],
) -> None:
    good = tmp_path / "authority.pem"
    good.write_bytes(authority)
    given = [
        {name: value.replace("GOOD", str(good)) for name, value in one.items()}
        for one in (environment, dotenv)
    ]
    assert [found.variable.split("_")[0] for found in unusable(*given)] == variables


def test_the_value_names_variable_and_path() -> None:
    assert unusable({}, {"SSL_CERT_FILE": "/no/such\x1b[31m"}) == (
        CertificateFile("SSL_CERT_FILE", "/no/such [31m", "is not there"),
    )
