# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of certificate authorities that are configured for Codex and cannot be used.

This module util is PRIVATE to the collection. Measured with 0.169.0: a file named by
``CODEX_CA_CERTIFICATE``, or by ``SSL_CERT_FILE`` where the former is not set, that is missing or
holds a broken certificate, or none, breaks the WebSocket before it connects (doctor's check has
the detail ``handshake stream error``), while HTTP goes on with the system's authorities: the full
loop of reconnects, although neither the network nor a proxy is in the way. Doctor's own check of
the environment calls a file without a certificate readable.
"""

from __future__ import annotations

import binascii
import errno
import os
import re
import typing as t

from ._observations import CertificateFile
from ._text import clean

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes read of one file; the authorities of a whole system take about 0.3 MB."""

_LABEL = rb"(?:TRUSTED |X509 )?CERTIFICATE-----"
_BLOCK = re.compile(rb"-----BEGIN " + _LABEL + rb"(.*?)-----END " + _LABEL, re.DOTALL)
_MOST_CERTIFICATES = 2000


def unusable(
    environment: t.Mapping[str, str], dotenv: t.Mapping[str, str]
) -> tuple[CertificateFile, ...]:
    """Every configured file that the client cannot use, with a phrase that says why.

    ``environment`` is that of the client's process; ``dotenv`` what the client
    reads from ``.env``, where names that start with ``CODEX_`` count for nothing.
    """
    named = {
        "CODEX_CA_CERTIFICATE": environment.get("CODEX_CA_CERTIFICATE") or None,
        "SSL_CERT_FILE": dotenv.get("SSL_CERT_FILE", environment.get("SSL_CERT_FILE")),
    }
    return tuple(
        CertificateFile(variable, clean(path), problem)
        for variable, path in named.items()
        if path is not None
        for problem in [_problem(path)]
        if problem
    )


def _problem(path: str) -> str:
    if not path.strip():
        # An empty CODEX_CA_CERTIFICATE counts as none; an empty SSL_CERT_FILE leaves the WebSocket
        # without any authority (measured with 0.169.0).
        return "is set to nothing; unset the variable"
    if not os.path.isabs(path):
        return "is not an absolute path, so it depends on where Codex is started"
    try:
        return _content_problem(_read(path))
    except OSError as error:
        return "is not there" if error.errno == errno.ENOENT else _not_readable(error)
    except ValueError as error:
        return str(error)


def _read(path: str) -> bytes:
    if "\0" in path:
        raise ValueError("is not a path")
    os.stat(path)
    if os.path.isdir(path):
        raise ValueError("is a directory")
    if not os.path.isfile(path):
        raise ValueError("is not a regular file")
    with open(path, "rb") as stream:
        raw = stream.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise ValueError(f"is larger than {SIZE_LIMIT // 1024 // 1024} MB")
    return raw


def _content_problem(raw: bytes) -> str:
    if not raw.strip():
        return "is empty"
    blocks = _BLOCK.findall(raw)
    if not blocks:
        return "holds no PEM certificate"
    for number, block in enumerate(blocks[:_MOST_CERTIFICATES], 1):
        if not _is_certificate(block):
            return f"holds a broken certificate, number {number} of {len(blocks)}"
    return ""


def _is_certificate(block: bytes) -> bool:
    # A machine on which nothing fails does without it.
    import ssl

    # A context of its own for each: what one refuses must not depend on the others.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=_first_element(binascii.a2b_base64(block)))
    except (ValueError, ssl.SSLError):
        return False
    return True


def _first_element(der: bytes) -> bytes:
    # A "TRUSTED CERTIFICATE" of OpenSSL has settings of its own behind the certificate.
    if len(der) < 4 or der[0] != 0x30 or der[1] & 0x80 == 0:
        raise ValueError("not a certificate")
    size = der[1] & 0x7F
    return der[: 2 + size + int.from_bytes(der[2 : 2 + size], "big")]


def _not_readable(error: OSError) -> str:
    return f"cannot be read: {clean(error.strerror, 80)}"
