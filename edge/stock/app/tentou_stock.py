"""Stock of a django-oscar shop for Tentou: pushes each change as it is committed, and gives everything page by page.

For the shop's own server: copy this file beside ``manage.py``, then

    INSTALLED_APPS += ["tentou_stock.TentouStock"]
    TENTOU_STOCK = {"url": "https://hub.example/hooks/oscar", "secret": "...", "token": "..."}
    urlpatterns += [path("tentou/", include("tentou_stock"))]

and run ``manage.py migrate``. ``secret`` signs what is pushed, ``token`` must be borne by who reads. Raise ``epoch`` by
one after the shop's database was restored from a backup, so that what is told from then on counts as newer.

Oscar moves no timestamp when it sells, so each stock record gets a version here, in the transaction of the change. What
was not pushed is known by that table as well, so a process that dies loses nothing: another pushes it with its beat.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
import uuid
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db import IntegrityError, close_old_connections, connections, models, router, transaction
from django.db.models.functions import Coalesce, Greatest
from django.db.models.signals import post_delete, post_migrate, post_save, pre_save
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET

FORMAT = "tentou-stock-push/1"
MOST = 1000
EPOCH_MS = 1 << 43
log = logging.getLogger("tentou_stock")


class TentouStock(AppConfig):
    """The app. Its two tables are made after ``migrate``, as a single file has no migrations of its own."""

    name = "tentou_stock"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self):
        """The two models, once all others can be known."""
        super().import_models()
        _define(self.name)
        self.models_module = self.module  # migrate signals only to apps that have one

    def ready(self):
        """Hear of every save and every commit."""
        post_migrate.connect(_make_tables, sender=self)
        record = _record()
        post_save.connect(_moved, sender=record)
        post_delete.connect(_moved, sender=record)
        pre_save.connect(_tracked, sender=_kind())
        post_save.connect(_reclassed, sender=_kind())
        if _setting("url"):
            request_started.connect(lambda **_: sender.start(), weak=False)


def _define(module):
    global Version, Stream

    class Version(models.Model):
        """The version of a stock record, and up to which it was pushed."""

        record = models.BigIntegerField(primary_key=True)
        place = models.CharField(max_length=20, default="")
        sku = models.CharField(max_length=128, default="")
        version = models.BigIntegerField()
        sent = models.BigIntegerField(default=0)
        __module__ = module

        class Meta:
            db_table = "tentou_stock_version"
            indexes = (
                models.Index(fields=["version", "record"], name="tentou_version"),
                models.Index(fields=["record"], condition=models.Q(sent__lt=models.F("version")), name="tentou_unsent"),
            )

    class Stream(models.Model):
        """How the pushes are numbered: one row, for all processes of the shop."""

        name = models.CharField(max_length=36)
        seq = models.BigIntegerField(default=0)
        told_s = models.FloatField(default=0.0)  # up to when all that was committed is pushed
        __module__ = module

        class Meta:
            db_table = "tentou_stock_stream"


def _record():
    from oscar.core.loading import get_model

    return get_model("partner", "StockRecord")


def _kind():
    from oscar.core.loading import get_model

    return get_model("catalogue", "ProductClass")


def _make_tables(using, **_):
    there = connections[using].introspection.table_names()
    for model in (Version, Stream):
        if model._meta.db_table not in there and router.allow_migrate_model(using, model):
            with connections[using].schema_editor() as editor:
                editor.create_model(model)


def _setting(name, default=""):
    return getattr(settings, "TENTOU_STOCK", {}).get(name, default)


def _moved(instance, using, raw=False, **_):
    """A stock record was saved, sold or deleted: its version goes up with the change itself, and is pushed after it."""
    now_ms = int(time.time() * 1000)
    known = {"place": str(instance.partner_id), "sku": instance.partner_sku}
    versions = Version.objects.using(using)
    up = {**known, "version": Greatest(models.F("version") + 1, models.Value(now_ms))}
    if not versions.filter(pk=instance.pk).update(**up):
        try:
            with transaction.atomic(using=using):
                versions.create(record=instance.pk, version=now_ms, **known)
        except IntegrityError:
            versions.filter(pk=instance.pk).update(**up)
    if _setting("url"):
        transaction.on_commit(sender.wake, using=using)


def _tracked(instance, using, **_):
    """Remember whether a class of products counted its stock until now."""
    known = type(instance).objects.using(using).filter(pk=instance.pk).values_list("track_stock", flat=True)
    instance._tentou_tracked = known.first()


def _reclassed(instance, using, created=False, **_):
    """Where a class begins or ends to count its stock, all its stock records read otherwise: as if each had moved."""
    if created or instance.track_stock == instance._tentou_tracked:
        return
    now_ms = int(time.time() * 1000)
    of = models.Q(product__product_class=instance) | models.Q(product__parent__product_class=instance)
    records, versions = _record().objects.using(using).filter(of), Version.objects.using(using)
    fresh = [
        Version(record=pk, place=str(partner), sku=sku, version=now_ms)
        for pk, partner, sku in records.exclude(pk__in=versions.values("pk")).values_list(
            "pk", "partner_id", "partner_sku"
        )
    ]
    up = Greatest(models.F("version") + 1, models.Value(now_ms))
    versions.filter(pk__in=records.values("pk")).update(version=up)
    versions.bulk_create(fresh, batch_size=MOST, ignore_conflicts=True)
    if _setting("url"):
        transaction.on_commit(sender.wake, using=using)


def _levels(records):
    """What these stock records have, each with its version, by one statement."""
    version = Version.objects.filter(pk=models.OuterRef("pk")).values("version")[:1]
    rows = records.annotate(version=Coalesce(models.Subquery(version), 1)).values_list(
        "pk",
        "version",
        "partner_id",
        "partner_sku",
        "num_in_stock",
        "num_allocated",
        "product__product_class__track_stock",
        "product__parent__product_class__track_stock",
    )
    epoch = int(_setting("epoch", 0)) * EPOCH_MS
    for pk, version, partner, sku, there, sold, own, parents in rows:
        level = {"sku": sku, "location": str(partner), "revision": version + epoch}
        if own is False or (own is None and parents is False):
            level["status"] = "in"
        else:
            level |= {"on_hand": there or 0, "reserved": max(0, sold or 0)}
        yield pk, version, level


def _items(records):
    """What the products of these stock records are; colour and size by the attributes that the settings name."""
    codes = {"color": "color", "size": "size", **_setting("attributes", {})}
    items = {}
    for record in records.select_related("product").prefetch_related("product__attribute_values__attribute"):
        product, sku = record.product, record.partner_sku
        told = {one.attribute.code: one.value_as_text for one in product.attribute_values.all()}
        item = {
            "sku": sku,
            "gtin": product.upc or "",
            "style": str(product.parent_id or ""),
            "name": product.get_title(),
        }
        item |= {field: told.get(code, "") for field, code in codes.items()}
        few = [items.get(sku, {}).get("few"), record.low_stock_threshold and record.low_stock_threshold - 1]
        few = [one for one in few if one is not None]
        items[sku] = item | ({"few": max(few)} if few else {})
    return list(items.values())


@require_GET
def feed(request):
    """Stock records in order of their ids, page by page; or those whose version is of ``?since=`` (milliseconds since
    1970) or later, in order of versions, deleted ones as nothing there; or all of the SKUs of ``?sku=`` (repeatable).

    ``next`` is what to give as ``?after=`` for the next page; without it there is no more.
    """
    given = request.headers.get("Authorization", "").encode()
    if not _setting("token") or not hmac.compare_digest(given, f"Bearer {_setting('token')}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    skus, since = request.GET.getlist("sku"), request.GET.get("since")
    try:
        after = [int(part) for part in request.GET.get("after", "0").split("-")]
        pks, following = _chosen(skus, None if since is None else int(since), after)
    except (ValueError, OverflowError):
        return HttpResponse(status=400)
    records = _record().objects.filter(pk__in=pks).order_by("pk")
    told = {pk: level for pk, _, level in _levels(records)}
    gone = _gone(set(pks) - set(told)) if since is not None else []
    answer = {"format": FORMAT, "levels": [*told.values(), *gone], "items": _items(records)}
    return JsonResponse(answer | ({"next": following} if following else {}))


def _chosen(skus, since, after):
    """The ids of a page's stock records, and what to ask after for the next one."""
    records = _record().objects.order_by("pk")
    if skus:
        return list(records.filter(partner_sku__in=skus[:MOST]).values_list("pk", flat=True)), ""
    if since is None:
        pks = list(records.filter(pk__gt=after[0]).values_list("pk", flat=True)[:MOST])
        return pks, str(pks[-1]) if len(pks) == MOST else ""
    version, pk = after if len(after) == 2 else (since, 0)
    later = models.Q(version__gt=version) | models.Q(version=version, record__gt=pk)
    rows = list(Version.objects.filter(later).order_by("version", "record").values_list("version", "record")[:MOST])
    return [pk for _, pk in rows], "{}-{}".format(*rows[-1]) if len(rows) == MOST else ""


def _there(one):
    """Whether another stock record took the place of one that was deleted."""
    return _record().objects.filter(partner_id=one.place, partner_sku=one.sku).exists()


def _gone(pks):
    """Stock records that were deleted: there is nothing of them."""
    epoch = int(_setting("epoch", 0)) * EPOCH_MS
    for one in Version.objects.filter(pk__in=pks):
        yield {"sku": one.sku, "location": one.place, "revision": one.version + epoch, "on_hand": 0}


urlpatterns = [path("stock", feed)]


class Sender:
    """Pushes from a thread of its own in each process that sells; what it could not push is pushed again."""

    BEAT_S, PAUSE_S, MOST_PAUSE_S, TIMEOUT_S = 5.0, 0.2, 5.0, 5.0

    def __init__(self):
        self._lock = threading.Lock()
        self._thread = None
        self._due = threading.Event()
        self._line = None
        self._brought = {}

    def start(self):
        """Begin in this process, unless it has begun; a process that was forked has none yet."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="tentou_stock", daemon=True)
                self._thread.start()

    def wake(self):
        """Something was committed."""
        self._due.set()
        self.start()

    def _run(self):
        pause = self.PAUSE_S
        while True:
            self._due.wait(self._rest_s())
            self._due.clear()
            try:
                while self._push():
                    pass
                pause = self.PAUSE_S
            except Exception:  # whatever it was: it is told, and what was not pushed is still known as such
                log.exception("stock was not pushed; it is tried again")
                self._line, self._brought = None, {}
                time.sleep(pause)
                pause = min(2 * pause, self.MOST_PAUSE_S)
                self._due.set()
            finally:
                close_old_connections()

    def _rest_s(self):
        return float(_setting("beat_s", self.BEAT_S)) / 4

    def _push(self):
        """One push of what is not pushed yet, else a beat if one is due; whether there may be more.

        What the last one brought is marked in the same transaction, so that a push costs one. Its moment is from before
        that transaction, so nothing older can be hidden from it; one that leaves rows to later ones keeps the moment of
        the last that left none.
        """
        now_s = time.time()
        with transaction.atomic():
            self._mark()
            unsent = list(Version.objects.filter(sent__lt=models.F("version")).order_by("version")[: MOST + 1])
            gone = {one.pk: one for one in unsent[:MOST]}
            told = list(_levels(_record().objects.filter(pk__in=list(gone)))) if gone else []
            versions = {pk: version for pk, version, _ in told}
            gone = {pk: one for pk, one in gone.items() if pk not in versions}
            number = self._number(now_s, beat=not unsent, whole=len(unsent) <= MOST)
        if number is None:
            return False
        push = {"format": FORMAT, "id": str(uuid.uuid4()), **number}
        named = [{"sku": one.sku, "location": one.place} for one in gone.values() if not _there(one)]
        self._post(push | {"levels": [level for _, _, level in told], "gone": named})
        self._brought = versions | {pk: one.version for pk, one in gone.items()}
        return bool(self._brought)

    def _mark(self):
        """What was taken is pushed, unless it changed again meanwhile."""
        for pk, version in self._brought.items():
            Version.objects.filter(pk=pk, sent__lt=version).update(sent=version)
        self._brought = {}

    def _number(self, now_s, beat, whole):
        """The next number, of all processes together, and its moment; None for a beat that is not due.

        ``whole`` is whether with it all is pushed that was committed before ``now_s``.
        """
        beat_s = float(_setting("beat_s", self.BEAT_S))
        row = Stream.objects.filter(pk=1)
        if beat:
            row = row.exclude(told_s__gt=now_s - beat_s, told_s__lte=now_s)
        if not Stream.objects.filter(pk=1).exists():
            Stream.objects.get_or_create(pk=1, defaults={"name": str(uuid.uuid4())})
        if not row.update(seq=models.F("seq") + 1, **({"told_s": now_s} if whole else {})):
            return None
        one = Stream.objects.get(pk=1)
        return {"stream": one.name, "seq": one.seq, "sent_ms": int(one.told_s * 1000)}

    def _post(self, push):
        """Send it until it was taken; what cannot be reached or says no is asked again, with the same bytes."""
        body = json.dumps(push, ensure_ascii=False).encode()
        signed = hmac.new(_setting("secret").encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Tentou-Signature": f"sha256={signed}"}
        to = urlsplit(_setting("url"))
        pause = self.PAUSE_S
        while True:
            try:
                if self._line is None:
                    kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
                    self._line = kind(to.netloc, timeout=self.TIMEOUT_S)
                self._line.request("POST", to.path + (f"?{to.query}" if to.query else ""), body, headers)
                answer = self._line.getresponse()
                answer.read()
                if 200 <= answer.status < 300:
                    return
                log.warning("the hub answered %s", answer.status)
            except (OSError, http.client.HTTPException) as error:
                log.warning("the hub was not reached: %s", type(error).__name__)
                self._line = None
            time.sleep(pause)
            pause = min(2 * pause, self.MOST_PAUSE_S)


sender = Sender()
