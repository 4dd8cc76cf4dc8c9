"""What the library holds at one moment, in memory: what screens, shoppers and the studio read without waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from content.catalogue import by_gtin
from content.model import Campaign, Layer, Media, Playlist, Product
from content.records import loaded
from content.resolve import WELCOME
from content.store import Act, acts, things
from content.welcome import welcome

HOUSE = "house"
"""The id of the playlist, and of the campaign that plays it, whenever nothing else does."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``campaigns`` are the published ones as screens play them; ``drafts`` by id, published or not, as last saved."""

    media: Mapping[str, Media] = field(default_factory=dict)
    playlists: Mapping[str, Playlist] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    drafts: Mapping[str, Campaign] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    gtins: Mapping[str, Product] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything that the database holds, as it lies there."""

    media: Mapping[str, Media]
    playlists: Mapping[str, Playlist]
    published: Mapping[str, Campaign]
    drafts: Mapping[str, Campaign]
    acts: tuple[Act, ...]


def shelf(connection: sqlite3.Connection) -> Shelf:
    """Read everything, with the welcome and the house's playlist that are always there."""
    media = {WELCOME: welcome()}
    playlists = {HOUSE: Playlist(HOUSE, "いつもの番組")}
    campaigns: dict[str, dict[str, Campaign]] = {"campaign": {}, "draft": {}}
    for kind, body in things(connection):
        if kind == "media":
            _add(media, loaded(Media, body))
        elif kind == "playlist":
            _add(playlists, loaded(Playlist, body))
        elif kind in campaigns:
            _add(campaigns[kind], loaded(Campaign, body))
    return Shelf(media, playlists, campaigns["campaign"], campaigns["draft"], acts(connection))


def _add(into: dict[str, Any], value: Any) -> None:
    into[value.id] = value


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
