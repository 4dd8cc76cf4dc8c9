"""The machine-written layer of reading zones: what wins, what is explained, what is undone, and that no start hangs."""

from pathlib import Path

import pytest

from edge import config
from provisioning import zones
from provisioning.layers import STORE_LAYERS, load
from tests.noticed import NOTICE

DEVICE = """\
[device]
chain = "acme"
store = "ginza"
id = "front"

[[screen]]
id = "window"

[[camera]]
id = "door"
screen = "window"
adapter = "push"

[[camera]]
id = "counter"
screen = "window"
adapter = "push"

[zone]
door = [0, 0, 1, 0.5]
counter = [0, 0.5, 1, 0.5]
"""
SAVED = (0.25, 0.25, 0.5, 0.5)
BOTH = ("door", "counter")


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "chain.toml").write_text(NOTICE)
    (tmp_path / "device.toml").write_text(DEVICE)
    return tmp_path


@pytest.mark.promise("P-4")
def test_a_saved_zone_wins_over_the_hand_written_one_and_is_explained(etc: Path) -> None:
    zones.save(etc, "door", SAVED, BOTH)
    assert config.read_store(etc).zone == {"door": SAVED, "counter": (0.0, 0.5, 1.0, 0.5)}
    told = load(etc, STORE_LAYERS).explain("zone.door")
    assert (told.value, told.layer, told.file.name) == (list(SAVED), "zones", "zones.toml")
    assert (etc / "zones.toml").read_text().splitlines()[told.line - 1] == "door = [0.25, 0.25, 0.5, 0.5]"


def test_a_running_edge_explains_what_was_saved_and_not_what_was_edited_since_the_start(etc: Path) -> None:
    started = load(etc, STORE_LAYERS)
    zones.save(etc, "door", SAVED, BOTH)
    (etc / "device.toml").write_text(DEVICE.replace("ginza", "shibuya"))
    now = started.renewed()
    assert now.explain("zone.door").layer == "zones"
    assert (now.explain("zone.counter").layer, now.explain("zone.counter").line) == ("device", 21)
    assert now.explain("device.store").value == "ginza"
    assert started.explain("zone.door").layer == "device"


def test_another_cameras_zone_stays_and_one_that_is_gone_is_forgotten(etc: Path) -> None:
    zones.save(etc, "gone", SAVED, ())
    zones.save(etc, "door", SAVED, BOTH)
    zones.save(etc, "counter", config.WHOLE, BOTH)
    assert config.read_store(etc).zone == {"door": SAVED, "counter": config.WHOLE}
    assert config.left_out(etc) == []


def test_the_zone_before_the_last_save_is_kept(etc: Path) -> None:
    assert zones.before(etc, "door") is None
    zones.save(etc, "door", SAVED, BOTH)
    assert zones.before(etc, "door") == [0, 0, 1, 0.5]
    zones.save(etc, "door", config.WHOLE, BOTH)
    assert zones.before(etc, "door") == list(SAVED)
    zones.save(etc, "counter", SAVED, BOTH)
    assert zones.before(etc, "door") == list(config.WHOLE)
    (etc / "device.toml").write_text(DEVICE.split("[zone]")[0])
    (etc / "zones.before.toml").write_bytes(b"")
    assert zones.before(etc, "door") == [0, 0, 1, 1]


@pytest.mark.promise("X-1")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[zone", "zones.toml: is not TOML"),
        (b"\xff", "zones.toml: is not TOML"),
        (b"[web]\nport = 1", "zones.toml: may hold the table [zone] and nothing else"),
        (b"zone = 3", "zones.toml: may hold the table [zone] and nothing else"),
        (b'unset = ["screen"]', "zones.toml: may hold the table [zone] and nothing else"),
        (b"[zone]\ndor = [0, 0, 1, 1]", "zones.toml:2: zone.dor: no camera 'dor'; did you mean 'door'?"),
        (b"[zone]\ndoor = [0.5, 0, 0.6, 1]", "zones.toml:2: zone.door: [0.5, 0.0, 0.6, 1.0] is not inside the frame"),
        (b"[zone]\ndoor = [0, 0, 0.05, 1]", "zones.toml:2: zone.door: [0.0, 0.0, 0.05, 1.0] is too small"),
        (b"[zone]\ndoor = [0, nan, 1, 1]", "is not inside the frame"),
        (b"[zone]\ndoor = 'all'", "zones.toml:2: zone.door: Input should be a valid tuple"),
    ],
)
def test_a_written_layer_that_cannot_be_used_stops_no_start_and_is_named(etc: Path, text: bytes, words: str) -> None:
    (etc / "zones.toml").write_bytes(text)
    assert config.read_store(etc).zone["counter"] == (0.0, 0.5, 1.0, 0.5)
    (told,) = config.left_out(etc)
    assert words in told
    zones.save(etc, "door", SAVED, BOTH)
    assert config.read_store(etc).zone["door"] == SAVED
    assert (etc / "zones.before.toml").read_bytes() == text


@pytest.mark.promise("X-1")
def test_two_faults_of_a_written_layer_at_once_are_both_named_and_stop_no_start(etc: Path) -> None:
    (etc / "zones.toml").write_text("[zone]\ndor = [0, 0, 1, 1]\ndoor = [0.5, 0, 0.6, 1]\n")
    assert config.read_store(etc).zone["counter"] == (0.0, 0.5, 1.0, 0.5)
    assert sorted(line.split("zone.")[-1].split(":")[0] for line in config.left_out(etc)) == ["door", "dor"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dor = [0, 0, 1, 1]", r"device.toml:22: zone.dor: no camera 'dor'; did you mean 'door'\?"),
        ("quite-another = [0, 0, 1, 1]", "no camera 'quite-another'; known: door, counter"),
        ("x = [-0.1, 0, 1, 1]", "not inside the frame"),
        ("x = [0, 0, 1]", "zone.x.3: is needed|zone.x"),
    ],
)
def test_a_hand_written_zone_that_cannot_be_stops_the_start(etc: Path, text: str, words: str) -> None:
    (etc / "device.toml").write_text(f"{DEVICE}{text}\n")
    with pytest.raises(config.BadConfig, match=words):
        config.read_store(etc)
