"""The settings that READMEs show as whole files are settings that a start takes."""

import re
from pathlib import Path

import pytest

from edge import fitting
from edge.config import read_hub, read_store
from tests.noticed import NOTICE

ROOT = Path(__file__).parents[2]
DEVICE = '[device]\nchain = "acme"\nid = "front"\n[[screen]]\nid = "window"\n'


def example(readme: str, name: str) -> str:
    """The TOML block that begins with its file's name."""
    found = re.search(rf"```toml\n(# {re.escape(name)}\n.*?)```", (ROOT / readme).read_text(), re.DOTALL)
    assert found, f"{readme} shows no {name}"
    return found[1]


@pytest.mark.parametrize("readme", ["provisioning/README.md"])
def test_a_stores_layer_as_shown_is_taken(tmp_path: Path, readme: str) -> None:
    (tmp_path / "store.toml").write_text(example(readme, "store.toml"))
    (tmp_path / "device.toml").write_text(DEVICE)
    store = read_store(tmp_path)
    fitting.need(store, tmp_path, besides=())
    assert [channel.id for channel in store.stock] == ["till", "chain"]


def test_a_camera_as_shown_is_taken(tmp_path: Path) -> None:
    (tmp_path / "store.toml").write_text(DEVICE.replace("[device]", '[device]\nstore = "ginza"'))
    (tmp_path / "device.toml").write_text(example("edge/README.md", "device.toml"))
    (tmp_path / "chain.toml").write_text(NOTICE)
    store = read_store(tmp_path)
    fitting.need(store, tmp_path, besides=())
    assert store.camera[0].settings["mains_hz"] == 50


def test_a_hubs_settings_as_shown_are_taken(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(example("edge/README.md", "hub.toml"))
    hub = read_hub(tmp_path)
    fitting.need(hub, tmp_path)
    assert hub.upstream.adapter == "mqtt"
