"""The link by which a shopper goes on on the phone: one grammar for the edge that draws it and the hub that follows it.

::

    https://go.acme.example/h/{id}?p={sku}&s={store}&k={kind}

It names a product, a store and what is wanted, and nobody. ``id`` is random and tells one showing of it from another;
who follows the link needs to know no id to lead to the product.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

Kind = Literal["product", "basket", "hold", "order"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What waits on the phone: the product, the basket, 取り置き (kept at this store), 取り寄せ (ordered in)."""

ID_BYTES = 12
"""96 random bits, 16 signs of base64url: fewer bits of a QR than base32 would take, as the rest of the link has small
letters and so is in byte mode in any case."""
MOST_BASE = 80
"""Characters of a base; a QR has 33 modules a side up to 78 characters of a link, 45 up to 154."""

_ID = re.compile(r"[A-Za-z0-9_-]{16}", re.ASCII)
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)  # the catalogue's own rule
_STORE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_PLAIN = re.compile(r"[!#-&(-;=?-\[\]_a-z{}~]+", re.ASCII)  # what an address has, and the braces of our fields
_FIELD = re.compile(r"\{(sku|store|id)\}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says. ``store`` is empty where it names none."""

    id: str
    kind: Kind
    sku: str
    store: str = ""


def is_id(text: str) -> bool:
    """Whether this could be an id of ours."""
    return _ID.fullmatch(text) is not None


def written(base: str, link: Link) -> str:
    """The link's text; the product is the kind that needs no word."""
    asked = {"p": link.sku, "s": link.store, "k": "" if link.kind == "product" else link.kind}
    return f"{base}{link.id}?{urlencode({name: value for name, value in asked.items() if value})}"


def read(id: str, query: Mapping[str, str]) -> Link | None:
    """What was asked for; None for an id, a SKU or a store that none of ours can be. An unknown kind is the product."""
    sku, store, kind = query.get("p", ""), query.get("s", ""), query.get("k", "")
    if not (is_id(id) and _SKU.fullmatch(sku) and (not store or _STORE.fullmatch(store))):
        return None
    return Link(id, next((known for known in KINDS if known == kind), "product"), sku, store)


def base(url: str) -> str:
    """The base itself; raises ValueError unless ids may follow it and no camera of ours may take it for a product."""
    _secure(url)
    if "?" in url or "#" in url or not url.endswith("/") or _FIELD.search(url):
        raise ValueError(f"'{url}' must end with '/', as the link's id follows it: 'https://go.acme.example/h/'")
    if "/01/" in url or len(url) > MOST_BASE:
        raise ValueError(
            f"'{url}' must have at most {MOST_BASE} characters and no '/01/', which marks a product's code"
        )
    return url


def target(template: str) -> str:
    """The template itself; raises ValueError for one whose host a link could choose, or that is not safe to follow."""
    if not template:
        return template
    parts = _secure(template)
    if _FIELD.search(parts.netloc) or set("{}") & set(_FIELD.sub("", template)):
        raise ValueError(
            f"'{template}': {{sku}}, {{store}} and {{id}} may stand behind the host alone, and nothing else"
        )
    return template


def filled(template: str, link: Link) -> str:
    """Where a link of this template leads; what it names is escaped, so that it stays what it is."""
    values = {"sku": link.sku, "store": link.store, "id": link.id}
    return _FIELD.sub(lambda field: quote(values[field[1]], safe=""), template)


def _secure(url: str) -> SplitResult:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ValueError(f"'{url}' must be an https address (http on this machine alone), plain and without a password")
    return parts


class Offering(BaseModel):
    """An edge's settings ``[handoff]``: ``url`` is what ids are put behind, ``kinds`` what a product's sheet offers.

    Nobody can touch a sign, so it offers the product or the basket: one of them is among the kinds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(base)]
    kinds: tuple[Kind, ...] = ("product",)

    @field_validator("kinds")
    @classmethod
    def _one_for_signs(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        if not {"product", "basket"} & set(kinds):
            raise ValueError("name 'product' or 'basket' too, for screens that nobody can touch")
        return tuple(dict.fromkeys(kinds))


Target = Annotated[str, AfterValidator(target)]


class Leading(BaseModel):
    """The hub's settings ``[handoff]``: where links lead, by kind, with {sku}, {store} and {id} in them.

    A kind that is not set leads where the product's does. ``token`` is a file with what must be borne to report a
    use, ``keep_days`` for how long an offer can be used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: Target = ""
    basket: Target = ""
    hold: Target = ""
    order: Target = ""
    token: Path | None = None
    keep_days: int = Field(30, ge=1, le=366)

    def goal(self, link: Link) -> str:
        """Where a link leads; empty where no template says so."""
        return filled(getattr(self, link.kind) or self.product, link)
