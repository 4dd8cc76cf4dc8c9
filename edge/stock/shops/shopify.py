"""What Shopify's two APIs, for the shop's staff and for its storefront, have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from edge.ports import StockAway
from edge.stock.shops import answers
from edge.stock.shops.answers import Name

WHO = "Shopify"
LOCATION = "gid://shopify/Location/"


class Option(BaseModel):
    """One choice that makes a variant."""

    name: Name = ""
    value: Name = ""


class PageInfo(BaseModel):
    """Whether a list goes on."""

    hasNextPage: bool
    endCursor: str | None = None

    def following(self, before: str | None) -> str | None:
        """The cursor of the next page, None behind the last; raises StockAway where it leads nowhere."""
        if not self.hasNextPage:
            return None
        if not self.endCursor or self.endCursor == before:
            raise StockAway(f"{WHO} says that there is more and not where")
        return self.endCursor


def axes(options: Sequence[Option]) -> tuple[str, str]:
    """(color, size) of a variant."""
    return answers.axes({option.name: option.value for option in options})


def numbers(locations: Mapping[str, str]) -> dict[str, str]:
    """Our ids by the numbers of locations, which may be given as whole gids."""
    return {their.removeprefix(LOCATION): ours for their, ours in locations.items()}
