"""The words of the hub's page for what it counts; what is not here is shown as it is."""

from __future__ import annotations

from edge.contacts.office.lines import Trouble

KINDS = {
    "scan": "Code scanned",
    "session_start": "Session began",
    "session_end": "Session ended",
    "content_shown": "Content shown",
    "product_touched": "Product touched",
    "handoff_offered": "Phone link offered",
    "handoff_used": "Phone link used",
    "identify": "Member recognised",
    "offer_taken": "Offer taken",
    "play": "Played",
    "gap": "Gap accounted for",
    "clock_anchor": "Clock found again",
    "fault": "Fault",
}
TROUBLES = {
    Trouble.HOLE: "Contacts missing",
    Trouble.LATE: "Late",
    Trouble.OFFLINE: "Offline",
    Trouble.CLOCK: "Clock not trusted",
    Trouble.LOST: "Lost, accounted for",
}
HANDOFFS = {"product": "Product page", "basket": "Basket", "hold": "Kept at the store", "order": "Ordered in"}
REASONS = {
    "overflow": "Queue full",
    "disk full": "Disk full",
    "corruption": "File spoilt",
    "refused": "New ones refused",
    "not kept": "Not kept",
    "poison": "Ended every connection",
    "too large": "Too large for the broker",
    "corrupt": "Row spoilt",
    "refused topic": "Topic refused by the broker",
    "refused payload": "Content refused by the broker",
    "forgotten by the inbox": "Forgotten by head office",
}
PARTS = {
    "inbox": "Line to the broker",
    "sink": "Contacts database",
    "ledger": "Ledgers of the stores",
    "disk": "Files",
    "stock": "Stock",
    "members": "Members",
    "codes": "Signed lists",
}
UNITS = {"{n} d": 86_400, "{n} h": 3_600, "{n} min": 60, "{n} s": 1}
