"""Places that are kept to from frame to frame, and the looks that they are given."""

from __future__ import annotations

import numpy as np
import pytest

from edge.model import Code
from edge.ports import Gray
from edge.vision.fusion import Fusion
from edge.vision.looks import ALWAYS, IN_TURN, Look, learnt
from edge.vision.passes import adaptive
from edge.vision.place import FUSING, GLANCE, HELD, MISSED, PATIENCE, PLACES, ROOM, SELDOM, Place, kept
from edge.vision.readers import Found
from edge.vision.region import Box

SHAPE = (720, 1280)
FRAME: Gray = np.random.default_rng(6).integers(0, 256, SHAPE, np.uint8)
BOX = Box(600, 300, 800, 500)
AREA = 200 * 200
ANY = float("inf")


def moved(box: Box, right: int, down: int = 0) -> Box:
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down)


def after(*frames: list[Box], read: tuple[Box, ...] = ()) -> list[Place]:
    """The places after frames in which these boxes were found."""
    places: list[Place] = []
    for boxes in frames:
        places = kept(places, boxes, read, SHAPE)
    return places


def boxes(places: list[Place]) -> list[Box]:
    return [place.box for place in places]


def steady(times: int = HELD) -> Place:
    place = Place(BOX)
    for _ in range(times):
        place.meet([BOX], SHAPE)
    return place


class Blind:
    """A reader that reads nothing and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[Gray] = []

    def __call__(self, gray: Gray) -> tuple[Found, ...]:
        self.given.append(gray)
        return ()


def test_what_is_found_again_where_it_was_is_the_same_place_and_steady() -> None:
    (place,) = after([BOX])
    assert (place.steady, place.doubt) == (False, 1)
    (same,) = kept([place], [moved(BOX, 20)], (), SHAPE)
    assert same is place
    assert place.steady


def test_who_stays_is_doubted_less_in_every_frame_and_then_no_longer() -> None:
    doubts = [steady(times).doubt for times in range(HELD + 2)]
    assert doubts == sorted(doubts, reverse=True)
    assert len(set(doubts)) == HELD + 1
    assert doubts[-2:] == [0, 0]


def test_what_is_found_elsewhere_is_another_place_and_the_first_is_kept_for_a_while() -> None:
    there = moved(BOX, 300)
    assert boxes(after([BOX], [there])) == [there, BOX]


@pytest.mark.parametrize(("misses", "left"), [(MISSED - 1, 1), (MISSED, 0)])
def test_a_place_is_forgotten_after_some_frames_in_which_nothing_is_there(misses: int, left: int) -> None:
    assert len(after([BOX], [BOX], *[[]] * misses)) == left


def test_one_frame_in_which_it_is_found_makes_good_for_those_in_which_it_was_not() -> None:
    assert len(after([BOX], *[[]] * (MISSED - 1), [BOX], *[[]] * (MISSED - 1))) == 1


def test_a_place_that_drifts_slowly_stays_where_it_was() -> None:
    """Its frames are laid over each other where they lie; the shift is taken out there."""
    drifting = [[moved(BOX, way)] for way in range(0, 30, 5)]
    assert boxes(after(*drifting)) == [BOX]


def test_a_place_that_drifts_away_is_in_the_end_another() -> None:
    drifting = [[moved(BOX, way)] for way in range(0, 400, 20)]
    places = after(*drifting)
    assert any(place.box.overlap(moved(BOX, 380)) > 0.6 for place in places)
    assert len(places) <= PLACES


def test_a_place_that_is_wider_than_was_known_grows_with_some_room_and_begins_anew() -> None:
    place, wider = steady(), Box(580, 280, 830, 530)
    for _ in range(2):
        place.fuse(FRAME, ANY)
    place.meet([wider], SHAPE)
    assert place.box == wider.around(ROOM, SHAPE)
    reader = Blind()
    place.look(FRAME, ANY, reader)
    assert (place.box.bottom - place.box.top, place.box.right - place.box.left) in {one.shape for one in reader.given}
    assert not any(shape == BOX.of(FRAME).shape for shape in (one.shape for one in reader.given))


def test_a_place_hardly_wider_than_was_known_stays_as_it_is() -> None:
    place = steady()
    place.meet([Box(595, 295, 810, 510)], SHAPE)
    assert place.box == BOX


def test_what_covers_much_less_than_what_both_cover_moved_and_did_not_grow() -> None:
    place, there = steady(), Box(700, 400, 900, 600)
    place.meet([there], SHAPE)
    assert place.box == there.around(ROOM, SHAPE)


def test_a_place_at_the_rim_grows_within_the_frame() -> None:
    place = Place(Box(1080, 520, 1280, 720))
    place.meet([Box(1030, 470, 1280, 720)], SHAPE)
    assert (place.box.right, place.box.bottom) == (1280, 720)


def test_two_places_that_have_become_one_are_one_that_was_met_most() -> None:
    first, second = steady(), Place(moved(BOX, 90))
    second.box = moved(BOX, 10)
    assert kept([second, first], [BOX], (), SHAPE) == [first]


def test_where_a_code_was_read_nothing_is_left_to_look_for() -> None:
    code, there = Box(650, 350, 750, 450), moved(BOX, 300)
    assert boxes(after([BOX, there], [BOX, there], read=(code,))) == [there]
    assert kept([steady()], [], (code,), SHAPE) == []


def test_those_held_still_come_first_and_only_so_many_are_kept() -> None:
    old = moved(BOX, -500)
    places = after([old], [old], [moved(BOX, 230 * n, -250) for n in range(-2, 3)])
    assert places[0].box == old
    assert len(places) == PLACES


def test_a_place_that_is_new_is_not_laid_over_itself() -> None:
    place = Place(BOX)
    assert place.fuse(FRAME, ANY) == 0
    assert place.spent == 0


def test_a_frame_is_laid_over_the_others_only_when_its_work_is_allowed() -> None:
    place = steady()
    assert place.fuse(FRAME, FUSING * AREA - 1) == 0
    assert place.fuse(FRAME, FUSING * AREA) == FUSING * AREA == place.spent


def test_of_a_new_place_only_a_glance_is_had_and_more_each_time_it_is_found() -> None:
    used = []
    for times in range(4):
        reader = Blind()
        used.append(steady(times).look(FRAME, ANY, reader)[1])
        assert used[-1] <= GLANCE * (1 + times)
        assert reader.given
    assert used == sorted(used)
    assert used[3] > 2 * GLANCE


@pytest.mark.parametrize("allowed", [-1.0, 0.0, AREA * 1.4])
def test_where_no_work_is_allowed_no_look_is_had(allowed: float) -> None:
    reader, place = Blind(), steady()
    assert place.look(FRAME, allowed, reader) == ([], 0)
    assert reader.given == []


@pytest.mark.parametrize("reads", [2, 5, 20, 60])
def test_the_looks_of_a_frame_are_no_more_work_than_is_allowed(reads: int) -> None:
    reader, place = Blind(), steady(50)
    for _ in range(2):
        place.fuse(FRAME, ANY)
    _, used = place.look(FRAME, float(reads * AREA), reader)
    assert 0 < used <= reads * AREA
    assert used > 0.5 * min(reads, sum(look.cost for look in (*ALWAYS, *IN_TURN))) * AREA


def mean_of(picture: Gray, times: int) -> Gray:
    fusion = Fusion()
    for _ in range(times):
        fusion.add(picture.copy())
    return np.asarray(fusion.picture(), np.uint8)


def test_with_work_enough_every_look_is_had_those_at_several_frames_only_once_there_are_some() -> None:
    place, alone, together = steady(50), Blind(), Blind()
    place.look(FRAME, ANY, alone)
    assert len(alone.given) == sum(not look.fused for look in IN_TURN)
    for _ in range(2):
        place.fuse(FRAME, ANY)
    place.look(FRAME, ANY, together)
    assert len(together.given) == len(ALWAYS) + len(IN_TURN)
    assert (together.given[0] == ALWAYS[0].change(mean_of(BOX.of(FRAME), 2))).all()


def test_what_a_look_finds_ends_the_looks_and_lies_in_the_place() -> None:
    code, place, looks = Code("X", "qrcode", "zxing"), steady(50), 0

    def read(gray: Gray) -> tuple[Found, ...]:
        nonlocal looks
        looks += 1
        return (Found(code, Box(1, 2, 3, 4)),) if set(np.unique(gray)) == {0, 255} else ()

    found, used = place.look(FRAME, ANY, read)
    assert found == [Found(code, BOX)]
    assert looks == 3
    assert used == sum(look.cost for look in IN_TURN[:3]) * AREA
    assert place.spent == 0
    assert place.helped is IN_TURN[2]


def tired() -> Place:
    place = steady(1000)
    while not place.tired:
        place.look(FRAME, ANY, Blind())
    return place


def test_a_place_in_which_much_was_tried_in_vain_is_looked_at_seldom() -> None:
    place, reader = tired(), Blind()
    assert place.spent > PATIENCE
    looked = [bool(place.look(FRAME, ANY, reader)[1]) for _ in range(3 * SELDOM)]
    assert sum(looked) == 3
    assert place.fuse(FRAME, ANY) == 0


def test_the_look_that_helped_comes_first_and_the_others_stay_in_order() -> None:
    helped = IN_TURN[4]
    order = learnt(IN_TURN, helped)
    assert order == (helped, *IN_TURN[:4], *IN_TURN[5:])
    reader = Blind()
    Place(BOX, order).look(FRAME, helped.cost * AREA, reader)
    assert (reader.given[0] == helped.change(BOX.of(FRAME).copy())).all()


@pytest.mark.parametrize("helped", [None, ALWAYS[0]])
def test_what_comes_in_every_frame_anyhow_changes_no_order(helped: Look | None) -> None:
    assert learnt(IN_TURN, helped) == IN_TURN


def test_the_order_of_a_new_place_is_the_one_given() -> None:
    order, reader = learnt(IN_TURN, IN_TURN[2]), Blind()
    (place,) = kept([], [BOX], (), SHAPE, order)
    place.look(FRAME, ANY, reader)
    assert (reader.given[0] == adaptive(21, 2)(BOX.of(FRAME).copy())).all()
