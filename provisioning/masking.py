"""What of a setting may be shown to a person who looks at the configuration: secrets are masked by their key's name."""

from __future__ import annotations

import re
from typing import Any

MASK = "••••••"

_SECRET = re.compile(
    r"(^|[_.-])(pwd|pass(wd|word|phrase)?|secret|token|credential|private|api_?key|bearer)s?($|[_.-])", re.I
)
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)([^/]*|[^/:]*:(?!\d{1,5}/).*)@", re.I | re.S)
"""To the last @ before the path, or the last one at all where no host and port stand before the first slash: a
password may hold an @ or a slash that nobody escaped."""
_PARAMETER = re.compile(
    r"(?P<name>[/?&;#]([\w.-]*[_.-])?"
    r"(pwd|pass|passwd|password|passphrase|pas|token|(api)?key|secret|auth|user|username|usr|loginuse|loginpas)=)[^&\s]*",
    re.I,
)
"""Cameras take their user and password in the query, some in the path; a value ends at & alone, as it may be raw."""


def masked(key: str, value: Any) -> Any:
    """The value, or dots for a secret; what gives access inside an address is masked alone."""
    if _SECRET.search(key.rpartition(".")[2]):
        return MASK
    if isinstance(value, str):
        return _PARAMETER.sub(rf"\g<name>{MASK}", _USERINFO.sub(rf"\g<scheme>{MASK}@", value))
    if isinstance(value, dict):
        return {name: masked(f"{key}.{name}", one) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(key, one) for one in value]
    return value
