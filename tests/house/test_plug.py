"""Adapters by file name."""

import pytest

from edge import plug


def test_an_adapter_is_found_by_its_file_name() -> None:
    assert plug.adapter("sink", "sqlite").__name__ == "edge.adapters.sink_sqlite"


def test_an_unknown_adapter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(plug.UnknownAdapter, match="no camera adapter 'opncv'; known: .*did you mean 'opencv'"):
        plug.adapter("camera", "opncv")


@pytest.mark.parametrize(
    ("port", "name", "meant"), [("stock", "stock_csv", "csv"), ("camera", "camera_opncv", "opencv")]
)
def test_a_name_with_its_port_before_it_is_told_without(port: str, name: str, meant: str) -> None:
    with pytest.raises(plug.UnknownAdapter, match=f"did you mean '{meant}'"):
        plug.adapter(port, name)


@pytest.mark.parametrize("port", ["camera", "scanner", "members", "stock", "upstream", "sink"])
def test_every_adapter_has_settings_that_refuse_unknown_keys_and_a_way_to_open_it(port: str) -> None:
    assert plug.known(port)
    for name in plug.known(port):
        module = plug.adapter(port, name)
        assert module.Settings.model_config["extra"] == "forbid"
        assert callable(getattr(module, "open", None) or module.system)  # a shop's system is opened by the intake
