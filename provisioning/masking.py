"""What of a setting may be shown to a person who looks at the configuration: secrets are masked by their key's name."""

from __future__ import annotations

import re
from typing import Any

MASK = "••••••"

_SECRET = re.compile(r"(^|[_.-])(password|passphrase|secret|token|credential|private|api_?key|bearer)s?($|[_.-])", re.I)
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.I)


def masked(key: str, value: Any) -> Any:
    """The value, or dots for a secret; a password inside an address is masked alone."""
    if _SECRET.search(key.rpartition(".")[2]):
        return MASK
    if isinstance(value, str):
        return _USERINFO.sub(rf"\g<scheme>{MASK}@", value)
    if isinstance(value, dict):
        return {name: masked(f"{key}.{name}", one) for name, one in value.items()}
    if isinstance(value, list):
        return [masked(key, one) for one in value]
    return value
