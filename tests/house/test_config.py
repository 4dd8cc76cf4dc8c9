"""Settings from layered files; what is wrong is named with its file and what would be right."""

from pathlib import Path

import pytest

from edge.config import BadConfig, read_store

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


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('screen = "windw"\n', "scanner: 'hand' lies by no screen: 'windw'; did you mean 'window'"),
        ('screen = "window"\nsymbology = "qr"\n', "scanner.0.symbology"),
        ('screen = "window"\n[[camera]]\nid = "hand"\nscreen = "window"\nadapter = "push"\n', "is a camera's already"),
    ],
)
def test_a_scanner_lies_by_a_screen_under_an_id_of_its_own(tmp_path: Path, more: str, said: str) -> None:
    screen = '[[screen]]\nid = "window"\n[[scanner]]\nid = "hand"\nadapter = "serial"\n'
    with pytest.raises(BadConfig, match=said):
        read_store(folder(tmp_path, device=DEVICE + screen + more))
