"""Settings from layered files; what is wrong is named with its file and what would be right."""

from pathlib import Path

import pytest

from edge.config import BadConfig, read_store
from tests.noticed import NOTICE, OPERATOR

DEVICE = '[device]\nchain = "acme"\nstore = "s1"\nid = "s1-edge1"\n'


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


def test_later_layers_win_and_tables_merge(tmp_path: Path) -> None:
    store = read_store(
        folder(tmp_path, chain='[device]\nlanguage = "en"\n[web]\nport = 1\n', device=DEVICE + "[web]\nport = 2\n")
    )
    assert (store.device.language, store.web.port, store.device.store) == ("en", 2, "s1")


def test_an_unknown_key_is_refused_with_the_nearest_one_and_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"device.toml:6: unknown key 'web.prot'; did you mean 'port'"):
        read_store(folder(tmp_path, device=DEVICE + "[web]\nprot = 2\n"))


@pytest.mark.parametrize("bad", ["a/+", "#", "S1", "a b", "-x", "x" * 64])
@pytest.mark.promise("X-3")
def test_an_id_that_could_leave_its_topic_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadConfig, match="device.store"):
        read_store(folder(tmp_path, device=DEVICE.replace('"s1"', f'"{bad}"')))


def test_a_number_out_of_bounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="screen.0.idle_s"):
        read_store(folder(tmp_path, device=DEVICE + '[[screen]]\nid = "a"\nidle_s = 600\n'))


CAMERA = '[[screen]]\nid = "window"\n[[camera]]\nid = "door"\nscreen = "window"\nadapter = "push"\n'


@pytest.mark.parametrize(
    ("more", "lacks"),
    [
        ("", "notice.operator and notice.address"),
        ('[notice]\noperator = "ACME"\n', "notice.address"),
        ('[notice]\naddress = "1 Main St"\noperator = " "\n', "notice.operator"),
    ],
)
def test_no_start_takes_a_camera_of_which_nobody_says_whose_it_is(tmp_path: Path, more: str, lacks: str) -> None:
    with pytest.raises(
        BadConfig, match=rf"device.toml:7: camera: 'door' sees people, .* set {lacks}, as in \[notice\]"
    ):
        read_store(folder(tmp_path, device=DEVICE + CAMERA + more))


def test_a_camera_is_taken_with_operator_and_address_and_a_scanner_needs_neither(tmp_path: Path) -> None:
    assert read_store(folder(tmp_path, device=DEVICE + CAMERA + NOTICE)).notice.operator == OPERATOR
    scanner = CAMERA.replace("camera", "scanner").replace("push", "serial")
    assert read_store(folder(tmp_path, device=DEVICE + scanner)).notice.operator == ""


@pytest.mark.parametrize(
    "bad", ['operator = "a\\nb"', f'address = "{"x" * 121}"', 'purpose = { fr = "non" }', "purpos = {}"]
)
def test_a_notice_is_short_lines_in_languages_that_screens_speak(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadConfig, match="notice"):
        read_store(folder(tmp_path, device=DEVICE + "[notice]\n" + bad))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('screen = "windw"\n', "scanner: 'hand' lies by no screen: 'windw'; did you mean 'window'"),
        ('screen = "window"\nsymbology = "qr"\n', "scanner.0.symbology"),
        ('screen = "window"\n[[camera]]\nid = "hand"\nscreen = "window"\nadapter = "push"\n' + NOTICE, "is a camera's"),
    ],
)
def test_a_scanner_lies_by_a_screen_under_an_id_of_its_own(tmp_path: Path, more: str, said: str) -> None:
    screen = '[[screen]]\nid = "window"\n[[scanner]]\nid = "hand"\nadapter = "serial"\n'
    with pytest.raises(BadConfig, match=said):
        read_store(folder(tmp_path, device=DEVICE + screen + more))
