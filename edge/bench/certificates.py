"""Certificates for a benchmark's broker and its edges: a new authority, gone with its folder."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = IPv4Address("127.0.0.1")


def lay(folder: Path) -> ssl.SSLContext:
    """Write ca.pem, broker.pem and broker.key, edge.pem and edge.key (EC P-256); an edge's context for them."""
    authority = ec.generate_private_key(ec.SECP256R1())
    name = _name("bench")
    root = _begun(name, name, authority).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    (folder / "ca.pem").write_bytes(_pem(root.sign(authority, hashes.SHA256())))
    for who in ("broker", "edge"):
        key = ec.generate_private_key(ec.SECP256R1())
        host = x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)])
        signed = _begun(_name(who), name, key).add_extension(host, False).sign(authority, hashes.SHA256())
        (folder / f"{who}.pem").write_bytes(_pem(signed))
        (folder / f"{who}.key").write_bytes(_private(key))
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "edge.pem", folder / "edge.key")
    return context


def listener(folder: Path, port: int) -> tuple[str, ...]:
    """A listener of mosquitto that asks for a certificate."""
    return (
        f"listener {port} 127.0.0.1",
        f"cafile {folder / 'ca.pem'}",
        f"certfile {folder / 'broker.pem'}",
        f"keyfile {folder / 'broker.key'}",
        "require_certificate true",
        "tls_version tlsv1.3",
    )


def _begun(who: x509.Name, by: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        by, who, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + timedelta(days=1)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
