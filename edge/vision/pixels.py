"""The gray of what captures give, by the shortest way: no colour is made of it that would be thrown away again."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.ports import Gray
from edge.vision.picture import NO_PIXELS, gray_of

Raw = npt.NDArray[np.uint8]
PLANAR = frozenset({"NV12", "NV21", "YU12", "YV12"})
CHEAP = PLANAR | {"MJPG", "JPEG", "YUYV", "UYVY", "GREY"}
"""Forms of a USB camera whose gray costs little, by their FOURCC."""
GRAY_FIRST = frozenset({"I420", "IYUV", "YV12", "NV12", "NV21", "Y42B", "444P", "Y800"})
"""Forms of decoded video of 8 bits whose first plane is the gray, as FFmpeg calls them."""
VIDEO_BLACK, VIDEO_WHITE = 16, 235
"""Where the gray of most video begins and ends (ITU-R BT.601 and 709)."""


def word(fourcc: float) -> str:
    """The FOURCC of OpenCV's number, with "?" for what is no letter or digit."""
    letters = (round(fourcc) & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")
    return "".join(letter if letter.isascii() and letter.isalnum() else "?" for letter in letters)


def gray_jpeg(encoded: bytes) -> Gray:
    """The gray of a JPEG, NO_PIXELS if it is broken."""
    gray = gray_of(encoded)
    return NO_PIXELS if gray is None else gray


def gray_picture(picture: Raw, fourcc: str = "") -> Gray:
    """The gray of what a capture gives, NO_PIXELS if it is broken or in a form that is not known.

    ``fourcc`` is the form where nothing was converted: JPEG as one row of bytes, two channels of which one is gray, or
    a plane of gray with two of colour below it; without it BGR or gray.
    """
    if picture.ndim == 3 and picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    if picture.ndim == 3 and picture.shape[2] == 2:
        return np.asarray(cv2.extractChannel(picture, int(fourcc == "UYVY")), np.uint8)
    if picture.ndim != 2 or picture.dtype != np.uint8:
        return NO_PIXELS
    if 1 in picture.shape:
        return gray_jpeg(picture.tobytes())
    return picture[: picture.shape[0] * 2 // 3] if fourcc in PLANAR else picture


def stretched(plane: Raw) -> Gray:
    """The gray plane of video from black to white; one that uses all 256 levels loses its ends, and little else."""
    scale = 255 / (VIDEO_WHITE - VIDEO_BLACK)
    return np.asarray(cv2.convertScaleAbs(plane, alpha=scale, beta=-VIDEO_BLACK * scale), np.uint8)
