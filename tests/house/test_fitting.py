"""What of the settings fits no adapter is told before the start, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import fitting
from edge.config import BadConfig, read_hub

HUB = """[upstream]
adapter = "file"
settings = {{ path = "up" }}
[[stock]]
id = "shop"
adapter = "{adapter}"
settings = {{ url = "https://shop.example", {more} locations = {{ {place} = "web" }} }}
"""


def told(folder: Path, adapter: str, more: str, place: str = '"1"') -> None:
    (folder / "hub.toml").write_text(HUB.format(adapter=adapter, more=more, place=place))
    fitting.need(read_hub(folder), folder)


@pytest.mark.parametrize("name", ["secret_file", "hook_url"])
def test_what_signs_webhooks_is_refused_where_a_system_sends_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadConfig, match=rf"hub.toml:7: stock.0.settings.{name}: this system sends no webhooks"):
        told(tmp_path, "magento", f'token_file = "t", {name} = "https://hub.example/hooks/shop",')
    told(tmp_path, "magento", 'token_file = "t",')


def test_a_system_that_sends_webhooks_takes_what_signs_them(tmp_path: Path) -> None:
    told(tmp_path, "oscar", 'token_file = "t", secret_file = "s",')
