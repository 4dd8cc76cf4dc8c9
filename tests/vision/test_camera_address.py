"""Addresses of network cameras: of a camera's kind, without a secret, and never a file or a page of somebody's."""

import pytest

from edge.adapters import camera_mjpeg, camera_opencv
from edge.config import BadConfig, checked

FAR = [
    "file:///etc/passwd",
    "concat://etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "gopher://camera/live",
    "RTSP+file://camera/live",
]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("source", FAR)
def test_a_stream_is_of_a_camera_and_neither_a_file_nor_a_page(source: str) -> None:
    with pytest.raises(BadConfig, match="must be rtsp:// or rtsps:// and a host"):
        checked(camera_opencv.Settings, {"source": source}, "camera door")


@pytest.mark.parametrize(
    "source",
    ["rtsp://[bad/live", "rtsp://camera:99999/live", "rtsp://camera/a b", "rtsp://camera/\u30ab", "rtsp://a\nb/"],
)
def test_an_address_that_is_none_is_refused_before_an_eye_is_told_of_it(source: str) -> None:
    with pytest.raises(BadConfig, match="no address|an address has no blanks"):
        checked(camera_opencv.Settings, {"source": source}, "camera door")


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("secret", ["root:geheim", "root:ge@heim", "geheim", ":geheim"])
def test_a_password_in_an_address_is_refused_and_not_repeated(secret: str) -> None:
    for model, settings in (
        (camera_opencv.Settings, {"source": f"rtsp://{secret}@camera/live"}),
        (camera_mjpeg.Settings, {"url": f"https://{secret}@camera/live"}),
    ):
        with pytest.raises(BadConfig, match="a secret does not belong") as refused:
            checked(model, settings, "camera door")
        assert "heim" not in str(refused.value)


@pytest.mark.parametrize("source", [0, "2", "/dev/v4l/by-id/usb-cam", "films/clip.mp4", "RTSP://[fe80::1]:554/a?b=c@d"])
def test_devices_files_and_cameras_may_be_sources(source: int | str) -> None:
    assert checked(camera_opencv.Settings, {"source": source}, "camera door").source == source
