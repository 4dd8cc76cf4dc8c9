"""An answer of a GraphQL server: data, errors that may stand beside it, and what the question cost (Shopify)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

THROTTLED = "THROTTLED"


class Extensions(BaseModel):
    """What an error says for machines."""

    code: str = ""


class Error(BaseModel):
    """What went wrong, in the server's words, which may quote what was asked."""

    message: str = ""
    extensions: Extensions = Extensions()


class Bucket(BaseModel):
    """What a leaky bucket of points still holds, and what flows into it in a second."""

    currentlyAvailable: float = 0.0
    restoreRate: float = Field(50.0, gt=0)


class Cost(BaseModel):
    """What a question was taken to cost before it was answered, and what it cost."""

    requestedQueryCost: float = 0.0
    actualQueryCost: float | None = None
    throttleStatus: Bucket | None = None


class _Costs(BaseModel):
    cost: Cost | None = None


class Answer(BaseModel):
    """The whole answer. It may come with status 200 and errors."""

    data: dict[str, Any] | None = None
    errors: list[Error] | str = []
    extensions: _Costs = _Costs()

    @property
    def codes(self) -> frozenset[str]:
        """What went wrong, for machines."""
        return frozenset() if isinstance(self.errors, str) else frozenset(one.extensions.code for one in self.errors)

    @property
    def texts(self) -> str:
        """What went wrong, in the server's words: to be searched, never to be told on."""
        return self.errors if isinstance(self.errors, str) else " ".join(one.message for one in self.errors)

    def lacking_s(self) -> float | None:
        """Seconds until the bucket holds enough for another question of this size; None if the answer does not say."""
        cost = self.extensions.cost
        if cost is None or cost.throttleStatus is None:
            return None
        return (cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable) / cost.throttleStatus.restoreRate
