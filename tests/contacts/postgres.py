"""A real PostgreSQL for tests: Debian's own binaries over a folder that goes with the session."""

from __future__ import annotations

import datetime
import ipaddress
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.adapters import sink_postgres
from tests.contacts.conftest import free_port

PASSWORD = "a password for a test"
RULES = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass
class Postgres:
    """A server; ``settings`` are for a schema of one's own."""

    folder: Path
    binaries: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    _schemas: Iterator[int] = field(default_factory=count)

    def settings(self, **more: Any) -> sink_postgres.Settings:
        own = {"port": self.port, "password_file": self.folder / "password", "schema_name": f"t{next(self._schemas)}"}
        return sink_postgres.Settings(**{"database": "postgres", **own, **more})

    def start(self) -> None:
        # Nothing here outlives the session, so the disk need not be waited for.
        options = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder), "-F"]
        self.process = subprocess.Popen(
            [self.binaries / "postgres", *options, "-c", "ssl=on", "-c", "shared_buffers=16MB"],
            stderr=subprocess.DEVNULL,
            **_unprivileged(),
        )
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(1_000):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            signal.sigtimedwait([], 0.02)
        raise AssertionError("PostgreSQL does not start")

    def stop(self) -> None:
        """At once, and without a word to who is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server on a free port, with a password and a certificate of its own (``ca.pem`` in its folder)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL is needed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="tentou-pg-"))
    server = Postgres(folder, found[-1].parent, free_port())
    (folder / "password").write_text(PASSWORD + "\n")
    (folder / "data").mkdir(mode=0o700)
    certify(folder)
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres", "postgres")
    ways = ["-A", "scram-sha-256", "-U", "tentou", "--pwfile", str(folder / "password"), "-E", "UTF8", "--locale=C"]
    command = [str(found[-1]), "-D", str(folder / "data"), "--no-sync", *ways]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **_unprivileged())
    (folder / "data" / "pg_hba.conf").write_text(RULES)
    for name in ("server.crt", "server.key"):
        (folder / name).rename(folder / "data" / name)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def certify(folder: Path) -> None:
    """A certificate that signs itself, for the loopback address."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.crt").write_bytes(pem)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key.private_bytes(*form))
    (folder / "server.key").chmod(0o600)
