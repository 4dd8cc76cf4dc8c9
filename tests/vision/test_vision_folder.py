"""A folder's pictures: each for itself, or a film."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters import camera_folder
from edge.vision.eye import Source


@pytest.mark.parametrize(("film", "stills"), [(False, True), (True, False)])
def test_the_whole_of_every_picture_is_read_unless_they_are_a_film(film: bool, stills: bool) -> None:
    settings = camera_folder.Settings(path=Path("pictures"), film=film)
    assert Source(camera_folder, settings).stills is stills
