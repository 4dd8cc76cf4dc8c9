"""Makes the shop's database: an administrator, partners for places, and products with a stock record for each place.

``furnish.py PRODUCTS PLACES [SEED]`` in the environment of the shop.
"""

import random
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402


def main(products: int, places: int, seed: int) -> None:
    """All by bulk, so no signal: as a shop is that has been there before the app."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_superuser("admin", "admin@example.test", "pw")
    chance = random.Random(seed)
    Product, Kind = get_model("catalogue", "Product"), get_model("catalogue", "ProductClass")
    Partner, Record = get_model("partner", "Partner"), get_model("partner", "StockRecord")
    with transaction.atomic():
        kind = Kind.objects.create(name="Goods", slug="goods", track_stock=True)
        partners = [Partner.objects.create(name=f"place {n}", code=f"place-{n}") for n in range(1, places + 1)]
        made = [
            Product(title=f"品 {n}", slug=f"p{n}", upc=f"20{n:010}", product_class=kind, structure="standalone")
            for n in range(1, products + 1)
        ]
        made = Product.objects.bulk_create(made, batch_size=5000)
        Record.objects.bulk_create(
            (
                Record(
                    product=one, partner=partner, partner_sku=f"S-{n:06}", price=1000, num_in_stock=chance.randrange(40)
                )
                for n, one in enumerate(made, 1)
                for partner in partners
            ),
            batch_size=5000,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
