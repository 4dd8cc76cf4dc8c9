"""Screens, the cameras and scanners beside them, and who answers for the cameras."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from edge.config.base import Adapter, Id, Settings
from edge.model import LANGUAGES, DeviceClass

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


Language = Annotated[str, Field(pattern=f"^({'|'.join(LANGUAGES)})$")]
WHOSE = 'as in [notice] operator = "株式会社テントウ" address = "東京都渋谷区神南1-2-3 電話 03-1234-5678"'


class Notice(Settings):
    """Who answers for the cameras, told wherever one sees (個人情報保護法 21 and 32, カメラ画像利活用ガイドブック 3.0).

    ``operator`` is the legal entity, ``address`` where to ask it: postal address, telephone, mail or URL. ``purpose``
    by language replaces the words that say what the cameras are for.
    """

    operator: Annotated[str, Field(max_length=80)] = ""
    address: Annotated[str, Field(max_length=120)] = ""
    purpose: dict[Language, Annotated[str, Field(min_length=1, max_length=400)]] = Field(default_factory=dict)

    @field_validator("operator", "address")
    @classmethod
    def _one_line(cls, words: str) -> str:
        if not words.strip().isprintable():
            raise ValueError("is one line of text")
        return words.strip()
