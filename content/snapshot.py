"""What the library holds at one moment, in memory: what screens, shoppers and the studio read without waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from content.catalogue import by_gtin
from content.model import Campaign, Layer, Media, Playlist, Product
from content.records import KINDS, BadRecord, loaded
from content.resolve import WELCOME
from content.store import Act, acts, things
from content.welcome import welcome

HOUSE = "house"
"""The id of the playlist, and of the campaign that plays it, whenever nothing else does."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``campaigns`` are the published ones as screens play them; ``drafts`` by id, published or not, as last saved.

    ``unread`` says of each thing that cannot be read which it is and why; the others are there without it.
    """

    media: Mapping[str, Media] = field(default_factory=dict)
    playlists: Mapping[str, Playlist] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    drafts: Mapping[str, Campaign] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    gtins: Mapping[str, Product] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything that the database holds, as it lies there; ``unread`` is what of it cannot be read, and why."""

    media: Mapping[str, Media]
    playlists: Mapping[str, Playlist]
    published: Mapping[str, Campaign]
    drafts: Mapping[str, Campaign]
    acts: tuple[Act, ...]
    unread: tuple[str, ...] = ()


def shelf(connection: sqlite3.Connection) -> Shelf:
    """Read everything, with the welcome and the house's playlist that are always there."""
    lying: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    lying["media"][WELCOME] = welcome()
    lying["playlist"][HOUSE] = Playlist(HOUSE, "いつもの番組")
    unread: list[str] = []
    for kind, id, body in things(connection):
        if kind not in KINDS:
            continue  # of a later version
        try:
            value = loaded(KINDS[kind], body, f"{kind} '{id}'")
        except BadRecord as error:
            unread.append(str(error))
        else:
            lying[kind][value.id] = value
    media, playlists, published, drafts = lying.values()
    return Shelf(media, playlists, published, drafts, acts(connection), tuple(unread))


def snapshot(shelf: Shelf, damaged: frozenset[str], products: Mapping[str, Product]) -> Snapshot:
    """What of a shelf may be shown: media whose bytes are not whole are left out, playlists are played out."""
    media = {each.id: each for each in shelf.media.values() if each.id not in damaged}
    played = tuple(filled(replace(each, published=True), shelf.playlists) for each in shelf.published.values())
    waiting = {each.id: replace(filled(each, shelf.playlists), published=False) for each in shelf.drafts.values()}
    return Snapshot(
        media=MappingProxyType(media),
        playlists=MappingProxyType(dict(shelf.playlists)),
        campaigns=(*played, *_house(shelf.playlists[HOUSE], played)),
        drafts=MappingProxyType(waiting),
        products=products,
        gtins=by_gtin(products),
        acts=shelf.acts,
        unread=shelf.unread,
    )


def filled(campaign: Campaign, playlists: Mapping[str, Playlist]) -> Campaign:
    """A campaign with its playlist's media and seconds, if it names one that exists."""
    if not campaign.playlist or campaign.playlist not in playlists:
        return campaign
    playlist = playlists[campaign.playlist]
    return replace(campaign, media=playlist.media, seconds=playlist.seconds)


def _house(playlist: Playlist, campaigns: tuple[Campaign, ...]) -> tuple[Campaign, ...]:
    """The default campaign of the house's playlist, unless it is empty or the shop has one of its own by that id."""
    if not playlist.media or any(each.id == HOUSE for each in campaigns):
        return ()
    made = Campaign(HOUSE, playlist.name, Layer.DEFAULT, playlist.media, playlist=HOUSE, seconds=playlist.seconds)
    return (made,)
