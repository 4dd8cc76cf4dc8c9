"""The erasure list: members whom no contact may name any more, each with the second at which head office was asked.

It is signed by a root as the deny list is, and has no end: an edge that comes back after months must still hear of
it. Head office drops an entry once every store has long delivered what it held (``KEPT_DAYS``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.members.deny import Ref
from edge.members.envelope import BadSigned, Form, Version, read_inner
from edge.members.paper import Paper, Seconds

KEPT_DAYS = 400
"""Days after which an entry may go: a year, and a month for a store that was shut."""

MOST = 4_000
"""Ten requests a day for ``KEPT_DAYS``."""

MAX_CHARS = 188_416
"""Four thousand of the longest references take 187,100 characters, below what every broker of ours carries."""

FORM = Form("erasure list", "erase", b"MC1-ERASE-V1\n", MAX_CHARS)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ErasureList:
    """The members of one chain who are erased, each with the UNIX second of the request."""

    chain: str
    version: int
    issued_at: int
    asked: Mapping[str, int] = field(repr=False)
    inner: bytes = field(default=b"", repr=False)

    @property
    def members(self) -> frozenset[str]:
        """Whom no contact may name."""
        return frozenset(self.asked)

    def young(self, now: int, kept_days: int = KEPT_DAYS) -> dict[str, int]:
        """The entries that the next list must still name at ``now``."""
        return {ref: asked for ref, asked in self.asked.items() if asked > now - kept_days * _DAY_S}


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    typ: Literal["mc1-erase"]
    chain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: Version
    issued_at: Seconds
    members: list[tuple[Ref, Seconds]] = Field(max_length=MOST)


def _parse(inner: bytes) -> ErasureList:
    parsed = read_inner(FORM, inner, _Inner)
    asked = dict(parsed.members)
    if len(asked) != len(parsed.members):
        raise BadSigned("erasure list names one member twice")
    return ErasureList(parsed.chain, parsed.version, parsed.issued_at, asked, inner)


ERASURE = Paper(FORM, _parse)


def make_erasure(
    chain: str, version: int, issued_at: int, refs: Collection[str], before: ErasureList | None = None
) -> bytes:
    """The inner bytes of a list to be signed by a root: these from ``issued_at`` on, and whom ``before`` named.

    Raises BadSigned for what no edge would take, for another chain's list before, for a version that is not higher.
    """
    if before is not None and before.chain != chain:
        raise BadSigned(f"erasure list before is of chain '{before.chain}', not '{chain}'")
    if before is not None and before.version >= version:
        raise BadSigned(f"erasure list before has version {before.version}; the next one must be higher than that")
    asked = dict.fromkeys(refs, issued_at) | (before.young(issued_at) if before else {})
    return ERASURE.make(
        {"typ": "mc1-erase", "chain": chain, "version": version, "issued_at": issued_at, "members": list(asked.items())}
    )
