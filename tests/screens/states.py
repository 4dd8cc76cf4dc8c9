"""Every state in which a shopper can find a screen, by name, in one of the languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from edge.handoff import Kind
from edge.model import Band, Cell, Handoff, Level, Matrix, Offer, OfferKind, Show, Tile, Wished
from edge.sessions.handoff import picture

Member = Callable[..., Show]
WISHES = ("pending", "confirmed", "declined", "unknown")
CHOICES = ("choices", "goods choices", "member wish declined", *(f"wish {state}" for state in WISHES))
COUPONS = {
    "ja": ("ほうじ茶 50円引き", "送料無料"),
    "en": ("¥50 off roasted tea", "Free delivery"),
    "zh": ("焙茶立减50日元", "免运费"),
    "ko": ("호지차 50엔 할인", "무료 배송"),
}


OFFERS = {
    "ja": (
        ("原宿店で受け取る", "徒歩8分 · 20:00まで営業"),
        ("この店に取り寄せる", "3〜4日後に届きます"),
        ("自宅に届ける", "12:00までのご注文で明日発送"),
        ("11月28日ごろ入荷予定", "12点"),
        ("スタッフにお声がけください", ""),
    ),
    "en": (
        ("Pick up at Harajuku", "8 min on foot · open until 20:00"),
        ("Have it sent to this store", "Here in 3 to 4 days"),
        ("Have it sent home", "Ordered by 12:00, sent tomorrow"),
        ("Expected around 28 November", "12 pieces"),
        ("Please ask a member of staff", ""),
    ),
    "zh": (
        ("在原宿店取货", "步行8分钟 · 营业至20:00"),
        ("调货到本店", "3至4天后到店"),
        ("送货到家", "12:00前下单，明天发货"),
        ("预计11月28日前后到货", "12件"),
        ("请咨询店员", ""),
    ),
    "ko": (
        ("하라주쿠점에서 수령", "도보 8분 · 20:00까지 영업"),
        ("이 매장으로 주문", "3~4일 후 도착"),
        ("집으로 배송", "12:00까지 주문하면 내일 발송"),
        ("11월 28일경 입고 예정", "12개"),
        ("직원에게 문의해 주세요", ""),
    ),
}
KEPT = {"ja": "今日 20:00", "en": "20:00 today", "zh": "今天20:00", "ko": "오늘 20:00"}
COLORS = {
    "ja": ("生成り", "藍", "チャコールグレー", "柿"),
    "en": ("Ecru", "Indigo", "Charcoal grey", "Persimmon"),
    "zh": ("米白", "靛蓝", "炭灰色", "柿红"),
    "ko": ("에크루", "쪽빛", "차콜 그레이", "감빛"),
}
SIZES = ("XS", "S", "M", "L", "XL", "2XL", "3XL", "フリー")


def notice(hint: str, language: str) -> Show:
    """A hint to somebody who is not known."""
    return Show("kiosk", "notice", language=language, values={"hint": hint})


def opened(member: Member, language: str) -> Show:
    """The member's own, after a touch."""
    shown = member("kiosk", language)
    own = {"favourites": shown.values["tiles"][3:], "coupons": COUPONS[language], "may_open": False}
    return replace(shown, level=Level.PERSONAL, values={**shown.values, **own})


def goods(language: str, product: object, touch: bool = True) -> Show:
    """A product held up by nobody known."""
    values = {"product": product, "missing": product is None, "touch": touch}
    return Show("kiosk", "product", "session-2", language=language, values=values, seconds=12.0, limit=15.0)


def onward(show: Show, *kinds: Kind) -> Show:
    """The same with a way on to the phone, the last of these kinds drawn."""
    qr = picture("https://go.acme.example/h/AbCdEfGhIjKl-_09?p=linen-dress-sky&s=s001&k=hold")
    handoffs = tuple(Handoff(kind, qr if kind == kinds[-1] else "") for kind in kinds)
    return replace(show, values={**show.values, "handoffs": handoffs})


def matrix(language: str, sku: str) -> Matrix:
    """Four colours by eight sizes, of all bands, some of them elsewhere; ``sku`` is in its midst."""
    bands = tuple(Band)
    rows = [
        [Cell(f"m-{y}-{x}", bands[(x + y) % 5], bands[(x * 2 + y) % 5]) if (x, y) != (6, 2) else None for x in range(8)]
        for y in range(4)
    ]
    rows[1][3] = Cell(sku, Band.NONE, Band.MANY)
    return Matrix(COLORS[language], SIZES, tuple(tuple(row) for row in rows))


def offers(language: str) -> tuple[Offer, ...]:
    """All that a shopper can be offered where this store has none, in their order."""
    made = (
        (OfferKind.NEAR, "s002", True, None),
        (OfferKind.ORDER, "", False, "order"),
        (OfferKind.SHIP, "", False, "basket"),
        (OfferKind.RESTOCK, "", False, None),
        (OfferKind.STAFF, "", False, None),
    )
    return tuple(
        Offer(kind, *words, place, reserves, handoff)  # type: ignore[arg-type]
        for (kind, place, reserves, handoff), words in zip(made, OFFERS[language], strict=True)
    )


def sold_out(show: Show, language: str, state: str = "") -> Show:
    """The same sheet of a product of a style with many sizes, which this store has none of; or a wish for it."""
    tile = show.values["product"]
    assert isinstance(tile, Tile)
    given = offers(language)
    call = {"": "ring", "declined": "coming", "unknown": "calling"}.get(state, "")
    given = (*given[:-1], replace(given[-1], call=call))
    left = {"": given, "declined": given[1:], "unknown": given[1:]}.get(state, ())
    slip = ("K-0417-29", {language: KEPT[language]}) if state == "confirmed" else ("", {})
    values = {
        "matrix": matrix(language, tile.sku),
        "offers": left,
        "wished": Wished(tile.sku, "s002", state, *slip) if state else None,
        "asked": given[0] if state else None,
    }
    made = replace(show, values={**show.values, **values})
    return onward(made, "product", "basket", "order") if left else made


def states(member: Member, language: str) -> Mapping[str, Show]:
    """All states; those called ``far`` are a sign's."""
    shown = member("kiosk", language)
    tiles = shown.values["tiles"]
    return {
        "loop": Show("kiosk", "loop", language=language),
        "member": shown,
        "opened": opened(member, language),
        "sheet": member("kiosk", language, product=tiles[1]),
        "missing": member("kiosk", language, missing=True),
        "warning": member("kiosk", language, warning=True),
        "members": replace(
            member("kiosk", language, may_open=False, greeting=""), scene="members", level=Level.MEMBERS
        ),
        "sheet with a way on": onward(member("kiosk", language, product=tiles[1]), "product", "basket", "hold"),
        "goods": goods(language, tiles[1]),
        "goods with a way on": onward(goods(language, tiles[1]), "product", "basket", "order"),
        "choices": sold_out(member("kiosk", language, product=tiles[2]), language),
        "goods choices": sold_out(goods(language, tiles[2]), language),
        **{f"wish {state}": sold_out(goods(language, tiles[2]), language, state) for state in WISHES},
        "member wish declined": sold_out(member("kiosk", language, product=tiles[2]), language, "declined"),
        "again": notice("again", language),
        "one": notice("one", language),
        "ask": notice("ask", language),
        "no product": notice("product", language),
        "far": member("kiosk", language, touch=False, may_open=False),
        "far sheet": member("kiosk", language, touch=False, may_open=False, product=tiles[1]),
        "far warning": member("kiosk", language, touch=False, may_open=False, warning=True),
        "far goods": goods(language, tiles[2], touch=False),
        "far goods choices": sold_out(goods(language, tiles[2], touch=False), language),
        "far goods with a way on": onward(goods(language, tiles[2], touch=False), "product"),
    }
