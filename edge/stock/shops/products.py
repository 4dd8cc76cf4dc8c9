"""Which variants each product of a shop has, as far as it was read, so that one that is gone is noticed at once."""

from __future__ import annotations

from collections.abc import Iterable

from edge.stock.shops.skus import Skus


class Products:
    """Products by the shop's ids and their variants' SKUs, in memory; a SKU that two variants bear names neither."""

    def __init__(self) -> None:
        self._skus = Skus()
        self._variants: dict[str, set[str]] = {}
        self._product: dict[str, str] = {}

    def learn(self, product: str, variant: str, sku: str) -> None:
        """A variant of a product bears this SKU now; ``variant`` is an id that no other product's variant has."""
        self._skus.learn(variant, sku)
        self._variants.setdefault(product, set()).add(variant)
        self._product[variant] = product

    def names(self, sku: str) -> bool:
        """Whether a SKU names one variant alone."""
        return bool(sku) and self._skus.single(sku)

    def variant(self, sku: str) -> str | None:
        """The variant of a SKU, None if none is known or more than one."""
        return self._skus.their(sku)

    def product(self, sku: str) -> str | None:
        """The product of a SKU's variant, None if none is known or more than one."""
        variant = self._skus.their(sku)
        return self._product.get(variant) if variant is not None else None

    def lost(self, products: Iterable[str], variants: Iterable[str]) -> list[str]:
        """The SKUs of variants that these products had and that a whole answer about them does not name any more.

        They are forgotten; a SKU that another variant bears now is not among them.
        """
        here = frozenset(variants)
        found: list[str] = []
        for product in frozenset(products):
            for variant in sorted(self._variants.get(product, set()) - here):
                sku = self._skus.sku(variant)
                self._skus.learn(variant, "")
                self._variants[product].discard(variant)
                found += [sku] if sku and not self.names(sku) else []
        return found
