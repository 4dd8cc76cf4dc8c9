"""Certificates as an authority of a chain would give them, right ones and wrong ones (X.509, P-256)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

DAY = timedelta(days=1)
VALID, EXPIRED, NOT_YET = (-DAY, DAY), (-9 * DAY, -DAY), (DAY, 9 * DAY)
HERE = "127.0.0.1"


@dataclass
class Authority:
    """Signs certificates into a folder; ``ca`` is the file of its own."""

    folder: Path
    name: str = "Acme CA"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.folder.mkdir(exist_ok=True)
        self.ca = self._written("ca", _builder(self.name, self.name, self._key, VALID, True).sign(self._key, HASH))

    def give(self, name: str, span: tuple[timedelta, timedelta] = VALID, host: str = HERE) -> tuple[Path, Path]:
        """A certificate for a common name, for the host, valid from and until so long from now; and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        made = _builder(name, self.name, key, span, False).add_extension(address, False).sign(self._key, HASH)
        where = self.folder / f"{name}.key"
        where.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return self._written(name, made), where

    def _written(self, name: str, made: x509.Certificate) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(made.public_bytes(Encoding.PEM))
        return path


HASH = hashes.SHA256()


def _builder(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, span: tuple[timedelta, timedelta], ca: bool
) -> x509.CertificateBuilder:
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now + span[0]).not_valid_after(now + span[1])
    return made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
