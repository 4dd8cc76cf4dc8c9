"""A member's profile as JSON, as a CRM bridge and head office's hub answer it: the blocks a screen may ever use.

What else an answer holds (points, purchases, addresses, birthdays, values and codes of coupons) is dropped while it is
read and never reaches a ``Profile``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from edge.members.text import language, plain
from edge.model import BLOCKS, COUPON_KINDS, Coupon, Profile

VERSION = 1
DAY_S = 86_400.0
TTL_S = 3600.0
"""For how long a profile may be used whose source says nothing of it, seconds."""

SHORTEST_CODE = 4
"""A title that holds a shorter till code may do so by chance."""

Plain = AfterValidator(plain)
Name = Annotated[str, Field(max_length=100), Plain]
Label = Annotated[str, Field(max_length=64), Plain]
Title = Annotated[str, Field(max_length=200), Plain]
Language = Annotated[str, Field(max_length=35)]
Labels = Annotated[list[Label], Field(max_length=64)]


class BadDocument(ValueError):
    """An answer that is not a profile of the member asked for; the text quotes nothing of it."""


class _Greet(BaseModel):
    name: Name = ""
    lang: Language = ""
    show_name: bool = False


class _Tier(BaseModel):
    code: Label = ""
    label: Label = ""


class _Scope(BaseModel):
    styles: Labels = []
    categories: Labels = []
    stores: Labels = ["*"]


class _Coupon(BaseModel):
    id: Label
    title: Title | Annotated[dict[Language, Title], Field(max_length=16)]
    kind: Label = ""
    valid: tuple[date | None, date | None] = (None, None)
    scope: _Scope = _Scope()
    state: Label = "issued"
    code: str = Field("", max_length=256)


class _Consent(BaseModel):
    personal_screen: bool = False
    history_on_screen: bool = False


class _Document(BaseModel):
    v: Literal[1]
    member: str
    as_of: AwareDatetime | Annotated[dict[str, AwareDatetime], Field(max_length=16)] | None = None
    ttl_s: float = Field(TTL_S, ge=0, allow_inf_nan=False)
    rev: str = Field("", max_length=128)
    greet: _Greet | None = None
    tier: _Tier | None = None
    segments: Labels | None = None
    favourites: Labels | None = None
    coupons: list[_Coupon] | None = Field(None, max_length=64)
    consent: _Consent = _Consent()
    have: Labels = []


_KEYS = frozenset(
    name for model in (_Document, _Greet, _Tier, _Scope, _Coupon, _Consent) for name in model.model_fields
)


def parse(data: bytes, ref: str, now: float) -> Profile:
    """The profile of ``ref`` as it is at ``now`` (UNIX seconds); raises BadDocument.

    Tier, coupons and favourites that ``have`` does not name are empty, though they be there; what it names and is not
    there could not be given now. Without ``consent.personal_screen`` only the language is left. A name counts with
    ``greet.show_name``, a coupon while ``issued``.
    """
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        raise BadDocument(f"no profile of version {VERSION}: look at '{_place(error)}'") from None
    if document.member != ref:
        raise BadDocument("the answer is about another member")
    spoken = language(document.greet.lang) if document.greet else ""
    ttl = min(document.ttl_s, DAY_S)
    if not document.consent.personal_screen:
        return Profile(ref, language=spoken, as_of={"greet": _when(document, "greet", now)}, ttl_s=ttl)
    given = _given(document)
    return Profile(
        ref=ref,
        tier=document.tier.code if document.tier and "tier" in given else "",
        segments=frozenset(document.segments or ()),
        nickname=document.greet.name if document.greet and document.greet.show_name else "",
        language=spoken,
        favourites=tuple(document.favourites or ()) if "favourites" in given else (),
        coupons=tuple(_coupons(document.coupons or [])) if "coupons" in given else (),
        tier_label=document.tier.label if document.tier and "tier" in given else "",
        have=frozenset(document.have).intersection(BLOCKS) | given,
        as_of={block: _when(document, block, now) for block in given},
        ttl_s=ttl,
        rev=document.rev,
    )


def _place(error: ValidationError) -> str:
    """Where it went wrong, in our own words alone: a key of the answer may be anything, a name too."""
    steps = error.errors(include_url=False, include_input=False)[0]["loc"]
    return ".".join(str(step) for step in steps if isinstance(step, int) or step in _KEYS) or "JSON"


def _given(document: _Document) -> frozenset[str]:
    """The blocks that are there; greet and segments need not be named in ``have``."""
    there = (block for block in BLOCKS if getattr(document, block) is not None)
    return frozenset(block for block in there if block in ("greet", "segments") or block in document.have)


def _when(document: _Document, block: str, now: float) -> float:
    """Of when the word on a block is; what comes from the future or has no time is of now."""
    stamp = document.as_of
    told = stamp.get(block) if isinstance(stamp, dict) else stamp
    return min(told.timestamp(), now) if isinstance(told, datetime) else now


def _coupons(coupons: list[_Coupon]) -> Iterator[Coupon]:
    for one in coupons:
        titles = one.title if isinstance(one.title, dict) else {"ja": one.title}
        if one.state == "issued" and any(titles.values()) and not _tells(titles, one.code):
            yield Coupon(
                id=one.id,
                title=titles,
                kind=one.kind if one.kind in COUPON_KINDS else "",
                first=one.valid[0],
                last=one.valid[1],
                stores=frozenset(one.scope.stores),
                styles=tuple(one.scope.styles),
                categories=tuple(one.scope.categories),
            )


def _tells(titles: Mapping[str, str], code: str) -> bool:
    """Whether a title holds the code that a till takes: such a one is for the phone alone."""
    return len(code) >= SHORTEST_CODE and any(code.casefold() in title.casefold() for title in titles.values())


def write(profile: Profile) -> bytes:
    """The document that ``parse`` reads, of a profile and nothing else."""
    blocks: dict[str, Any] = {
        "greet": {"name": profile.nickname, "lang": profile.language, "show_name": bool(profile.nickname)},
        "tier": {"code": profile.tier, "label": profile.tier_label},
        "segments": sorted(profile.segments),
        "favourites": list(profile.favourites),
        "coupons": [_written(coupon) for coupon in profile.coupons],
    }
    whole = {
        "v": VERSION,
        "member": profile.ref,
        "as_of": {block: datetime.fromtimestamp(when, UTC).isoformat() for block, when in profile.as_of.items()},
        "ttl_s": profile.ttl_s,
        "rev": profile.rev,
        "consent": {"personal_screen": bool(profile.have), "history_on_screen": False},
        "have": sorted(profile.have),
        **{block: value for block, value in blocks.items() if block in profile.as_of},
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def _written(coupon: Coupon) -> dict[str, Any]:
    return {
        "id": coupon.id,
        "title": dict(coupon.title),
        "kind": coupon.kind,
        "valid": [day and day.isoformat() for day in (coupon.first, coupon.last)],
        "scope": {
            "styles": list(coupon.styles),
            "categories": list(coupon.categories),
            "stores": sorted(coupon.stores),
        },
        "state": "issued",
    }
