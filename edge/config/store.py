"""Everything a store's edge is told, read from its layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from edge.complaints import complaints, layers, near, placed
from edge.config.base import Adapter, Device, Id, Outbox, Settings, Web
from edge.config.codes import MemberCode, ProductCode
from edge.config.places import Location
from edge.config.screens import WHOSE, Camera, Notice, Scanner, Screen, Zone, in_frame
from edge.handoff import Offering
from provisioning.layers import STORE_LAYERS, WRITTEN, Layered


class StockChannel(Adapter):
    """One channel of stock."""

    id: Id


class Store(Settings):
    """Everything a store's edge is told."""

    device: Device
    web: Web = Web()
    screen: tuple[Screen, ...] = ()
    notice: Notice = Notice()
    camera: tuple[Camera, ...] = ()
    scanner: tuple[Scanner, ...] = ()
    zone: dict[str, Annotated[Zone, AfterValidator(in_frame)]] = Field(default_factory=dict)
    member_code: MemberCode = MemberCode()
    product_code: ProductCode = ProductCode()
    members: Adapter | None = None
    stock: tuple[StockChannel, ...] = ()
    location: tuple[Location, ...] = ()
    variants: dict[str, dict[str, str]] = Field(default_factory=dict)
    handoff: Offering | None = None
    upstream: Adapter | None = None
    outbox: Outbox = Outbox()

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
