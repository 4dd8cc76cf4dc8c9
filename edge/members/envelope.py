"""The envelope of head office's signed files: base64url parts, an offline root's signature, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, Field, ValidationError

Version = Annotated[int, Field(ge=1, lt=2**53)]
"""Grows with every file; below 2^53, which every reader of JSON tells apart."""


_P = 2**255 - 19
_Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL_ORDER = {0, 1, _P - 1, _Y8, _P - _Y8}
"""The y coordinates of the eight points of small order (RFC 7748 6.1 tells of their danger)."""


class BadSigned(Exception):
    """A signed file that must not be used; the text says whose fault it is and quotes nothing of it."""


class Older(BadSigned):
    """A good file of a lower version than the one that is held: versions only grow."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of signed file: what it is called, the envelope's name for its inner part, what its root signs over
    besides, and how long its envelope may be."""

    word: str
    part: str
    domain: bytes
    most: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope in good form; nothing in it is believed yet."""

    inner: bytes
    root: bytes
    sig: bytes


def weak(public: bytes) -> bool:
    """Whether a public key lets anybody sign: OpenSSL takes points of small order, also respelled, without a word."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return y >= _P or y in _SMALL_ORDER


def to_base64url(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of a base64url text without padding; raises ValueError for any other spelling of them."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ValueError("not base64url") from error
    if to_base64url(data) != text:
        raise ValueError("not base64url without padding")
    return data


def seal(form: Form, inner: bytes, root: Ed25519PrivateKey) -> str:
    """The envelope, as JSON, of an inner part that a root signs."""
    public = root.public_key().public_bytes_raw()
    parts = {form.part: inner, "root": public, "sig": root.sign(form.domain + inner)}
    return json.dumps({name: to_base64url(part) for name, part in parts.items()})


def unseal(form: Form, text: str, roots: Sequence[bytes] | None) -> bytes:
    """The inner part that one of ``roots`` signed; raises BadSigned.

    None for ``roots`` takes the root that the envelope names: it is then whole, and nobody vouches for it.
    """
    opened = _opened(form, text)
    if roots is not None and opened.root not in roots:
        raise BadSigned(f"{form.word} is signed by a root that is not pinned here")
    if weak(opened.root):
        raise BadSigned(f"{form.word} is signed by a point of small order, for which anybody can sign")
    try:
        Ed25519PublicKey.from_public_bytes(opened.root).verify(opened.sig, form.domain + opened.inner)
    except (InvalidSignature, ValueError) as error:
        raise BadSigned(f"{form.word}'s signature does not hold") from error
    return opened.inner


def _opened(form: Form, text: str) -> Opened:
    if len(text) > form.most:
        raise BadSigned(f"{form.word} of {len(text)} characters; at most {form.most}")
    names = [form.part, "root", "sig"]
    try:
        parts = json.loads(text, object_pairs_hook=_once)
        if not isinstance(parts, dict) or sorted(parts) != sorted(names):
            raise ValueError("other parts")
        return Opened(*(from_base64url(parts[name]) for name in names))
    except (ValueError, TypeError, RecursionError) as error:
        expected = ", ".join(names)
        raise BadSigned(f"{form.word} is not an envelope of {expected} in base64url without padding") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which each name stands once, so that no two readers see two files in one."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


M = TypeVar("M", bound=BaseModel)


def read_inner(form: Form, inner: bytes, model: type[M]) -> M:
    """An inner part in its one form; raises BadSigned, which quotes no value of it.

    No number in quotes, no 3.0 for 3, no name twice: no two readers may see two files in what a root signed.
    """
    try:
        parsed = model.model_validate_json(inner, strict=True)
        json.loads(inner, object_pairs_hook=_once)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadSigned(f"{form.word}: {where or 'JSON'}: {first['msg']}") from None
    except ValueError:
        raise BadSigned(f"{form.word}: JSON: a name stands twice in one object") from None
    return parsed


class Signed(Protocol):
    """What every signed file of head office says of itself. ``inner`` are the signed bytes."""

    @property
    def chain(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def issued_at(self) -> int: ...

    @property
    def inner(self) -> bytes: ...


S = TypeVar("S", bound=Signed)


def newest(form: Form, held: S | None, offered: S) -> S:
    """The file to hold from now on; raises BadSigned for another chain's, Older for an older one."""
    if held is None:
        return offered
    if offered.chain != held.chain:
        raise BadSigned(f"{form.word} of chain '{offered.chain}'; this edge belongs to '{held.chain}'")
    if offered.version < held.version:
        raise Older(f"{form.word} version {offered.version} is older than {held.version}, which is held")
    if offered.version == held.version and offered.inner != held.inner:
        raise BadSigned(f"{form.word} version {offered.version} is held with other contents; raise the version")
    return offered
