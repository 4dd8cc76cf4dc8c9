"""Texts of a member's profile: what may be one at all, as they come from other systems and from members themselves."""

from __future__ import annotations

import re
import unicodedata

REF = re.compile(r"[A-Za-z0-9_-]{12}|s1\.[A-Za-z0-9_-]{16}")
"""A token's ``sub`` or the pseudonym of a static number (MEMBER_CODES 1 and 2)."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of the text after them, so that it reads as what it is not (Unicode TR 36)."""


def plain(text: str) -> str:
    """The text itself; raises ValueError if it holds signs that no name, label or title has: markup, controls."""
    for sign in text:
        if sign in "<>" or sign in _TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            raise ValueError("holds signs that no name or title has")
    return text


def is_plain(text: str) -> bool:
    """Whether ``plain`` takes it."""
    try:
        plain(text)
    except ValueError:
        return False
    return True


def language(text: str) -> str:
    """The text if it is a BCP 47 tag in form, else empty."""
    return text if _LANGUAGE.fullmatch(text) else ""
