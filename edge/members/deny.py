"""The deny list (MEMBER_CODES 3): references refused in the urgent case, signed by a root as the key set is.

A code of a reference on it is rejected as ``denied``. It is for hours and days, until the issuer has stopped issuing:
past its ``not_after`` it denies nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.members.envelope import BadSigned, Form, Version, read_inner
from edge.members.paper import Paper, Seconds

DOMAIN = b"MC1-DENY-V1\n"
MOST = 1_000
MAX_CHARS = 40_960
"""A thousand of the longest references take 35,000 characters."""

FORM = Form("deny list", "deny", DOMAIN, MAX_CHARS)

Ref = Annotated[str, Field(pattern=r"^(?:[A-Za-z0-9_-]{12}|s1\.[A-Za-z0-9_-]{16})$")]
"""A token's ``sub``, or the pseudonym of a fixed number."""


@dataclass(frozen=True, slots=True)
class DenyList:
    """The references of one chain that are refused until ``not_after``. ``inner`` are the signed bytes."""

    chain: str
    version: int
    issued_at: int
    not_after: int
    refs: frozenset[str] = field(repr=False)
    inner: bytes = field(default=b"", repr=False)

    def ended(self, now: float) -> bool:
        """Past its ``not_after`` a list denies nobody."""
        return now > self.not_after

    def denied(self, now: float) -> frozenset[str]:
        """Whom it denies at ``now`` (UNIX seconds)."""
        return frozenset() if self.ended(now) else self.refs


NOBODY = DenyList("", 0, 0, 0, frozenset())


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    typ: Literal["mc1-deny"]
    chain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: Version
    issued_at: Seconds
    not_after: Seconds
    refs: list[Ref] = Field(max_length=MOST)


def _parse(inner: bytes) -> DenyList:
    parsed = read_inner(FORM, inner, _Inner)
    if len(set(parsed.refs)) != len(parsed.refs):
        raise BadSigned("deny list names one reference twice")
    if parsed.not_after < parsed.issued_at:
        raise BadSigned("deny list ends before it is issued")
    return DenyList(parsed.chain, parsed.version, parsed.issued_at, parsed.not_after, frozenset(parsed.refs), inner)


DENY = Paper(FORM, _parse)


def make_deny(chain: str, version: int, issued_at: int, not_after: int, refs: Sequence[str]) -> bytes:
    """The inner bytes of a deny list, to be signed by a root; raises BadSigned for what no edge would take."""
    inner = {"typ": "mc1-deny", "chain": chain, "version": version, "issued_at": issued_at, "not_after": not_after}
    return DENY.make(inner | {"refs": list(refs)})


sign_deny, read_deny = DENY.sign, DENY.read
