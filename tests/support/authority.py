"""A certificate authority of our own, as a company has one."""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.qualys import Tls

if TYPE_CHECKING:
    from pathlib import Path

_PEM = serialization.Encoding.PEM


def private_tls(folder: Path) -> Tls:
    """A new authority, and a certificate that it issued for 127.0.0.1."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in ("Example Inspection CA", "127.0.0.1")
    ]
    authority = (
        _certificate(names[0], names[0], authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        _certificate(names[1], names[0], key)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = Tls(*(folder / f"{name}.pem" for name in ("certificate", "key", "authority")))
    files.certificate.write_bytes(certificate.public_bytes(_PEM))
    files.authority.write_bytes(authority.public_bytes(_PEM))
    unencrypted = serialization.NoEncryption()
    files.key.write_bytes(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, unencrypted))
    return files


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
