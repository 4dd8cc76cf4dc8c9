"""The simulated camera: what a phone shows can be read from its frames, and from nothing else."""

import cv2
import numpy as np
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.demo import camera
from edge.demo.lens import Lens
from edge.demo.people import people
from edge.demo.phone import Phones, Shown, symbol
from edge.vision.meters import poor
from edge.vision.picture import sample
from edge.vision.pixels import gray_jpeg

NOW = 1_790_000_000.0


def phones() -> Phones:
    return Phones(Ed25519PrivateKey.generate(), b"secret", people())


def read(jpeg: bytes) -> list[str]:
    gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    assert gray.shape == (720, 1280)
    return [found.text for found in zxingcpp.read_barcodes(gray)]


def filmed(code: Shown, seeds: range) -> int:
    scene, grains = camera.backdrop(1), camera.grains()
    phone = camera.face(symbol(code), 0.5)
    found = 0
    for seed in seeds:
        where = camera.pose(1 + seed * 0.13, None, seed)
        frame = camera.rendered(scene, phone, where, grains[seed % camera.GRAINS])
        found += read(camera.encoded(frame)) == [code.text]
    return found


def test_a_rotating_code_is_read_in_95_of_100_frames() -> None:
    code = phones().shown("1001", "fresh", NOW)
    assert code.text.startswith("MC1:")
    assert filmed(code, range(40)) >= 38


def test_a_fixed_number_is_read_as_an_ean_13_in_95_of_100_frames() -> None:
    code = phones().shown("1002", "static", NOW)
    assert code.text.startswith("29")
    assert filmed(code, range(40)) >= 38


def test_the_empty_shop_is_a_picture_with_which_health_is_content() -> None:
    scene = camera.rendered(camera.backdrop(1), None, None, camera.grains()[0])
    gray = gray_jpeg(camera.encoded(scene))
    of = sample(gray, np.asarray(cv2.resize(gray, (160, 90)), np.uint8))
    assert poor(of.brightness, of.sharpness) == ""


def test_a_phone_comes_into_view_and_leaves_it() -> None:
    clock = [0.0]
    lens = Lens(1, lambda: clock[0])
    code = phones().shown("1001", "fresh", NOW)
    assert read(lens.take()) == []
    lens.hold(lambda: camera.face(symbol(code), 1.0))
    clock[0] = 1.0
    assert read(lens.take()) == [code.text]
    lens.release()
    clock[0] = 2.0
    assert read(lens.take()) == []
    assert not lens.busy


@pytest.mark.parametrize("rows", [1, 41])
def test_a_symbol_is_drawn_in_whole_pixels_with_a_quiet_zone(rows: int) -> None:
    face = camera.face(np.ones((rows, 41), np.bool_), 0.0)
    dark = np.argwhere(face[180:640, :, 0] < 100)
    assert (np.ptp(dark[:, 1]) + 1) % 41 == 0
    assert dark[:, 1].min() >= 12
