# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private certificate authority and one server certificate for the hosts the client asks."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

API_HOST = "api.openai.com"
CHATGPT_HOST = "chatgpt.com"
LOGIN_HOST = "auth.openai.com"
GATEWAY_HOST = "gateway.example.com"
HOSTS = (API_HOST, CHATGPT_HOST, LOGIN_HOST, GATEWAY_HOST)


@dataclasses.dataclass(frozen=True)
class Certificates:
    """`authority` is the PEM file a client has to trust, `chain` what a server presents."""

    authority: pathlib.Path
    chain: pathlib.Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain)
        return context


@dataclasses.dataclass(frozen=True)
class Inspector:
    """`authority` is what machines behind an inspecting proxy trust, `signer` what it holds."""

    authority: pathlib.Path
    signer: pathlib.Path


def make_certificates(folder: pathlib.Path) -> Certificates:
    """Write `authority.pem` and `server.pem` (key and certificate) into `folder`."""
    authority_key, authority = _authority("devfleet.codex test authority")
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(host) for host in HOSTS]
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    server = (
        _builder(_name(API_HOST), authority.subject, key)
        .add_extension(x509.SubjectAlternativeName([*names, loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    certificates = Certificates(folder / "authority.pem", folder / "server.pem")
    certificates.authority.write_bytes(_pem(authority))
    certificates.chain.touch(mode=0o600)
    certificates.chain.write_bytes(_pem_key(key) + _pem(server))
    return certificates


def make_inspector(folder: pathlib.Path) -> Inspector:
    """Write `inspector.pem` and `inspector-key.pem` (key and certificate) into `folder`."""
    key, authority = _authority("devfleet.codex test inspection")
    inspector = Inspector(folder / "inspector.pem", folder / "inspector-key.pem")
    inspector.authority.write_bytes(_pem(authority))
    inspector.signer.touch(mode=0o600)
    inspector.signer.write_bytes(_pem_key(key) + _pem(authority))
    return inspector


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder(_name(name), _name(name), key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(_subject_key(key), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, authority


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _subject_key(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
