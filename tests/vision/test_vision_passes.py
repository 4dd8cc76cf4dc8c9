"""What each second look does to a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.ports import Gray
from edge.vision.looks import ALWAYS, IN_TURN
from edge.vision.passes import (
    Pass,
    adaptive,
    crisp,
    evened,
    focused,
    gamma,
    scaled,
    sharpened,
    smoothed,
    turned,
)

EVERY: dict[str, Pass] = {
    "gamma": gamma(0.5),
    "scaled": scaled(1.6),
    "adaptive": adaptive(21, 2),
    "evened": evened,
    "smoothed": smoothed,
    "crisp": crisp,
    "sharpened": sharpened,
    "focused": focused(2.4),
    "turned": turned,
    **{f"look {number}": look.change for number, look in enumerate(ALWAYS + IN_TURN)},
}
LEVELS = np.arange(256, dtype=np.uint8)[None]


def modules(side: int = 4, dark: int = 60, light: int = 180) -> Gray:
    """A pattern of 40 x 40 modules by chance, so many pixels each, as a code's are."""
    chance = np.random.default_rng(5).integers(0, 2, (40, 40), np.uint8)
    return np.asarray(np.kron(chance * (light - dark) + dark, np.ones((side, side), np.uint8)), np.uint8)


def error(one: Gray, other: Gray) -> float:
    """The mean of the squared differences, in gray levels squared."""
    return float(np.mean((one.astype(np.float64) - other) ** 2))


def blurred(gray: Gray, radius: float) -> Gray:
    """Out of focus by a disc of so many pixels."""
    reach = int(radius) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(cv2.filter2D(gray, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT), np.uint8)


def edges(gray: Gray) -> float:
    """How much neighbours along a line differ, in gray levels."""
    return float(np.abs(np.diff(gray.astype(np.int16), axis=1)).mean())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (1, 60), (60, 1), (20, 20), (90, 121)])
def test_a_look_at_a_picture_of_any_size_gives_a_gray_picture(name: str, shape: tuple[int, int]) -> None:
    before = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    given = before.copy()
    after = EVERY[name](given)
    assert after.dtype == np.uint8
    assert after.ndim == 2
    assert min(after.shape) > 0
    assert (given == before).all()


@pytest.mark.parametrize(("power", "brighter"), [(0.5, True), (2.2, False)])
def test_a_gamma_moves_the_middle_grays_and_keeps_their_order_and_both_ends(power: float, brighter: bool) -> None:
    after = gamma(power)(LEVELS)[0].astype(int)
    assert (after[0], after[255]) == (0, 255)
    assert (np.diff(after) >= 0).all()
    assert (after[40:216] > LEVELS[0, 40:216]).all() == brighter
    assert abs(after[128] - 128) > 40


@pytest.mark.parametrize(("factor", "shape"), [(2.0, (80, 120)), (1.6, (64, 96)), (0.5, (20, 30))])
def test_a_picture_is_made_larger_or_smaller_and_stays_as_bright(factor: float, shape: tuple[int, int]) -> None:
    gray = np.full((40, 60), 77, np.uint8)
    assert scaled(factor)(gray).shape == shape
    assert (scaled(factor)(gray) == 77).all()


def test_made_smaller_noise_becomes_less() -> None:
    noise = np.random.default_rng(2).normal(128, 20, (80, 80)).clip(0, 255).astype(np.uint8)
    assert scaled(0.5)(noise).std() < 0.6 * noise.std()


def test_a_code_under_a_shade_is_black_and_white_again() -> None:
    shade = np.linspace(0.3, 1, 160)[None]
    after = adaptive(41, 5)((modules() * shade).astype(np.uint8))
    assert set(np.unique(after)) <= {0, 255}
    assert ((after > 0) == (modules() > 120)).mean() > 0.9


def test_the_bands_of_a_screen_are_evened() -> None:
    light = 0.6 + 0.4 * np.sin(np.arange(160) / 9)[:, None]
    banded = (modules() * light).astype(np.uint8)
    lines = evened(banded).astype(np.float64).mean(axis=1)
    assert lines.std() < 0.25 * banded.mean(axis=1).std()
    assert lines.mean() == pytest.approx(128, abs=6)


def test_of_what_is_nearly_black_no_noise_is_made() -> None:
    assert evened(np.full((60, 60), 1, np.uint8)).max() <= 32


@pytest.mark.parametrize(("change", "larger"), [(smoothed, 2), (sharpened, 2), (crisp, 1), (focused(2.4), 1)])
def test_looks_at_a_code_that_is_soft_are_as_large_as_they_say(change: Pass, larger: int) -> None:
    assert change(modules()).shape == (160 * larger, 160 * larger)


def test_noise_under_a_code_is_smoothed() -> None:
    noise = np.random.default_rng(3).normal(0, 30, (320, 320))
    noisy = (modules(8) + noise).clip(0, 255).astype(np.uint8)
    clean = scaled(2.0)(modules(8))
    assert error(smoothed(noisy), clean) < 0.6 * error(scaled(2.0)(noisy), clean)


@pytest.mark.parametrize(("change", "plain"), [(crisp, scaled(1.0)), (sharpened, scaled(2.0))])
def test_edges_out_of_focus_are_raised(change: Pass, plain: Pass) -> None:
    soft = blurred(modules(), 2.0)
    assert edges(change(soft)) > 1.5 * edges(plain(soft))


@pytest.mark.parametrize("radius", [2.4, 3.2, 4.4])
def test_a_filter_of_the_right_radius_takes_back_what_a_lens_out_of_focus_did(radius: float) -> None:
    soft = blurred(modules(), radius)
    assert error(focused(radius)(soft), modules()) < 0.6 * error(soft, modules())


def test_what_is_brought_back_into_focus_is_not_shifted_and_what_is_flat_gets_no_rings() -> None:
    flat = np.full((70, 90), 128, np.uint8)
    assert np.ptp(focused(3.5)(flat)) <= 2
    soft = blurred(modules(), 2.4)
    (right, down), _ = cv2.phaseCorrelate(soft.astype(np.float32), focused(2.4)(soft).astype(np.float32))
    assert max(abs(right), abs(down)) < 0.2


def test_on_its_side_and_back_three_times_a_picture_is_itself() -> None:
    gray = modules()[:30, :50]
    side = turned(gray)
    assert side.shape == (50, 30)
    assert side[0, 0] == gray[0, -1]
    assert side.flags["C_CONTIGUOUS"]
    assert (turned(turned(turned(side))) == gray).all()
