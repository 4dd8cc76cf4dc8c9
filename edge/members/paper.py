"""What all of head office's signed files share: an inner part in one form, a root's signature over it, and its date."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from edge.members.envelope import BadSigned, Form, S, seal, unseal

MAX_AHEAD = 86_400
"""Seconds that a file may be from the future of a trusted clock; more would push the floor clock ahead for good."""

NEVER_SET = 1_767_225_600
"""A clock before 2026 was never set (a flat battery), so a file that is newer than it is no wonder."""

Seconds = Annotated[int, Field(ge=0, lt=2**32)]


@dataclass(frozen=True, slots=True)
class Paper(Generic[S]):
    """One kind of signed file. ``parse`` reads inner bytes in their one form and raises BadSigned for any other."""

    form: Form
    parse: Callable[[bytes], S]

    def make(self, inner: Mapping[str, object]) -> bytes:
        """The inner bytes, to be signed by a root; raises BadSigned for what no edge would take."""
        data = json.dumps(inner, separators=(",", ":")).encode()
        self.parse(data)
        return data

    def sign(self, inner: bytes, root: Ed25519PrivateKey) -> str:
        """The envelope that edges take, as JSON; raises BadSigned for an inner part that they would refuse."""
        self.parse(inner)
        return seal(self.form, inner, root)

    def read(self, text: str, roots: Sequence[bytes] | None, now: float | None = None) -> S:
        """The file in an envelope that one of the pinned ``roots`` signed; raises BadSigned, which quotes nothing.

        ``now`` is UNIX time, None where the clock cannot be trusted: then a file from the future is no error. One that
        has ended is no error either. ``roots`` None is for who hands it on (``unseal``).
        """
        found = self.parse(unseal(self.form, text, roots))
        if now is not None and ahead(found.issued_at, now):
            raise BadSigned(f"{self.form.word} was issued more than a day in the future; check this edge's clock")
        return found


def ahead(issued_at: int, now: float) -> bool:
    """Whether a file was issued further in the future of a clock that was set than clocks differ."""
    return NEVER_SET < now < issued_at - MAX_AHEAD
