"""The words of offers in the shoppers' languages; what stands in braces is put in by whoever says them."""

from __future__ import annotations

from edge.model import OfferKind

TITLES: dict[str, dict[OfferKind, str]] = {
    "ja": {
        OfferKind.HOLD: "この店で取り置き",
        OfferKind.NEAR: "近くの店で受け取る",
        OfferKind.ORDER: "この店に取り寄せ",
        OfferKind.SHIP: "自宅に配送",
        OfferKind.RESTOCK: "入荷予定",
        OfferKind.STAFF: "スタッフを呼ぶ",
    },
    "en": {
        OfferKind.HOLD: "Keep it at this store",
        OfferKind.NEAR: "Pick up at a store nearby",
        OfferKind.ORDER: "Order it to this store",
        OfferKind.SHIP: "Deliver to your home",
        OfferKind.RESTOCK: "Coming in",
        OfferKind.STAFF: "Call our staff",
    },
    "zh": {
        OfferKind.HOLD: "在本店预留",
        OfferKind.NEAR: "到附近门店取货",
        OfferKind.ORDER: "调货到本店",
        OfferKind.SHIP: "送货到家",
        OfferKind.RESTOCK: "预计到货",
        OfferKind.STAFF: "呼叫店员",
    },
    "ko": {
        OfferKind.HOLD: "이 매장에 보관",
        OfferKind.NEAR: "가까운 매장에서 수령",
        OfferKind.ORDER: "이 매장으로 주문",
        OfferKind.SHIP: "집으로 배송",
        OfferKind.RESTOCK: "입고 예정",
        OfferKind.STAFF: "직원 호출",
    },
}
NOTES: dict[str, dict[str, str]] = {
    "ja": {
        "buy": "オンラインストアで買う",
        "walk": "徒歩{n}分",
        "far": "直線約{n}",
        "until": "{time}まで営業",
        "cutoff": "当日受付{time}まで",
        "day": "{month}月{day}日",
        "ask": "在庫は係員にお尋ねください",
        "kept": "お取り置きは係員が承ります",
    },
    "en": {
        "buy": "Buy it online",
        "walk": "{n} min on foot",
        "far": "about {n} as the crow flies",
        "until": "open until {time}",
        "cutoff": "same-day orders until {time}",
        "day": "{day} {month_name}",
        "ask": "Please ask our staff about stock",
        "kept": "Our staff will keep it for you",
    },
    "zh": {
        "buy": "在网店购买",
        "walk": "步行{n}分钟",
        "far": "直线约{n}",
        "until": "营业至{time}",
        "cutoff": "当日受理至{time}",
        "day": "{month}月{day}日",
        "ask": "库存请咨询店员",
        "kept": "预留请咨询店员",
    },
    "ko": {
        "buy": "온라인 스토어에서 구매",
        "walk": "도보 {n}분",
        "far": "직선 약 {n}",
        "until": "{time}까지 영업",
        "cutoff": "당일 접수 {time}까지",
        "day": "{month}월 {day}일",
        "ask": "재고는 직원에게 문의해 주세요",
        "kept": "보관은 직원에게 문의해 주세요",
    },
}
BETWEEN = {"ja": "・", "en": ", ", "zh": "・", "ko": " · "}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
