"""The shop's addresses: its own API, what Tentou reads, and a till that sells by ``allocate()``."""

import json

from django.db import transaction
from django.http import JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oscar.core.loading import get_model


@csrf_exempt
def till(request):
    """Sell (``allocate``), hand over (``consume``) or take back (``cancel``) some of a stock record, as orders do.

    ``silent`` takes some off as a script of the shop's own does: by the table, without a signal or a timestamp.
    ``recount`` sets each of the first so many records, ``record``, in one transaction; ``track`` says whether the stock
    of all products is counted.
    """
    asked = json.loads(request.body)
    if asked["act"] == "track":
        for kind in get_model("catalogue", "ProductClass").objects.all():
            kind.track_stock = bool(asked["quantity"])
            kind.save()
        return JsonResponse({})
    if asked["act"] == "recount":
        recount(asked["record"], asked["quantity"])
        return JsonResponse({})
    record = get_model("partner", "StockRecord").objects.get(pk=asked["record"])
    if asked["act"] == "silent":
        get_model("partner", "StockRecord").objects.filter(pk=record.pk).update(num_in_stock=asked["quantity"])
        return JsonResponse({})
    act = {"allocate": record.allocate, "consume": record.consume_allocation, "cancel": record.cancel_allocation}
    act[asked["act"]](asked.get("quantity", 1))
    return JsonResponse({"num_in_stock": record.num_in_stock, "num_allocated": record.num_allocated})


@transaction.atomic
def recount(most, quantity):
    for record in get_model("partner", "StockRecord").objects.order_by("pk")[:most]:
        record.num_in_stock = quantity
        record.save()


urlpatterns = [
    path("api/", include("oscarapi.urls")),
    path("tentou/", include("tentou_stock")),
    path("till", till),
]
