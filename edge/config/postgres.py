"""Where a PostgreSQL server is that hubs share, and who asks it."""

from __future__ import annotations

import ipaddress
from importlib.util import find_spec
from pathlib import Path

from pydantic import Field, model_validator

from edge.config.base import Settings


class Postgres(Settings):
    """Where the server is and who asks it. ``host`` may be the folder of a Unix socket. ``tls`` is on where the host is
    another machine; ``ca`` is a PEM file of who signed the server's certificate. ``password_file`` and ``ca`` are read
    at each connection. ``schema_name`` is where the tables are.
    """

    host: str = "127.0.0.1"
    port: int = Field(5432, ge=1, le=65535)
    database: str = "tentou"
    user: str = "tentou"
    password_file: Path | None = None
    tls: bool | None = None
    ca: Path | None = None
    schema_name: str = Field("tentou", pattern="^[a-z_][a-z0-9_]{0,62}$")

    @model_validator(mode="after")
    def _is_installed(self) -> Postgres:
        if find_spec("asyncpg") is None:
            raise ValueError("PostgreSQL needs asyncpg: pip install 'tentou[hub]'")
        return self

    @property
    def safe(self) -> bool:
        """Whether TLS is used."""
        return self.tls if self.tls is not None else self.ca is not None or not _here_itself(self.host)


def _here_itself(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.startswith("/")
