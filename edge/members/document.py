"""A member's profile as JSON, as a CRM bridge answers it: the few of its blocks that a screen may ever use."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, ValidationError

from edge.model import Coupon, Profile

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class BadDocument(ValueError):
    """An answer that is not a profile of the member asked for; the text quotes nothing of it."""


class _Greet(BaseModel):
    name: str = Field("", max_length=100)
    lang: str = Field("", max_length=35)
    show_name: bool = False


class _Tier(BaseModel):
    code: str = Field("", max_length=64)


class _Coupon(BaseModel):
    id: str = Field(max_length=64)
    title: str | dict[str, str]
    state: str = "issued"


class _Consent(BaseModel):
    personal_screen: bool = False


class _Document(BaseModel):
    """Version 1. What else it holds (points, purchases, addresses) is dropped here and reaches no screen."""

    v: int = Field(ge=1, le=1)
    member: str
    greet: _Greet = _Greet()
    tier: _Tier = _Tier()
    segments: list[str] = Field([], max_length=64)
    favourites: list[str] = Field([], max_length=64)
    coupons: list[_Coupon] = Field([], max_length=64)
    consent: _Consent = _Consent()
    have: list[str] = Field([], max_length=64)


def parse(data: bytes, ref: str) -> Profile:
    """The profile of ``ref``; raises BadDocument.

    Tier, coupons and favourites that ``have`` does not name are empty, though they be there. Without
    ``consent.personal_screen`` only the language is left. A coupon counts while ``issued``, a name with
    ``greet.show_name``.
    """
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise BadDocument(f"no profile of version 1: look at '{place or 'JSON'}'") from None
    if document.member != ref:
        raise BadDocument("the answer is about another member")
    language = document.greet.lang if _LANGUAGE.fullmatch(document.greet.lang) else ""
    if not document.consent.personal_screen:
        return Profile(ref, language=language)
    have = set(document.have)
    return Profile(
        ref=ref,
        tier=document.tier.code if "tier" in have else "",
        segments=frozenset(document.segments),
        nickname=document.greet.name if document.greet.show_name else "",
        language=language,
        favourites=tuple(document.favourites) if "favourites" in have else (),
        coupons=tuple(_coupons(document.coupons)) if "coupons" in have else (),
    )


def _coupons(coupons: list[_Coupon]) -> list[Coupon]:
    titled = ((one, one.title if isinstance(one.title, dict) else {"ja": one.title}) for one in coupons)
    return [Coupon(one.id, title) for one, title in titled if one.state == "issued" and title]
