"""Which SKU an id of a shop's system is, both ways; a SKU that two of its ids bear names neither."""

from __future__ import annotations


class Skus:
    """Learnt from what the system tells, forgotten with the program; nothing here is asked for."""

    def __init__(self) -> None:
        self._sku: dict[str, str] = {}
        self._theirs: dict[str, list[str]] = {}

    def learn(self, their: str, sku: str) -> None:
        """This id bears this SKU now; an empty one is none."""
        before = self._sku.get(their)
        if before == sku:
            return
        if before:
            self._theirs[before].remove(their)
        self._sku[their] = sku
        if sku:
            self._theirs.setdefault(sku, []).append(their)

    def knows(self, their: str) -> bool:
        """Whether the system told of this id."""
        return their in self._sku

    def sku(self, their: str) -> str:
        """The SKU of an id, empty if it has none or none is known."""
        return self._sku.get(their, "")

    def single(self, sku: str) -> bool:
        """Whether no other id bears this SKU, so that its figures are those of one product."""
        return len(self._theirs.get(sku, ())) == 1

    def their(self, sku: str) -> str | None:
        """The one id that bears a SKU; None if there is none, or more than one."""
        found = self._theirs.get(sku, [])
        return found[0] if len(found) == 1 else None
