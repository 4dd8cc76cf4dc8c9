"""The settings of a store's edge and of head office's hub: read from layered TOML, every unknown key refused.

A directory holds ``chain.toml``, ``store.toml``, ``device.toml`` (later layers win; ``provisioning.layers`` merges
them and can explain each value) or, for the hub, ``hub.toml``. Relative paths are read against that directory.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import time
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.model import DeviceClass
from provisioning.layers import HUB_LAYERS, STORE_LAYERS, BadLayer, Layered, load

M = TypeVar("M", bound=BaseModel)
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Ids go into MQTT topics and file names, so their alphabet is strict (RELIABILITY.md 4.1, T12)."""


class Settings(BaseModel):
    """A group of settings; what it does not name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Device(Settings):
    """Who and where this edge is. ``data`` is the folder for all that it keeps.

    ``clock`` "checked" believes the time only while the kernel says that it is synchronised (MEMBER_CODES 4);
    "trusted" is for a machine whose time somebody else keeps, such as a virtual machine's host. ``closing`` is when
    the store closes, until which a picture that staff show now stays.
    """

    chain: Id
    store: Id
    id: Id
    timezone: str = "Asia/Tokyo"
    language: str = "ja"
    data: Path = Path("data")
    clock: Annotated[str, Field(pattern="^(checked|trusted)$")] = "checked"
    closing: time = time(21)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        ZoneInfo(name)
        return name


class Web(Settings):
    """Where the pages are served. ``frame_ancestors`` may frame them, ``start_page`` is where ``/`` leads."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    frame_ancestors: tuple[str, ...] = ()
    start_page: str = ""


class Screen(Settings):
    """One screen. The times are seconds, within the bounds of MEMBER_CODES 6; None takes its class's default."""

    id: Id
    name: str = ""
    device_class: DeviceClass = DeviceClass.SIGNAGE
    language: str = "ja"
    zone: str = "entrance"
    orientation: Annotated[str, Field(pattern="^(portrait|landscape)$")] = "portrait"
    nickname: bool = False
    idle_s: float | None = Field(None, ge=5, le=60)
    limit_s: float | None = Field(None, ge=15, le=180)


class Adapter(Settings):
    """An adapter by name and its own settings, which the adapter itself checks."""

    adapter: str
    settings: dict[str, Any] = {}


class Camera(Adapter):
    """One camera and the screen whose shoppers it sees. ``memory_mb`` bounds its eye's address space."""

    id: Id
    screen: Id
    memory_mb: int = Field(2048, ge=256)


class StockChannel(Adapter):
    """One channel of stock."""

    id: Id


class Location(Settings):
    """A place that has stock, as tiles name it: this store (here), a neighbour (near), the online shop (online)."""

    id: Id
    place: Annotated[str, Field(pattern="^(here|near|online)$")]
    name: dict[str, str]


class StaticRule(Settings):
    """A fixed member number (MEMBER_CODES 1); ``edge.members`` refuses rules that cannot be safe."""

    name: Id
    symbologies: tuple[str, ...]
    pattern: str
    check: str = "none"


class MemberCode(Settings):
    """Which codes are members'. ``keyset`` is a file, ``roots`` its pinned root public keys (base64url),
    ``ref_key`` a file with the chain's secret for pseudonyms of static numbers. ``segments`` and ``tiers`` name the
    numbers that tokens carry, so that campaigns speak of them by name before any profile has arrived."""

    keyset: Path | None = None
    roots: tuple[str, ...] = Field((), max_length=2)
    ref_key: Path | None = None
    static: tuple[StaticRule, ...] = ()
    segments: dict[str, int] = {}
    tiers: dict[str, int] = {}


class Store(Settings):
    """Everything a store's edge is told."""

    device: Device
    web: Web = Web()
    screen: tuple[Screen, ...] = ()
    camera: tuple[Camera, ...] = ()
    member_code: MemberCode = MemberCode()
    members: Adapter | None = None
    stock: tuple[StockChannel, ...] = ()
    location: tuple[Location, ...] = ()
    upstream: Adapter | None = None


class HubIdentity(Settings):
    """The hub's own id and data folder."""

    id: Id = "hub"
    data: Path = Path("data")


class Hub(Settings):
    """Everything head office's hub is told. ``stock_token`` is a file with the bearer token that stores must send."""

    hub: HubIdentity = HubIdentity()
    web: Web = Web(port=8090)
    upstream: Adapter
    sink: Adapter = Adapter(adapter="sqlite", settings={"path": "contacts.sqlite"})
    stock: tuple[StockChannel, ...] = ()
    stock_token: Path | None = None


class BadConfig(Exception):
    """A setting cannot be used; each line names the key, its file and line, and what would be right."""


def read_store(folder: Path) -> Store:
    """The store's settings from a config directory; raises BadConfig."""
    return _validated(Store, _layers(folder, STORE_LAYERS))


def read_hub(folder: Path) -> Hub:
    """The hub's settings from a config directory; raises BadConfig."""
    return _validated(Hub, _layers(folder, HUB_LAYERS))


def checked(model: type[M], settings: dict[str, Any], whose: str) -> M:
    """An adapter's settings as its own model; raises BadConfig."""
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise BadConfig("\n".join(f"{whose}: {line}" for line in _complaints(model, error))) from error


def _layers(folder: Path, names: Sequence[str]) -> Layered:
    try:
        return load(folder, names)
    except BadLayer as error:
        raise BadConfig(str(error)) from error


def _validated(model: type[M], layered: Layered) -> M:
    try:
        return model.model_validate(layered.values)
    except ValidationError as error:
        lines = []
        for problem, text in zip(error.errors(), _complaints(model, error), strict=True):
            key = ".".join(str(step) for step in problem["loc"])
            lines.append(f"{layered.where(key)}: {text}")
        raise BadConfig("\n".join(lines)) from error


def _complaints(model: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        key = ".".join(str(step) for step in problem["loc"])
        if problem["type"] != "extra_forbidden":
            yield f"{key}: {problem['msg']}"
            continue
        names = _names_beside(model, problem["loc"])
        near = difflib.get_close_matches(str(problem["loc"][-1]), names, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(names)}"
        yield f"unknown key '{key}'; {hint}"


def _names_beside(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The names that are known where an unknown key stood."""
    here: Any = model
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        here = here.model_fields[step].annotation
        while not (isinstance(here, type) and issubclass(here, BaseModel)):
            here = next(kind for kind in here.__args__ if kind is not type(None) and kind is not ...)
    return sorted(here.model_fields)
