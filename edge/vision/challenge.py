"""The answer to a camera's question for a password: HTTP Basic (RFC 7617) and Digest (RFC 7616). Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from urllib.request import parse_http_list, parse_keqv_list

HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""From the stronger to the weaker; cameras of before 2018 know MD5 alone."""


def authorization(asked: Sequence[str], path: str, user: str, password: str, own: str) -> str:
    """The Authorization header for a GET, by the WWW-Authenticate headers that came; "" if none can be answered.

    Digest is preferred, as it does not tell the password; ``own`` is our random number in it.
    """
    digests = [_fields(text) for text in asked if text[:7].lower() == "digest "]
    for name in HASHES:
        for fields in digests:
            if fields.get("algorithm", "MD5").upper() == name and "auth" in fields.get("qop", "auth").split(","):
                return _digest(fields, name, path, user, password, own)
    if any(text[:6].lower() == "basic " for text in asked):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return ""


def _fields(challenge: str) -> dict[str, str]:
    pairs = [pair for pair in parse_http_list(challenge[7:]) if "=" in pair]
    return {name.lower(): value for name, value in parse_keqv_list(pairs).items()}


def _digest(fields: dict[str, str], name: str, path: str, user: str, password: str, own: str) -> str:
    def of(*texts: str) -> str:
        return HASHES[name](":".join(texts).encode()).hexdigest()

    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    who, what = of(user, realm, password), of("GET", path)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": path}
    if "qop" in fields:
        said |= {"response": of(who, nonce, "00000001", own, "auth", what), "cnonce": own}
    else:
        said |= {"response": of(who, nonce, what)}
    said |= {"opaque": fields["opaque"]} if "opaque" in fields else {}
    quoted = ", ".join(f'{key}="{_quoted(value)}"' for key, value in said.items())
    return f"Digest {quoted}, algorithm={name}" + (", qop=auth, nc=00000001" if "qop" in fields else "")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
