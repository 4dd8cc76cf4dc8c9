"""Our own scenes: the same seed gives the same pictures, and what they say they hold is what they hold."""

import numpy as np
import pytest
import zxingcpp

from edge.bench.scenes import DEGRADATIONS, SIZES, clip, empty, idle, light, phone, still
from edge.ports import Gray

SIZE = SIZES["720p"]


def texts(gray: Gray) -> set[str]:
    return {code.text for code in zxingcpp.read_barcodes(gray)}


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert (still(7, "mixed", SIZE).gray == still(7, "mixed", SIZE).gray).all()
    assert (empty(7, SIZE) == empty(7, SIZE)).all()
    one, other = clip(7, SIZE), clip(7, SIZE)
    assert one.text == other.text
    assert all((a == b).all() for a, b in zip(one.frames, other.frames, strict=True))


def test_another_seed_gives_another_picture_and_another_text() -> None:
    assert (still(7, "clean", SIZE).gray != still(8, "clean", SIZE).gray).any()
    assert (empty(7, SIZE) != empty(8, SIZE)).any()
    assert still(7, "clean", SIZE).text != still(8, "clean", SIZE).text


@pytest.mark.parametrize("degradation", DEGRADATIONS[1:])
def test_a_degradation_changes_the_picture_and_not_what_the_phone_shows(degradation: str) -> None:
    clean, worse = (still(5, name, SIZE) for name in ("clean", degradation))
    assert worse.text == clean.text
    assert worse.degradation == degradation
    assert worse.gray.dtype == np.uint8
    assert (worse.gray != clean.gray).any()


@pytest.mark.parametrize("name", SIZES)
def test_pictures_are_as_large_as_asked_for(name: str) -> None:
    size = SIZES[name]
    assert still(3, "mixed", size).gray.shape == size[::-1]
    assert empty(3, size).shape == size[::-1]
    assert next(idle(3, size, True, 1)).shape == size[::-1]


def test_an_unknown_degradation_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="no degradation 'fog'; known: clean"):
        still(1, "fog", SIZE)


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_still_is_read(seed: int) -> None:
    made = still(seed, "clean", SIZE)
    assert texts(made.gray) == {made.text}


def test_a_code_cut_off_leaves_the_picture_and_a_dark_one_is_inverted() -> None:
    cut, dark = still(5, "cut off", SIZE), still(5, "dark mode", SIZE)
    assert not texts(cut.gray)
    assert [code.text for code in zxingcpp.read_barcodes(dark.gray, try_invert=False)] == []
    assert texts(dark.gray) == {dark.text}


def test_most_phones_show_a_rotating_code_of_195_characters() -> None:
    codes = [phone.code(np.random.default_rng(seed)) for seed in range(60)]
    member = [code for code in codes if len(code.text) == 195 and len(code.modules) == 41]
    assert 30 < len(member) < 60
    assert all(code.text.startswith("MC1:") and 4.9 < 2 * code.half_cm < 6.1 for code in codes)


@pytest.mark.parametrize("degradation", [None, "hunting", "banding"])
def test_a_clip_is_one_presentation_of_20_frames(degradation: str | None) -> None:
    made = clip(2, SIZE, degradation)
    assert 19 <= len(made.frames) <= 20
    assert 4 <= made.held < made.leaves <= made.held + 11
    assert made.leaves < len(made.frames)
    assert {frame.shape for frame in made.frames} == {(720, 1280)}


def test_a_phone_that_is_held_is_read_and_one_that_is_not_yet_there_is_not() -> None:
    made = clip(4, SIZE, "clean")
    assert made.text in texts(made.frames[made.held + 3])
    assert made.text not in texts(made.frames[0])


def test_bands_move_from_frame_to_frame_and_take_no_light_on_the_whole() -> None:
    band = light.Band(hertz=241.3, duty=0.5, open_s=0.001, late_s=0.2)
    first, later = (light.bands(band, 7200, 0, 720, t) for t in (0.0, 1 / 15))
    assert first.min() < 0.1 < 1.9 < first.max()
    assert np.abs(first - later).mean() > 0.1
    assert first.mean() == pytest.approx(1, abs=0.02)


def test_no_shop_without_a_phone_holds_a_code() -> None:
    for seed in range(30):
        assert not texts(empty(seed, SIZE))


@pytest.mark.parametrize("people", [True, False])
def test_only_people_move_in_an_idle_view(people: bool) -> None:
    first, *_, last = idle(1, SIZE, people, 12)
    change = np.abs(first[::8, ::8].astype(int) - last[::8, ::8].astype(int))
    assert (first != last).any()
    assert bool(np.mean(change > 25) > 0.01) is people
