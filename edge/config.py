"""The settings of a store's edge and of head office's hub: read from layered TOML, every unknown key refused.

A directory holds ``chain.toml``, ``store.toml``, ``device.toml`` (later layers win; ``provisioning.layers`` merges
them and can explain each value) or, for the hub, ``hub.toml``. Relative paths are read against that directory.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from edge.complaints import BadConfig as BadConfig
from edge.complaints import checked as checked
from edge.complaints import complaints, layers, near
from edge.complaints import placed as placed
from edge.handoff import Leading, Offering
from edge.model import LANGUAGES, DeviceClass
from provisioning.layers import HUB_LAYERS, STORE_LAYERS, WRITTEN, Layered

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Ids go into MQTT topics and file names, so their alphabet is strict (RELIABILITY.md 4.1, T12)."""

Zone = tuple[float, float, float, float]
"""The part of a frame that is read: left, top, width and height as shares of the frame."""
WHOLE: Zone = (0.0, 0.0, 1.0, 1.0)
SMALLEST_ZONE = 0.1


def in_frame(zone: Zone) -> Zone:
    """The zone itself; raises ValueError unless it lies inside the frame and is at least a tenth of it each way."""
    left, top, width, height = zone
    if not (left >= 0 and top >= 0 and left + width < 1 + 1e-6 and top + height < 1 + 1e-6):
        raise ValueError(f"{list(zone)} is not inside the frame: left + width and top + height are at most 1")
    if min(width, height) < SMALLEST_ZONE:
        raise ValueError(f"{list(zone)} is too small: width and height are at least {SMALLEST_ZONE}")
    return zone


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
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no time zone '{name}'{near(name, available_timezones())}") from error
        return name


class Web(Settings):
    """Where the pages are served. ``frame_ancestors`` may frame them, ``start_page`` is where ``/`` leads.

    ``names`` are the public DNS names by which they may be asked for; addresses and local names always may.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    frame_ancestors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    start_page: str = ""


class Screen(Settings):
    """One screen. The times are seconds, within the bounds of MEMBER_CODES 6; None takes its class's default.

    ``touch`` says whether fingers can act on it, ``sound`` whether it answers a code with a short tone.
    """

    id: Id
    name: str = ""
    device_class: DeviceClass = DeviceClass.SIGNAGE
    language: str = "ja"
    orientation: Annotated[str, Field(pattern="^(portrait|landscape)$")] = "portrait"
    nickname: bool = False
    touch: bool = True
    sound: bool = False
    idle_s: float | None = Field(None, ge=5, le=60)
    limit_s: float | None = Field(None, ge=15, le=180)

    @field_validator("idle_s")
    @classmethod
    def _leaves_time_to_warn(cls, idle_s: float | None, info: ValidationInfo) -> float | None:
        if idle_s is not None and idle_s < 10 and info.data.get("device_class") is DeviceClass.KIOSK:
            raise ValueError("is at least 10 s on a kiosk, whose last 5 s are counted down")
        return idle_s

    @field_validator("limit_s")
    @classmethod
    def _short_in_public(cls, limit_s: float | None, info: ValidationInfo) -> float | None:
        if limit_s is not None and limit_s > 90 and info.data.get("device_class") is DeviceClass.SIGNAGE:
            raise ValueError("is at most 90 s on signage, which everybody sees")
        return limit_s

    @property
    def touched(self) -> bool:
        """Whether its shoppers may touch it: signage is for the eyes alone, whatever its panel can do."""
        return self.touch and self.device_class is DeviceClass.KIOSK


class Adapter(Settings):
    """An adapter by name and its own settings, which the adapter itself checks."""

    adapter: str
    settings: dict[str, Any] = {}


class Source(Adapter):
    """Where codes come from, and the screen whose shoppers show them."""

    id: Id
    screen: Id


class Camera(Source):
    """One camera and the screen whose shoppers it sees. ``memory_mb`` bounds its eye's address space, ``engine`` is the
    library that reads its frames."""

    engine: Annotated[str, Field(pattern="^(zxing|pyzbar)$")] = "zxing"
    memory_mb: int = Field(2048, ge=512)


class Scanner(Source):
    """One hand scanner and the screen beside it. ``symbology`` says what it reads, if it reads one kind alone."""

    symbology: Annotated[str, Field(pattern="^(qrcode|ean13|code128|codabar|code39|itf)?$")] = ""


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
    """Which codes are members'. ``keyset`` is a file, ``roots`` its pinned root public keys (base64url), ``deny`` a
    file with the deny list; both also come from ``keyset_url`` and ``deny_url``, asked each ``poll_s`` seconds
    (``ca_file``: a private authority's certificates), and over the uplink; the newest is kept in the data folder.
    ``ref_key`` is a file with the chain's secret for pseudonyms of static numbers. ``segments`` and ``tiers`` name the
    numbers that tokens carry, so that campaigns speak of them by name before any profile has arrived."""

    keyset: Path | None = None
    keyset_url: str = ""
    deny: Path | None = None
    deny_url: str = ""
    poll_s: float = Field(300.0, ge=0.01, le=86_400)
    ca_file: Path | None = None
    roots: tuple[str, ...] = Field((), max_length=2)
    ref_key: Path | None = None
    static: tuple[StaticRule, ...] = ()
    segments: dict[str, int] = {}
    tiers: dict[str, int] = {}

    @field_validator("roots")
    @classmethod
    def _public_keys(cls, roots: tuple[str, ...]) -> tuple[str, ...]:
        for root in roots:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}", root):
                raise ValueError("a root is a public key of 43 letters, as `tentou provision chain init` writes it")
        return roots


class ProductCode(Settings):
    """Which codes are products': JAN, EAN and UPC as ``ean13``, GS1 Digital Links as ``qrcode``; none by default.

    Bars cost reading time in every frame; a store whose catalogue has no GTINs would only say that it knows nothing.
    """

    symbologies: tuple[Literal["ean13", "qrcode"], ...] = ()


Language = Annotated[str, Field(pattern=f"^({'|'.join(LANGUAGES)})$")]
WHOSE = 'as in [notice] operator = "株式会社テントウ" address = "東京都渋谷区神南1-2-3 電話 03-1234-5678"'


class Notice(Settings):
    """Who answers for the cameras, told wherever one sees (個人情報保護法 21 and 32, カメラ画像利活用ガイドブック 3.0).

    ``operator`` is the legal entity, ``address`` where to ask it: postal address, telephone, mail or URL. ``purpose``
    by language replaces the words that say what the cameras are for.
    """

    operator: Annotated[str, Field(max_length=80)] = ""
    address: Annotated[str, Field(max_length=120)] = ""
    purpose: dict[Language, Annotated[str, Field(min_length=1, max_length=400)]] = {}

    @field_validator("operator", "address")
    @classmethod
    def _one_line(cls, words: str) -> str:
        if not words.strip().isprintable():
            raise ValueError("is one line of text")
        return words.strip()


class Store(Settings):
    """Everything a store's edge is told."""

    device: Device
    web: Web = Web()
    screen: tuple[Screen, ...] = ()
    notice: Notice = Notice()
    camera: tuple[Camera, ...] = ()
    scanner: tuple[Scanner, ...] = ()
    zone: dict[str, Annotated[Zone, AfterValidator(in_frame)]] = {}
    member_code: MemberCode = MemberCode()
    product_code: ProductCode = ProductCode()
    members: Adapter | None = None
    stock: tuple[StockChannel, ...] = ()
    location: tuple[Location, ...] = ()
    handoff: Offering | None = None
    upstream: Adapter | None = None

    @field_validator("screen", "camera", "scanner", "stock", "location")
    @classmethod
    def _one_of_each(cls, all_: tuple[Any, ...]) -> tuple[Any, ...]:
        if twice := [name for name, count in Counter(one.id for one in all_).items() if count > 1]:
            raise ValueError(f"the id '{twice[0]}' stands twice; give each its own")
        return all_

    @field_validator("camera")
    @classmethod
    def _sees_a_screen(cls, cameras: tuple[Camera, ...], info: ValidationInfo) -> tuple[Camera, ...]:
        known = {screen.id for screen in info.data.get("screen", ())}
        for camera in cameras:
            if "screen" in info.data and camera.screen not in known:
                raise ValueError(f"'{camera.id}' looks at no screen: '{camera.screen}'{near(camera.screen, known)}")
        return cameras

    @field_validator("camera")
    @classmethod
    def _says_whose_it_is(cls, cameras: tuple[Camera, ...], info: ValidationInfo) -> tuple[Camera, ...]:
        told = info.data.get("notice")
        lacking = [name for name in ("operator", "address") if told is not None and not getattr(told, name)]
        if cameras and lacking:
            needed = " and ".join(f"notice.{name}" for name in lacking)
            raise ValueError(
                f"'{cameras[0].id}' sees people, who must be told whose camera it is: set {needed}, {WHOSE}"
            )
        return cameras

    @field_validator("scanner")
    @classmethod
    def _lies_by_a_screen(cls, scanners: tuple[Scanner, ...], info: ValidationInfo) -> tuple[Scanner, ...]:
        known = {screen.id for screen in info.data.get("screen", ())}
        cameras = {camera.id for camera in info.data.get("camera", ())}
        for scanner in scanners:
            if "screen" in info.data and scanner.screen not in known:
                raise ValueError(f"'{scanner.id}' lies by no screen: '{scanner.screen}'{near(scanner.screen, known)}")
            if scanner.id in cameras:
                raise ValueError(f"the id '{scanner.id}' is a camera's already; give each its own")
        return scanners

    @field_validator("zone")
    @classmethod
    def _of_a_camera(cls, zones: dict[str, Zone], info: ValidationInfo) -> dict[str, Zone]:
        known = [camera.id for camera in info.data.get("camera", ())]
        strangers = [_no_camera(name, zone, known) for name, zone in zones.items() if name not in known]
        if strangers and "camera" in info.data:
            raise ValidationError.from_exception_data("zone", strangers)
        return zones


def _no_camera(name: str, zone: Zone, known: list[str]) -> InitErrorDetails:
    words = f"no camera '{name}'" + (near(name, known) or f"; known: {', '.join(known) or 'none'}")
    return InitErrorDetails(type=PydanticCustomError("no_camera", "{words}", {"words": words}), loc=(name,), input=zone)


class HubIdentity(Settings):
    """The hub's own id and data folder."""

    id: Id = "hub"
    data: Path = Path("data")


class Hub(Settings):
    """Everything head office's hub is told. ``stock_token`` is a file with the bearer token that stores must send;
    ``keyset`` and ``deny`` are the signed files that it hands out to all edges, anew when they change; ``members`` is
    where profiles come from that it gives to stores which send the token in the file ``members_token``."""

    hub: HubIdentity = HubIdentity()
    web: Web = Web(port=8090)
    upstream: Adapter
    sink: Adapter = Adapter(adapter="sqlite", settings={"path": "contacts.sqlite"})
    stock: tuple[StockChannel, ...] = ()
    stock_token: Path | None = None
    keyset: Path | None = None
    deny: Path | None = None
    handoff: Leading = Leading()
    members: Adapter | None = None
    members_token: Path | None = Field(None, validate_default=True)

    @field_validator("members_token")
    @classmethod
    def _members_are_not_open(cls, token: Path | None, info: ValidationInfo) -> Path | None:
        where = info.data.get("web")
        if token is None and info.data.get("members") is not None and where and not _loopback(where.host):
            raise ValueError("members are given to nobody without a token; name its file, or set web.host to 127.0.0.1")
        return token


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_store(folder: Path) -> Store:
    """The store's settings from a config directory; raises BadConfig.

    What a page wrote and cannot be used is left out, so that no start hangs on it; ``left_out`` names it.
    """
    sound, _ = _sound(layers(folder, STORE_LAYERS))
    return placed(Store, sound.values, sound)


def left_out(folder: Path) -> list[str]:
    """Why zones of the written layer are left out, each with its file; empty while all are used. Raises BadConfig."""
    layered = layers(folder, STORE_LAYERS)
    return [*layered.left_out, *_sound(layered)[1]]


def _sound(layered: Layered) -> tuple[Layered, list[str]]:
    """The layers without the written zones that cannot be used, and why each cannot; one fault may hide another."""
    lost: list[str] = []
    while stray := _stray(layered):
        lost.extend(stray.values())
        sound = {name: zone for name, zone in layered.values["zone"].items() if name not in stray}
        layered = replace(layered, values={**layered.values, "zone": sound})
    return layered, lost


def _stray(layered: Layered) -> dict[str, str]:
    """Zones of the written layer that cannot be used, by camera, each with file, line and why."""
    try:
        Store.model_validate(layered.values)
    except ValidationError as error:
        found = {}
        for problem, text in zip(error.errors(), complaints(Store, error), strict=True):
            origin = layered.origins.get(problem["loc"][:2])
            if len(problem["loc"]) > 1 and origin is not None and origin.file.name in WRITTEN:
                found[str(problem["loc"][1])] = f"{origin}: {text}"
        return found
    return {}


def read_hub(folder: Path) -> Hub:
    """The hub's settings from a config directory; raises BadConfig."""
    layered = layers(folder, HUB_LAYERS)
    return placed(Hub, layered.values, layered)
