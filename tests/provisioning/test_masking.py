"""Who looks at the settings sees no secret of them, neither by its key nor inside an address."""

from typing import Any

import pytest

from provisioning.masking import MASK, masked


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mqtt://me:p@broker:1883", f"mqtt://{MASK}@broker:1883"),
        ("rtsp://u:p@ss@cam/live", f"rtsp://{MASK}@cam/live"),
        ("rtsp://u:p/ss@cam/live", f"rtsp://{MASK}@cam/live"),
        ("rtsp://u:p?s s#@cam/live", f"rtsp://{MASK}@cam/live"),
        ("http://cam/snap?user=admin&pwd=p&fps=5", f"http://cam/snap?user={MASK}&pwd={MASK}&fps=5"),
        ("http://cam/?PWD=a;b&x=1", f"http://cam/?PWD={MASK}&x=1"),
        ("http://cam/?loginuse=a&loginpas=p", f"http://cam/?loginuse={MASK}&loginpas={MASK}"),
        (
            "https://ec.example/stock?access_token=p&api_key=q",
            f"https://ec.example/stock?access_token={MASK}&api_key={MASK}",
        ),
        ("rtsp://cam/user=admin&password=p&channel=1", f"rtsp://cam/user={MASK}&password={MASK}&channel=1"),
    ],
)
def test_of_an_address_that_gives_access_the_rest_is_shown(address: str, shown: str) -> None:
    assert masked("camera.0.settings.url", address) == shown


@pytest.mark.parametrize("name", ["pwd", "pass", "password", "passwd", "token", "key", "secret", "user", "Password"])
def test_a_parameter_that_gives_access_is_masked(name: str) -> None:
    shown = masked("camera", [{"settings": {"url": f"http://cam/?size=1&{name}=hunter2"}}])
    assert "hunter2" not in str(shown)
    assert "size=1" in str(shown)


@pytest.mark.parametrize(
    "value",
    ["https://cam:8080/logo@2x.png", "http://cam/?keyframe=5&users=3", "/dev/v4l/by-id/x", "pass it on", 30, None],
)
def test_what_gives_no_access_is_shown_as_it_is(value: Any) -> None:
    assert masked("camera.0.settings.source", value) == value


@pytest.mark.parametrize("key", ["stock_token", "upstream.settings.password", "a.pwd", "api_keys", "camera.passwd"])
def test_a_secret_is_known_by_its_key(key: str) -> None:
    assert masked(key, "hunter2") == MASK
