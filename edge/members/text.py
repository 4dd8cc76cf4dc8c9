"""Texts of a member's profile: what may be one at all, as they come from other systems and from members themselves."""

from __future__ import annotations

import re

REF = re.compile(r"[A-Za-z0-9_-]{12}|s1\.[A-Za-z0-9_-]{16}")
"""A token's ``sub`` or the pseudonym of a static number (MEMBER_CODES 1 and 2)."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NEVER = re.compile(
    "[<>"  # markup
    "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"  # controls, ends of lines, halves of signs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # what turns the direction of the text after it (Unicode TR 36)
)


def plain(text: str) -> str:
    """The text itself; raises ValueError if it holds signs that no name, label or title has: markup, controls."""
    if _NEVER.search(text):
        raise ValueError("holds signs that no name or title has")
    return text


def is_plain(text: str) -> bool:
    """Whether ``plain`` takes it."""
    return not _NEVER.search(text)


def language(text: str) -> str:
    """The text if it is a BCP 47 tag in form, else empty."""
    return text if _LANGUAGE.fullmatch(text) else ""
